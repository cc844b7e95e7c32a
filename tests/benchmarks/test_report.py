"""What `make bench` writes, and that nothing else can come out of it than what was measured."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import left_in
from benchmarks.clone import bare
from benchmarks.growth import SWITCHES, Growth, Killed
from benchmarks.results import Parts, Results
from benchmarks.running import CommandFailed, Run, run
from benchmarks.stacks import STEPS, Life, StackFigures

MB = 1_000_000


def life(seconds: float, resources: int = 100, megabytes: int = 200) -> Life:
    a_run = Run(seconds, megabytes * MB, megabytes * MB, megabytes * MB)
    return Life(resources, {step: [a_run, a_run] for step in STEPS})


def grown(factor: float) -> Growth:
    return Growth({size: [Run(factor * size, 100 * MB, 50 * MB)] for size in (10, 30, 100, 300)})


@pytest.fixture
def results() -> Results:
    return Results(
        cold=[Run(100), Run(500)],
        kept_bytes=1500 * MB,
        environment_bytes=900 * MB,
        stacks={"dev": StackFigures("dev", life(4), life(5), [Run(3)] * 2)},
        previews={"off": grown(0.1), "on": grown(0.2)},
        small=grown(0.01),
        ups={switch.name: grown(0.05) for switch in SWITCHES},
        killed={switch.name: Killed(150, 149) for switch in SWITCHES},
    )


def test_the_report_has_every_part(results: Results) -> None:
    said = report.text(results)

    for line in (
        "| dev: up, against the flat twin: at most 1.00 times | 0.80 times | yes |",
        "| dev: no-op preview: at most 5.0 s | 4.0 s | yes |",
        "| memory of the sandbox's own processes (without program and engine): at most 1500 MB | 200 MB | yes |",
        "| programs that the first set-up leaves: at most 700 MB | 600 MB | yes |",
        "| all that it leaves, with the Python environment: at most 700 MB | 1500 MB | **no** |",
        "| The home folder then has | 1500 MB, 900 MB of them the Python environment |",
        "| growth of preview, exponent: at most 1.10 | 1.00 | yes |",
        "| `make start`, with the toolchain | 8 min 20 s |",
        "| up | 4.0 s (4.0 to 4.0) | 40.0 | 5.0 s (5.0 to 5.0) | 50.0 | 0.80 |",
        "| 300 | 30.0 s | 60.0 s | 100 MB | 100 MB |",
        "| known after a kill | | 149 of 150 | 149 of 150 | 149 of 150 | 149 of 150 |",
        "- only at the end (`PULUMI_SKIP_CHECKPOINTS=true`): exponent 1.00",
    ):
        assert line in said.splitlines()


def test_a_target_that_is_missed_is_said(results: Results) -> None:
    results.stacks["dev"].platform = life(6)

    assert "| dev: no-op preview: at most 5.0 s | 6.0 s | **no** |" in report.text(results)


def test_what_was_not_measured_apart_is_not_guessed(results: Results) -> None:
    results.environment_bytes = 0
    said = report.text(results)

    assert "| programs that the first set-up leaves: at most 700 MB | not measured apart | |" in said
    assert "| The home folder then has | 1500 MB, the Python environment included |" in said


def test_what_a_set_up_leaves_is_told_apart(tmp_path: Path) -> None:
    cache = tmp_path / ".cache" / "platform-sandbox"
    for name, size in (("python-0123", 300), ("etcd-4567", 20), ("../pip", 1)):
        (cache / name / "lib").mkdir(parents=True)
        (cache / name / "lib" / "file").write_bytes(b"." * size)
    (cache / "python-0123" / "lib64").symlink_to("lib")

    assert left_in(tmp_path) == (321, 300)


def test_what_was_not_seen_is_no_figure(results: Results) -> None:
    results.stacks["dev"].platform = life(4, megabytes=0)

    with pytest.raises(ValueError, match="no program was seen"):
        report.text(results)


def test_only_the_figures_of_the_document_are_written(results: Results, tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text("# Why\n<!-- generated: figures -->\nyesterday\n<!-- end of generated -->\nthe end\n")

    report.write(results, tmp_path)

    text = document.read_text()
    assert text.startswith("# Why\n<!-- generated: figures -->\nWritten by `make bench`")
    assert text.endswith("<!-- end of generated -->\nthe end\n")
    assert "yesterday" not in text
    assert {file.name for file in (tmp_path / "benchmarks").iterdir()} == {"preview.svg", "up.svg"}


def test_parts_that_were_measured_apart_come_together(results: Results, tmp_path: Path) -> None:
    parts = Parts(tmp_path / "kept")
    cold = Results(cold=results.cold, kept_bytes=results.kept_bytes, environment_bytes=results.environment_bytes)
    parts.keep("cold", cold)
    parts.keep("dev", Results(stacks=results.stacks))
    parts.keep("preview", Results(previews=results.previews))
    parts.keep("up", Results(small=results.small, ups=results.ups, killed=results.killed))

    assert parts.all() == results
    assert parts.has("up")
    assert not parts.has("prod")


def test_a_run_has_its_time_and_the_memory_of_each_part(tmp_path: Path) -> None:
    engine = tmp_path / "pulumi"
    engine.symlink_to(sys.executable)
    program = tmp_path / "run_program.py"
    program.write_text("import time; kept = bytearray(50_000_000); time.sleep(1)")
    starts = f"import subprocess; subprocess.run([{sys.executable!r}, {str(program)!r}], check=True)"

    measured = run([str(engine), "-c", starts], folder=tmp_path, environ={}, sandbox=lambda: ())

    assert 1 <= measured.seconds < 20
    assert measured.program_bytes > 50 * MB
    assert 0 < measured.engine_bytes < measured.program_bytes
    assert measured.sandbox_bytes == 0


def test_a_run_that_fails_is_none(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="ended with 3:\nwhy"):
        run([sys.executable, "-c", "print('why'); raise SystemExit(3)"], folder=tmp_path, environ={})


def test_what_the_shell_has_set_is_not_measured() -> None:
    shell = {"PATH": "/bin", "SANDBOX_FAULT_RATE": "0.5", "PULUMI_PARALLEL": "1", "AWS_PROFILE": "prod"}

    assert bare(shell) == {"PATH": "/bin"}

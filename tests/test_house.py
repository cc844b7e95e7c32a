"""The rules of the house: who may import whom."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[1]
PROGRAM = ("components", "stacks")
ABOUT_IT = ("overview", "recorder")
"""What looks at the program from outside."""
WITH_RULES = (*PROGRAM, *ABOUT_IT, "sandbox", "policies", "review")
GENERATED = {"sandbox.generated", "sandbox.generated.filled"}
"""How documents get their generated parts: the same for all who have some."""
UNIVERSAL_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def identify(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def imported(path: Path) -> Iterator[str]:
    """Dotted names of what a module imports: ``from a.b import c`` counts as ``a.b`` and ``a.b.c``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{identify(path)} imports relatively"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def roots(path: Path) -> set[str]:
    return {name.partition(".")[0] for name in imported(path)}


@pytest.mark.parametrize("path", modules("components"), ids=identify)
def test_components_know_nothing_of_stacks(path: Path) -> None:
    assert not roots(path) & {"stacks", "__main__", "sandbox", "tests"}


@pytest.mark.parametrize("path", modules("components"), ids=identify)
def test_a_component_uses_a_siblings_face_and_not_its_inside(path: Path) -> None:
    own = path.relative_to(REPOSITORY / "components").parts[0].removesuffix(".py")
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "components" or len(parts) < 3 or parts[1] == own:
            continue
        sibling = REPOSITORY / "components" / parts[1]
        inside = (sibling / f"{parts[2]}.py").exists() or (sibling / parts[2]).is_dir()
        assert not inside, f"{identify(path)} reaches into {name}; import it from components.{parts[1]}"


def test_components_do_not_use_each_other_in_circles() -> None:
    uses: dict[str, set[str]] = {}
    for path in modules("components"):
        own = path.relative_to(REPOSITORY / "components").parts[0].removesuffix(".py")
        others = {name.split(".")[1] for name in imported(path) if name.startswith("components.")}
        uses.setdefault(own, set()).update(others - {own})
    while uses:
        free = {name for name, others in uses.items() if not others & set(uses)}
        assert free, f"a circle among {sorted(uses)}"
        uses = {name: others for name, others in uses.items() if name not in free}


@pytest.mark.parametrize("path", modules("components"), ids=identify)
def test_components_read_no_configuration(path: Path) -> None:
    assert "pulumi.Config" not in path.read_text()
    assert not {"pulumi.Config", "pulumi.get_stack", "pulumi.get_project"} & set(imported(path))


@pytest.mark.parametrize("path", [*modules("stacks"), REPOSITORY / "__main__.py"], ids=identify)
def test_only_the_settings_read_configuration(path: Path) -> None:
    if "settings" not in path.parts:
        assert "pulumi.Config" not in path.read_text()


@pytest.mark.parametrize("path", modules(*PROGRAM), ids=identify)
def test_only_the_providers_module_makes_providers(path: Path) -> None:
    if path.name != "providers.py":
        calls = [ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not [call for call in calls if call.split(".")[-1] == "Provider"]


@pytest.mark.parametrize("path", [*modules(*PROGRAM), REPOSITORY / "__main__.py"], ids=identify)
def test_the_program_does_not_know_of_the_sandbox(path: Path) -> None:
    assert "sandbox" not in path.read_text().lower()


@pytest.mark.parametrize("path", [*modules(*PROGRAM), REPOSITORY / "__main__.py"], ids=identify)
def test_the_program_imports_nothing_that_is_there_for_development_only(path: Path) -> None:
    """What writes the documentation is beside the program: nothing of it imports that."""
    writers = {"stacks.documentation", "stacks.catalogue"}
    if f"stacks.{path.stem}" not in writers:
        assert not roots(path) & {"boto3", "botocore", "hypothesis", "moto", "yaml"}
        assert not writers & set(imported(path))


@pytest.mark.parametrize("path", modules("sandbox"), ids=identify)
def test_the_sandbox_imports_nothing_of_the_program(path: Path) -> None:
    assert not roots(path) & {*PROGRAM, *ABOUT_IT, "tests", "__main__"}


@pytest.mark.parametrize("path", modules("policies"), ids=identify)
def test_the_policies_stand_by_themselves(path: Path) -> None:
    assert not roots(path) & {*PROGRAM, *ABOUT_IT, "tests", "__main__"}
    assert {name for name in imported(path) if name.startswith("sandbox")} <= GENERATED


@pytest.mark.parametrize("path", modules("policies"), ids=identify)
def test_only_the_border_of_the_policies_knows_pulumi(path: Path) -> None:
    if path.name not in ("pack.py", "__main__.py"):
        assert not roots(path) & {"pulumi", "pulumi_aws", "pulumi_kubernetes", "pulumi_policy"}


@pytest.mark.parametrize("path", [*modules(*PROGRAM), REPOSITORY / "__main__.py"], ids=identify)
def test_the_program_does_not_know_who_looks_at_it(path: Path) -> None:
    assert not roots(path) & {*ABOUT_IT, "tests"}


@pytest.mark.parametrize("path", modules("recorder"), ids=identify)
def test_the_recorder_records_any_program(path: Path) -> None:
    assert not roots(path) & {*PROGRAM, "overview", "sandbox", "tests"}


@pytest.mark.parametrize("path", modules("overview"), ids=identify)
def test_the_overview_sees_resources_and_not_the_code_that_makes_them(path: Path) -> None:
    assert not roots(path) & {*PROGRAM, "tests"}
    assert {name for name in imported(path) if name.startswith("sandbox")} <= GENERATED


@pytest.mark.parametrize("path", modules("review"), ids=identify)
def test_the_review_sees_the_program_through_the_engine_only(path: Path) -> None:
    assert not roots(path) & {*PROGRAM, "tests"}


@pytest.mark.parametrize("path", modules(*PROGRAM, *ABOUT_IT, "policies", "sandbox", "benchmarks"), ids=identify)
def test_nothing_depends_on_the_review(path: Path) -> None:
    assert "review" not in roots(path)


@pytest.mark.parametrize("path", modules(*WITH_RULES), ids=identify)
def test_no_module_is_a_drawer_for_everything(path: Path) -> None:
    assert not UNIVERSAL_NAMES & {part.removesuffix(".py") for part in path.relative_to(REPOSITORY).parts}


@pytest.mark.parametrize("path", modules(*WITH_RULES), ids=identify)
def test_no_module_is_too_long_to_be_read_at_once(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= (60 if path.name == "__init__.py" else 300), f"{identify(path)} has {lines} lines"


def test_the_hooks_of_a_commit_run_what_is_there() -> None:
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    hooks = [hook for each in config["repos"] if each["repo"] == "local" for hook in each["hooks"]]
    words = [shlex.split(hook["entry"]) for hook in hooks]

    assert {hook["language"] for hook in hooks} == {"system"}
    assert {command[0] for command in words} == {".venv/bin/python"}
    assert [path for command in words for path in command[1:] if "/" in path and not (REPOSITORY / path).exists()] == []

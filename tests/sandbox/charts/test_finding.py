"""Where a chart is looked for, and which one is taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.charts import ChartError, Charts, ChartSettings, Helm, Wanted
from tests.sandbox.charts.small_charts import chart, packed


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def charts(cache: Path | None, tmp_path: Path, *, online: bool = False, helm: str = "exit 1") -> Charts:
    program = tmp_path / "helm"
    program.write_text(f"#!/bin/sh\n{helm}\n")
    program.chmod(0o755)
    return Charts(ChartSettings(cache, online), Helm(str(program), tmp_path / "homes"), tmp_path / "pulled")


@pytest.mark.parametrize(
    "reference",
    [
        "shop",
        "repository/shop",
        "oci://registry.example.com/charts/shop",
        "oci://registry.example.com/charts/shop:1.0.0",
        "https://example.com/charts/shop-1.0.0.tgz",
    ],
)
@pytest.mark.parametrize("as_file", [True, False], ids=["packed", "unpacked"])
def test_a_chart_is_found_by_its_name_and_version_however_it_is_referred_to(
    cache: Path, tmp_path: Path, reference: str, as_file: bool
) -> None:
    path = packed(chart(tmp_path / "made"), cache) if as_file else chart(cache)

    found = charts(cache, tmp_path).find(Wanted(reference, "1.0.0", "https://example.com/charts"))

    assert found is not None
    assert (found.path, found.name, found.version, found.app_version) == (path, "shop", "1.0.0", "7.0")


def test_folders_of_the_cache_are_looked_into(cache: Path, tmp_path: Path) -> None:
    packed(chart(tmp_path / "made"), cache / "example.com")
    assert charts(cache, tmp_path).find(Wanted("shop", "1.0.0")) is not None


def test_another_chart_whose_name_begins_alike_is_not_taken(cache: Path, tmp_path: Path) -> None:
    packed(chart(tmp_path, "shop-crds"), cache)
    assert charts(cache, tmp_path).find(Wanted("shop")) is None


def test_the_exact_version_is_taken_with_or_without_its_v(cache: Path, tmp_path: Path) -> None:
    for version in ("v1.9.0", "v1.10.0"):
        packed(chart(tmp_path / version, version=version), cache)
    found = charts(cache, tmp_path).find(Wanted("shop", "1.9.0"))
    assert found is not None
    assert found.version == "v1.9.0"


def test_without_a_version_the_newest_stable_one_is_taken(cache: Path, tmp_path: Path) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        packed(chart(tmp_path / version, version=version), cache)
    newest = charts(cache, tmp_path).find(Wanted("shop"))
    prerelease = charts(cache, tmp_path).find(Wanted("shop", prereleases=True))
    assert newest is not None
    assert prerelease is not None
    assert (newest.version, prerelease.version) == ("1.10.0", "2.0.0-rc.1")


def test_a_version_that_the_cache_lacks_is_refused_with_those_that_it_has(cache: Path, tmp_path: Path) -> None:
    packed(chart(tmp_path), cache)
    with pytest.raises(ChartError, match=r"has shop in 1\.0\.0 only, and version 1\.0\.1 is asked for: put that chart"):
        charts(cache, tmp_path).find(Wanted("shop", "1.0.1"))


def test_a_range_of_versions_must_be_written_out_for_the_cache(cache: Path, tmp_path: Path) -> None:
    packed(chart(tmp_path), cache)
    with pytest.raises(ChartError, match="must be written out in full"):
        charts(cache, tmp_path).find(Wanted("shop", "^1.0"))


def test_a_chart_that_nobody_has_can_not_be_had(cache: Path, tmp_path: Path) -> None:
    assert charts(cache, tmp_path).find(Wanted("shop", "1.0.0", "https://example.com/charts")) is None


def test_a_chart_at_a_path_needs_no_cache(tmp_path: Path) -> None:
    path = chart(tmp_path)
    found = charts(None, tmp_path, online=True).find(Wanted(str(path)))
    assert found is not None
    assert found.path == path


@pytest.mark.parametrize("reference", ["./charts/shop", "../shop", "/nowhere/shop"])
def test_a_path_at_which_there_is_no_chart_is_refused(cache: Path, tmp_path: Path, reference: str) -> None:
    chart(cache)
    with pytest.raises(ChartError, match=r"^there is no chart at /.*/shop$"):
        charts(cache, tmp_path).find(Wanted(reference))


def test_a_file_that_is_no_archive_is_still_found_so_that_helm_can_say_why(cache: Path, tmp_path: Path) -> None:
    (cache / "shop-1.0.0.tgz").write_text("oops")
    found = charts(cache, tmp_path).find(Wanted("shop", "1.0.0"))
    assert found is not None
    assert (found.name, found.version) == ("shop", "1.0.0")


def test_a_digest_changes_with_any_file_of_the_chart(tmp_path: Path) -> None:
    path = chart(tmp_path)
    found = charts(None, tmp_path).find(Wanted(str(path)))
    assert found is not None
    before = found.digest
    assert found.digest == before
    (path / "values.yaml").write_text("a: 1")
    assert found.digest != before


PULL = """
echo "$@" >> {log}
echo "${{HTTPS_PROXY-none}} $HELM_CACHE_HOME $DOCKER_CONFIG" >> {log}
while [ "$1" != --destination ]; do shift; done
cp {chart} "$2"
"""


def test_what_the_cache_lacks_is_pulled_once_when_that_is_allowed(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # as in the sandbox's processes
    file, log = packed(chart(tmp_path / "made"), tmp_path / "far"), tmp_path / "log"
    library = charts(cache, tmp_path, online=True, helm=PULL.format(chart=file, log=log))
    wanted = Wanted("shop", "1.0.0", "https://example.com/charts")

    found = library.find(wanted)

    assert found is not None
    assert found.path.parent.parent == tmp_path / "pulled"
    assert library.find(wanted) == found
    first, second = log.read_text().splitlines()
    assert first.startswith("pull shop --version 1.0.0 --repo https://example.com/charts --destination ")
    # Neither the sandbox's dead end nor the user's own repositories and credentials.
    assert second == f"none {tmp_path}/homes/cache {tmp_path}/homes/docker"


def pulls(log: Path) -> int:
    return sum(line.startswith("pull ") for line in log.read_text().splitlines())


def test_the_newest_version_is_asked_for_once_in_each_run(cache: Path, tmp_path: Path) -> None:
    file, log = packed(chart(tmp_path / "made"), tmp_path / "far"), tmp_path / "log"
    library = charts(cache, tmp_path, online=True, helm=PULL.format(chart=file, log=log))
    library.find(Wanted("shop"))
    found = library.find(Wanted("shop"))
    assert pulls(log) == 1
    assert charts(cache, tmp_path, online=True, helm=PULL.format(chart=file, log=log)).find(Wanted("shop")) == found
    assert pulls(log) == 2


def test_a_newer_chart_leaves_the_one_from_which_another_release_renders(cache: Path, tmp_path: Path) -> None:
    file, log = packed(chart(tmp_path / "made"), tmp_path / "far"), tmp_path / "log"
    pull = PULL.format(chart=file, log=log)
    before = charts(cache, tmp_path, online=True, helm=pull).find(Wanted("shop"))
    packed(chart(tmp_path / "made", values={"new": True}), tmp_path / "far")  # the same name and version even
    after = charts(cache, tmp_path, online=True, helm=pull).find(Wanted("shop"))
    assert before is not None
    assert after is not None
    assert before.path != after.path
    assert before.digest != after.digest, "both are there to be read"


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted("shop", "v1.0.0", "https://example.com/charts"),
        Wanted("oci://registry.example.com/charts/shop:1.0.0"),
        Wanted(f"oci://registry.example.com/charts/shop@sha256:{'0' * 64}"),
        Wanted("https://example.com/charts/shop-1.0.0.tgz"),
    ],
    ids=str,
)
def test_a_version_that_is_written_out_is_pulled_once_and_for_all(cache: Path, tmp_path: Path, wanted: Wanted) -> None:
    file, log = packed(chart(tmp_path / "made"), tmp_path / "far"), tmp_path / "log"
    for _ in range(2):
        found = charts(cache, tmp_path, online=True, helm=PULL.format(chart=file, log=log)).find(wanted)
        assert found is not None
    assert pulls(log) == 1


def test_a_pull_that_fails_gives_helms_reason(cache: Path, tmp_path: Path) -> None:
    failing = 'echo "Error: chart \\"shop\\" version \\"9\\" not found in https://example.com repository" >&2; exit 1'
    with pytest.raises(ChartError, match=r'chart "shop" version "9" not found in https://example\.com repository$'):
        charts(cache, tmp_path, online=True, helm=failing).find(Wanted("shop", "9.0.0"))
    assert not list((tmp_path / "pulled").glob("shop*"))

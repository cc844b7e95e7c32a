"""Which version of Kubernetes comes after which."""

from __future__ import annotations

from datetime import date

import pytest

from components.cluster import VERSIONS, check_release_version, check_step


@pytest.mark.parametrize(("current", "wanted"), [("1.35", "1.35"), ("1.35", "1.36"), ("1.9", "1.10")])
def test_a_cluster_stays_or_goes_one_minor_version_on(current: str, wanted: str) -> None:
    check_step(current, wanted)


def test_a_cluster_skips_no_minor_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERSIONS, "1.36", date(2100, 1, 1))
    with pytest.raises(ValueError, match=r"at 1\.35, and EKS takes one minor version at a time") as refused:
        check_step("1.35", "1.37")
    assert str(refused.value).endswith('; allowed: 1.35 and 1.36; fix: write "1.36" and update, then "1.37"')


def test_a_version_between_that_is_not_built_here_is_gone_through_in_eks() -> None:
    with pytest.raises(ValueError, match=r"fix: upgrade cluster and node groups to 1\.34 in EKS first"):
        check_step("1.33", "1.35")


def test_a_cluster_that_eks_upgraded_by_itself_does_not_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERSIONS, "1.36", date(2100, 1, 1))
    with pytest.raises(ValueError, match=r'at 1\.36 already, and no setting takes it back.*fix: write "1\.36"$'):
        check_step("1.36", "1.35")


def test_no_setting_is_refused_while_none_could_be_right() -> None:
    """EKS upgraded the cluster to a version that is not built here yet."""
    check_step("1.36", "1.35")


def test_nodes_run_images_of_the_clusters_version() -> None:
    check_release_version("1.35", "1.35.2-20261101")
    with pytest.raises(ValueError, match=r"1\.34\.1-20261101 is an image of another Kubernetes"):
        check_release_version("1.35", "1.34.1-20261101")

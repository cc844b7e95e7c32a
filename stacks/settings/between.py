"""What settings of different sections must have in common.

The rules look at the configuration as it was given, less what is wrong in it already: so that all that is wrong is told
at once, and nothing twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast

from components.cluster import AFTER_NODES, CERT_MANAGER, check_release_version
from components.network import SERVICE_RANGE, SERVICE_RANGES, overlapping
from components.nodes import Taint, TaintEffect
from components.refusals import Refusal, nearest
from stacks.settings.errors import NO_VALUE, Location, Mistake

_NEEDS = {
    "nodeGroups": ("cluster",),
    "cache": ("cluster",),
    "database": ("cluster",),
    "ingress": ("cluster", "nodeGroups"),
    "certificates": ("cluster", "nodeGroups", "ingress"),
    "application": ("cluster", "nodeGroups", "registry", "cache", "database", "ingress", "certificates"),
}
"""Section to the sections that it can't be without."""


class Given:
    """The configuration, less what is wrong."""

    def __init__(self, values: Mapping[str, Any], wrong: Collection[Location]) -> None:
        self._values = values
        self._wrong = wrong

    def has(self, section: str) -> bool:
        """Whether the section is there, right or wrong; without groups there are no node groups."""
        value = self._values.get(section)
        return bool(value) if section == "nodeGroups" else value is not None

    def get(self, *path: int | str, default: Any = None) -> Any:
        """What is there; ``default`` where nothing is, None where something is wrong at, above or below the path."""
        for wrong in self._wrong:
            common = min(len(wrong), len(path))
            if wrong[:common] == path[:common]:
                return None
        value: Any = self._values
        for step in path:
            if isinstance(value, list):
                value = cast("list[Any]", value)[int(step)]
            elif isinstance(value, dict):
                value = cast("dict[str, Any]", value).get(str(step))
        return default if value is None else value

    def names(self, *path: str) -> list[str]:
        """The keys of a mapping, whatever is wrong below them."""
        value: Any = self._values
        for step in path:
            value = cast("dict[str, Any]", value).get(step) if isinstance(value, dict) else None
        return list(cast("dict[str, Any]", value)) if isinstance(value, dict) else []


def mistakes_between(values: Mapping[str, Any], wrong: Collection[Location]) -> Iterator[Mistake]:
    """What is wrong beside the locations ``wrong``, in the order of the sections."""
    given = Given(values, wrong)
    for rule in (_ranges, _addons, _first_nodes, _images_of_nodes, _sections, _repository):
        yield from rule(given)


def _ranges(given: Given) -> Iterator[Mistake]:
    services = given.get("cluster", "serviceCidr", default=SERVICE_RANGE) if given.has("cluster") else None
    if services is None:
        return
    vpc = given.get("network", "cidr")
    if vpc and overlapping(vpc, services):
        yield Mistake(
            ("cluster", "serviceCidr"),
            services,
            Refusal(
                f"it overlaps with the VPC, platform:network.cidr = {vpc}",
                allowed=f"{SERVICE_RANGES}, apart from the VPC",
                fix=f"take {_elsewhere(vpc)}",
            ),
        )
    joined: list[str] = given.get("cluster", "privateAccessCidrs", default=[]) or []
    for index, network in enumerate(joined):
        if overlapping(network, services):
            yield Mistake(
                ("cluster", "privateAccessCidrs", index),
                network,
                Refusal(
                    f"it overlaps with the Services' addresses, platform:cluster.serviceCidr = {services}, so that "
                    "nothing in the cluster could answer",
                    allowed="networks apart from cluster.serviceCidr",
                    fix="name a narrower network, or give a new cluster another serviceCidr",
                ),
            )


def _elsewhere(vpc: str) -> str:
    return next(block for block in (SERVICE_RANGE, "10.100.0.0/16") if not overlapping(vpc, block))


def _addons(given: Given) -> Iterator[Mistake]:
    with_it = {"certificates": [CERT_MANAGER], "nodeGroups": AFTER_NODES}
    missing = {addon.name: section for section, addons in with_it.items() for addon in addons if not given.has(section)}
    for name in given.names("cluster", "addonVersions"):
        version, section = given.get("cluster", "addonVersions", name), missing.get(name)
        if version and section:
            yield Mistake(
                ("cluster", "addonVersions", name),
                version,
                Refusal(
                    f"{name} is installed with {section} only",
                    allowed=f"the other add-ons, without {section}",
                    fix=f"add platform:{section}, or leave this version out",
                ),
            )


def _first_nodes(given: Given) -> Iterator[Mistake]:
    groups = given.names("nodeGroups")
    sizes = [given.get("nodeGroups", name, "desiredSize") for name in groups]
    taints = [given.get("nodeGroups", name, "taints", default=[]) for name in groups]
    if not groups or None in sizes or None in taints:
        return
    for size, texts in zip(sizes, taints, strict=True):
        effects = {Taint.parse(str(text)).effect for text in texts}
        if size > 0 and effects <= {TaintEffect.PREFER_NO_SCHEDULE}:
            return
    yield Mistake(
        ("nodeGroups",),
        NO_VALUE,
        Refusal(
            "no group begins with a node for pods without tolerations, and CoreDNS would wait for one",
            allowed="groups of which one has a desiredSize of 1 or more, and no NoSchedule nor NoExecute taint",
            fix="raise desiredSize of such a group to 1 or more, or take its taints away",
        ),
    )


def _images_of_nodes(given: Given) -> Iterator[Mistake]:
    version = given.get("cluster", "version")
    for name in given.names("nodeGroups") if version else ():
        release = given.get("nodeGroups", name, "releaseVersion")
        try:
            if release:
                check_release_version(str(version), str(release))
        except Refusal as refusal:
            yield Mistake(("nodeGroups", name, "releaseVersion"), release, refusal)


def _sections(given: Given) -> Iterator[Mistake]:
    for section, needed in _NEEDS.items():
        missing = [name for name in needed if not given.has(name)] if given.has(section) else []
        if missing:
            yield Mistake(
                (section,),
                NO_VALUE,
                Refusal(
                    f"it needs {', '.join(missing)}",
                    allowed=f"this section together with {', '.join(needed)}",
                    fix=f"add {', '.join(f'platform:{name}' for name in missing)}, or leave platform:{section} out",
                ),
            )


def _repository(given: Given) -> Iterator[Mistake]:
    wanted = str(given.get("application", "image", "repository") or "")
    known = [str(name) for name in given.get("registry", "repositories") or ()]
    if wanted and known and wanted not in known:
        close = nearest(wanted, known)
        yield Mistake(
            ("application", "image", "repository"),
            wanted,
            Refusal(
                "platform:registry.repositories does not name it",
                allowed=", ".join(known),
                fix=f"write {close}" if close else f"add {wanted} to platform:registry.repositories",
            ),
        )

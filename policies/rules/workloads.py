"""What running in production asks of pods: known images, bounds, probes, and secrets that stay secret."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, Final

from policies.controls import cis_eks, cis_kubernetes, guide
from policies.model import Level, Resource, Settings
from policies.reading import at, elements, shown
from policies.rules.containers import LONG_RUNNING, containers, image_of, pod_rule, pod_spec

_SECRETS: Final = frozenset(
    {"password", "passwd", "passphrase", "secret", "token", "credential", "credentials", "apikey"}
)
_SECRET_KEYS: Final = frozenset({"api", "private", "secret", "access", "encryption", "signing"})
"""What a key is of that must stay secret."""
_CREDENTIALS: Final = re.compile(r"://[^/?#\s:@]*:(?![{<]|\$[({]|%s)[^/?#\s@]+@")
"""User and password in a URL; what is put in later, as in ``$(PASSWORD)``, is none yet."""
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def holds_secret(name: str) -> bool:
    """Whether something of this name holds a secret: by its last words, as ``TOKEN_URL`` holds none."""
    words = [word.lower() for word in _WORD.findall(name)]
    while words and words[-1].isdigit():
        words.pop()
    last = words[-1] if words else ""
    return last in _SECRETS or (last == "key" and len(words) > 1 and words[-2] in _SECRET_KEYS)


def has_credentials(value: Any) -> bool:
    """Whether a text has a URL with a password in it."""
    return isinstance(value, str) and _CREDENTIALS.search(value) is not None


def _floating(resource: Resource, _: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        image = image_of(container)
        if image and not image[2] and image[1] in ("", "latest"):
            yield f"{who} runs {at(container, 'image')}"


def _is_from(name: str, pattern: str) -> bool:
    """Whether an image's name fits: its host the pattern's host, its path the pattern's path."""
    host, _, path = name.partition("/")
    wanted_host, _, wanted_path = pattern.partition("/")
    return fnmatchcase(host, wanted_host) and fnmatchcase(path, wanted_path)


def _foreign(resource: Resource, settings: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        image = image_of(container)
        if image and not any(_is_from(image[0], pattern) for pattern in settings.registries):
            yield f"{who} runs {at(container, 'image')}"


def _unlimited(resource: Resource, _: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        missing = [f"{kind}.{what}" for kind, what in wanted if at(container, "resources", kind, what) is None]
        if missing:
            yield f"{who} lacks resources {', '.join(missing)}"


def _probes(resource: Resource, _: Settings) -> Iterator[str]:
    for index, container in enumerate(elements(at(pod_spec(resource), "containers"))):
        for probe in ("readinessProbe", "livenessProbe"):
            if at(container, probe) is None:
                yield f"container {at(container, 'name') or index} has no {probe}"


def _literal_secrets(resource: Resource, _: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        for variable in elements(at(container, "env")):
            name, value = at(variable, "name"), at(variable, "value")
            # The value itself stays out of the message.
            if isinstance(name, str) and holds_secret(name) and value:
                yield f"{who} has {name} in plain text"
            elif has_credentials(value):
                yield f"{who} has credentials in the URL of {shown(name)}"


def _single_zone(resource: Resource, _: Settings) -> Iterator[str]:
    replicas = resource.get("spec", "replicas")
    spec = pod_spec(resource)
    spread = at(spec, "topologySpreadConstraints") or at(spec, "affinity", "podAntiAffinity")
    if not spread and not (isinstance(replicas, int | float) and replicas < 2):
        yield "nothing spreads its pods"


RULES: Final = (
    pod_rule(
        "pod-image-pinned",
        _floating,
        controls=(guide("Image security", "Use immutable tags with ECR"), cis_kubernetes("5.5.1")),
        reason="The same manifest would run another image tomorrow, and can't be rolled back.",
        fix="name a version's tag, or a digest.",
    ),
    pod_rule(
        "pod-image-trusted",
        _foreign,
        controls=(cis_eks("5.1.4"), guide("Image security", "Create a set of curated images")),
        reason="Images from elsewhere are neither scanned nor kept, and limits of pulls stop a scale-out.",
        fix="push or cache it in your registry, or add the registry in policies/settings.toml.",
    ),
    pod_rule(
        "pod-resources",
        _unlimited,
        controls=(
            guide(
                "Pod Security",
                "Set requests and limits for each container to avoid resource contention and DoS attacks",
            ),
        ),
        reason="One leaking pod takes its neighbours with it, and no autoscaler can count.",
        fix="set requests of CPU and memory, and a limit of memory.",
    ),
    pod_rule(
        "pod-no-secrets-in-env",
        _literal_secrets,
        controls=(
            cis_eks("4.4.2"),
            guide("Data encryption and secrets management", "Use an external secrets provider"),
        ),
        reason="Everybody who may read the Deployment may read it, and so may its history.",
        fix="put it into a Secret, and mount that or refer to it by valueFrom.secretKeyRef.",
    ),
    pod_rule(
        "pod-probes",
        _probes,
        controls=(
            guide("Running highly-available applications", "Use Liveness Probe to remove unhealthy pods"),
            guide("Running highly-available applications", "Use Readiness Probe to detect partial unavailability"),
        ),
        types=LONG_RUNNING,
        level=Level.ADVISORY,
        reason="Traffic would go to pods that are not ready, and stuck ones would stay.",
        fix="give each container a readinessProbe and a livenessProbe.",
    ),
    pod_rule(
        "pod-spread",
        _single_zone,
        controls=(
            guide("Running highly-available applications", "Using Pod topology spread constraints"),
            guide("EKS Data Plane", "Spread worker nodes and workloads across multiple AZs"),
        ),
        types=frozenset({"kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet"}),
        level=Level.ADVISORY,
        reason="All replicas on one node, or in one zone, fail together.",
        fix="add topologySpreadConstraints over topology.kubernetes.io/zone.",
    ),
)

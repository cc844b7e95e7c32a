"""What pods may do to their node: most of Kubernetes' restricted profile, and a little more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.controls import cis_eks, cis_kubernetes, guide
from policies.model import Check, Level, Resource, Settings
from policies.reading import UNKNOWN, at, elements, has_unknowns, is_on, mapping, shown, texts
from policies.rules.containers import containers, pod_rule, pod_spec


def _of_containers(key: str, wanted: bool) -> Check:
    """A check that ``securityContext.<key>`` of each container is ``wanted``."""

    def check(resource: Resource, _: Settings) -> Iterator[str]:
        for who, container in containers(resource):
            value = at(container, "securityContext", key)
            if value is not UNKNOWN and is_on(value) != wanted and (wanted or value is not None):
                yield f"securityContext.{key} of {who} is {shown(value)}"

    return check


def _escalation(resource: Resource, _: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        value = at(container, "securityContext", "allowPrivilegeEscalation")
        if value is not UNKNOWN and value is not False:
            yield f"securityContext.allowPrivilegeEscalation of {who} is {shown(value)}"


def _host(resource: Resource, _: Settings) -> Iterator[str]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if at(pod_spec(resource), key) is True:
            yield f"{key} is true"


def _root(resource: Resource, _: Settings) -> Iterator[str]:
    of_pod = at(pod_spec(resource), "securityContext")
    for who, container in containers(resource):
        own = at(container, "securityContext")
        not_root = at(own, "runAsNonRoot")
        not_root = at(of_pod, "runAsNonRoot") if not_root is None else not_root
        if not is_on(not_root):
            yield f"securityContext.runAsNonRoot of {who} is {shown(not_root)}"
        user = at(own, "runAsUser")
        user = at(of_pod, "runAsUser") if user is None else user
        if isinstance(user, int | float) and user == 0:
            yield f"securityContext.runAsUser of {who} is 0"


def _low_user(resource: Resource, _: Settings) -> Iterator[str]:
    of_pod = at(pod_spec(resource), "securityContext", "runAsUser")
    for who, container in containers(resource):
        user = at(container, "securityContext", "runAsUser")
        user = of_pod if user is None else user
        if isinstance(user, int | float) and 0 < user <= 999:
            yield f"securityContext.runAsUser of {who} is {user:.0f}"


def _host_ports(resource: Resource, _: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        for port in elements(at(container, "ports")):
            if isinstance(at(port, "hostPort"), int | float) and at(port, "hostPort"):
                yield f"{who} takes port {at(port, 'hostPort'):.0f} of its node"


def _proc_mount(resource: Resource, _: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        mount = at(container, "securityContext", "procMount")
        if mount not in (None, "Default", UNKNOWN):
            yield f"securityContext.procMount of {who} is {mount}"


def _capabilities(resource: Resource, _: Settings) -> Iterator[str]:
    for who, container in containers(resource):
        capabilities = at(container, "securityContext", "capabilities")
        if capabilities is UNKNOWN:
            continue
        if "ALL" not in texts(at(capabilities, "drop")) and not has_unknowns(at(capabilities, "drop")):
            yield f"{who} does not drop ALL capabilities"
        if added := [one for one in texts(at(capabilities, "add")) if one != "NET_BIND_SERVICE"]:
            yield f"{who} adds capabilities {', '.join(added)}"


def _seccomp(resource: Resource, _: Settings) -> Iterator[str]:
    of_pod = at(pod_spec(resource), "securityContext", "seccompProfile", "type")
    for who, container in containers(resource):
        profile = at(container, "securityContext", "seccompProfile", "type") or of_pod
        if profile is not UNKNOWN and profile not in ("RuntimeDefault", "Localhost"):
            yield f"seccompProfile.type of {who} is {shown(profile)}"


def _host_path(resource: Resource, _: Settings) -> Iterator[str]:
    for volume in elements(at(pod_spec(resource), "volumes")):
        if mapping(at(volume, "hostPath")):
            yield f"volume {at(volume, 'name')} is hostPath {shown(at(volume, 'hostPath', 'path'))}"


def _token(resource: Resource, _: Settings) -> Iterator[str]:
    shared = at(pod_spec(resource), "serviceAccountName") in (None, "", "default")
    if shared and at(pod_spec(resource), "automountServiceAccountToken") is not False:
        yield "its pods carry the token of the namespace's default service account"


RULES: Final = (
    pod_rule(
        "pod-not-privileged",
        _of_containers("privileged", False),
        controls=(cis_eks("4.2.1"), guide("Pod Security", "Restrict the containers that can run as privileged")),
        reason="A privileged container is root on its node.",
        fix="leave privileged out, and add the one capability that is needed.",
    ),
    pod_rule(
        "pod-no-privilege-escalation",
        _escalation,
        controls=(cis_eks("4.2.5"), guide("Pod Security", "Do not allow privileged escalation")),
        reason="A setuid program in the image would give root back.",
        fix="set allowPrivilegeEscalation to false.",
    ),
    pod_rule(
        "pod-no-host-namespaces",
        _host,
        controls=(cis_eks("4.2.2"), cis_eks("4.2.3"), cis_eks("4.2.4")),
        reason="It would see its node's processes and network, the metadata service included.",
        fix="leave hostNetwork, hostPID and hostIPC out.",
    ),
    pod_rule(
        "pod-not-root",
        _root,
        controls=(guide("Pod Security", "Do not run processes in containers as root"), cis_kubernetes("5.2.7")),
        reason="Root in a container is one flaw of the kernel away from root on the node.",
        fix="set runAsNonRoot to true, and no runAsUser of 0.",
    ),
    pod_rule(
        "pod-user-above-999",
        _low_user,
        level=Level.ADVISORY,
        controls=(guide("Pod Security", "Do not run processes in containers as root"),),
        reason="Low numbers belong to the node's own services, whose files they may reach.",
        fix="set runAsUser above 999.",
    ),
    pod_rule(
        "pod-no-host-ports",
        _host_ports,
        controls=(cis_kubernetes("5.2.13"),),
        reason="It is reached past the Service and its network policies, and only one runs on each node.",
        fix="leave hostPort out, and use a Service.",
    ),
    pod_rule(
        "pod-proc-masked",
        _proc_mount,
        controls=(guide("Pod Security", "Pod Security Standards (PSS) and Pod Security Admission (PSA)"),),
        reason="Unmasked, /proc shows and changes the node's kernel.",
        fix="leave procMount out.",
    ),
    pod_rule(
        "pod-capabilities",
        _capabilities,
        controls=(guide("Pod Security", "Linux Capabilities"), cis_kubernetes("5.2.8"), cis_kubernetes("5.2.9")),
        reason="Capabilities such as NET_RAW let a pod forge its neighbours' traffic.",
        fix='drop ["ALL"], and add NET_BIND_SERVICE at most.',
    ),
    pod_rule(
        "pod-seccomp",
        _seccomp,
        controls=(guide("Runtime security", "Seccomp"), cis_kubernetes("5.6.2")),
        reason="Without a profile every system call of the kernel can be attacked.",
        fix="set seccompProfile.type to RuntimeDefault.",
    ),
    pod_rule(
        "pod-no-host-path",
        _host_path,
        controls=(guide("Pod Security", "Restrict the use of hostPath"), cis_kubernetes("5.2.12")),
        reason="Through its node's files a pod becomes its node.",
        fix="use emptyDir, a ConfigMap or a PersistentVolumeClaim.",
    ),
    pod_rule(
        "pod-read-only-root",
        _of_containers("readOnlyRootFilesystem", True),
        controls=(guide("Pod Security", "Configure your images with read-only root file system"),),
        level=Level.ADVISORY,
        reason="What can't be written can't be replaced by an intruder.",
        fix="set readOnlyRootFilesystem to true, and mount an emptyDir where it writes.",
    ),
    pod_rule(
        "pod-own-identity",
        _token,
        controls=(
            cis_eks("4.1.5"),
            cis_eks("4.1.6"),
            guide("Identity and Access Management", "Use dedicated service accounts for each application"),
        ),
        reason="What is granted to one pod of the namespace would be granted to all.",
        fix="name a serviceAccountName of its own, or set automountServiceAccountToken to false.",
    ),
)

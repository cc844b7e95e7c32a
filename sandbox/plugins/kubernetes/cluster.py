"""The API server that a provider instance is configured for, and how that instance is to behave."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sandbox.kube import ApiError, KubeClient, KubeconfigError, UnknownKind
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.waiting import Waiter
from sandbox.plugins.protocol import ProviderError, Unanswered, Unknown
from sandbox.plugins.secrecy import Words


@dataclass(frozen=True)
class Cluster:
    """A configured API server."""

    client: KubeClient | None
    """None while the kubeconfig is not known yet, or leads nowhere; then ``reason`` says why."""
    reason: str = ""
    kubeconfig: str = ""
    """The text that led to it, for programs that look at the cluster themselves; "" while it is not known."""
    context: str | None = None
    namespace: str = "default"
    """Where namespaced objects go that name no namespace."""
    patch_force: bool = False
    upsert: bool = False
    mutable_config_maps: bool = False
    mutable_secrets: bool = False
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def waiter(self) -> Waiter:
        return Waiter(self.required, self.cancelled)

    @property
    def required(self) -> KubeClient:
        """The client. Raises ProviderError when there is none."""
        if self.client is None:
            raise ProviderError(f"the Kubernetes cluster can't be reached: {self.reason}")
        return self.client

    def namespaced(self, obj: Mapping[str, Any]) -> bool | None:
        """Whether objects of its kind live in namespaces; None when nobody can tell yet."""
        if self.client is None or isinstance(obj.get("apiVersion"), Unknown) or isinstance(obj.get("kind"), Unknown):
            return None
        try:
            return self.client.kind(str(obj["apiVersion"]), str(obj["kind"])).namespaced
        except UnknownKind:
            return None
        except ApiError as error:
            if error.status == 0:
                return None
            raise ProviderError(str(error)) from None


def configured(arguments: Mapping[str, Any]) -> Cluster:
    """The cluster that a provider's arguments lead to. Makes no request: the cluster may not be there yet."""
    namespace = str(arguments.get("namespace") or "")
    base = Cluster(
        None,
        namespace=namespace or "default",
        patch_force=_flag(arguments, "enablePatchForce"),
        upsert=_flag(arguments, "upsertExistingObjects"),
        mutable_config_maps=_flag(arguments, "enableConfigMapMutable"),
        mutable_secrets=_flag(arguments, "enableSecretMutable"),
    )
    kubeconfig, context = arguments.get("kubeconfig"), arguments.get("context")
    if isinstance(kubeconfig, Unknown) or isinstance(context, Unknown):
        return replace(base, reason="its kubeconfig is not known yet")
    if not kubeconfig:
        return replace(base, reason="the provider was given no kubeconfig")
    text = read_text(str(kubeconfig))
    try:
        client = KubeClient.from_kubeconfig(text, context=context)
    except KubeconfigError as error:
        return replace(base, reason=str(error))
    return replace(base, client=client, namespace=namespace or client.namespace, kubeconfig=text, context=context)


def read_text(kubeconfig: str) -> str:
    """A kubeconfig's text, given as such or as the path of a file."""
    if "\n" in kubeconfig or kubeconfig.lstrip().startswith("{"):
        return kubeconfig
    path = Path(kubeconfig).expanduser()
    return path.read_text() if path.is_file() else kubeconfig


def _flag(arguments: Mapping[str, Any], name: str) -> bool:
    return arguments.get(name) in (True, "true")


def explain(error: ApiError, obj: Mapping[str, Any]) -> ProviderError:
    """An API error as the user reads it: which object, which field, without the values of a Secret."""
    text = f"{objects.describe(obj)}: {error}"
    if error.reason == "Conflict" and error.causes:
        text = f"{objects.describe(obj)}: {_conflict(error)}"
    elif "field is immutable" in str(error):
        text += " (to replace the object instead, name the field in replace_on_changes)"
    text = Words(_secret_values(obj)).blot(text)
    return Unanswered(text) if error.status == 0 else ProviderError(text)


def conflicting_managers(error: ApiError) -> set[str]:
    """The managers that own the fields of a server-side apply conflict."""
    return {match[1] for _, text in error.causes if (match := re.search(r'conflict with "([^"]+)"', text))}


def _conflict(error: ApiError) -> str:
    owned = ", ".join(f"{place} ({text.removeprefix('conflict with ')})" for place, text in error.causes)
    return (
        f"other field managers own fields that the program sets: {owned}. Leave them out of the program or name them "
        f'in ignore_changes, or take them over with the annotation {objects.PATCH_FORCE}: "true" (for all objects: '
        "the provider's enable_patch_force)"
    )


def _secret_values(obj: Mapping[str, Any]) -> Iterator[str]:
    """What a Secret holds: a chart's are marked by nobody."""
    for key in ("data", "stringData") if obj.get("kind") == "Secret" else ():
        values: Mapping[str, Any] = obj.get(key) or {}
        yield from (value for value in values.values() if isinstance(value, str))

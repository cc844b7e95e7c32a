"""The sandbox's Kubernetes provider: the genuine one's behaviour for whatever the API server serves."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, cast

import yaml

from sandbox.charts import Wanted
from sandbox.home import Home
from sandbox.kube import ApiError
from sandbox.plugins.kubernetes import helm, manifests
from sandbox.plugins.kubernetes.cluster import Cluster, configured, read_text
from sandbox.plugins.kubernetes.coming import Coming
from sandbox.plugins.kubernetes.contents import Library
from sandbox.plugins.kubernetes.resources import Resources
from sandbox.plugins.program import Program
from sandbox.plugins.protocol import Call, Change, Diff, Failure, Properties, Provider, Unanswered, Unknown

_UNSUPPORTED = ("renderYamlToDirectory", "alwaysRender", "skipUpdateUnreachable", "deleteUnreachable", "cluster")


class KubernetesProvider(Provider):
    """Serves ``kubernetes:<group>/<version>:<Kind>`` and ``kubernetes:helm.sh/v3:Release``."""

    text_arguments: ClassVar[frozenset[str]] = frozenset({"kubeconfig"})

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._program = Program()
        self._pulled: dict[Wanted, Path] = {}
        self._use(Cluster(None, "the provider is not configured"))

    def attached(self, program: Program) -> None:
        self._program = program

    def _use(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._resources = Resources(cluster, Coming(self._program, self._contents))

    def _contents(self, name: str, inputs: Mapping[str, Any]) -> list[dict[str, Any]] | None:
        """The objects of a chart or add-on; None when nobody can tell them."""
        library = self._library
        return library.of_stand_in(name, inputs) if "chart" not in inputs else library.of_chart(inputs, self._cluster)

    @property
    def _releases(self) -> helm.Releases:
        return helm.Releases(self._cluster, self._library)

    @property
    def _library(self) -> Library:
        return Library.of(self.home, self._pulled)

    # -- the provider itself ------------------------------------------------------------------------------------

    def check_config(self, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        del olds
        failures = [Failure(key, "the sandbox does not support it") for key in _UNSUPPORTED if news.get(key)]
        if news.get("enableServerSideApply") in (False, "false"):
            failures.append(Failure("enableServerSideApply", "the sandbox writes by server-side apply only"))
        return news, failures

    def diff_config(self, olds: Properties, news: Properties) -> Diff:
        """A provider is replaced, and all its objects with it, when it leads to another cluster."""
        changed = sorted(key for key in olds.keys() | news.keys() if olds.get(key) != news.get(key))
        leading = [key for key in changed if key in ("kubeconfig", "context")]
        identifier = news.get("clusterIdentifier")
        if identifier and olds.get("clusterIdentifier"):
            replaces = ["clusterIdentifier"] if olds["clusterIdentifier"] != identifier else []
        elif any(isinstance(news.get(key), Unknown) for key in leading):
            replaces = leading
        else:
            before, after = _target(olds), _target(news)
            replaces = leading if before is not None and after is not None and before != after else []
        details = {key: Change.UPDATE_REPLACE if key in replaces else Change.UPDATE for key in changed}
        return Diff(changes=bool(changed), replaces=tuple(replaces), details=details)

    def configure(self, arguments: Properties) -> None:
        self._use(configured(arguments))

    def cancel(self) -> None:
        self._cluster.cancelled.set()

    # -- resources ----------------------------------------------------------------------------------------------

    def check(self, call: Call, olds: Properties, news: Properties) -> tuple[Properties, list[Failure]]:
        if call.type == helm.TYPE:
            return self._releases.check(call, olds, news)
        return self._resources.check(call, olds, news)

    def diff(
        self,
        call: Call,
        id: str,
        old_inputs: Properties,
        old_outputs: Properties,
        news: Properties,
        ignore_changes: Sequence[str],
    ) -> Diff:
        del id
        if call.type == helm.TYPE:
            return self._releases.diff(old_inputs, old_outputs, news, ignore_changes)
        return self._resources.diff(call, old_inputs, old_outputs, news, ignore_changes)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        if call.type == helm.TYPE:
            with _answering(call):
                return self._releases.create(call, inputs)
        return self._resources.create(call, inputs)

    def read(
        self, call: Call, id: str, inputs: Properties | None, outputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        if call.type == helm.TYPE:
            with _answering(call):
                return self._releases.read(id, inputs, outputs)
        return self._resources.read(call, id, inputs, outputs)

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Properties:
        del id, old_inputs
        if call.type == helm.TYPE:
            with _answering(call):
                return self._releases.update(call, news, old_outputs)
        return self._resources.update(call, old_outputs, news)

    def delete(self, call: Call, id: str, old_inputs: Properties, outputs: Properties) -> None:
        if call.type == helm.TYPE:
            with _answering(call):
                self._releases.delete(call, id, outputs)
        else:
            self._resources.delete(call, old_inputs, outputs)

    def invoke(self, token: str, arguments: Properties, preview: bool) -> Properties:
        del preview
        if token != "kubernetes:yaml:decode":
            self._unsupported(token)
        namespace = str(arguments.get("defaultNamespace") or "")
        return {"result": manifests.decode(self._cluster, str(arguments["text"]), namespace)}


@contextmanager
def _answering(call: Call) -> Generator[None]:
    """Work on a release. A request that fails in the middle leaves it half done: its record says how far it is."""
    try:
        yield
    except ApiError as error:
        raise Unanswered(f"Helm release {call.name}: {error}") from None


def _target(arguments: Mapping[str, Any]) -> Any:
    """The cluster entry that a provider's arguments select, None when they select none."""
    kubeconfig = arguments.get("kubeconfig")
    if not isinstance(kubeconfig, str):
        return None
    try:
        config: Any = yaml.safe_load(read_text(kubeconfig))
    except yaml.YAMLError:
        return None
    if not isinstance(config, dict):
        return None
    document = cast("dict[str, Any]", config)
    chosen = arguments.get("context") or document.get("current-context")
    for context in cast("list[dict[str, Any]]", document.get("contexts") or []):
        if context.get("name") == chosen:
            wanted = context["context"].get("cluster")
            clusters = cast("list[dict[str, Any]]", document.get("clusters") or [])
            return next((entry.get("cluster") for entry in clusters if entry.get("name") == wanted), None)
    return None

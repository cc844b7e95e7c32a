"""What a release puts into a cluster: its chart's objects where the chart can be had, a stand-in's where not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from sandbox.charts import Capabilities, Chart, ChartError, Charts, ChartSettings, Helm, Hook, Wanted, render
from sandbox.charts.census import Renderer
from sandbox.charts.settings import CACHE
from sandbox.home import Home
from sandbox.kube import ApiError
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.cluster import Cluster
from sandbox.plugins.protocol import Properties, ProviderError, contains_unknown
from sandbox.plugins.secrecy import Words
from sandbox.stand_ins import crd_names, known, stand_in
from sandbox.toolchain.pins import HELM
from sandbox.toolchain.setup import find

Object = dict[str, Any]

_SECRET_NAME = re.compile(r"password|passwd|secret|token|credential|key$", re.IGNORECASE)
"""Names of values that no message repeats."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The objects of one release."""

    rendered_by: Renderer
    chart_name: str
    version: str
    app_version: str
    objects: list[Object]
    """In the order in which to apply them."""
    crds: list[Object] = field(default_factory=list[Object])
    """They come before all else."""
    hooks: list[Hook] = field(default_factory=list[Hook])
    told: str
    """What the user should know of them."""


@dataclass(frozen=True)
class Library:
    """Every chart and every stand-in that there is."""

    crds: Path
    """The toolchain's folder of the operators' CRDs, which stand-ins bring."""
    charts: Charts | None = None
    """None where no chart may be had but those at a path."""
    kubernetes: str = ""
    """The version to render for while the cluster is not known yet."""
    local: Callable[[], Charts] | None = None
    """What renders those where the user did not ask for charts. Raises ChartError where there is no helm for it."""

    @classmethod
    def of(cls, home: Home, today: dict[Wanted, Path] | None = None) -> Library:
        """The library of a sandbox. What may be had can change from one command to the next.

        ``today`` is filled with what was pulled, and spares the pulls of who gives it back.
        """
        facts = home.facts
        settings, program = ChartSettings.read(home), facts["tools"].get("helm")

        def charts(program: str) -> Charts:
            pulled = {} if today is None else today
            return Charts(settings, Helm(program, home.root / "helm"), home.root / "charts", pulled)

        return cls(
            Path(facts["crds"]),
            charts(program) if settings.needs_helm and program else None,
            str(facts["kubernetes_version"]),
            lambda: charts(_some_helm()),
        )

    def may_have(self, wanted: Wanted) -> bool:
        """Whether the chart itself is looked for, and no stand-in is taken unseen."""
        return self.charts is not None or (self.local is not None and wanted.local)

    def chart(self, inputs: Properties) -> Chart | None:
        """The release's chart, None when it can't be had. Raises ProviderError when it should be, and is not right."""
        found = self._found(inputs)
        return found[1] if found else None

    def _found(self, inputs: Properties) -> tuple[Helm, Chart] | None:
        wanted = wanted_chart(inputs)
        try:
            charts = self.charts or (self.local() if self.local and wanted.local else None)
            chart = charts.find(wanted) if charts else None
        except ChartError as error:
            raise _named(error, inputs) from None
        return (charts.helm, chart) if charts and chart else None

    def contents(self, inputs: Properties, cluster: Cluster, *, upgrade: bool = False) -> Contents:
        """What the release is made of. Raises ProviderError with Helm's reason."""
        found = self._found(inputs)
        if found is None:
            return self._stand_in(inputs)
        helm, chart = found
        try:
            rendered = render(
                helm,
                chart,
                name=inputs["name"],
                namespace=inputs["namespace"],
                values=_values(inputs),
                value_files=_value_files(inputs),
                capabilities=self._capabilities(cluster),
                upgrade=upgrade,
            )
        except ChartError as error:
            raise _named(error, inputs) from None
        crds = [] if inputs.get("skipCrds") else rendered.crds
        hooks = [] if inputs.get("disableWebhooks") else rendered.hooks
        counts = {"objects": len(rendered.objects), "CRDs": len(crds), "hooks": len(hooks)}
        return Contents(
            rendered_by=Renderer.HELM,
            chart_name=chart.name,
            version=chart.version,
            app_version=chart.app_version,
            objects=rendered.objects,
            crds=crds,
            hooks=hooks,
            told=f"chart {chart.name} {chart.version} ({chart.path}), rendered by helm: "
            + ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "objects"),
        )

    def of_chart(self, inputs: Mapping[str, Any], cluster: Cluster) -> list[Object] | None:
        """The objects of a release that is not installed yet, CRDs first; None while nobody can tell them."""
        wanted = dict(inputs)
        if not self.may_have(wanted_chart(wanted)):
            return self.of_stand_in(wanted_chart(wanted).name, wanted)
        if contains_unknown(wanted):
            return None
        try:
            contents = self.contents(wanted, cluster)
        except ProviderError:
            return None  # the release itself says why
        is_known = contents.rendered_by is Renderer.HELM or known(contents.chart_name)
        return [*contents.crds, *contents.objects] if is_known else None

    def of_stand_in(self, name: str, inputs: Mapping[str, Any]) -> list[Object] | None:
        """The objects of the stand-in for a chart or add-on; None when there is none."""
        version = inputs.get("version")
        text = version if isinstance(version, str) else ""
        return stand_in(name, namespace="default", version=text, crds=self.crds) if known(name) else None

    def _capabilities(self, cluster: Cluster) -> Capabilities:
        client = cluster.client
        if client is None:
            return Capabilities(self.kubernetes)
        try:
            version, served = client.server_version(), client.api_versions()
        except ApiError:
            return Capabilities(self.kubernetes)  # a preview may do without; what applies objects says what is wrong
        return Capabilities(version, served, cluster.kubeconfig, cluster.context)

    def _stand_in(self, inputs: Properties) -> Contents:
        name = wanted_chart(inputs).name
        wanted = stand_in(
            name,
            namespace=inputs["namespace"],
            version=str(inputs.get("version") or ""),
            crds=self.crds,
            release=inputs["name"],
            values=inputs.get("values") or {},
        )
        crds = [obj for obj in wanted if obj["kind"] == "CustomResourceDefinition" and not inputs.get("skipCrds")]
        rest = [obj for obj in wanted if obj["kind"] != "CustomResourceDefinition"]
        return Contents(
            rendered_by=Renderer.STAND_IN,
            chart_name=name,
            version=str(inputs.get("version") or "0.0.0"),
            app_version=_app_version(rest),
            objects=rest,
            crds=crds,
            told=_told_of_stand_in(inputs, name, rest, crds),
        )


def wanted_chart(inputs: Properties) -> Wanted:
    options = cast("Mapping[str, Any]", inputs.get("repositoryOpts") or {})
    return Wanted(
        str(inputs["chart"]),
        str(inputs.get("version") or ""),
        str(options.get("repo") or ""),
        bool(inputs.get("devel")),
    )


def _some_helm() -> str:
    """The helm that a command with charts would use, where it is there already."""
    program = find(HELM)
    if program is None:
        raise ChartError(
            f"a chart at a path takes helm, which is neither on PATH (3.19 or newer) nor in the sandbox's cache: set "
            f"{CACHE} to the folder that the chart is in, and the next `make` command builds helm"
        )
    return program


def _named(error: ChartError, inputs: Properties) -> ProviderError:
    release = f"{inputs['namespace']}/{inputs['name']}"
    return ProviderError(
        f"Helm release {release}, chart {wanted_chart(inputs)}: {_without_secrets(str(error), inputs)}"
    )


def _without_secrets(text: str, inputs: Properties) -> str:
    """A schema's refusal repeats the value that it refuses.

    Values that the program marks as secret are taken out of all that a provider says. These are those that nobody
    marks, and that have the name of a secret.
    """
    return Words(_secret_values(inputs.get("values"))).blot(text)


def _secret_values(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in cast("Mapping[str, Any]", value).items():
            yield from _secret_values(item, key)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from _secret_values(item, name)
    elif isinstance(value, str) and _SECRET_NAME.search(name):
        yield value


def _values(inputs: Properties) -> Properties:
    values = cast("Properties", inputs.get("values") or {})
    return values if inputs.get("allowNullValues") else _without_nulls(values)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _without_nulls(item) for key, item in items if item is not None}
    return value


def _value_files(inputs: Properties) -> list[str]:
    """The texts of ``valueYamlFiles``, which are assets."""
    texts: list[str] = []
    for asset in cast("list[Mapping[str, Any]]", inputs.get("valueYamlFiles") or []):
        texts.append(str(asset["text"]) if asset.get("text") else Path(str(asset["path"])).read_text())
    return texts


def _told_of_stand_in(
    inputs: Properties, name: str, wanted: Sequence[Mapping[str, Any]], crds: Sequence[Mapping[str, Any]]
) -> str:
    workloads = [objects.describe(obj) for obj in wanted if obj["kind"] in ("Deployment", "DaemonSet")]
    chart = f"chart {inputs['chart']} {inputs.get('version') or ''}".rstrip()
    text = f"{chart}: {', '.join(workloads)} is a stand-in whose containers run nowhere"
    if not known(name):
        return f"{text}; the sandbox does not know this chart, so none of its other objects and CRDs exist"
    if not crds:
        return f"{text}; it brings no CRDs"
    return f"{text}; its CRDs are the project's own ({_counted(crd_names(crds))})"


def _counted(crds: Sequence[str]) -> str:
    """``10 of traefik.io, 2 of gateway.networking.k8s.io``."""
    groups = Counter(name.partition(".")[2] for name in crds)
    return ", ".join(f"{count} of {group}" for group, count in sorted(groups.items()))


def _app_version(wanted: Sequence[Mapping[str, Any]]) -> str:
    """The tag of the first workload's image: what the chart's appVersion is in charts of one program."""
    for obj in wanted:
        if obj["kind"] in ("Deployment", "DaemonSet"):
            image = str(obj["spec"]["template"]["spec"]["containers"][0]["image"])
            return image.rpartition(":")[2]
    return ""

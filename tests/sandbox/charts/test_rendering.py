"""What is read out of Helm's answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.charts import Chart, ChartError, Helm, Hook, HookEvent
from sandbox.charts.hooks import due
from sandbox.charts.rendering import Capabilities, parse, render

ANSWER = """\
---
# Source: shop/crds/widgets.yaml
kind: CustomResourceDefinition
metadata: {name: widgets}
---
kind: CustomResourceDefinition
metadata: {name: gadgets}
---
# Source: shop/charts/below/crds/more.yaml
kind: CustomResourceDefinition
metadata: {name: more}
---
# Source: shop/templates/crds/own.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: own}
data: {text: "# Source: elsewhere/crds/x"}
---
# Source: shop/templates/list.yaml
apiVersion: v1
kind: ConfigMapList
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: first}}
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: second}}
---
# Source: shop/templates/empty.yaml
# nothing
---
# Source: shop/templates/hook.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: hook, annotations: {helm.sh/hook: "pre-install, post-upgrade", helm.sh/hook-weight: "-5"}}
""".replace("kind: CustomResourceDefinition", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition")


def test_crds_hooks_and_objects_are_told_apart() -> None:
    rendered = parse(ANSWER)
    assert [crd["metadata"]["name"] for crd in rendered.crds] == ["widgets", "gadgets", "more"]
    assert [obj["metadata"]["name"] for obj in rendered.objects] == ["own", "first", "second"]
    (hook,) = rendered.hooks
    assert (hook.name, hook.path, hook.weight) == ("hook", "shop/templates/hook.yaml", -5)
    assert hook.events == ("pre-install", "post-upgrade")
    assert hook.delete_policies == ("before-hook-creation",)


def test_what_is_no_object_is_refused_with_its_template() -> None:
    with pytest.raises(ChartError, match=r"shop/templates/a\.yaml is no Kubernetes object: it has no kind, metadata"):
        parse("---\n# Source: shop/templates/a.yaml\napiVersion: v1\n")


@pytest.mark.parametrize(
    ("item", "lacks"),
    [
        ("text", "it has no apiVersion, kind, metadata.name"),
        ("{apiVersion: v1, kind: ConfigMap}", r"it has no metadata\.name"),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: [b]}}", "annotations are no map"),
    ],
)
def test_so_is_what_is_none_in_a_list(item: str, lacks: str) -> None:
    text = f"---\n# Source: shop/templates/a.yaml\napiVersion: v1\nkind: List\nitems:\n  - {item}\n"
    with pytest.raises(ChartError, match=rf"shop/templates/a\.yaml is no Kubernetes object: .*{lacks}"):
        parse(text)


def test_lists_may_be_empty_or_hold_lists() -> None:
    inner = "{kind: List, items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}]}"
    text = f"---\nkind: List\nitems:\n---\nkind: List\n---\nkind: List\nitems: [{inner}]\n"
    assert [obj["metadata"]["name"] for obj in parse(text).objects] == ["a"]


def test_other_things_beside_the_crds_are_the_releases_own() -> None:
    text = "---\n# Source: shop/crds/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    rendered = parse(text)
    assert not rendered.crds
    assert [obj["metadata"]["name"] for obj in rendered.objects] == ["a"]


@pytest.mark.parametrize("spec", ["{group: a, version: v1}", "~", "{versions: [v1]}", "text"])
def test_a_crd_of_an_old_or_odd_form_is_left_to_the_api_server(tmp_path: Path, spec: str) -> None:
    kind = "apiVersion: apiextensions.k8s.io/v1beta1\\nkind: CustomResourceDefinition\\nmetadata: {name: a.b}"
    script = f"printf -- '---\\n# Source: shop/crds/a.yaml\\n{kind}\\nspec: {spec}\\n'"
    rendered = render(
        helm(tmp_path, script), CHART, name="a", namespace="b", values={}, capabilities=Capabilities("1.35.0")
    )
    assert len(rendered.crds) == 1


def test_yaml_is_read_as_helm_reads_it() -> None:
    rendered = parse(
        "---\n# Source: shop/templates/a.yaml\napiVersion: v1\nkind: X\nmetadata: {name: x}\n"
        "spec: {date: 2026-01-01, time: 12:30:45, thousand: 1e3, half: 0.5, mode: 0644, on: yes, none: ~, op: =, "
        "tls: y, debug: N, name: yn}\n"
    )
    assert rendered.objects[0]["spec"] == {
        "date": "2026-01-01",
        "time": "12:30:45",
        "thousand": 1000,
        "half": 0.5,
        "mode": 420,
        True: True,
        "none": None,
        "op": "=",
        "tls": True,
        "debug": False,
        "name": "yn",
    }


def test_hooks_run_by_weight_then_by_name() -> None:
    def hook(name: str, events: str, weight: str) -> Hook:
        annotations = {"helm.sh/hook": events, "helm.sh/hook-weight": weight}
        return Hook({"kind": "Job", "metadata": {"name": name, "annotations": annotations}})

    hooks = [
        hook("z", "pre-install", "-10"),
        hook("late", "pre-install", "5"),
        hook("b", "pre-install,pre-upgrade", "0"),
        hook("a", "pre-install", "none"),
        hook("other", "post-install", "-99"),
    ]
    assert [found.name for found in due(hooks, HookEvent.PRE_INSTALL)] == ["z", "a", "b", "late"]
    assert [found.name for found in due(hooks, HookEvent.PRE_UPGRADE)] == ["b"]


def helm(tmp_path: Path, script: str) -> Helm:
    program = tmp_path / "helm"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Helm(str(program), tmp_path / "homes")


CHART = Chart(Path("/charts/shop"), "shop", "1.0.0")


def test_helms_reason_is_one_line_without_its_warnings_and_advice(tmp_path: Path) -> None:
    script = """
cat >&2 <<'END'
coalesce.go:286: warning: cannot overwrite table with non table for shop.a
Error: values don't meet the specifications of the schema(s) in the following chart(s):
shop:
- at '/replicas': got string, want integer

Use --debug flag to render out invalid YAML
END
exit 1"""
    with pytest.raises(ChartError) as raised:
        render(helm(tmp_path, script), CHART, name="a", namespace="b", values={}, capabilities=Capabilities("1.35.0"))
    assert str(raised.value) == (
        "values don't meet the specifications of the schema(s) in the following chart(s): "
        "shop: - at '/replicas': got string, want integer"
    )


def test_secrets_are_neither_on_the_command_line_nor_left_behind(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = f"""
for argument in "$@"; do
  case "$argument" in
    --values=*|--kubeconfig=*)
      file="${{argument#*=}}"
      (ls -l "$file" | cut -c1-10; cat "$file"; echo) >> {log} ;;
    *) echo "$argument" >> {log}.arguments;;
  esac
done"""
    capabilities = Capabilities("1.35.0", frozenset({"apps/v1"}), "the kubeconfig", "admin")
    render(
        helm(tmp_path, script),
        CHART,
        name="a",
        namespace="b",
        values={"password": "hush"},
        value_files=["size: 1"],
        capabilities=capabilities,
        upgrade=True,
    )
    texts = ["size: 1", '{"password": "hush"}', "the kubeconfig"]
    assert log.read_text().splitlines() == [line for text in texts for line in ("-rw-------", text)]
    arguments = (tmp_path / "log.arguments").read_text()
    assert "hush" not in arguments
    assert arguments.split() == [
        *("template", "a", "/charts/shop", "--namespace", "b", "--include-crds", "--skip-tests", "--is-upgrade"),
        *("--kube-version=1.35.0", "--api-versions=apps/v1", "--dry-run=server", "--kube-context=admin"),
    ]


def test_templates_are_told_of_the_crds_that_their_chart_brings(tmp_path: Path) -> None:
    crd = "{group: a.com, names: {kind: A}, versions: [{name: v1, served: true}, {name: v0, served: false}]}"
    kind = "apiVersion: x/v1\\nkind: CustomResourceDefinition\\nmetadata: {name: c}"
    script = f"""
echo "$@" >> {tmp_path}/log
printf -- '---\\n# Source: shop/crds/a.yaml\\n{kind}\\nspec: {crd}\\n'"""
    render(helm(tmp_path, script), CHART, name="a", namespace="b", values={}, capabilities=Capabilities("1.35.0"))
    first, second = (tmp_path / "log").read_text().splitlines()
    assert "--api-versions" not in first
    assert second.endswith("--api-versions=a.com/v1 --api-versions=a.com/v1/A")


def test_a_helm_that_can_not_be_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="/nowhere/helm can't be run: No such file"):
        Helm("/nowhere/helm", tmp_path).run(["version"])

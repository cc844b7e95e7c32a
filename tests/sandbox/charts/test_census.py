"""How many releases are true charts."""

from __future__ import annotations

from typing import Any

from sandbox.charts import census


def release(id: str, **outputs: Any) -> dict[str, Any]:
    return {"type": "kubernetes:helm.sh/v3:Release", "id": id, "outputs": outputs}


def test_charts_and_stand_ins_are_counted_in_a_stacks_state() -> None:
    found = census(
        [
            release("shop/main", __renderedBy="helm"),
            release("ingress/traefik", __renderedBy="stand-in"),
            release("older/one"),
            {**release("shop/main", __renderedBy="stand-in"), "delete": True},
            {"type": "kubernetes:core/v1:ConfigMap", "id": "shop/c"},
        ]
    )
    assert found.charts == ("shop/main",)
    assert found.stand_ins == ("ingress/traefik", "older/one")
    assert str(found) == "1 rendered by helm, 2 stand-ins"

"""When replicas are added, removed or may be disturbed: pure functions from Args to typed manifests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pulumi

from components.workload.args import AutoscalingArgs, ScalingRate

if TYPE_CHECKING:
    from pulumi_kubernetes.autoscaling.v2 import (
        HorizontalPodAutoscalerSpecArgsDict,
        HPAScalingRulesArgsDict,
        MetricSpecArgsDict,
    )
    from pulumi_kubernetes.policy.v1 import PodDisruptionBudgetSpecArgsDict


def autoscaler_spec(args: AutoscalingArgs, *, deployment: pulumi.Input[str]) -> HorizontalPodAutoscalerSpecArgsDict:
    """Follow the busier of CPU and memory, up at once and down slowly."""
    return {
        "scale_target_ref": {"api_version": "apps/v1", "kind": "Deployment", "name": deployment},
        "min_replicas": args.min_replicas,
        "max_replicas": args.max_replicas,
        "metrics": [_utilization("cpu", args.cpu_percent), _utilization("memory", args.memory_percent)],
        "behavior": {"scale_up": _rules(args.scale_up), "scale_down": _rules(args.scale_down)},
    }


def disruption_budget_spec(selector: Mapping[str, str]) -> PodDisruptionBudgetSpecArgsDict:
    """Drains take one pod at a time. One that isn't ready may always go: it serves nobody and would block it."""
    return {
        "selector": {"match_labels": selector},
        "max_unavailable": 1,
        "unhealthy_pod_eviction_policy": "AlwaysAllow",
    }


def _utilization(resource: str, percent: int) -> MetricSpecArgsDict:
    return {
        "type": "Resource",
        "resource": {"name": resource, "target": {"type": "Utilization", "average_utilization": percent}},
    }


def _rules(rate: ScalingRate) -> HPAScalingRulesArgsDict:
    return {
        "stabilization_window_seconds": rate.window_seconds,
        "policies": [{"type": "Percent", "value": rate.percent, "period_seconds": rate.period_seconds}],
    }

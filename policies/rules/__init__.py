"""Every rule of the pack, by what it is about."""

from __future__ import annotations

from policies.model import AnyRule
from policies.rules import (
    cluster,
    data,
    encryption,
    identity,
    kubernetes,
    network,
    pods,
    rbac,
    registry,
    stack,
    stores,
    workloads,
)

RULES: tuple[AnyRule, ...] = (
    *stack.RULES,
    *identity.RULES,
    *network.RULES,
    *cluster.RULES,
    *registry.RULES,
    *data.RULES,
    *stores.RULES,
    *encryption.RULES,
    *pods.RULES,
    *workloads.RULES,
    *rbac.RULES,
    *kubernetes.RULES,
)

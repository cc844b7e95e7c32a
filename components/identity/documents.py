"""IAM policy documents, as pure data. Values may be outputs, so a document becomes JSON with ``Output.json_dumps``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi

VERSION = "2012-10-17"

Condition = Mapping[str, Mapping[str, "pulumi.Input[str]"]]

Principal = pulumi.Input[str] | Sequence[str]
"""One identity or service, or several."""


class _Required(TypedDict):
    Effect: str
    Action: list[str]


class Statement(_Required, total=False):
    """One statement of a policy."""

    Sid: str
    Principal: dict[str, Principal]
    Resource: list[pulumi.Input[str]]
    Condition: Condition


class Document(TypedDict):
    """A policy document."""

    Version: str
    Statement: list[Statement]


def policy_document(*statements: Statement) -> Document:
    return {"Version": VERSION, "Statement": list(statements)}


def allow(
    actions: Sequence[str], resources: Sequence[pulumi.Input[str]], *, condition: Condition | None = None
) -> Statement:
    """A statement of an identity's policy: it may do ``actions`` on ``resources``."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if condition is not None:
        statement["Condition"] = condition
    return statement


def trust(
    principal: Mapping[str, Principal],
    *,
    actions: Sequence[str] = ("sts:AssumeRole",),
    condition: Condition | None = None,
) -> Document:
    """A role's trust policy: ``principal`` may take the role."""
    statement: Statement = {"Effect": "Allow", "Action": list(actions), "Principal": dict(principal)}
    if condition is not None:
        statement["Condition"] = condition
    return policy_document(statement)


def service_trust(service: str, *, account: pulumi.Input[str] | None = None) -> Document:
    """An AWS service may take the role; with ``account``, only on behalf of that account (no confused deputy)."""
    condition: Condition | None = None if account is None else {"StringEquals": {"aws:SourceAccount": account}}
    return trust({"Service": service}, condition=condition)


def pod_trust() -> Document:
    """Pods may take the role through EKS Pod Identity; which ones is said by an association."""
    return trust({"Service": "pods.eks.amazonaws.com"}, actions=("sts:AssumeRole", "sts:TagSession"))

"""The border to Pulumi's policy SDK: its requests become resources, and violations become its reports."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from policies.judging import Judge, Violation
from policies.model import AnyRule, Level, Resource, Rule, StackRule
from policies.reading import UNKNOWN
from policies.rules import RULES
from policies.rules.stack import default_tags
from policies.settings import Loaded, SettingsError

_ENFORCED = {Level.MANDATORY: EnforcementLevel.MANDATORY, Level.ADVISORY: EnforcementLevel.ADVISORY}
_ENDING = "exceptions-end-soon"


def serve(loaded: Loaded, *, today: date) -> None:
    """Answer the engine until it ends this process. Ends it with a message where the settings can't be meant."""
    try:
        judge = Judge(RULES, loaded, stack=os.environ.get("PULUMI_STACK", ""), today=today)
    except SettingsError as error:
        raise SystemExit(f"error: {error}") from None
    PolicyPack("platform", policies(judge))


def policies(judge: Judge) -> list[Policy]:
    """A policy for each rule, and one that speaks of exceptions which end soon."""
    ending = StackValidationPolicy(
        name=_ENDING,
        description="When an exception ends, its rule holds again.",
        enforcement_level=EnforcementLevel.ADVISORY,
        validate=_exceptions(judge),
    )
    return [*(_policy(judge, rule) for rule in judge.rules), ending]


def _policy(judge: Judge, rule: AnyRule) -> Policy:
    about: dict[str, Any] = {
        "name": rule.name,
        "description": rule.reason,
        "enforcement_level": _ENFORCED[rule.level],
        "remediation_steps": rule.fix,
        "tags": [str(control) for control in rule.controls],
    }
    if isinstance(rule, StackRule):
        return StackValidationPolicy(validate=_of_stack(judge, rule), **about)
    return ResourceValidationPolicy(validate=_of_resource(judge, rule), **about)


def _of_resource(judge: Judge, rule: Rule) -> Any:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if rule.concerns(args.resource_type):
            _report(judge.of_resource(rule, seen(args)), report, excepted=False)

    return validate


def _of_stack(judge: Judge, rule: StackRule) -> Any:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        _report(judge.of_stack(rule, [seen(one) for one in args.resources]), report, excepted=False)

    return validate


def _exceptions(judge: Judge) -> Any:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        _report(judge.all([seen(one) for one in args.resources]), report, excepted=True)

    return validate


def _report(violations: Iterable[Violation], report: ReportViolation, *, excepted: bool) -> None:
    for violation in violations:
        if violation.excepted is excepted:
            report(violation.text, violation.urn)


def seen(args: ResourceValidationArgs | PolicyResource) -> Resource:
    """A resource as the SDK hands it over."""
    dependencies = getattr(args, "property_dependencies", {})
    return Resource(
        type=args.resource_type,
        name=args.name,
        urn=args.urn,
        properties=plain(args.props),
        protect=args.opts.protect,
        provider=args.provider.name if args.provider else "",
        default_tags=default_tags(plain(args.provider.props)) if args.provider else {},
        refers_to={name: frozenset(one.urn for one in found) for name, found in dependencies.items()},
    )


def plain(value: Any) -> Any:
    """A copy of ``value`` in dicts and lists, without the SDK's guards: UNKNOWN stands where those would raise."""
    if isinstance(value, Mapping):
        mapped = cast("Mapping[str, Any]", value)
        return {key: _known(mapped, key) for key in mapped}
    if isinstance(value, Sequence) and not isinstance(value, str):
        listed = cast("Sequence[Any]", value)
        return [_known(listed, index) for index in range(len(listed))]
    return value


def _known(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN

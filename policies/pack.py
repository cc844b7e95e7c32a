"""The border to Pulumi's policy SDK: its requests become resources, and violations become its reports.

The SDK decodes a resource once for each of its policies, which with a policy for each rule would take as long as the
rest of a preview (docs/adr/0031). So there is one policy for what must be and one for what should be, each for
resources and for whole stacks; rules are told apart by the name that each violation begins with.
"""

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
from policies.model import Level, Resource
from policies.reading import UNKNOWN
from policies.rules import RULES
from policies.rules.stack import default_tags
from policies.settings import Loaded, SettingsError

_WHAT = {
    Level.MANDATORY: "What every stack must keep to: docs/policies.md",
    Level.ADVISORY: "What every stack should keep to: docs/policies.md",
}
_ENFORCED = {Level.MANDATORY: EnforcementLevel.MANDATORY, Level.ADVISORY: EnforcementLevel.ADVISORY}


def serve(loaded: Loaded, *, today: date) -> None:
    """Answer the engine until it ends this process. Ends it with a message where the settings can't be meant."""
    try:
        judge = Judge(RULES, loaded, stack=os.environ.get("PULUMI_STACK", ""), today=today)
    except SettingsError as error:
        raise SystemExit(f"error: {error}") from None
    PolicyPack("platform", policies(judge))


def policies(judge: Judge) -> list[Policy]:
    """The four policies of the pack."""
    made: list[Policy] = []
    for level in Level:
        made.append(
            ResourceValidationPolicy(
                name=f"{level}-rules",
                description=_WHAT[level],
                enforcement_level=_ENFORCED[level],
                validate=_of_resources(judge, level),
            )
        )
        made.append(
            StackValidationPolicy(
                name=f"{level}-stack-rules",
                description=_WHAT[level],
                enforcement_level=_ENFORCED[level],
                validate=_of_stack(judge, level),
            )
        )
    return made


def _of_resources(judge: Judge, level: Level) -> Any:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if judge.concerns(args.resource_type):
            _report(judge.resource(seen(args)), level, report)

    return validate


def _of_stack(judge: Judge, level: Level) -> Any:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        _report(judge.stack([seen(one) for one in args.resources]), level, report)

    return validate


def _report(violations: Iterable[Violation], level: Level, report: ReportViolation) -> None:
    for violation in violations:
        if violation.level is level:
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

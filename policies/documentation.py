"""``python -m policies.documentation``: writes the list of rules in docs/policies.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from policies.model import AnyRule, Level, StackRule
from policies.rules import RULES
from sandbox.generated import filled

DOCUMENT = Path(__file__).parents[1] / "docs" / "policies.md"


def up_to_date() -> str:
    """The text of docs/policies.md as it must be."""
    return filled(DOCUMENT.read_text(), "rules", _lines())


def _lines() -> Iterator[str]:
    mandatory = sum(rule.level is Level.MANDATORY for rule in RULES)
    yield f"{len(RULES)} rules: {mandatory} mandatory, {len(RULES) - mandatory} advisory."
    yield ""
    yield "| Rule | Level | Where | Why, and what to do | Asked for by |"
    yield "|---|---|---|---|---|"
    for rule in RULES:
        controls = "<br>".join(_escaped(f"{control} {control.title}".strip()) for control in rule.controls)
        why = _escaped(f"{rule.reason} Fix: {rule.fix}")
        yield f"| `{rule.name}` | {rule.level} | {_where(rule)} | {why} | {controls} |"


def _where(rule: AnyRule) -> str:
    if isinstance(rule, StackRule):
        return "the whole stack"
    return ", ".join(f"`{_short(token)}`" for token in sorted(rule.types))


def _short(token: str) -> str:
    """``aws:rds/instance:Instance`` as ``aws rds.Instance``."""
    package, module, *name = token.split(":")
    module = module if package == "kubernetes" else module.partition("/")[0]
    return f"{package} {'.'.join([module, *name])}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    DOCUMENT.write_text(up_to_date())

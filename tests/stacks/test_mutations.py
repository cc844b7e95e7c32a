"""Whatever somebody does to a stack file: it can be used, or it is told in words what is wrong with it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from stacks.settings import Settings, SettingsError
from tests.stacks.loading import load
from tests.stacks.stack_files import bring_up, configuration

pytestmark = pytest.mark.long
"""It takes minutes: `make test` runs it, on all processors, and `make test-unit` does not."""

PARTS, EXAMPLES = 8, 340
LEAST = 2_000
"""Mutations that differ from each other, and from the stack files, which some examples do not."""

Config = dict[str, Any]
Place = tuple[str | int, ...]

STACKS = {stack: configuration(stack) for stack in ("dev", "prod")}
BUILT: list[tuple[str, Settings]] = []
"""By the parts of this process."""

ODD: list[Any] = [
    *(None, True, [], {}, [None], ["a"], {"a": 1}, -1, 0, 1, 2, 3, "", "a b", "é", "a" * 300, "latest", "1.35", "500m"),
    *("10.0.0.0/8", "0.0.0.0/0", "10.20.0.0/16", "m7g.large", "m7i.large", "t3.medium", "cert-manager", "1Gi", "None"),
    *("Retain", "eu-central-1", "arn:aws:iam::123456789012:role/x", "gpu=nvidia:NoSchedule", "${secret}", "\ud800"),
]
values = st.one_of(
    st.sampled_from(ODD),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=80),
)

_LINE = re.compile(r"  platform:\S.*: \S.*; allowed: \S.*; fix: \S.*")
"""Key, value where there is one, problem, what is allowed, fix."""


def places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Every place in a configuration."""
    if place:
        yield place
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*place, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*place, index))


def at(config: Any, place: Place) -> Any:
    for step in place:
        config = config[step]
    return config


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Config]:
    """A stack with one to three mutations, of which some are as good as what was there."""
    stack = draw(st.sampled_from(list(STACKS)))
    config = deepcopy(STACKS[stack])
    for _ in range(draw(st.integers(1, 3))):
        known = [place for place in places(config) if str(place[0]).startswith("platform:")]
        *way, last = draw(st.sampled_from(known))
        holder = at(config, tuple(way))
        match draw(st.sampled_from(["replace", "remove", "copy", "add", "nudge", "borrow", "borrow"])):
            case "nudge" if type(holder[last]) is int:
                holder[last] += draw(st.sampled_from([-1, 1, 2]))
            case "borrow":
                # What the other stack has there may well be usable.
                other = STACKS["prod" if stack == "dev" else "dev"]
                holder[last] = deepcopy(at(other, (*way, last))) if (*way, last) in places(other) else draw(values)
            case "replace":
                holder[last] = deepcopy(draw(values))
            case "remove":
                del holder[last]
            case "copy":
                holder[last] = deepcopy(at(config, draw(st.sampled_from(known))))
            case "add" | "nudge" if isinstance(holder, list):
                holder.append(deepcopy(draw(values)))
            case _:
                key = draw(st.one_of(st.just(f"{last}s"), st.text(min_size=1, max_size=40)))
                holder[key if way else f"platform:{key}"] = deepcopy(draw(values))
    return stack, config


@pytest.fixture
def tried_by_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all parts of this run share, whichever process they are in."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "mutations"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.mark.parametrize("part", range(PARTS))
def test_a_mutated_stack_file_previews_or_is_refused_in_words(part: int, tried_by_parts: Path) -> None:
    tried: set[str] = set()

    @seed(part)
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(mutated())
    def each(mutation: tuple[str, Config]) -> None:
        stack, config = mutation
        digest = hashlib.sha256(json.dumps(mutation, sort_keys=True).encode()).hexdigest()
        if digest not in tried and config != STACKS[stack]:
            previews_or_is_refused_in_words(stack, config)
            tried.add(digest)

    each()

    unfinished = tried_by_parts / f"{part}.unfinished"
    unfinished.write_text("\n".join(tried))
    unfinished.rename(tried_by_parts / f"{part}.txt")
    parts = [path.read_text().split() for path in tried_by_parts.glob("*.txt")]
    # The last part sees all.
    assert len(parts) < PARTS or len(set().union(*parts)) >= LEAST


def previews_or_is_refused_in_words(stack: str, config: Config) -> None:
    """What gives the same settings as one of ``BUILT`` gives the same program, so it is not run again."""
    try:
        found = load(config, stack)
    except SettingsError as error:
        head, *mistakes = str(error).splitlines()
        assert re.fullmatch(
            rf"(One setting|\d+ settings) of stack {stack} can't be used \(Pulumi.{stack}.yaml\):", head
        )
        assert mistakes
        for mistake in mistakes:
            assert _LINE.fullmatch(mistake), mistake
    else:
        if (stack, found) not in BUILT:
            bring_up(stack, config)
            BUILT.append((stack, found))

"""Names and texts that the settings let one choose, and what AWS makes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from components.refusals import Refusal
from stacks.settings.section import Rule, Text, checked, matching

_LONGEST = 20
"""The longest name made of it is a role's, ``cluster-<name>-people-role-1234567``, for which IAM has 64 characters."""
_NAME = re.compile(r"[a-z][a-z0-9-]*")
NAME = f"up to {_LONGEST} of a-z, 0-9 and -, beginning with a letter"

_LONGEST_STACK = 46
"""ECR takes 256 characters for ``platform-<stack>/<repository>``, 200 of which are the repository's."""
_STACK = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*")
STACK = f"up to {_LONGEST_STACK} of a-z and 0-9, with single - or _ between"

_LONGEST_TAG_KEY, _LONGEST_TAG_VALUE = 128, 256
_TAG = re.compile(r"[\w\s.:/=+@-]*")
_OWN_TAGS = ("project", "stack", "Name", "removal-policy")
"""Those that the program gives."""
_ENTRANCE, _OF_KUBERNETES = "entrance", "kubernetes.io/"
"""Policies take what has the first for a way in that is meant to be there; load balancers find subnets by others."""
TAG_KEY = (
    f"up to {_LONGEST_TAG_KEY} letters, digits, spaces and . : / = + @ - _, other than {', '.join(_OWN_TAGS)}, "
    f"{_ENTRANCE} and {_OF_KUBERNETES}*"
)
TAG_VALUE = f"up to {_LONGEST_TAG_VALUE} letters, digits, spaces and . : / = + @ - _"
_PARAMETER = re.compile(r"[a-z][a-z0-9_.-]{0,254}")
_MOST_TAGS = 40
"""AWS takes 50. A node has the most besides: ``project``, ``stack``, ``Name``, and five that EKS gives it."""


def _check_name(value: str) -> None:
    if len(value) > _LONGEST:
        raise Refusal(
            f"it has {len(value)} characters, too many for the names of roles and node groups that are made of it",
            allowed=NAME,
            fix="shorten it",
        )
    if _NAME.fullmatch(value) is None:
        raise Refusal(f"{value!r} is no name", allowed=NAME, fix="leave out or replace the other characters")


def check_stack(value: str) -> None:
    """Raise Refusal when cluster, repositories and keys can't be named after this stack."""
    if len(value) > _LONGEST_STACK:
        raise Refusal(
            f"it has {len(value)} characters, too many for the names of cluster and repositories that are made of it",
            allowed=STACK,
            fix=f"`pulumi stack rename {value[:_LONGEST_STACK].rstrip('-_')}`",
        )
    if _STACK.fullmatch(value) is None:
        raise Refusal(
            "ECR takes no repositories, or EKS no cluster, of a name made of it",
            allowed=STACK,
            fix="`pulumi stack rename` it",
        )


def _check_tag_key(value: str) -> None:
    # In whatever case: some services do not tell cases apart.
    if value.lower() in [tag.lower() for tag in _OWN_TAGS]:
        raise Refusal(f"the program gives the tag {value} itself", allowed=TAG_KEY, fix="leave it out")
    if value.lower() == _ENTRANCE or value.lower().startswith(_OF_KUBERNETES):
        raise Refusal(
            f"{value} says something of single resources, and here it would stand on all of them",
            allowed=TAG_KEY,
            fix="name it otherwise",
        )
    if value.lower().startswith("aws:"):
        raise Refusal(f"AWS keeps the tags that begin with {value[:4]}", allowed=TAG_KEY, fix="name it otherwise")
    if not value or len(value) > _LONGEST_TAG_KEY or _TAG.fullmatch(value) is None:
        raise Refusal(f"{value!r} is no key of a tag", allowed=TAG_KEY, fix="name it otherwise")


def _check_tags(tags: Mapping[str, str]) -> None:
    if len(tags) > _MOST_TAGS:
        raise Refusal(
            f"it has {len(tags)} tags, and AWS takes 50 for a resource, with those that the program and EKS give",
            allowed=f"at most {_MOST_TAGS}",
            fix="leave some out",
        )
    keys: dict[str, str] = {}
    for key in tags:
        other = keys.setdefault(key.lower(), key)
        if other != key:
            raise Refusal(
                f"{other} and {key} are one key to IAM",
                allowed="keys that differ in more than capitals",
                fix=f"leave out {key}",
            )


def _check_tag_value(value: str) -> None:
    if len(value) > _LONGEST_TAG_VALUE or _TAG.fullmatch(value) is None:
        raise Refusal("it is no value of a tag", allowed=TAG_VALUE, fix="shorten it, or leave out other characters")


def _parameter(example: str) -> Rule:
    allowed = f"a parameter's name, such as {example}"

    def check(value: str) -> None:
        if _PARAMETER.fullmatch(value) is None:
            raise Refusal(f"{value!r} is no parameter", allowed=allowed, fix="correct the name")

    return checked(check, allowed)


Name = Annotated[str, checked(_check_name, NAME)]
"""Name of one of several things of a kind; part of the names of what is built for it."""
Tags = Annotated[
    dict[Annotated[str, checked(_check_tag_key, TAG_KEY)], Annotated[Text, checked(_check_tag_value, TAG_VALUE)]],
    Rule(_check_tags, (("maxProperties", _MOST_TAGS),)),
]
CacheParameter = Annotated[str, _parameter("maxmemory-policy")]
DatabaseParameter = Annotated[str, _parameter("max_connections")]
ParameterValue = Annotated[
    Text, matching(r"[\s\S]{0,2048}", "a parameter's value, of up to 2048 characters", "shorten it")
]

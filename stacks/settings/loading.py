"""Reads a stack's configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import pulumi
from pulumi.runtime import config as runtime_config
from pydantic import ValidationError
from pydantic_core import from_json

from components.refusals import Refusal, nearest
from stacks.settings.between import mistakes_between
from stacks.settings.encrypted import encrypted
from stacks.settings.errors import NO_VALUE, Mistake, SettingsError, mistakes_of, told
from stacks.settings.names import check_stack
from stacks.settings.schema import PROJECT
from stacks.settings.settings import Settings

_ELSEWHERE = {
    "aws:region": f"set {PROJECT}:aws.region",
    "aws:allowedAccountIds": f"set {PROJECT}:aws.allowedAccountIds",
    "aws:defaultTags": f"set {PROJECT}:aws.tags",
    "aws": f"leave it out; what there is to set is below {PROJECT}:aws",
    "kubernetes": f"leave it out; the provider gets the kubeconfig of {PROJECT}:cluster",
}
"""Keys of the providers, or a whole provider, to what to do instead."""


def load_settings() -> Settings:
    """The stack's settings. Raises SettingsError with all that is wrong."""
    config = pulumi.Config()
    # pulumi.Config answers for keys that one asks for only; a misspelt key must not be passed over.
    prefix = f"{config.name}:"
    keys = sorted({*runtime_config.get_config_env(), *runtime_config.CONFIG.get()})
    values = {key.removeprefix(prefix): _value(config, key, prefix) for key in keys if key.startswith(prefix)}
    # First of all, as other messages repeat what they refuse.
    if secret := [key for key in values if runtime_config.is_config_secret(f"{prefix}{key}")]:
        refuse([Mistake((key,), NO_VALUE, encrypted()) for key in secret], values)
    if unreadable := list(_unreadable(values)):
        refuse(unreadable, values)
    settings, mistakes = _validated(values)
    mistakes += _of_other_namespaces(keys)
    mistakes += mistakes_between(values, [mistake.location for mistake in mistakes])
    mistakes += _of_the_stack(pulumi.get_stack())
    if settings is None or mistakes:
        refuse(mistakes, values)
    return settings


def refuse(mistakes: Sequence[Mistake], values: Mapping[str, Any]) -> NoReturn:
    """Raise SettingsError with the ``mistakes`` in the configuration ``values``."""
    raise SettingsError(told(mistakes, stack=pulumi.get_stack(), values=values))


def _unreadable(values: Mapping[str, Any]) -> Iterator[Mistake]:
    """What Python's reader takes and pydantic's does not, which then finds nothing else that is wrong."""
    for key, value in values.items():
        try:
            from_json(json.dumps({key: value}))
        except ValueError as error:
            reason = re.sub(r" at line .*", "", str(error))
            yield Mistake(
                (key,),
                NO_VALUE,
                Refusal(
                    f"it can't be read: {reason}",
                    allowed="characters of Unicode, in few levels",
                    fix="correct the text",
                ),
            )


def _validated(values: dict[str, Any]) -> tuple[Settings | None, list[Mistake]]:
    try:
        # As JSON, so that strict types still take a list for a tuple and a text for an enum.
        return Settings.model_validate_json(json.dumps(values)), []
    except ValidationError as error:
        return None, mistakes_of(error)


def _of_other_namespaces(keys: Iterable[str]) -> Iterator[Mistake]:
    """Keys that look as if they set something here. The engine's own are left alone, and those of other programs."""
    allowed = f"keys that begin with {PROJECT}:"
    for key in keys:
        namespace, _, name = key.partition(":")
        if namespace in _ELSEWHERE:
            fix = _ELSEWHERE.get(key, _ELSEWHERE[namespace])
            refusal = Refusal("nothing reads it, as the program makes its own providers", allowed=allowed, fix=fix)
        elif namespace != PROJECT and nearest(namespace, [PROJECT]):
            refusal = Refusal(f"nothing reads what is in {namespace}", allowed=allowed, fix=f"write {PROJECT}:{name}")
        else:
            continue
        # It may be encrypted.
        yield Mistake((), NO_VALUE, refusal, elsewhere=key)


def _of_the_stack(stack: str) -> list[Mistake]:
    try:
        check_stack(stack)
    except Refusal as refusal:
        return [Mistake((), stack, refusal)]
    return []


def _value(config: pulumi.Config, key: str, prefix: str) -> Any:
    """A section as data; what is no JSON is a text."""
    text = config.require(key.removeprefix(prefix))
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text

"""``python -m stacks.documentation``: docs/settings.md and the JSON schema, from the models of the settings, and the
tables of what AWS has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.catalogue import tables
from stacks.settings.schema import PROJECT, allowed, resolved, stack_file_schema

_REPOSITORY = Path(__file__).parents[1]
SCHEMA, DOCUMENT = _REPOSITORY / "stacks" / "stack.schema.json", _REPOSITORY / "docs" / "settings.md"

Schema = Mapping[str, Any]

_HEAD = f"""\
# Settings

Every key of `Pulumi.<stack>.yaml`, generated from the models in [stacks/settings](../stacks/settings) by `make docs`.
Editors that know the JSON schema at the head of the stack files complete and check them. By command:
`pulumi config set --path '{PROJECT}:database.readReplicas' 2`. What is wrong is told before anything is touched: all at
once, each on a line with the key, the value, what is allowed, and what to do. Some of it only AWS knows, such as the
version that the cluster is at: it is asked before anything but the provider is registered
([ADR 33](adr/0033-what-only-the-account-knows.md)).

No setting is a secret, so none can be missing: passwords are made at the first update and kept in Secrets Manager
([ADR 12](adr/0012-passwords.md)), and an encrypted value is refused.

A section that is left out is not built, and `{{}}` takes all defaults. A key without a default must be given.
"""


def documents() -> dict[Path, str]:
    """What must be in which file."""
    schema = stack_file_schema()
    return {
        SCHEMA: json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        DOCUMENT: "\n".join([_HEAD, *_sections(schema)]) + "\n",
        **tables(),
    }


def _sections(schema: Schema) -> Iterator[str]:
    definitions: Schema = schema["$defs"]
    for key, member in schema["properties"]["config"]["properties"].items():
        value = resolved(member, definitions)
        named: Schema | bool | None = value.get("additionalProperties")
        section = resolved(named, definitions) if named else value
        name = f"{key}.<name>" if section is not value else key
        yield f"## `{name}`"
        yield ""
        yield _text(member.get("description") or section.get("description", ""))
        yield ""
        if "properties" not in section:
            yield f"Allowed: {_allowed(value, definitions)}. Default: {_default(member)}."
            yield ""
            continue
        yield "| Key | Allowed | Default | |"
        yield "|---|---|---|---|"
        yield from _rows(section, definitions, "")
        yield ""


def _rows(section: Schema, definitions: Schema, prefix: str) -> Iterator[str]:
    for key, member in section["properties"].items():
        value = resolved(member, definitions)
        default = _default(member) if key not in section.get("required", ()) else "required"
        nested = _nested(value, definitions)
        path = f"{prefix}{key}"
        lets_pass = "the keys below" if nested is not None else _allowed(value, definitions)
        about = _text(member.get("description", ""))
        yield f"| `{path}` | {lets_pass} | {default if nested is None or default == 'required' else ''} | {about} |"
        if nested is not None:
            many, inner = nested
            yield from _rows(inner, definitions, f"{path}{many}.")


def _nested(value: Schema, definitions: Schema) -> tuple[str, Schema] | None:
    """What stands for the many, and the section inside of a value that has one."""
    inner = resolved(value.get("items") or {}, definitions)
    if "properties" in inner:
        return "[]", inner
    inner = resolved(value.get("additionalProperties") or {}, definitions)
    if "properties" in inner:
        return ".<name>", inner
    return ("", value) if "properties" in value else None


def _allowed(value: Schema, definitions: Schema) -> str:
    told = _text(allowed(value, definitions))
    # The words themselves can be told from words about them.
    return (
        ", ".join(f"`{each}`" for each in told.split(", "))
        if value.get("type") == "string" and "enum" in value
        else told
    )


def _default(member: Schema) -> str:
    default = member.get("default")
    if default is None or default in ({}, []):
        return "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _text(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    for path, content in documents().items():
        path.write_text(content)

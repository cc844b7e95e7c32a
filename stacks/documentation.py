"""``python -m stacks.documentation``: writes docs/settings.md and the JSON schema, from the models of the settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stacks.settings.schema import PROJECT, stack_file_schema
from stacks.settings.section import ALLOWED

_REPOSITORY = Path(__file__).parents[1]
SCHEMA, DOCUMENT = _REPOSITORY / "stacks" / "stack.schema.json", _REPOSITORY / "docs" / "settings.md"

Schema = Mapping[str, Any]

_HEAD = f"""\
# Settings

Every key of `Pulumi.<stack>.yaml`, generated from the models in [stacks/settings](../stacks/settings) by `make docs`.
Editors that know the JSON schema at the head of the stack files complete and check them. By command:
`pulumi config set --path '{PROJECT}:database.readReplicas' 2`. What is wrong is told before anything is touched: all at
once, with the key, the value, what is allowed, and what to do.

A section that is left out is not built, and `{{}}` takes all defaults. A key without a default must be given.
"""


def documents() -> dict[Path, str]:
    """What must be in which file."""
    schema = stack_file_schema()
    return {
        SCHEMA: json.dumps(schema, indent=2, ensure_ascii=False) + "\n",
        DOCUMENT: "\n".join([_HEAD, *_sections(schema)]) + "\n",
    }


def _sections(schema: Schema) -> Iterator[str]:
    definitions: Schema = schema["$defs"]
    for key, member in schema["properties"]["config"]["properties"].items():
        resolved = _resolved(member, definitions)
        named: Schema | bool | None = resolved.get("additionalProperties")
        section = _resolved(named, definitions) if named else resolved
        name = f"{key}.<name>" if section is not resolved else key
        yield f"## `{name}`"
        yield ""
        yield _text(member.get("description") or section.get("description", ""))
        yield ""
        if "properties" not in section:
            yield f"Allowed: {_allowed(resolved, definitions)}. Default: {_default(member)}."
            yield ""
            continue
        yield "| Key | Allowed | Default | |"
        yield "|---|---|---|---|"
        yield from _rows(section, definitions, "")
        yield ""


def _rows(section: Schema, definitions: Schema, prefix: str) -> Iterator[str]:
    for key, member in section["properties"].items():
        value = _resolved(member, definitions)
        default = _default(member) if key not in section.get("required", ()) else "required"
        nested = _nested(value, definitions)
        path = f"{prefix}{key}"
        allowed = "the keys below" if nested is not None else _allowed(value, definitions)
        about = _text(member.get("description", ""))
        yield f"| `{path}` | {allowed} | {default if nested is None or default == 'required' else ''} | {about} |"
        if nested is not None:
            many, inner = nested
            yield from _rows(inner, definitions, f"{path}{many}.")


def _nested(value: Schema, definitions: Schema) -> tuple[str, Schema] | None:
    """What stands for the many, and the section inside of a value that has one."""
    inner = _resolved(value.get("items") or {}, definitions)
    if "properties" in inner:
        return "[]", inner
    inner = _resolved(value.get("additionalProperties") or {}, definitions)
    if "properties" in inner:
        return ".<name>", inner
    return ("", value) if "properties" in value else None


def _allowed(value: Schema, definitions: Schema) -> str:
    if "enum" in value:
        return ", ".join(f"`{option}`" for option in value["enum"])
    if told := value.get(ALLOWED):
        return _text(told)
    match value.get("type"):
        case "integer":
            return f"{value['minimum']} to {value['maximum']}" if "minimum" in value else "a whole number"
        case "array":
            least = ", at least one" if value.get("minItems") else ""
            return f"list: {_allowed(_resolved(value['items'], definitions), definitions)}{least}"
        case "object":
            keys = _resolved(value.get("propertyNames") or {}, definitions).get(ALLOWED)
            texts = _resolved(value.get("additionalProperties") or {}, definitions).get(ALLOWED) or "text"
            return f"mapping: {_text(keys) if keys else 'name'} to {_text(texts)}"
        case _:
            return "text"


def _default(member: Schema) -> str:
    default = member.get("default")
    if default is None or default in ({}, []):
        return "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _resolved(value: Schema | bool, definitions: Schema) -> Schema:
    """The schema behind references, and behind alternatives with null."""
    if isinstance(value, bool):
        return {}
    for alternative in value.get("anyOf", ()):
        if alternative.get("type") != "null":
            return _resolved(alternative, definitions)
    reference = value.get("$ref")
    return definitions[reference.rpartition("/")[2]] if reference else value


def _text(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


if __name__ == "__main__":
    for path, content in documents().items():
        path.write_text(content)

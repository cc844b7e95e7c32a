"""YAML as Helm reads it, which differs from how PyYAML does: no dates, no base 60, ``1e3`` is a number."""

from __future__ import annotations

import re
from typing import Any

import yaml

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# PyYAML adds to a copy of the base's resolvers unless the class has its own.
_Loader: Any = type("_Loader", (_Base,), {"yaml_implicit_resolvers": {}})

_SCALARS = (
    ("bool", r"y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", list("yYnNtTfFoO")),
    ("int", r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", ["<"]),
)
for _tag, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def _number(loader: Any, node: Any) -> float | int:
    """A whole number stays one, however it is written: the API server takes no 3.0 for replicas."""
    value = float(loader.construct_yaml_float(node))
    return int(value) if value.is_integer() else value


def _truth(loader: Any, node: Any) -> bool:
    """PyYAML knows all words for it but the shortest."""
    text = loader.construct_scalar(node)
    return text in "yY" if text in ("y", "Y", "n", "N") else loader.construct_yaml_bool(node)


_Loader.add_constructor("tag:yaml.org,2002:float", _number)
_Loader.add_constructor("tag:yaml.org,2002:bool", _truth)


def load(text: str) -> Any:
    """The one document in ``text``. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)

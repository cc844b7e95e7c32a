"""Rules a workload's plain values are held against. Each raises Refusal that says what is allowed and what to do."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

from components.refusals import Refusal

LONGEST_LABEL = 50
"""Kubernetes takes 63 characters; the rest is for suffixes."""
LABEL = f"1 to {LONGEST_LABEL} lower-case letters, digits and dashes, beginning with a letter, not ending with a dash"

LEAST_MEMORY = "16Mi"

HOST = "a lower-case DNS name such as shop.example.com"

_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,48}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]([-a-z0-9]{0,61}[a-z0-9])")
_IMAGE = re.compile(r"(?P<repository>[^\s@]+?)(:(?P<tag>[\w][\w.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?")
_QUANTITY = re.compile(r"(?P<number>\d+(\.\d+)?)(?P<unit>m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_UNITS = {
    "m": Decimal("0.001"),
    "k": Decimal(1000),
    "M": Decimal(1000) ** 2,
    "G": Decimal(1000) ** 3,
    "T": Decimal(1000) ** 4,
    "Ki": Decimal(1024),
    "Mi": Decimal(1024) ** 2,
    "Gi": Decimal(1024) ** 3,
    "Ti": Decimal(1024) ** 4,
}


def check_image(name: str, value: str) -> None:
    """Refuse an image that may be another one tomorrow: without tag and digest, or tagged ``latest``."""
    match = _IMAGE.fullmatch(value)
    tag, digest = (match["tag"], match["digest"]) if match else (None, None)
    # A colon before the last slash belongs to the registry's port.
    if tag and "/" in tag:
        tag = None
    if not match or not (tag or digest) or (tag == "latest" and not digest):
        raise Refusal(
            f"{name} is {value!r}, which may be another image tomorrow",
            allowed="an image with a fixed tag or digest, such as registry.example.com/shop:1.4.2",
            fix="give the tag that was built, not latest",
        )


def check_url_without_credentials(name: str, value: str) -> str:
    """Return ``value``; refuse a URL with user or password. The message never repeats the URL."""
    parts = urlsplit(value)
    if "@" in parts.netloc:
        raise Refusal(
            f"{name} has credentials in it, but it is kept in a ConfigMap, in plain text",
            allowed="scheme://host:port/path",
            fix="give the password on its own, so that it is kept in the Secret",
        )
    return value


def check_host(name: str, value: str) -> None:
    """Refuse what is no DNS name with at least two labels."""
    if not _HOST.fullmatch(value):
        raise Refusal(f"{name} is {value!r}", allowed=HOST, fix="give the name alone")


def check_label(name: str, value: str) -> None:
    """Refuse what can't name every kind of object: at most 50 characters leave room for suffixes."""
    if not _LABEL.fullmatch(value):
        long = len(value) > LONGEST_LABEL
        raise Refusal(
            f"{name} is {value!r}"
            if not long
            else f"{name} has {len(value)} characters, too many for names made of it",
            allowed=LABEL,
            fix="shorten it" if long else "leave out or replace the other characters",
        )


def check_namespace(name: str, value: str) -> None:
    """Refuse what can't be a namespace of one's own: those of Kubernetes are there before, and hold what it needs."""
    check_label(name, value)
    if value == "default" or value.startswith("kube-"):
        raise Refusal(
            f"{name} is {value!r}, which belongs to Kubernetes",
            allowed="a namespace that is made for the application, and admits only pods of Pod Security restricted",
            fix="give it a name of its own such as application",
        )


def check_path(name: str, value: str) -> None:
    """Refuse what is no absolute HTTP path."""
    if not value.startswith("/") or any(character.isspace() for character in value):
        raise Refusal(f"{name} is {value!r}", allowed="an absolute path such as /health", fix="begin it with a slash")


def check_request_below_limit(name: str, request: str, limit: str) -> None:
    """Refuse malformed quantities and a request above its limit, which the API server would refuse much later."""
    if quantity(f"{name}_request", request) > quantity(f"{name}_limit", limit):
        raise Refusal(
            f"{name}_request is {request}",
            allowed=f"at most {name}_limit, which is {limit}",
            fix="lower it, or raise the limit",
        )


def check_memory(value: str) -> None:
    """Refuse less memory than any process needs to start: a unit was forgotten, or is too small."""
    if quantity("memory", value) < quantity("memory", LEAST_MEMORY):
        bare = value.replace(".", "", 1).isdigit()
        meant = [f"{value}{unit}" for unit in ("Mi", "Gi") if bare]
        enough = [each for each in meant if quantity("memory", each) >= quantity("memory", LEAST_MEMORY)]
        raise Refusal(
            f"{value} is {value} bytes" if bare else f"{value} is too little for a process to start",
            allowed=f"{LEAST_MEMORY} or more",
            fix=f"write {enough[0]}" if enough else f"take {LEAST_MEMORY}",
        )


def quantity(name: str, value: str) -> Decimal:
    """A Kubernetes quantity as a number, in cores or bytes."""
    match = _QUANTITY.fullmatch(value)
    if not match or not Decimal(match["number"]):
        raise Refusal(
            f"{name} is {value!r}",
            allowed="a positive Kubernetes quantity such as 250m, 1 or 256Mi",
            fix="correct number or unit",
        )
    return Decimal(match["number"]) * _UNITS.get(match["unit"] or "", Decimal(1))

"""Rules a workload's plain values are held against. Each raises ValueError that says what is allowed and what to do."""

from __future__ import annotations

import re
from decimal import Decimal
from urllib.parse import urlsplit

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
        raise ValueError(
            f"{name} is {value!r}; allowed is an image with a fixed tag or digest, such as "
            f"'registry.example.com/shop:1.4.2'; give the tag that was built, not 'latest'"
        )


def check_url_without_credentials(name: str, value: str) -> str:
    """Return ``value``; refuse a URL with user or password. The message never repeats the URL."""
    parts = urlsplit(value)
    if "@" in parts.netloc:
        raise ValueError(
            f"{name} has credentials in it, but it is kept in a ConfigMap, in plain text; allowed is "
            f"scheme://host:port/path; give the password on its own, so that it is kept in the Secret"
        )
    return value


def check_host(name: str, value: str) -> None:
    """Refuse what is no DNS name with at least two labels."""
    if not _HOST.fullmatch(value):
        raise ValueError(
            f"{name} is {value!r}; allowed is a lower-case DNS name such as 'shop.example.com'; "
            f"leave out scheme, port and path"
        )


def check_label(name: str, value: str) -> None:
    """Refuse what can't name every kind of object: at most 50 characters leave room for suffixes."""
    if not _LABEL.fullmatch(value):
        raise ValueError(
            f"{name} is {value!r}; allowed are 1 to 50 lower-case letters, digits and dashes, "
            f"beginning with a letter and not ending with a dash"
        )


def check_namespace(name: str, value: str) -> None:
    """Refuse what can't be a namespace of one's own: those of Kubernetes are there before, and hold what it needs."""
    check_label(name, value)
    if value == "default" or value.startswith("kube-"):
        raise ValueError(
            f"{name} is {value!r}, which belongs to Kubernetes; the application's is made for it, and admits only pods "
            f"that meet Pod Security 'restricted'; give it a name of its own such as 'application'"
        )


def check_path(name: str, value: str) -> None:
    """Refuse what is no absolute HTTP path."""
    if not value.startswith("/") or any(character.isspace() for character in value):
        raise ValueError(f"{name} is {value!r}; allowed is an absolute path such as '/health'")


def check_request_below_limit(name: str, request: str, limit: str) -> None:
    """Refuse malformed quantities and a request above its limit, which the API server would refuse much later."""
    if quantity(f"{name}_request", request) > quantity(f"{name}_limit", limit):
        raise ValueError(
            f"{name}_request is {request}; allowed is at most {name}_limit, which is {limit}; raise the limit too"
        )


def quantity(name: str, value: str) -> Decimal:
    """A Kubernetes quantity as a number, in cores or bytes."""
    match = _QUANTITY.fullmatch(value)
    if not match or not Decimal(match["number"]):
        raise ValueError(
            f"{name} is {value!r}; allowed is a positive Kubernetes quantity such as '250m', '1' or '256Mi'"
        )
    return Decimal(match["number"]) * _UNITS.get(match["unit"] or "", Decimal(1))

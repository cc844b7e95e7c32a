"""Who a bearer token of ``aws eks get-token`` stands for: what EKS's authenticator does for the API server."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from sandbox.cloud import moto_state
from sandbox.cloud.eks.access import ADMIN_POLICY
from sandbox.cloud.eks.state import Cluster, Clusters

_PREFIX = "k8s-aws-v1."
_CLUSTER_HEADER = "x-k8s-aws-id"
_LIFETIME = timedelta(minutes=15)
_SKEW = timedelta(minutes=5)


class TokenError(ValueError):
    """A token that proves nothing, or whose principal has no access."""


@dataclass(frozen=True)
class Identity:
    """The principal that a token proves to be."""

    arn: str
    """As STS GetCallerIdentity gives it."""
    access_key: str

    @property
    def principal(self) -> str:
        return canonical(self.arn)

    @property
    def session(self) -> str:
        return self.arn.rpartition("/")[2] if ":assumed-role/" in self.arn else ""


def review(request: dict[str, Any], clusters: Clusters) -> dict[str, Any]:
    """The answer to a TokenReview."""
    status: dict[str, Any]
    try:
        status = {"authenticated": True, "user": _user(str(request["spec"].get("token", "")), clusters)}
    except TokenError as error:
        status = {"authenticated": False, "error": str(error)}
    return {"apiVersion": request["apiVersion"], "kind": "TokenReview", "status": status}


def identify(token: str, cluster: str, *, at: datetime | None = None) -> Identity:
    """Check a token as the authenticator of ``cluster`` does. Raises TokenError when it proves nothing."""
    if not token.startswith(_PREFIX):
        raise TokenError(f"the token does not begin with {_PREFIX}")
    encoded = token.removeprefix(_PREFIX)
    try:
        url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise TokenError("the token is not base64") from None
    query = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    host = urlsplit(url).hostname or ""
    if host not in ("127.0.0.1", "localhost") and not re.fullmatch(r"sts(\.[a-z0-9-]+)?\.amazonaws\.com", host):
        raise TokenError(f"the token is for {host}, which is no STS endpoint")
    if query.get("Action") != "GetCallerIdentity":
        raise TokenError("the token is no request for GetCallerIdentity")
    if not {"host", _CLUSTER_HEADER} <= set(query.get("X-Amz-SignedHeaders", "").split(";")):
        raise TokenError(f"the token does not sign {_CLUSTER_HEADER}: it belongs to no cluster")
    try:
        signed = datetime.strptime(query.get("X-Amz-Date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise TokenError("the token has no date") from None
    now = at or datetime.now(UTC)
    if not signed - _SKEW <= now <= signed + _LIFETIME:
        raise TokenError(f"the token of {signed:%H:%M:%S} UTC is past its 15 minutes")
    access_key = query.get("X-Amz-Credential", "").split("/")[0]
    secret = moto_state.secret(access_key)
    # Only keys that the sandbox gave out can be checked: moto answers any other, as its own.
    if secret is not None and not hmac.compare_digest(
        _signature(url, cluster, secret), query.get("X-Amz-Signature", "")
    ):
        raise TokenError(f"the token's signature is wrong, or it is not for cluster {cluster}")
    return Identity(moto_state.principal(access_key), access_key)


def canonical(arn: str) -> str:
    """The ARN in IAM of the user or role behind an ARN of STS."""
    role = re.fullmatch(r"arn:(aws[\w-]*):sts::(\d{12}):assumed-role/([^/]+)/.*", arn)
    if role:
        return f"arn:{role[1]}:iam::{role[2]}:role/{role[3]}"
    return re.sub(r":sts::(\d{12}):user/", r":iam::\1:user/", arn)


def _user(token: str, clusters: Clusters) -> dict[str, Any]:
    cluster = next(iter(clusters), None)
    if cluster is None:
        raise TokenError("there is no cluster")
    identity = identify(token, cluster.name)
    username, groups = _mapped(cluster, identity)
    return {
        "username": username,
        "uid": f"aws-iam-authenticator:{moto_state.ACCOUNT}:{identity.access_key}",
        "groups": groups,
        "extra": {
            "accessKeyId": [identity.access_key],
            "arn": [identity.arn],
            "canonicalArn": [identity.principal],
            "sessionName": [identity.session],
        },
    }


def _mapped(cluster: Cluster, identity: Identity) -> tuple[str, list[str]]:
    """The user name and the groups in Kubernetes."""
    principal = identity.principal
    mode = cluster.record["accessConfig"]["authenticationMode"]
    entry = cluster.access_entries.get(principal) if mode != "CONFIG_MAP" else None
    if entry is None:
        if mode != "API" and principal == canonical(cluster.creator):
            return "kubernetes-admin", ["system:masters"]
        raise TokenError(f"{principal} has no access entry in cluster {cluster.name}")
    if entry["type"] != "STANDARD":
        raise TokenError(f"the access entry of {principal} is for nodes")
    groups = list(entry["kubernetesGroups"])
    admin = cluster.access_policies.get(principal, {}).get(ADMIN_POLICY)
    if admin is not None and admin["accessScope"]["type"] == "cluster":
        groups.append("system:masters")
    return entry["username"].replace("{{SessionName}}", identity.session), groups


def _signature(url: str, cluster: str, secret: str) -> str:
    """The signature that a presigned URL must have when it was signed for ``cluster``."""
    parts = urlsplit(url)
    pairs = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "X-Amz-Signature"]
    query = dict(pairs)
    canonical_query = "&".join(f"{quote(key, safe='-_.~')}={quote(value, safe='-_.~')}" for key, value in sorted(pairs))
    values = {"host": parts.netloc, _CLUSTER_HEADER: cluster}
    names = query["X-Amz-SignedHeaders"].split(";")
    headers = "".join(f"{name}:{values.get(name, '')}\n" for name in names)
    request = "\n".join(
        ["GET", parts.path or "/", canonical_query, headers, ";".join(names), hashlib.sha256(b"").hexdigest()]
    )
    _, *scope = query["X-Amz-Credential"].split("/")
    to_sign = "\n".join(
        ["AWS4-HMAC-SHA256", query["X-Amz-Date"], "/".join(scope), hashlib.sha256(request.encode()).hexdigest()]
    )
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()

"""The provider's own arguments: region, default tags, the accounts it may touch."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, cast

from sandbox.home import Home
from sandbox.plugins.aws.cloud import RETRIES, Cloud
from sandbox.plugins.protocol import Failure, Properties, ProviderError
from sandbox.plugins.values import Unknown

_REGION = re.compile(r"(us|eu|ap|ca|sa|me|af|il|mx|cn)(-gov|-iso[a-z]?)?-[a-z]+-\d")
RETRY_MODES = ("standard", "adaptive")
_UNSAFE = ("accessKey", "secretKey", "token", "profile", "assumeRoles", "assumeRoleWithWebIdentity", "endpoints")
_KNOWN = {
    "region", "defaultTags", "ignoreTags", "allowedAccountIds", "forbiddenAccountIds", "maxRetries", "retryMode",
    "skipCredentialsValidation", "skipMetadataApiCheck", "skipRegionValidation", "skipRequestingAccountId",
    "stsRegion", "s3UsePathStyle", "s3UsEast1RegionalEndpoint", "useDualstackEndpoint", "useFipsEndpoint",
    "httpProxy", "httpsProxy", "noProxy", "insecure", "customCaBundle", "sharedConfigFiles", "sharedCredentialsFiles",
    "ec2MetadataServiceEndpoint", "ec2MetadataServiceEndpointMode", "tokenBucketRateLimiterCapacity",
    "userAgents", "version", "pluginDownloadURL", *_UNSAFE,
}  # fmt: skip


def check(arguments: Mapping[str, Any]) -> list[Failure]:
    """What is wrong with the provider's arguments."""
    failures = [Failure(name, "the aws provider has no such argument") for name in arguments if name not in _KNOWN]
    region = arguments.get("region") or os.environ.get("AWS_REGION")
    if region is None:
        failures.append(Failure("region", "no region is set: give the provider one, or set AWS_REGION"))
    elif isinstance(region, str) and not _REGION.fullmatch(region):
        failures.append(Failure("region", f"{region!r} is not an AWS region such as eu-central-1"))
    mode = arguments.get("retryMode", "standard")
    if isinstance(mode, str) and mode not in RETRY_MODES:
        failures.append(Failure("retryMode", f"{mode!r} is none of {', '.join(RETRY_MODES)}"))
    return failures


def cloud(home: Home, arguments: Mapping[str, Any]) -> Cloud:
    """The way to the sandbox's cloud, as patient as the arguments say."""
    given, mode = arguments.get("maxRetries"), arguments.get("retryMode")
    # 0 is «not set» to the genuine provider.
    attempts = int(given) if isinstance(given, int | float) and given > 0 else RETRIES
    capacity = arguments.get("tokenBucketRateLimiterCapacity")
    return Cloud(
        endpoint(home),
        attempts=attempts,
        mode=mode if mode in RETRY_MODES else RETRY_MODES[0],
        tokens=int(capacity) if isinstance(capacity, int | float) and capacity > 0 else None,
        log=home.logs / "cloud.log",
    )


def region(arguments: Mapping[str, Any]) -> str:
    """The region of the calls. Raises ProviderError when neither the arguments nor the environment say it."""
    value = arguments.get("region") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not isinstance(value, str) or not value:
        raise ProviderError("the aws provider has no region: give it one, or set AWS_REGION")
    if not _REGION.fullmatch(value):
        raise ProviderError(f"{value!r} is not an AWS region such as eu-central-1")
    return value


def endpoint(home: Home) -> str:
    """The cloud's address. Raises ProviderError unless it is on this machine."""
    running = home.running("cloud")
    address = f"http://127.0.0.1:{running.port}" if running else os.environ.get("AWS_ENDPOINT_URL", "")
    if not address:
        raise ProviderError("the sandbox's cloud does not run, and AWS_ENDPOINT_URL is not set: start it with make up")
    if not re.fullmatch(r"http://127\.0\.0\.1:\d+/?", address):
        raise ProviderError(f"the sandbox talks to 127.0.0.1 only, not to {address}")
    return address


def identity(cloud: Cloud, region: str) -> tuple[str, str]:
    """The caller's account and partition."""
    answer = cloud.call("sts", region, "GetCallerIdentity", {})
    return answer["Account"], answer["Arn"].split(":")[1]


def check_account(arguments: Properties, account: str) -> None:
    """Raises ProviderError when the arguments rule the account out."""
    allowed, forbidden = arguments.get("allowedAccountIds"), arguments.get("forbiddenAccountIds")
    if allowed and account not in allowed:
        raise ProviderError(f"AWS account ID not allowed: {account} (allowedAccountIds: {', '.join(allowed)})")
    if forbidden and account in forbidden:
        raise ProviderError(f"AWS account ID not allowed: {account} is among forbiddenAccountIds")


def default_tags(arguments: Properties) -> dict[str, Any]:
    """The tags that every resource gets."""
    block = arguments.get("defaultTags")
    tags = cast("Mapping[str, Any]", block).get("tags") if isinstance(block, Mapping) else None
    return {} if tags is None or isinstance(tags, Unknown) else dict(cast("Mapping[str, Any]", tags))

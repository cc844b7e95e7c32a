"""A private registry."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.bounds import Range
from components.refusals import Refusal
from components.registry.lifecycle import lifecycle_policy
from components.removal import RemovalPolicy

UNTAGGED_DAYS = Range(1, 365)
KEEP_LAST = Range(1, 1000)

_REPOSITORY = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
_LONGEST = 200
"""ECR takes 256 characters; the rest is for the project's and the stack's name before it."""

REPOSITORY = f"up to {_LONGEST} lower-case letters and digits with single separators . _ - / between, such as team/web"


def check_repository(name: str) -> None:
    """Raise Refusal when ECR does not take this name."""
    if len(name) > _LONGEST:
        raise Refusal(
            f"it has {len(name)} characters, and ECR takes 256 together with the project's and the stack's name",
            allowed=REPOSITORY,
            fix="shorten it",
        )
    if _REPOSITORY.fullmatch(name) is None:
        tagged = _REPOSITORY.fullmatch(name.partition(":")[0]) and ":" in name
        raise Refusal(
            f"{name!r} is no repository name",
            allowed=REPOSITORY,
            fix="leave the tag out, which has a key of its own" if tagged else "write one such as team/web",
        )


def check_repositories(names: Sequence[str]) -> None:
    """Raise Refusal when two repositories would be one resource."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.get(_child(name))
        if other == name:
            raise Refusal(f"{name} is there twice", allowed="each name once", fix=f"leave out one {name}")
        if other is not None:
            raise Refusal(
                f"{other} and {name} would be one resource, {_child(name)}",
                allowed="names that differ in more than / and -",
                fix="rename one of them",
            )
        seen[_child(name)] = name


def _child(name: str) -> str:
    return name.replace("/", "-")


@dataclass(frozen=True, kw_only=True, slots=True)
class RegistryArgs:
    """Inputs of a Registry. Raises Refusal for a bad or repeated name, or a number out of range."""

    repositories: Sequence[str]
    """Repository names, unique in the registry."""
    key_arn: pulumi.Input[str]
    """Key that encrypts images."""
    prefix: str = ""
    """Comes before each name, with a slash: it keeps apart the stacks that share an account and region."""
    untagged_days: int = 7
    """Days until an untagged image is deleted, 1 to 365."""
    keep_last: int = 100
    """Images kept in each repository, 1 to 1000: the newest."""
    removal_policy: RemovalPolicy = RemovalPolicy.RETAIN

    def __post_init__(self) -> None:
        UNTAGGED_DAYS.check("untagged_days", self.untagged_days)
        KEEP_LAST.check("keep_last", self.keep_last)
        for repository in self.repositories:
            check_repository(repository)
        check_repositories(self.repositories)


class Registry(pulumi.ComponentResource):
    """ECR repositories whose tags never move and whose images are scanned when pushed."""

    repository_urls: pulumi.Output[dict[str, str]]
    """Repository name, as given, to the URL to push to and pull from."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("platform:registry:Registry", name, None, opts)
        urls: dict[str, pulumi.Output[str]] = {}
        for repository_name in args.repositories:
            child_name = f"{name}-{_child(repository_name)}"
            repository = aws.ecr.Repository(
                child_name,
                name=f"{args.prefix}/{repository_name}" if args.prefix else repository_name,
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
                encryption_configurations=[
                    aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="KMS", kms_key=args.key_arn)
                ],
                force_delete=not args.removal_policy.retains,
                opts=pulumi.ResourceOptions.merge(
                    # The name is fixed, so a successor can't exist beside it.
                    args.removal_policy.data(self),
                    pulumi.ResourceOptions(delete_before_replace=True),
                ),
            )
            aws.ecr.LifecyclePolicy(
                f"{child_name}-lifecycle",
                repository=repository.name,
                policy=json.dumps(lifecycle_policy(untagged_days=args.untagged_days, keep_last=args.keep_last)),
                opts=pulumi.ResourceOptions(parent=self),
            )
            urls[repository_name] = repository.repository_url
        self.repository_urls = pulumi.Output.all(**urls)
        self.register_outputs({"repository_urls": self.repository_urls})

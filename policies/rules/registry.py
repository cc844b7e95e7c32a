"""The registry of images."""

from __future__ import annotations

from typing import Final

from policies.checks import must
from policies.controls import cis_eks, guide, security_hub
from policies.model import Rule

_REPOSITORY: Final = frozenset({"aws:ecr/repository:Repository"})

RULES: Final = (
    Rule(
        name="ecr-immutable-tags",
        types=_REPOSITORY,
        check=must("imageTagMutability", be="IMMUTABLE"),
        controls=(guide("Image security", "Use immutable tags with ECR"), security_hub("ECR.2")),
        reason="A tag that can be moved deploys something else than what was tested.",
        fix='set imageTagMutability to "IMMUTABLE".',
    ),
    Rule(
        name="ecr-scan-on-push",
        types=_REPOSITORY,
        check=must("imageScanningConfiguration", "scanOnPush"),
        controls=(
            cis_eks("5.1.1"),
            guide("Image security", "Scan images for vulnerabilities regularly"),
            security_hub("ECR.1"),
        ),
        reason="Known vulnerabilities would be found by others first.",
        fix="set imageScanningConfiguration.scanOnPush to true.",
    ),
    Rule(
        name="ecr-own-key",
        types=_REPOSITORY,
        check=must("encryptionConfigurations", 0, "encryptionType", be="KMS"),
        controls=(guide("Data encryption and secrets management", "Encrypt data at rest"), security_hub("ECR.5")),
        reason="Without a key of your own nobody can withdraw access to the images at one place.",
        fix='set encryptionConfigurations to one with encryptionType "KMS" and your key.',
    ),
)

"""Settings that were encrypted: none of them is a secret, and one that was is neither built nor told in plain text."""

from __future__ import annotations

import pytest

from stacks.settings import SettingsError
from tests.stacks.loading import load
from tests.stacks.stack_files import configuration

SECRET = "s3cr3t-canary"


def test_an_encrypted_setting_is_refused_and_its_value_not_told() -> None:
    config = configuration("dev")
    # Neither a bad one nor what is good of the section is repeated.
    config["platform:application"]["host"] = f"https://{SECRET}"
    with pytest.raises(SettingsError) as caught:
        load(config, secret=["platform:application", "platform:cache", "elsewhere:token"])
    reason = (
        "it holds an encrypted value; allowed: plain values, as no setting is a secret: passwords are generated, and "
        "kept in Secrets Manager; fix: set it again without --secret"
    )
    assert str(caught.value).splitlines() == [
        "2 settings of stack dev can't be used (Pulumi.dev.yaml):",
        f"  platform:application: {reason}",
        f"  platform:cache: {reason}",
    ]

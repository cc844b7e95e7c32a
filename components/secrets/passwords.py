"""Passwords that nobody thought up."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


def generated_password(parent: pulumi.Resource, length: int) -> pulumi.Output[str]:
    """A random secret of ``length`` letters and digits, which need no quoting in a URL.

    It differs at each run: whoever takes it as an input must ignore changes of that input, and hand on the output of
    the resource that holds it, never this one.
    """
    return pulumi.Output.secret(
        aws.secretsmanager.get_random_password_output(
            password_length=length, exclude_punctuation=True, opts=pulumi.InvokeOutputOptions(parent=parent)
        ).random_password
    )

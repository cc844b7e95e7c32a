"""Passwords that nobody thought up."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws


class PasswordMissingError(pulumi.RunError):
    """The state doesn't know a password that the cloud holds."""


def held_password(kept: pulumi.Output[str | None], *, of: str, property: str) -> pulumi.Output[str]:
    """The password that resource ``of`` holds, as a secret. The update fails when the state doesn't know it.

    No cloud gives a password away, so an imported resource has none: an empty one would go to all who connect.
    """

    def known(password: str | None) -> str:
        if not password:
            raise PasswordMissingError(
                f"the state has no {property} of {of}, as after an import; allowed: the one that AWS holds; fix: take "
                f"it from its secret in Secrets Manager and put it into the state with `pulumi state edit`, as "
                f"{property} among the inputs and the outputs of {of}, or set a new one in AWS first"
            )
        return password

    return pulumi.Output.secret(kept.apply(known))


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

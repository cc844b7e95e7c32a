"""What a key of a genuine account has encrypted, in a cloud that does not have that key.

A stack file that also goes to AWS may name a key of KMS there, and hold the stack's data key as that one has encrypted
it (`pulumi stack init --secrets-provider awskms://...`). The engine has it decrypted before it does anything else. Here
nobody can, and nobody need: a sandbox's state has secrets of its own (ADR 32).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid

from sandbox.cloud.operations import Call, NotOurs, Operations, Record

_BEGIN_OF_OURS = re.compile(rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}")
"""What moto encrypts begins with the id of the key."""


class ForeignKeys(Operations):
    """Decrypts what no key of this cloud has encrypted: to 32 bytes that only this sandbox gets, each time the same."""

    service = "kms"

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def decrypt(self, call: Call) -> Record:
        sealed: bytes = call["CiphertextBlob"]
        if _BEGIN_OF_OURS.match(sealed):
            raise NotOurs
        key = uuid.UUID(bytes=hashlib.sha256(sealed).digest()[:16])
        return {
            "KeyId": f"arn:aws:kms:{call.region}:{call.account}:key/{key}",
            "Plaintext": hmac.digest(self._secret, sealed, "sha256"),
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        }

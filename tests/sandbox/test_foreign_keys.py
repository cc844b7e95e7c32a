"""What a key of a genuine account has encrypted: the sandbox decrypts it to something of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sandbox.cloud.foreign_keys import ForeignKeys
from sandbox.cloud.operations import Call, NotOurs
from tests.sandbox.cloud_server import REGION, served

SEALED = b"\x01\x02\x02\x00\x78" + bytes(range(160))


def decrypted(sealed: bytes, secret: bytes = b"of this sandbox") -> Mapping[str, Any]:
    return ForeignKeys(secret).decrypt(Call("Decrypt", REGION, "123456789012", "key", {"CiphertextBlob": sealed}))


def test_a_data_key_from_elsewhere_is_the_same_each_time() -> None:
    assert decrypted(SEALED) == decrypted(SEALED)


def test_a_data_key_has_the_256_bits_that_the_engine_wants() -> None:
    assert len(decrypted(SEALED)["Plaintext"]) == 32


def test_who_has_the_stack_file_has_not_the_data_key() -> None:
    assert decrypted(SEALED)["Plaintext"] != decrypted(SEALED, secret=b"of another one")["Plaintext"]


def test_each_stack_has_a_data_key_of_its_own() -> None:
    assert decrypted(SEALED)["Plaintext"] != decrypted(SEALED + b"\x00")["Plaintext"]


def test_what_a_key_of_this_cloud_has_encrypted_is_left_to_that_key() -> None:
    with served() as cloud:
        kms = cloud.client("kms")
        ours = kms.encrypt(KeyId=kms.create_key()["KeyMetadata"]["KeyId"], Plaintext=b"opensesame")["CiphertextBlob"]

        with pytest.raises(NotOurs):
            decrypted(ours)
        assert kms.decrypt(CiphertextBlob=ours)["Plaintext"] == b"opensesame"

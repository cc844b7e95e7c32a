"""The marks that start pods anew."""

from __future__ import annotations

from components.workload.rollout import checksum, fingerprint


def test_the_order_of_keys_does_not_matter() -> None:
    assert checksum({"a": "1", "b": "2"}) == checksum({"b": "2", "a": "1"})
    assert fingerprint({"a": "1", "b": "2"}, salt="s") == fingerprint({"b": "2", "a": "1"}, salt="s")


def test_values_can_not_move_between_keys_unseen() -> None:
    assert checksum({"a": "12", "b": "3"}) != checksum({"a": "1", "b": "23"})


def test_equal_secrets_of_two_applications_look_different() -> None:
    assert fingerprint({"password": "x"}, salt="shop") != fingerprint({"password": "x"}, salt="blog")


def test_a_fingerprint_is_too_short_to_tell_one_secret_from_all_others() -> None:
    assert len(fingerprint({"password": "x"}, salt="s")) == 10

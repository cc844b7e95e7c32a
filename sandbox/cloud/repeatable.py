"""Mutations that come out the same when they are done again: their time and their chance are given to them.

While a thread is in ``repeatable``, whatever moto or the sandbox asks there for the time, for random numbers, UUIDs or
keys comes from the given circumstances. Other threads have the machine's own time and chance meanwhile. Time stands
still, as how long a mutation takes is a matter of the machine.
"""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.moto_random import MotoRandom


class Circumstances:
    """The time, the chance and the private keys of one mutation."""

    def __init__(self, moment: int, seed: str, keys: Sequence[str] = ()) -> None:
        """``moment`` is in nanoseconds since the epoch. ``keys`` are the keys (PEM) of the first time, in order.

        OpenSSL's chance cannot be given to it: new keys are kept instead.
        """
        self.random = random.Random(seed)
        self._bytes = random.Random(f"{seed} bytes")
        self.keys: list[str] = []
        """Every key that was made."""
        self.moment = moment
        self._given = list(keys)

    def bytes(self, size: int) -> bytes:
        """Apart from ``random``: Python's own modules may take some when they are used for the first time."""
        return self._bytes.randbytes(size)

    def key(self, make: Callable[[], Any]) -> Any:
        if self._given:
            pem = self._given.pop(0)
            made: Any = serialization.load_pem_private_key(pem.encode(), None)
        else:
            made = make()
            pem = made.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode()
        self.keys.append(pem)
        return made


class _Current(threading.local):
    circumstances: Circumstances | None = None


_current = _Current()
_machine = random.SystemRandom()
_urandom = os.urandom


@contextmanager
def repeatable(circumstances: Circumstances) -> Generator[None]:
    """Give ``circumstances`` to what this thread does. One inside of another has its own for as long."""
    outer = _current.circumstances
    _current.circumstances = circumstances
    try:
        yield
    finally:
        _current.circumstances = outer


def machine_time() -> int:
    """The machine's own time in nanoseconds since the epoch, whatever the circumstances say."""
    hatch = time_machine.escape_hatch
    return hatch.time.time_ns() if hatch.is_travelling() else time.time_ns()


def install() -> Callable[[], None]:
    """Make this process ask the circumstances of its threads, from now on. Returns what undoes it."""
    traveller = time_machine.travel(0)
    traveller.start()
    time_machine.traveller_stack[-1] = _Clock(0, None, True)
    keys = [(rsa, "generate_private_key"), (ec, "generate_private_key"), (ed25519.Ed25519PrivateKey, "generate")]
    originals = [(owner, name, getattr(owner, name)) for owner, name in cast("list[tuple[Any, str]]", keys)]
    for owner, name, original in originals:
        setattr(owner, name, _kept(original))
    # Every module of moto has this one object: it gets another nature.
    mock_random.__class__ = _Random
    os.urandom = _random_bytes

    def undo() -> None:
        os.urandom = _urandom
        mock_random.__class__ = MotoRandom
        for owner, name, original in originals:
            setattr(owner, name, original)
        traveller.stop()

    return undo


class _Clock(time_machine.Traveller):
    """Python asks it for the time, in each thread."""

    def time_ns(self) -> int:
        circumstances = _current.circumstances
        return circumstances.moment if circumstances is not None else machine_time()


class _Random(MotoRandom):
    """moto's source of chance."""

    def random(self) -> float:
        return _source().random()

    def getrandbits(self, k: int, /) -> int:
        return _source().getrandbits(k)


def _source() -> random.Random:
    circumstances = _current.circumstances
    return circumstances.random if circumstances is not None else _machine


def _random_bytes(size: int, /) -> bytes:
    """Where UUIDs come from, and what moto encrypts with."""
    circumstances = _current.circumstances
    return circumstances.bytes(size) if circumstances is not None else _urandom(size)


def _kept(make: Callable[..., Any]) -> Callable[..., Any]:
    def key(*arguments: Any, **named: Any) -> Any:
        circumstances = _current.circumstances
        if circumstances is None:
            return make(*arguments, **named)
        return circumstances.key(lambda: make(*arguments, **named))

    return key

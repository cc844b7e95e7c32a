"""No secret of the ``dev`` stack stands in plain text anywhere but where it is kept: canaries, and a grep for each.

The canaries are all values that the state keeps as secrets, so that one more password is looked for by itself, and
what somebody encrypts in the stack file.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from review.comment import comment
from review.preview import preview
from review.terminal import terminal
from tests.engine.conftest import Clone, clone_into
from tests.engine.test_settings import path_of
from tests.engine.test_settings import texts as leaves
from tests.stacks.test_wiring import ROWS

pytestmark = pytest.mark.engine

SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"
"""How the engine marks a secret in a state."""
KUBECONFIG = "kubeconfig"
"""Kept as a secret, though it holds no credentials: it asks for them by ``aws eks get-token``."""
SHORTEST = 16
"""Characters of a canary: a shorter text could stand somewhere by chance."""

TRACED = re.compile(r'"msg":"(Marshaling|Unmarshaling) property for RPC\[.*"v":9}$')
"""What the genuine engine writes from ``-v=9`` on, and only then: each property on its way to a plugin, secret or not.

Pulumi's documentation warns of it; nobody but the engine could leave it out.
"""
KEPT = {"etcd": "the objects of Kubernetes, Secrets among them"}
"""What in the sandbox's folder holds secrets as they are, and why. Nobody but its owner reads it."""


@dataclass(frozen=True)
class Stack:
    """dev, brought up while everything that the engine can say was written down."""

    clone: Clone
    said: str
    """What ``up`` wrote, logs of the engine and its plugins included."""
    events: str
    canaries: Sequence[tuple[str, str]]
    """Places where the state keeps a secret, and what it is."""

    def leaks(self, text: str) -> list[str]:
        """The places of the secrets that stand in ``text``, as they are or in base64."""
        return sorted({place for form, place in self._forms if form in text})

    @property
    def _forms(self) -> Iterator[tuple[str, str]]:
        for place, canary in self.canaries:
            yield canary, place
            yield from ((form, place) for form in in_base64(canary))


def in_base64(text: str) -> list[str]:
    """What base64 makes of ``text`` wherever it stands in a longer one: of three alignments, what only it decides."""
    forms: list[str] = []
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text.encode()).decode()
        end = len(encoded) - 4 if encoded.endswith("=") else len(encoded)
        forms.append(encoded[4 if before else 0 : end])
    return forms


def secrets(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each secret text of a decrypted state, with its place; of JSON in a secret, each text of it."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            yield from texts(json.loads(value["plaintext"]), place)
            return
        for key, member in value.items():
            yield from secrets(member, f"{place}.{key}")
    elif isinstance(value, list):
        for index, member in enumerate(value):
            named = member.get("urn", "").rpartition("::")[2] if isinstance(member, dict) else ""
            yield from secrets(member, named or f"{place}[{index}]")


def texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from texts(member, f"{place}.{key}")
    elif isinstance(value, list):
        for member in value:
            yield from texts(member, place)
    elif isinstance(value, str):
        yield value, place
        if value.startswith("{"):
            # The host stands elsewhere, rightly so.
            inner = json.loads(value)
            yield from ((inner[key], f"{place}.{key}") for key in ("password", "token") if key in inner)


def content(path: Path) -> str:
    data = path.read_bytes()
    return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode(errors="replace")


@contextmanager
def renamed(clone: Clone) -> Iterator[None]:
    """A change of the application through which its passwords flow; afterwards the stack file is as it was."""
    before = clone.stack_file.read_bytes()
    clone.configure("platform:application.name", "shop")
    try:
        yield
    finally:
        clone.stack_file.write_bytes(before)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    clone = clone_into(tmp_path_factory.mktemp("clone"), "dev")
    events = clone.folder.parent / "events.json"
    try:
        clone.sandbox("start")
        # Only so does the engine take --event-log.
        command = ["env", "PULUMI_DEBUG_COMMANDS=true", "pulumi", "--non-interactive", "up", "--yes", "--skip-preview"]
        up = clone.run(*command, "--logtostderr", "--logflow", "-v=9", f"--event-log={events}", check=True)
        found = [
            (place, text)
            for text, place in secrets(clone.state("--show-secrets"))
            if len(text) >= SHORTEST and KUBECONFIG not in place
        ]
        yield Stack(clone, up.stdout + up.stderr, events.read_text(), found)
    finally:
        clone.sandbox("reset", check=False)


def test_the_canaries_are_the_passwords_that_there_are(stack: Stack) -> None:
    places = {place for place, _ in stack.canaries}

    for place in (
        r"database-writer\.outputs\.password",
        r"cache-group\.outputs\.authToken",
        r"application-secrets\..*url",
    ):
        assert any(re.fullmatch(place, found) for found in places), (place, places)
    # And they are found where they stand.
    assert stack.leaks(json.dumps(stack.clone.state("--show-secrets")))
    (_, first), *_ = stack.canaries
    assert all(
        stack.leaks(base64.b64encode(before + first.encode() + b" after").decode()) for before in (b"", b"a", b"ab")
    )


def test_no_secret_is_in_the_state_its_history_or_its_backups(stack: Stack) -> None:
    assert stack.leaks(json.dumps(stack.clone.state())) == []
    files = [path for path in stack.clone.home.backend.rglob("*") if path.is_file()]
    assert {"history", "backups", "stacks"} <= {part for path in files for part in path.parts}
    assert {str(path): leaks for path in files if (leaks := stack.leaks(content(path)))} == {}


def test_no_secret_is_in_what_up_says_nor_in_the_events(stack: Stack) -> None:
    assert "database-writer" in stack.said
    assert "database-writer" in stack.events
    assert stack.leaks(stack.events) == []
    # What the SDK logs comes through the engine as well, at any level.
    assert "register resource outputs prepared" in stack.events
    traced = [line for line in stack.said.splitlines() if TRACED.search(line)]
    assert traced, "the engine was asked for all that it can say"
    assert stack.leaks("\n".join(line for line in stack.said.splitlines() if not TRACED.search(line))) == []


def test_no_secret_is_in_the_outputs(stack: Stack) -> None:
    for arguments in ([], ["--json"], ["--shell"]):
        assert stack.leaks(stack.clone.pulumi("stack", "output", *arguments).stdout) == []


@pytest.mark.parametrize("arguments", [[], ["--diff"], ["--json"]], ids=["plain", "diff", "json"])
def test_no_secret_is_in_a_preview(stack: Stack, arguments: list[str]) -> None:
    """Of everything, and of a change through which passwords flow."""
    with renamed(stack.clone):
        answer = stack.clone.pulumi("preview", "--show-sames", *arguments)

    assert "application-secrets" in answer.stdout
    assert stack.leaks(answer.stdout + answer.stderr) == []


def test_no_secret_is_in_the_review(stack: Stack) -> None:
    home, resources = stack.clone.home, stack.clone.state()["deployment"]["resources"]

    with renamed(stack.clone):
        found = [preview(stack.clone.folder, "dev", home, resources, is_new=False)]

    assert found[0].changes
    for text in (comment(found, "main"), comment(found, "main", limit=None), terminal(found, "main")):
        assert "application" in text
        assert stack.leaks(text) == []


def test_no_secret_is_in_a_file_of_the_sandbox_but_where_it_is_kept(stack: Stack) -> None:
    root = stack.clone.home.root
    leaking = {
        path.relative_to(root): leaks
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and (leaks := stack.leaks(content(path)))
    }

    assert {str(path): leaks for path, leaks in leaking.items() if path.parts[0] not in KEPT} == {}
    for path in leaking:
        modes = [stat.S_IMODE((root / each).stat().st_mode) for each in (path, *path.parents)]
        assert any(mode & 0o077 == 0 for mode in modes[:-1]), f"others may read {path}"
    logs = {path.name for path in (root / "logs").iterdir()}
    assert {"cloud.log", "plugins.log", "secrets.log", "kube-apiserver.log"} <= logs


def test_no_secret_is_in_an_object_of_kubernetes_but_secrets(stack: Stack) -> None:
    listing = stack.clone.run("kubectl", "api-resources", "--verbs=list", "--output=name", check=True).stdout.split()
    kinds = [kind for kind in listing if kind != "secrets"]
    assert {"configmaps", "deployments.apps", "events"} <= set(kinds)

    objects = stack.clone.run("kubectl", "get", ",".join(kinds), "--all-namespaces", "--output=json", check=True).stdout
    kept = stack.clone.run("kubectl", "get", "secrets", "--all-namespaces", "--output=json", check=True).stdout

    assert stack.leaks(objects) == []
    assert stack.leaks(kept), "the application has its passwords"


def test_an_encrypted_setting_is_refused_and_shown_nowhere(stack: Stack) -> None:
    """Any setting that there is: its value would be built in plain text."""
    canary = "Canary-In-A-Setting"
    forms = [canary, *in_base64(canary)]
    settings = [text.partition("=")[0] for row in ROWS for text in leaves(row.value, path_of(row.setting))]
    before = stack.clone.stack_file.read_bytes()
    try:
        planted = [f"--secret={setting}={canary}" for setting in settings]
        stack.clone.pulumi("config", "set-all", "--stack", "dev", "--path", *planted)
        answer = stack.clone.pulumi("preview", "--logtostderr", "--logflow", "-v=9", check=False)
        files = [path for path in stack.clone.home.root.rglob("*") if path.is_file() and not path.is_symlink()]
        leaking = [
            str(path) for path in [*files, stack.clone.stack_file] if any(form in content(path) for form in forms)
        ]
    finally:
        stack.clone.stack_file.write_bytes(before)

    said = answer.stdout + answer.stderr
    assert answer.returncode
    sections = {setting.partition(".")[0] for setting in settings}
    assert all(section in said for section in sections)
    assert f"{len(sections)} settings of stack dev can't be used" in said
    assert all(form not in said for form in forms)
    assert leaking == []

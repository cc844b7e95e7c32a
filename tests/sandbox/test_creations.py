"""Notes of creations, and what the plugins make of them when somebody was killed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.creations import Creation, Made, Notes, noted
from sandbox.home import Home
from sandbox.lifecycle import command_of
from sandbox.plugins import doors
from sandbox.plugins.daemon import serve
from sandbox.plugins.protocol import Call, InitFailed, Properties, Provider, ProviderError, Secret, Unanswered
from sandbox.plugins.values import to_struct
from tests.sandbox.test_daemon import EXECUTABLE, plugin, port_of

URN = "urn:pulumi:dev::platform::aws:ec2/vpc:Vpc::main"


class Slow(Provider):
    """Creates what it is asked for once it may, and deletes it."""

    may = threading.Event()
    began = threading.Event()
    calls: list[Call] = []  # noqa: RUF012 - of all instances, as the daemon makes them
    configured: list[Properties] = []  # noqa: RUF012
    deleted: list[str] = []  # noqa: RUF012
    ending = ""

    def configure(self, arguments: Properties) -> None:
        self.configured.append(arguments)

    def create(self, call: Call, inputs: Properties) -> tuple[str, Properties]:
        if call.preview:
            return "", inputs
        Slow.calls.append(call)
        Slow.began.set()
        assert Slow.may.wait(10)
        return self._end(inputs)

    def _end(self, inputs: Properties) -> tuple[str, Properties]:
        # As a server repeats what it refuses.
        given = {**inputs, **(self.configured[-1] if self.configured else {})}
        told = [given[name] for name in ("password", "token") if name in given]
        match Slow.ending:
            case "refused":
                raise ProviderError(" ".join(["no", *told]))
            case "not ready":
                raise InitFailed("vpc-1", inputs, inputs, [" ".join(["pending", *told])])
            case "unanswered":
                raise Unanswered(" ".join(["nobody answers", *told]))
            case "defect":
                raise RuntimeError(" ".join(["surprise", *told]))
            case _:
                return "vpc-1", {**inputs, "arn": "arn"}

    def update(
        self, call: Call, id: str, old_inputs: Properties, old_outputs: Properties, news: Properties
    ) -> Properties:
        return self._end(news)[1]

    def delete(self, call: Call, id: str, old_inputs: Properties, outputs: Properties) -> None:
        if id == "kept":
            raise ProviderError(f"in use: {old_inputs['password']}")
        Slow.deleted.append(id)


@pytest.fixture(autouse=True)
def _slow() -> None:
    Slow.may, Slow.began, Slow.ending = threading.Event(), threading.Event(), ""
    Slow.calls, Slow.configured, Slow.deleted = [], [], []


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "dev")
    stopping = threading.Event()
    thread = threading.Thread(target=serve, args=(home, {"aws": Slow}, stopping))
    thread.start()
    while home.running("plugins") is None:
        time.sleep(0.01)
    yield home
    Slow.may.set()
    stopping.set()
    thread.join()


class Engine:
    """What an engine does: starts the plugin, configures the provider, asks for things and may die."""

    def __init__(self, home: Home) -> None:
        self.plugin = plugin(home)
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port_of(self.plugin)}")
        self.provider: Any = provider_pb2_grpc.ResourceProviderStub(self._channel)
        self.provider.Configure(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-central-1"})))

    def create(self, *, preview: bool = False) -> Any:
        properties = to_struct({"cidrBlock": "10.0.0.0/16"})
        return self.provider.Create.future(provider_pb2.CreateRequest(urn=URN, properties=properties, preview=preview))

    def end(self, how: signal.Signals) -> None:
        self.plugin.send_signal(how)
        self.plugin.communicate(timeout=5)
        self._channel.close()


@pytest.fixture
def engine(home: Home) -> Iterator[Engine]:
    engine = Engine(home)
    yield engine
    engine.end(signal.SIGKILL)


def the_only(home: Home) -> Creation:
    (notes,) = noted(home)
    (creation,) = notes.all()
    return creation


def response(creation: Creation) -> Any:
    assert creation.made is not None
    return provider_pb2.CreateResponse.FromString(creation.made.response)


def pending_state(home: Home) -> None:
    state = home.backend / ".pulumi" / "stacks" / "platform" / "dev.json"
    state.parent.mkdir(parents=True)
    state.write_text('{"pending_operations":[{"type":"creating"}]}')


def until(condition: Any) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_creation_is_noted_before_it_begins_and_when_it_ends(home: Home, engine: Engine) -> None:
    asked = engine.create()
    assert Slow.began.wait(5)
    begun = the_only(home)
    assert (begun.urn, begun.ended, begun.token) == (URN, False, Slow.calls[0].token)

    Slow.may.set()
    assert asked.result(5).id == "vpc-1"
    assert response(the_only(home)).id == "vpc-1"


def test_notes_are_for_this_user_only_and_sealed(home: Home, engine: Engine) -> None:
    Slow.may.set()
    engine.create().result(5)
    for path in (home.root / "creations").rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert b"10.0.0.0" not in path.read_bytes()


def test_a_preview_leaves_no_notes(home: Home, engine: Engine) -> None:
    engine.create(preview=True).result(5)
    assert noted(home) == []


def test_an_engine_that_ends_in_good_order_leaves_no_notes(home: Home, engine: Engine) -> None:
    Slow.may.set()
    engine.create().result(5)
    engine.end(signal.SIGINT)
    until(lambda: noted(home) == [])


def test_an_engine_that_was_told_to_end_at_once_leaves_notes_that_it_heard(home: Home, engine: Engine) -> None:
    Slow.may.set()
    engine.create().result(5)
    pending_state(home)
    engine.end(signal.SIGINT)
    until(lambda: noted(home)[0].unheard == [])
    assert the_only(home).made is not None


@pytest.mark.parametrize("ending", ["unanswered", "defect"])
@pytest.mark.parametrize("at_once", [False, True], ids=["in good order", "told to end at once"])
def test_a_creation_whose_answer_was_lost_outlives_the_engine_that_asked(
    home: Home, engine: Engine, ending: str, at_once: bool
) -> None:
    """The cloud was killed after it had made it; the engine hears of a failure, and writes down nothing."""
    Slow.may.set()
    engine.create().result(5)
    Slow.ending = ending
    with pytest.raises(grpc.RpcError):
        engine.create().result(5)
    if at_once:
        pending_state(home)
    engine.end(signal.SIGINT)
    until(lambda: [len(notes.unheard) for notes in noted(home)] == [1])
    assert noted(home)[0].unheard[0].token == Slow.calls[1].token

    Slow.ending = ""
    assert doors.ask(home, doors.FINISH) == {}
    (made,) = noted(home)[0].unheard
    assert response(made).id == "vpc-1"
    assert (Slow.calls[2].token, Slow.calls[2].again) == (made.token, True)


def test_a_defect_that_comes_again_is_not_asked_for_a_third_time(home: Home, engine: Engine) -> None:
    """Or the stack could never be worked on again."""
    Slow.may.set()
    Slow.ending = "defect"
    with pytest.raises(grpc.RpcError):
        engine.create().result(5)
    engine.end(signal.SIGINT)
    assert doors.ask(home, doors.FINISH) == {}
    assert the_only(home).refused == "RuntimeError('surprise')"


@pytest.mark.parametrize(("ending", "left"), [("", []), ("refused", []), ("unanswered", [URN]), ("defect", [URN])])
def test_an_update_of_which_nobody_knows_whether_it_was_made_stays_noted(
    home: Home, engine: Engine, ending: str, left: list[str]
) -> None:
    Slow.ending = ending
    empty = to_struct({})
    with contextlib.suppress(grpc.RpcError):
        engine.provider.Update(provider_pb2.UpdateRequest(urn=URN, id="1", olds=empty, news=empty, old_inputs=empty))
    engine.end(signal.SIGINT)
    until(lambda: [urn for notes in noted(home) for urn in notes.unheard_changes] == left)


def test_a_note_that_could_not_be_ended_is_as_good_as_a_kill(
    home: Home, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full: the user reads one sentence, and the next command finds out what was made."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    Slow.may.set()
    with monkeypatch.context() as patch:
        patch.setattr(Notes, "end", full)
        with pytest.raises(grpc.RpcError) as raised:
            engine.create().result(5)
    said: Any = raised.value
    assert said.details() == (
        f"there is no space left on the disk of {home.root}: free some, or put the clone on another disk"
    )
    engine.end(signal.SIGINT)
    assert doors.ask(home, doors.FINISH) == {}
    assert response(noted(home)[0].unheard[0]).id == "vpc-1"


def test_what_a_killed_engine_asked_for_is_brought_to_its_end(home: Home, engine: Engine) -> None:
    asked = engine.create()  # kept: gRPC cancels a call that nobody holds
    assert Slow.began.wait(5)
    engine.end(signal.SIGKILL)
    del asked
    threading.Timer(0.3, Slow.may.set).start()

    assert doors.ask(home, doors.FINISH) == {}
    assert response(the_only(home)).id == "vpc-1"
    assert len(Slow.calls) == 1
    assert len(noted(home)[0].unheard) == 1


def test_the_plugins_of_a_killed_engine_end_by_themselves(home: Home) -> None:
    starts = (
        "import subprocess, sys, time; print(subprocess.Popen([sys.argv[1]]).pid, flush=True); time.sleep(60)",
        str(EXECUTABLE),
    )
    environ = {**os.environ, "SANDBOX_HOME": str(home.root), "SANDBOX_PYTHON": sys.executable}
    with subprocess.Popen([sys.executable, "-c", *starts], env=environ, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout is not None
        # The plugin's number and, in either order, its port.
        said = [int(engine.stdout.readline()) for _ in range(2)]
        engine.kill()
    until(lambda: all(str(EXECUTABLE.parent) not in command_of(number) for number in said))


@pytest.mark.parametrize(
    ("ending", "made", "reasons", "problem"),
    [
        ("", True, (), None),
        ("not ready", True, ("pending",), None),
        ("refused", False, (), None),
        ("unanswered", False, (), "nobody answers"),
        ("defect", False, (), "surprise"),
    ],
)
def test_what_killed_plugins_had_begun_is_begun_again_with_the_same_token(
    home: Home, ending: str, made: bool, reasons: tuple[str, ...], problem: str | None
) -> None:
    killed = Notes.new(home, "aws")
    killed.configured(provider_pb2.ConfigureRequest(args=to_struct({"region": "eu-west-1"})).SerializeToString())
    request = provider_pb2.CreateRequest(urn=URN, properties=to_struct({"cidrBlock": "10.0.0.0/16"}))
    begun = killed.begin(URN, request.SerializeToString())
    Slow.may.set()
    Slow.ending = ending

    problems = doors.ask(home, doors.FINISH)

    (call,) = Slow.calls
    assert (call.token, call.again, call.type) == (begun.token, True, "aws:ec2/vpc:Vpc")
    assert Slow.configured == [{"region": "eu-west-1"}]
    ended = the_only(home)
    assert (ended.made is not None) is made
    assert ended.made is None or ended.made.reasons == reasons
    if problem is None:
        assert problems == {}
        assert ended.ended
    else:
        assert problem in problems[URN]
        assert not ended.ended


@pytest.mark.parametrize("ending", ["not ready", "refused", "unanswered", "defect"])
def test_what_is_noted_of_an_error_repeats_no_secrets(home: Home, ending: str) -> None:
    """It goes into the state, and to the screen of whoever runs the next command."""
    killed = Notes.new(home, "aws")
    configured = to_struct({"region": "eu-west-1", "token": Secret("Canary-Two")})
    killed.configured(provider_pb2.ConfigureRequest(args=configured).SerializeToString())
    request = provider_pb2.CreateRequest(urn=URN, properties=to_struct({"password": Secret("Canary-One")}))
    killed.begin(URN, request.SerializeToString())
    Slow.may.set()
    Slow.ending = ending

    problems = doors.ask(home, doors.FINISH)

    ended = the_only(home)
    (said,) = (ended.made.reasons if ended.made else ()) or [ended.refused or problems[URN]]
    assert "[secret] [secret]" in said
    assert "Canary" not in said


def test_what_has_ended_is_not_begun_again(home: Home) -> None:
    killed = Notes.new(home, "aws")
    for outcome in ({"made": Made(b"")}, {"refused": "no"}):
        killed.end(killed.begin(URN, b""), **outcome)
    assert doors.ask(home, doors.FINISH) == {}
    assert Slow.calls == []


def test_orphans_are_deleted_and_those_that_can_not_be_are_named(home: Home) -> None:
    killed = Notes.new(home, "aws")
    properties = to_struct({"password": Secret("Canary-One")})
    request = provider_pb2.CreateRequest(urn=URN, properties=properties).SerializeToString()
    for id in ("vpc-1", "other", "kept"):
        made = Made(provider_pb2.CreateResponse(id=id).SerializeToString())
        killed.end(killed.begin(URN, request), made=made)
    first, _, last = killed.all()

    problems = doors.ask(home, doors.REMOVE, json.dumps([str(first.path), str(last.path)]))
    assert Slow.deleted == ["vpc-1"]
    assert problems == {URN: "in use: [secret]"}


def test_nothing_begins_any_more_for_an_engine_that_is_gone(home: Home, engine: Engine) -> None:
    Slow.may.set()
    engine.create().result(5)
    assert doors.ask(home, doors.FINISH) == {}
    with pytest.raises(grpc.RpcError):
        engine.create().result(5)
    assert len(Slow.calls) == 1


def test_updates_and_deletions_are_noted_and_previews_of_them_are_not(home: Home, engine: Engine) -> None:
    empty = to_struct({})
    for preview in (True, False):
        engine.provider.Update(
            provider_pb2.UpdateRequest(urn=URN, id="1", olds=empty, news=empty, old_inputs=empty, preview=preview)
        )
    engine.provider.Delete(provider_pb2.DeleteRequest(urn=f"{URN}2", id="2", properties=empty, old_inputs=empty))
    (notes,) = noted(home)
    assert notes.unheard_changes == [URN, f"{URN}2"]


def test_a_living_preview_is_left_alone(home: Home, engine: Engine) -> None:
    assert doors.ask(home, doors.FINISH) == {}
    assert engine.create(preview=True).result(5).id == ""

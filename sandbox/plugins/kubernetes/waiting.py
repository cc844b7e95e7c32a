"""Waiting for live objects: until they are ready, or until they are gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sandbox.kube import ApiError, KubeClient, UnknownKind
from sandbox.plugins.kubernetes import objects
from sandbox.plugins.kubernetes.keepers import Keepers, kept_by
from sandbox.plugins.kubernetes.readiness import Around, Rule, Verdict, rule_for
from sandbox.plugins.kubernetes.surroundings import Surroundings
from sandbox.plugins.kubernetes.wait_for import WaitForError, Wanted, wanted_conditions
from sandbox.plugins.protocol import ProviderError

Object = dict[str, Any]
Log = Callable[[str], None]

FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.0
SETTLE = 1.0
"""Seconds for which what is around an object must stay unchanged."""
AWAY = 20.0
"""Seconds without a good answer until it is certain that the API server, or its etcd, was killed: the next command
starts it."""
PATIENCE = 3.0
"""Seconds between two looks for what keeps an object, while it is waited for."""


class NotReady(Exception):
    """The object exists and did not become ready."""

    def __init__(self, live: Object, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.live = live
        self.reasons = reasons


@dataclass(frozen=True)
class Waiter:
    """Waits on one API server until the user cancels."""

    client: KubeClient
    cancelled: threading.Event

    def until_ready(self, live: Object, inputs: Mapping[str, Any], *, timeout: float, log: Log) -> Object:
        """The object once it is ready. Raises NotReady when it fails, or when time is up.

        ``timeout`` is what the resource's options ask for, 0 when they ask for nothing.
        """
        if objects.annotation(inputs, objects.SKIP_AWAIT) == "true":
            return live
        try:
            wanted = wanted_conditions(inputs)
        except WaitForError as error:
            raise NotReady(live, [f"{objects.WAIT_FOR} {error}"]) from None
        rule = rule_for(live)
        if not wanted and rule is None:
            return live
        limit = objects.timeout_seconds(timeout, inputs, rule.timeout if rule and not wanted else 600)
        look = _Look(self.client, rule, wanted)
        said = ""
        next_problems = time.monotonic() + PATIENCE
        problems: list[str] = []
        absence = _Absence()
        for _ in self._pauses(limit):
            try:
                found = self._get(live)
                if found is None:
                    raise NotReady(live, ["it was deleted while it was waited for"])
                live = found
                verdict, vain = look.at(live), False
                absence.over()
            except ApiError as error:
                if not _passes(error) or absence.too_long(error):
                    raise NotReady(live, [f"{error}{absence.told}"]) from None
                verdict, vain = look.in_vain(error), True
            if verdict.ready:
                log(verdict.note)  # an empty one clears what was shown
                return live
            if verdict.failure:
                raise NotReady(live, [verdict.failure, *look.problems(live)])
            if not vain and time.monotonic() >= next_problems:
                problems, next_problems = look.problems(live), time.monotonic() + PATIENCE
            text = "; ".join([f"waiting for {verdict.waiting_for}", *problems])
            if text != said:
                said = text
                log(text)
        reason = "cancelled" if self.cancelled.is_set() else f"not ready after {limit:.0f} s"
        raise NotReady(live, [f"{reason}: waiting for {look.last.waiting_for}", *look.problems(live)])

    def check_ready(self, live: Object, inputs: Mapping[str, Any]) -> None:
        """One look, without waiting. Raises NotReady when the object is not, or is no longer, ready; ApiError."""
        rule = rule_for(live)
        if rule is None or not rule.watched or objects.annotation(inputs, objects.SKIP_AWAIT) == "true":
            return
        status: Object = live.get("status") or {}
        seen = status.get("observedGeneration")
        if seen is not None and int(seen) < int(objects.metadata(live).get("generation") or 0):
            return  # its controller is about to look at it: nobody can tell yet
        look = _Look(self.client, rule, [], settled=True)
        verdict = look.at(live)
        if not verdict.ready:
            reason = verdict.failure or f"not ready: waiting for {verdict.waiting_for}"
            raise NotReady(live, [reason, *look.problems(live)])

    def until_gone(self, live: Mapping[str, Any], *, timeout: float, log: Log) -> None:
        """Return once the object no longer exists, or is another one of the same name. Raises ProviderError."""
        uid = objects.metadata(live).get("uid")
        last: Object = dict(live)
        said = ""
        absence = _Absence()
        for _ in self._pauses(timeout):
            try:
                found = self._get(live)
                absence.over()
            except ApiError as error:
                if not _passes(error) or absence.too_long(error):
                    raise ProviderError(f"{objects.describe(live)}: {error}{absence.told}") from None
                log(f"waiting for the deletion to finish: {error}")
                said = ""
                continue
            if found is None or objects.metadata(found).get("uid") != uid:
                log("")
                return
            last = found
            text = kept_by(last)
            if text != said:
                said = text
                log(f"waiting for the deletion to finish{text}")
        reason = "was cancelled" if self.cancelled.is_set() else f"did not finish within {timeout:.0f} s"
        parts = [f"the deletion of {objects.describe(live)} {reason}{kept_by(last)}"]
        raise ProviderError("; ".join([*parts, *Keepers(self.client).named(last)]))

    def pause(self, seconds: float) -> None:
        """Sleep, unless the user cancels. Raises ProviderError then."""
        if self.cancelled.wait(seconds):
            raise ProviderError("cancelled")

    def _pauses(self, limit: float) -> Iterator[None]:
        """Go on at growing intervals until ``limit`` seconds are over."""
        end = time.monotonic() + limit
        pause = FIRST_PAUSE
        while True:
            yield
            left = end - time.monotonic()
            if left <= 0 or self.cancelled.wait(min(pause, left)):
                return
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _get(self, obj: Mapping[str, Any]) -> Object | None:
        meta = objects.metadata(obj)
        try:
            return self.client.get(obj["apiVersion"], obj["kind"], meta["name"], meta.get("namespace"))
        except UnknownKind:
            return None


def _passes(error: ApiError) -> bool:
    """Whether the API server is only away or overburdened: it may be started anew at this moment."""
    return error.status in (0, 429) or error.status >= 500


class _Absence:
    """How long nobody has answered, or an API server without its etcd only that it can't."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self.told = ""

    def over(self) -> None:
        """Somebody has answered."""
        self._since = time.monotonic()

    def too_long(self, error: ApiError) -> bool:
        """Whether to give up after ``error``; ``told`` then says why, and what to do."""
        if error.status == 429:
            self.over()
            return False
        if time.monotonic() - self._since < AWAY:
            return False
        self.told = f"; so it has been for {AWAY:g} s: run the command again, which starts what has ended"
        return True


class _Look:
    """Looks at one object again and again, by the conditions that the user names or else by its kind's rule."""

    def __init__(self, client: KubeClient, rule: Rule | None, wanted: list[Wanted], *, settled: bool = False) -> None:
        self._surroundings = Surroundings(client)
        self._rule = rule
        self._wanted = wanted
        self._around = Around()
        self._settling = _Settling(0.0 if settled else SETTLE)
        self.last = Verdict(False)

    def at(self, live: Object) -> Verdict:
        if self._wanted or self._rule is None:
            missing = [each.text for each in self._wanted if not each.met(live)]
            self.last = Verdict(not missing, ", ".join(missing))
        else:
            around = self._surroundings.around(live, self._rule)
            self._around = replace(around, settled=self._settling.settled(around))
            self.last = self._rule.verdict(live, self._around)
        return self.last

    def in_vain(self, error: ApiError) -> Verdict:
        """The verdict while the API server can't say anything."""
        self.last = Verdict(False, f"the API server ({error})")
        return self.last

    def problems(self, live: Object) -> list[str]:
        """What the cluster tells of the object beyond the last verdict."""
        return self._surroundings.problems(live, self._around, f"{self.last.failure} {self.last.waiting_for}")


class _Settling:
    """Tells when a Service's endpoints, or the Services behind an Ingress, stop changing."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._state: list[str] | None = None
        self._since = 0.0

    def settled(self, around: Around) -> bool:
        versions = [str(objects.metadata(item).get("resourceVersion")) for item in around.endpoint_slices]
        state = sorted([*versions, *around.missing_services])
        if state != self._state:
            self._state, self._since = state, time.monotonic()
        return time.monotonic() - self._since >= self._seconds

"""All that can happen to the run of one job log, and what must be true of it afterwards."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from armsim import Simulator
from armsim.messages import Request, Response
from tests.latest.helpers.az import FLEX, Ran, WarmAz
from tests.latest.helpers.worlds import ACTING

OPERATIONS = {"vm": "restart", "set": "restart", "bulk": "deallocate"}
SENDS = {"vm": "restart", "set": "vmss-restart", "bulk": "bulk-deallocate"}  # actions of the requests that act
POLLS = ("poll", "bulk-status")
LONG = 3 * 3600  # seconds, far beyond every --timeout here
LIMIT = 2  # seconds of --timeout
KILLED = -9
KINDS = ("send", "poll", "look", "read")  # of requests: that act, that poll, that read one instance, all others


class Kill(NamedTuple):
    """A moment of a command at which its process is killed: at the nth request of a kind."""

    kind: str  # of KINDS
    nth: int
    handled: bool  # whether the service still handles the request


class Story:
    """One job log, its run, and the truth about its instances."""

    def __init__(self, warm: WarmAz, sim: Simulator, log: Path) -> None:
        self.warm, self.sim, self.log = warm, sim, log
        self.engine, self.operation = "vm", "restart"
        self.names = sim.names("flex")
        self.allowed: Counter[str] = Counter()  # plans that may send an instance one request each
        self.base: Counter[str] = Counter()  # requests before the plan that an instance is in
        self.left: dict[str, int] = {}  # requests that a machine had had when it left its set
        self.failing: set[str] = set()  # instances of which an operation was made to fail
        self.kill: Kill | None = None
        self.seen: Counter[str] = Counter()
        self.announced = 0  # bytes of the log that are on the disk, since a request was sent after them
        self.lock = Lock()

    # What happens

    def begin(self, engine: str, *options: str) -> Ran:
        self.engine, self.operation = engine, OPERATIONS[engine]
        limit = () if "--timeout" in options else ("--timeout", str(LIMIT))
        way = ("--engine", engine, *options, *limit, "--job-log", str(self.log))
        return self.run(self.operation, *FLEX, *way)

    def fault(self, action: str, fault: dict[str, Any], name: str | None = None, times: int = 1) -> None:
        one = {"vm": name} if name else {"per": "all"}
        self.sim.add_fault({"action": action, "times": times, "fault": fault, **one})
        if fault.get("kind") == "fail":
            self.failing |= {name} if name else {*self.names}

    def kill_at(self, kind: str, nth: int, handled: bool) -> None:
        """Kill the next command at a moment, if it comes to it."""
        self.kill, self.seen = Kill(kind, nth, handled), Counter()

    def cut(self, share: float) -> None:
        """Cut the log at any byte that no request has followed."""
        content = self.log.read_bytes() if self.log.exists() else b""
        self.log.write_bytes(content[: self.announced + int((len(content) - self.announced) * share)])

    def leave(self, name: str, replaced: bool) -> None:
        """Let another client remove an instance, or replace it by another machine of its name."""
        if name not in self.left:
            (self.sim.replace_vm if replaced else self.sim.remove_vm)(name)
            self.left[name] = self.requests(name)

    def spell(self, capitals: bool) -> None:
        self.sim.configure(capital_groups=capitals)

    def others_act(self, name: str, action: str) -> None:
        """Let another client act on an instance, long after whatever the run did."""
        self.sim.advance(LONG)
        self.sim.act_on_vm(action, name)
        self.sim.advance(60)

    def queue(self, most: int | None) -> None:
        """Limit what the bulk service executes at once, and let operations take a minute."""
        self.sim.configure(bulk_executing=most, seconds=60 if most else 0.02)

    def advance(self, seconds: float) -> None:
        self.sim.advance(seconds)

    def resume(self) -> Ran:
        return self.run(self.operation, "--resume", str(self.log))

    def retry(self) -> Ran:
        return self.run(self.operation, "--retry-failed", str(self.log))

    def wait(self) -> Ran:
        return self.run("wait", "--job-log", str(self.log), "--timeout", str(LIMIT))

    def finish(self) -> None:
        """See the run finished where nothing goes wrong any more; then nothing is left to be sent."""
        self.kill = None
        self.sim.clear_faults()
        self.queue(None)
        for _ in self.names:
            self.sim.advance(LONG)
            self.sim.accepted()
        for _ in range(2):
            sent = self.acting()
            if self.plans():
                done = self.resume()
                assert done.exit in (0, 4, 5), done.stderr
        assert self.acting() == sent

    # What is true

    def run(self, *command: str) -> Ran:
        before, requests = len(self.plans()), {name: self.requests(name) for name in self.names}
        may_be_sent, retries = self.may_be_sent(), "--retry-failed" in command
        accepted, polls = self.accepted_in_log(waits="wait" in command), self.count(*POLLS)
        done = self.warm.run(*command)
        self.kill = None
        assert "Traceback" not in done.stderr, done.stderr
        plans = self.plans()
        if len(plans) > before:
            assert len(plans) == before + 1
            names = {one["instance"] for one in plans[-1]["instances"]} & may_be_sent
            self.allowed.update(names)
            for name in names:
                self.base[name] = requests[name]
        elif accepted and done.exit in (0, 4) and not retries:
            assert self.count(*POLLS) > polls, f"{command}: accepted operations were not polled: {done.stderr}"
        self.check(done)
        return done

    def check(self, done: Ran) -> None:
        told = f"{self.log}: {done.stderr}"
        for name in self.names:
            requests = self.requests(name)
            assert requests <= self.allowed[name], f"{name}: {requests} requests, {self.allowed[name]} plans; {told}"
            assert requests == self.left.get(name, requests), f"{name}: a request for another machine; {told}"
        rows = json.loads(done.stdout or "[]") if done.exit != KILLED else []
        assert len({row["id"].lower() for row in rows}) == len(rows), told
        for row in rows:
            self.check_claim(row, told)
        for row in self.outcomes().values():
            self.check_claim(row, told)
        assert done.exit != 0 or {row["status"] for row in rows} <= {"Succeeded", "Skipped", "Accepted"}, told

    def check_claim(self, row: dict[str, Any], told: str) -> None:
        """Check what an outcome claims against the truth."""
        name = row["id"].rpartition("/")[2]
        since = self.requests(name) - self.base[name]
        claim = f"{name}: {row['status']}, {row['error']}, {row['reason']}; {since} requests; {told}"
        if row["status"] == "Succeeded":
            assert since > 0 or self.is_as_asked(name), claim
        if row["status"] == "Accepted":
            assert since > 0 or self.engine != "vm", (
                claim
            )  # the call was accepted, and its part may be queued or refused
        if row["status"] == "Failed":
            assert since == 0 or name in self.failing, claim
        if row["status"] == "Skipped":
            assert name in self.left, claim
        if row["status"] == "NotStarted":
            assert since == 0, claim

    def is_as_asked(self, name: str) -> bool:
        """Check whether an instance is in the power state that the operation leads to, whoever led it there."""
        found = self.sim.vm(name)
        return self.engine == "bulk" and (found is None or found["powerState"] == "deallocated")

    def requests(self, name: str) -> int:
        accepted = self.sim.accepted().items()
        return sum(times for (vm, action), times in accepted if vm == name and not action.startswith("other-"))

    def acting(self) -> int:
        return sum(one["method"] in ACTING and one["action"] not in POLLS for one in self.sim.requests())

    def count(self, *actions: str) -> int:
        return sum(one["action"] in actions for one in self.sim.requests())

    # What the log says

    def records(self) -> list[dict[str, Any]]:
        content = self.log.read_bytes() if self.log.exists() else b""
        return [json.loads(line) for line in content.split(b"\n")[:-1]]

    def plans(self) -> list[dict[str, Any]]:
        return [one for one in self.records() if one["record"] == "plan"]

    def outcomes(self) -> dict[str, dict[str, Any]]:
        """The last outcome of each instance since the last plan."""
        return {one["id"].lower(): one for one in self.since_plan() if one["record"] == "outcome"}

    def may_be_sent(self) -> set[str]:
        """The instances that a new plan may send: those that were never sent, or whose last outcome is no success."""
        plan = [one for plan in self.plans()[-1:] for one in plan["instances"]]
        begun = {str(one["id"]).lower() for one in self.since_plan() if one["record"] in ("intent", "accepted")}
        begun |= {one["id"].lower() for one in plan if "sent" in one}
        begun -= {id_ for id_, one in self.outcomes().items() if one["status"] in ("Failed", "TimedOut", "NotStarted")}
        return {*self.names} - {one["instance"] for one in plan if one["id"].lower() in begun}

    def since_plan(self) -> list[dict[str, Any]]:
        records = self.records()
        begin = max((place for place, one in enumerate(records) if one["record"] == "plan"), default=0)
        return records[begin + 1 :]

    def accepted_in_log(self, *, waits: bool) -> bool:
        """Check whether the log has an operation that was accepted, can be polled, and has no end.

        A resumed run with --no-wait leaves those that are Accepted.
        """
        if not waits and any(one["how"]["noWait"] for one in self.plans()[-1:]):
            return False
        unseen = ("Interrupted", "Accepted") if waits else ("Interrupted",)
        accepted: set[str] = set()
        for one in self.records():
            id_ = str(one.get("id")).lower()
            if one["record"] == "accepted" and (one["operationUrl"] or self.engine == "bulk"):
                accepted.add(id_)
            elif one["record"] == "intent" or (one["record"] == "outcome" and one["status"] not in unseen):
                accepted.discard(id_)
        return any(id_.rpartition("/")[2] not in map(str.lower, self.left) for id_ in accepted)

    # What the service sees

    def answer(self, request: Request, handle: Any) -> Response | None:
        if request.path.startswith(("/_sim", "/msi")) or "/metadata/" in request.path:
            return handle(request)  # type: ignore[no-any-return]
        kind = kind_of(request)
        with self.lock:
            self.seen[kind] += 1
            if kind == "send":
                self.announced = max(self.announced, self._announced())
            kill = self.kill if self.kill and self.kill[:2] == (kind, self.seen[kind]) else None
            if not kill:
                pass
            elif kill.handled:
                handle(request)
                return self._end_command()
            else:
                return self._end_command()
        return handle(request)  # type: ignore[no-any-return]

    def _end_command(self) -> None:
        os.kill(self.warm.child, signal.SIGKILL)

    def _announced(self) -> int:
        """Return where the last intent ends in the log: it is on the disk before its request is sent."""
        content, end, found = self.log.read_bytes() if self.log.exists() else b"", 0, 0
        for line in content.splitlines(keepends=True):
            end += len(line)
            if line.endswith(b"\n") and json.loads(line)["record"] in ("intent", "plan"):
                found = end
        return found


def kind_of(request: Request) -> str:
    path = request.path.lower()
    if request.method in ACTING:
        return "poll" if path.endswith("status") else "read" if path.endswith("resources") else "send"
    if "/locations/" in path:
        return "poll"
    return "look" if path.split("/")[-2:-1] == ["virtualmachines"] and "scalesets" not in path else "read"


@contextmanager
def story_of(warm: WarmAz, sim: Simulator, folder: Path) -> Iterator[Story]:
    """Begin a story in a world as it is at first, and see every request that comes."""
    log = folder / "log"
    log.unlink(missing_ok=True)
    sim.reset()
    story = Story(warm, sim, log)
    server = sim._server
    handle = server.answer
    server.answer = lambda request: story.answer(request, handle)
    try:
        yield story
    finally:
        server.answer = handle

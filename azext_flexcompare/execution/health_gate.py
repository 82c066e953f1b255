"""The health gate between batches: instances are polled until all are healthy at once, or its time is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, Protocol

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.instance_polling import read_instance
from azext_flexcompare.arm.rate_limits import limits, rate_limit_key
from azext_flexcompare.arm.responses import Forbidden
from azext_flexcompare.instances import DELETING, GONE, NOT_ALLOCATED, Instance, ResourceId, is_in_transition
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import UNFINISHED, Outcome, Status
from azext_flexcompare.scheduler.poller import Acceptance, Failure, Poll, Unanswered
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import format_utc

SWEEP_TIMEOUT, SHORTEST_SWEEP = 60, 5  # seconds in which the service must answer for each instance of a sweep
BAKE_INTERVAL = 10.0  # seconds between two sweeps of instances that must stay healthy
MANY_FORBIDDEN = 3  # polls in a row that the role may not make, which pass where a role was assigned a moment ago
RUNNING = "running"


class Report(NamedTuple):
    """What the guest of an instance reports: why it is not healthy, or None, and when it reported that."""

    trouble: str | None
    at: datetime | None = None


class Subject(NamedTuple):
    """An instance that the run did something to, and how to tell a report from after that."""

    instance: Instance
    booted: bool = False  # the operation booted it, so that earlier reports say nothing
    began: datetime | None = None  # when the operation began, by the service's own clock
    before: Mapping[str, datetime | None] | None = None  # time of the last report of each check before; None: not known
    power_before: str | None = None

    @property
    def name(self) -> str:
        """Return the name of the instance."""
        return self.instance.name


class Check(Protocol):
    """A check of one instance."""

    def __call__(self, subject: Subject, found: Instance, /) -> str | None:
        """Return why an instance, as it was read, is not healthy, or None."""


@dataclass(frozen=True)
class ReportCheck:
    """A check of what the guest reports in the instance view."""

    name: str
    who: str
    read: Callable[[Any], Report]

    def __call__(self, subject: Subject, found: Instance) -> str | None:
        """Return why the report is not one of a healthy guest, or why it is none of after the operation."""
        report = self.read(found.resource.instance_view)
        if report.trouble or not subject.booted or self._is_new(subject, report):
            return report.trouble
        return f"{self.who} has not reported since the operation; its last report is of {format_utc(report.at)}."

    def _is_new(self, subject: Subject, report: Report) -> bool:
        if report.at is None or (subject.began and report.at <= subject.began):
            return False
        return subject.before is None or report.at != subject.before.get(self.name)


def agent_report(view: Any) -> Report:
    """Return the report of the VM agent."""
    statuses = (view.vm_agent.statuses if view and view.vm_agent else None) or ()
    ready = [status for status in statuses if (status.display_status or "").lower() == "ready"]
    if ready:
        return Report(None, max((status.time for status in ready if status.time), default=None))
    shown = next((status.display_status for status in statuses if status.display_status), None)
    return Report(f"Its VM agent is {shown}." if shown else "Its VM agent does not report.")


def application_report(view: Any) -> Report:
    """Return the report of the Application Health extension."""
    status = view.vm_health.status if view and view.vm_health else None
    if status is None:
        return Report("It reports no application health; the Application Health extension does that.")
    health = (status.code or "").partition("/")[2]
    healthy = health.lower() == "healthy"
    return Report(None if healthy else f"Its application is {health or 'of unknown health'}.", status.time)


CHECKS = {
    "vm-agent": ReportCheck("vm-agent", "Its VM agent", agent_report),
    "app-health": ReportCheck("app-health", "Its application", application_report),
}


class Gate(NamedTuple):
    """The checks that each instance must pass, for how many seconds at most, and whether the operation boots.

    `command` makes a check that ends by a moment of the monotonic clock; `bake` are the seconds that all of the
    instances must stay healthy.
    """

    name: str
    timeout: int
    checks: Sequence[Check]
    boots: bool = False
    command: Callable[[float], Check] | None = None
    bake: float = 0


def subjects_of(
    gate: Gate, operation: Operation, outcomes: Iterable[Outcome[Instance]], before: Mapping[ResourceId, Instance]
) -> list[Subject]:
    """Return the instances that a gate is about: those that the run did something to.

    One that failed counts for --max-errors alone, and one that was skipped is as it was. `before` are the instances as
    they were before the operation, by id.
    """
    return [
        _subject(gate, operation, one, before.get(one.target.id, one.target))
        for one in outcomes
        if one.status == Status.SUCCEEDED
    ]


def _subject(gate: Gate, operation: Operation, outcome: Outcome[Instance], before: Instance) -> Subject:
    was_so_already = operation.powerState is not None and before.power_state == operation.powerState
    reports = before.resource and {
        check.name: check.read(before.resource.instance_view).at for check in CHECKS.values()
    }
    booted = gate.boots and not was_so_already
    # Where neither the service's time nor an earlier report is known, the clock of this machine is all there is.
    began = outcome.began or (outcome.started if reports is None else None)
    return Subject(outcome.target, booted, began, reports, power_before=before.power_state)


_SERVICE = Service[Subject](lambda subject: rate_limit_key(subject.instance))


class Health(NamedTuple):
    """Why an instance is not healthy, or why the gate does not wait for it; neither is that it is healthy."""

    trouble: str | None = None
    left_out: str | None = None


class Verdict(NamedTuple):
    """How a gate ended: which instances are not healthy and which were not waited for, and why; its seconds."""

    unhealthy: Sequence[tuple[Instance, str]]
    left_out: Sequence[tuple[Instance, str]]
    seconds: float


def wait_until_healthy(
    azure: Azure,
    gate: Gate,
    subjects: Sequence[Subject],
    observer: Observer[Subject],
    *,
    rest: Callable[[float], None] = time.sleep,
) -> Verdict:
    """Poll instances until all are healthy in one sweep, and stay so, or the time is over.

    A sweep reads every instance once. Instances that it finds in trouble are polled until they are healthy, and then
    all are swept again, so that one that was healthy for a moment passes no gate. `rest` waits for so many seconds.
    """
    return _Wait(azure, gate, subjects, observer).verdict(rest)


class _Wait:
    def __init__(self, azure: Azure, gate: Gate, subjects: Sequence[Subject], observer: Observer[Subject]) -> None:
        self.azure, self.gate, self.subjects, self.observer = azure, gate, subjects, observer
        self.began = time.monotonic()
        last = [gate.command(self.began + gate.timeout)] if gate.command else []
        self.checks = [*gate.checks, *last]
        self.left_out: dict[str, tuple[Instance, str]] = {}
        self.closed = threading.Event()  # the role may not read an instance

    @property
    def remaining(self) -> float:
        """Return the seconds that are left until the gate's time is over."""
        return self.gate.timeout - (time.monotonic() - self.began)

    def verdict(self, rest: Callable[[float], None]) -> Verdict:
        """Wait; an instance that is in trouble during the bake is waited for again, unless the time is over."""
        while True:
            unhealthy = self._until_healthy()
            if unhealthy or self.observer.interrupted():
                break
            unhealthy = self._bake(rest)
            if not unhealthy or self._is_over():
                break
        seconds = time.monotonic() - self.began
        return Verdict([(one.instance, why) for one, why in unhealthy], list(self.left_out.values()), seconds)

    def _until_healthy(self) -> list[tuple[Subject, str]]:
        while True:
            unhealthy = self._sweep()
            if not unhealthy or self._is_over():
                return unhealthy
            unhealthy = self._poll([subject for subject, _ in unhealthy], self.remaining, once=False)
            if unhealthy or self.observer.interrupted():
                return unhealthy

    def _is_over(self) -> bool:
        return self.closed.is_set() or self.remaining <= 0 or self.observer.interrupted()

    def _bake(self, rest: Callable[[float], None]) -> list[tuple[Subject, str]]:
        end = time.monotonic() + self.gate.bake
        while (left := end - time.monotonic()) > 0:
            rest(min(BAKE_INTERVAL, left))
            unhealthy = [] if self.observer.interrupted() else self._sweep()
            if unhealthy or self.observer.interrupted():
                return unhealthy
        return []

    def _sweep(self) -> list[tuple[Subject, str]]:
        swept = [one for one in self.subjects if one.instance.id not in self.left_out]
        return self._poll(swept, min(SWEEP_TIMEOUT, max(self.remaining, SHORTEST_SWEEP)), once=True)

    def _poll(self, targets: Sequence[Subject], timeout: float, once: bool) -> list[tuple[Subject, str]]:
        watch = partial(_HealthPoller, self.azure, self.checks, once, closed=self.closed)
        outcomes = send_and_poll(targets, watch, limits(timeout, sends=None), self.observer, service=_SERVICE)
        left = [(one.target.instance, why) for one in outcomes if (why := _left(one))]
        self.left_out.update((instance.id, (instance, why)) for instance, why in left)
        return [(one.target, why) for one in outcomes if (why := _trouble(one))]


@dataclass(eq=False)
class _HealthPoller:
    """The poller of the health of one instance; with `once` one answer is enough."""

    azure: Azure
    checks: Sequence[Check]
    once: bool
    subject: Subject
    closed: threading.Event  # set once the gate cannot pass
    forbidden: int = 0  # polls in a row

    @property
    def acceptance(self) -> Acceptance:
        """Return an acceptance without a request, so that the instance is polled."""
        return Acceptance(Poll(done=False))

    def poll(self) -> Poll:
        """Read the instance once; where the role may not, now and at later polls, no other is waited for."""
        try:
            reading = read_instance(self.azure, self.subject.instance)
        except Forbidden as failure:
            self.forbidden += 1
            if self.forbidden <= MANY_FORBIDDEN:
                raise Unanswered(": ".join(failure.error)) from failure
            self.closed.set()
            return Poll(done=True, result=Health(f"It may not be read: {': '.join(failure.error)}"))
        except Failure as failure:
            raise Unanswered(": ".join(failure.error)) from failure
        self.forbidden = 0
        health = health_of(self.checks, self.subject, reading.instance, reading.absence)
        done = self.once or not health.trouble or self.closed.is_set()
        return Poll(done, remaining=reading.remaining, result=health)


def health_of(checks: Sequence[Check], subject: Subject, found: Instance | None, absence: str = GONE) -> Health:
    """Return the health of an instance as it was read, None where it is not there, with the reason."""
    if found is None:
        return Health(left_out=absence)
    if (found.provisioning_state or "").lower() == "deleting":
        return Health(left_out=DELETING)
    if found.power_state in NOT_ALLOCATED:  # it cannot become healthy
        return Health(left_out=f"It is {found.power_state}.")
    if found.power_state and found.power_state == subject.power_before != RUNNING and not subject.booted:
        return Health(left_out=f"It was {found.power_state} before.")
    if is_in_transition(found):
        return Health(f"Its provisioningState is {found.provisioning_state}.")
    return Health(next((trouble for check in checks if (trouble := check(subject, found))), None))


def _trouble(outcome: Outcome[Subject]) -> str | None:
    """Return why an instance is not healthy by the last answer, or why there was none."""
    if outcome.status in UNFINISHED:
        return None
    if isinstance(outcome.result, Health):
        return outcome.result.trouble
    return outcome.error.message if outcome.error else None


def _left(outcome: Outcome[Subject]) -> str | None:
    return outcome.result.left_out if isinstance(outcome.result, Health) else None

"""The scheduler, which sends any number of targets, polls each until it ends, and returns one outcome for each.

A few threads share the work, one request at a time. Between its requests a target occupies no thread, so any number of
operations can be in progress and a slow one delays no other.
"""

from __future__ import annotations

import heapq
import time
from bisect import insort
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from statistics import median_low
from typing import Generic, TypeVar

from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.list_poll import ListSchedule
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import (
    Acceptance,
    Departed,
    Failure,
    NotAccepted,
    OutcomeCheck,
    OutcomeUnknown,
    Poll,
    Poller,
    TemporaryFailure,
    Throttled,
    Unanswered,
)
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.scheduler.state import RateLimitGroup, TargetsOf, TargetState
from azext_flexcompare.scheduler.workers import Workers

T = TypeVar("T")

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0  # seconds before a throttled target is sent again where the service names none
SHUTDOWN_GRACE = 1.5  # seconds that requests in progress are given after an interruption
TICK = 0.25  # seconds at most between checks for an interruption
LONGEST_POLL_GAP = 60.0  # seconds after which a target is polled even if no listing has found it
NOT_TAKEN = "The service took no further request in time."
PROBES = 4  # requests at once in a rate-limit group until the service accepts one, and after it refused one
MAX_SENDS = 3  # of a target that turns out each time not to have been accepted


def send_and_poll(
    targets: Sequence[T], send: Callable[[T], Poller], limits: Limits, observer: Observer[T], *, service: Service[T]
) -> list[Outcome[T]]:
    """Send every target once and poll it until it ends; return one outcome for each, in the targets' order.

    `send` raises Failure where the target fails, Throttled where it was not accepted. After an interruption nothing
    new is sent: what was sent is Interrupted, the rest NotStarted. Once the observer has a reason to stop, nothing new
    is sent either, but what was sent is polled until it ends.
    """
    workers: Workers[TargetState[T] | ListSchedule[T]] = Workers(min(limits.workers, len(targets)))
    with workers:
        return _Scheduler(targets, limits, observer, service=service, send=send, workers=workers).outcomes()


class _Scheduler(Generic[T]):
    def __init__(
        self,
        targets: Sequence[T],
        limits: Limits,
        observer: Observer[T],
        *,
        service: Service[T],
        send: Callable[[T], Poller],
        workers: Workers[TargetState[T] | ListSchedule[T]],
    ) -> None:
        self.limits, self.observer, self.service, self.send, self.workers = limits, observer, service, send, workers
        self.groups: dict[Hashable, RateLimitGroup[T]] = {}
        for index, target in enumerate(targets):
            key = service.rate_limit_key(target)
            group = self.groups.setdefault(key, RateLimitGroup(*service.estimates.buckets(key, limits)))
            group.waiting.append(TargetState(target, index, group))
        self.found: dict[int, Outcome[T]] = {}
        self.total = len(targets)
        self.width = limits.parallel or self.total
        self.in_progress: set[TargetState[T]] = set()
        self.due: list[tuple[float, int, TargetState[T]]] = []
        self.poll_interval = service.estimates.poll_interval
        self.listings = ListSchedule(service.list_poll, self.poll_interval, targets)
        self.polled_by = (False, False)  # whether listings replace polls, and whether polls follow an estimate

    def outcomes(self) -> list[Outcome[T]]:
        while len(self.found) < self.total:
            if self.observer.interrupted():
                self._interrupt()
                break
            if reason := self.observer.stop_reason():
                self._stop_waiting(reason)
            self._dispatch(time.monotonic())
            self._collect(self._until_next(time.monotonic()))
            waiting = sum(len(group.waiting) for group in self.groups.values())
            self.observer.on_turn(TargetsOf(self.in_progress), waiting)
        return [self.found[index] for index in range(self.total)]

    # What the threads do next

    def _send(self, state: TargetState[T]) -> tuple[Poller, Acceptance]:
        poller = self.send(state.target)
        return poller, poller.acceptance

    def _dispatch(self, now: float) -> None:
        self._reschedule()
        for group in self.groups.values():
            self._dispatch_sends(group, now)
        self._dispatch_listing(now)
        while self.due and self.due[0][0] <= now and self.workers.free:
            due, _, state = heapq.heappop(self.due)
            if state.poller is None or due != state.due or state in self.workers.busy:
                continue  # it has ended, or is polled at another time
            pause = state.group.polls.wait(now)
            if pause:
                self._poll_later(state, pause)
            else:
                state.group.polls.take(now)
                self.workers.submit(state, state.poller.poll)

    def _reschedule(self) -> None:
        """Change the time of each poll once listings begin or end, or once it is known how long operations take."""
        polled_by = (self._listing_replaces_polls(), self.poll_interval.has_estimate)
        if polled_by != self.polled_by:
            self.polled_by = polled_by
            for state in self.in_progress - self.workers.busy:
                if not state.outcome_check:  # which no listing replaces
                    self._poll_later(state)

    def _dispatch_sends(self, group: RateLimitGroup[T], now: float) -> None:
        states = self._next_of(group, now)
        if states and not self.observer.before_send([state.target for state in states]):
            self.in_progress.difference_update(states)
            group.waiting.extendleft(reversed(states))
            return
        for state in states:
            if state.started is None:
                state.began, state.started = now, datetime.now(timezone.utc)
                self.listings.start(now)
            self.workers.submit(state, partial(self._send, state))

    def _next_of(self, group: RateLimitGroup[T], now: float) -> list[TargetState[T]]:
        """Remove from a group the targets that may be sent at once; from here on they are in progress."""
        self._give_up_closed(group, now)
        states = list[TargetState[T]]()
        while (
            len(self.in_progress) < self.width
            and len(states) < min(self.workers.free, self._open(group))
            and not group.sends.wait(now)
            and (state := self._first_of(group, now))
            and not self._wait_to_read(state, now)
        ):
            group.waiting.remove(state)
            if state.started and self._left(state) <= 0:
                self._give_up(state)
                continue
            self.in_progress.add(state)
            group.sends.take(now)
            group.polls.take(now, self._reads(state))
            states.append(state)
        return states

    def _first_of(self, group: RateLimitGroup[T], now: float) -> TargetState[T] | None:
        """Return the first of the targets that wait which may be sent now."""
        admit = self.service.admit
        if admit is None:
            return group.waiting[0] if group.waiting and group.waiting[0].not_before <= now else None
        return next((one for one in group.waiting if one.not_before <= now and admit(one.target)), None)

    def _reads(self, state: TargetState[T]) -> int:
        return self.service.reads(state.target) if self.service.reads else 0

    def _wait_to_read(self, state: TargetState[T], now: float) -> float:
        """Return the seconds until what is read before a target is sent may be read."""
        reads = self._reads(state)
        return state.group.polls.wait(now, reads) if reads else 0.0

    def _open(self, group: RateLimitGroup[T]) -> int:
        """Return how many requests may be sent at once: few until the service accepts one, and after a refusal."""
        unanswered = sum(each.poller is None and each.group is group for each in self._busy())
        return self.total if group.accepts else PROBES - unanswered

    def _give_up_closed(self, group: RateLimitGroup[T], now: float) -> None:
        """End the targets whose time is over before the service takes their request."""
        wait = group.sends.closed - now
        if wait <= 0:
            return
        for state in list(group.waiting):
            left = self._left(state) if state.started else self.limits.timeout or float("inf")
            if left < max(wait, state.not_before - now) or left <= 0:
                group.waiting.remove(state)
                self._give_up(state)

    def _dispatch_listing(self, now: float) -> None:
        idle = self.workers.free > 0 and self.listings not in self.workers.busy
        if not (idle and self.in_progress) or self.listings.wait(now) > 0:
            return
        unsent, full = sum(len(group.waiting) for group in self.groups.values()), len(self.in_progress) >= self.width
        states = self.listings.due(self.in_progress, now, unsent=unsent, full=full)
        if states and self.listings.take_reads(states, now):
            self.workers.submit(self.listings, self.listings.listing(states))

    def _listing_replaces_polls(self) -> bool:
        return self.listings.replaces_polls(len(self.in_progress))

    # What the threads return

    def _until_next(self, now: float) -> float:
        if not self.workers.free:
            return TICK
        moments = [self.due[0][0] - now] if self.due else []
        full = len(self.in_progress) >= self.width
        moments += [self._next_send(group, now) for group in self.groups.values() if group.waiting and not full]
        if self.in_progress and self.listings not in self.workers.busy:
            moments.append(self.listings.wait(now))
        return max(0.0, min([TICK, *moments]))

    def _next_send(self, group: RateLimitGroup[T], now: float) -> float:
        if self._open(group) <= 0 or self.service.admit:
            return TICK
        first = group.waiting[0]
        return max(group.sends.wait(now), self._wait_to_read(first, now), first.not_before - now)

    def _collect(self, seconds: float) -> None:
        for key, answer in self.workers.collect(seconds):
            if isinstance(key, ListSchedule):
                self._apply_listing(answer)
            else:
                self._apply(key, answer)

    def _apply_listing(self, answer: object) -> None:
        now = time.monotonic()
        # The median, so that one that does not end makes no others wait, as where each begins after another's end.
        began = median_low([state.began for state in self.in_progress] or [now])
        ended, going = self.listings.found(answer, now - began, now)
        for state in ended:
            if state.poller and state not in self.workers.busy:
                self._poll_at(state, now)
        # Polled only after the next listing, unless no listing finds its end for too long.
        then = now + self.listings.wait(now) + TICK
        for state in going:
            moment = min(then, state.hinted + LONGEST_POLL_GAP, now + self._left(state))
            if state.hinted and state.poller and state not in self.workers.busy and state.due < moment:
                self._poll_at(state, moment)

    def _apply(self, state: TargetState[T], answer: object) -> None:
        if isinstance(answer, Throttled):
            self._retry_throttled(state, answer)
        elif isinstance(answer, Unanswered) and state.poller is None:  # of what is read before the request is sent
            self._retry_throttled(state, Throttled(error=Error("Unanswered", answer.why), alone=True))
        elif isinstance(answer, Unanswered):
            state.unanswered = answer.why
            self._poll_later(state)
        elif isinstance(answer, NotAccepted):
            self._send_again(state, answer)
        elif isinstance(answer, Departed):
            self._end(state, Status.SKIPPED, reason=answer.reason)
        elif isinstance(answer, BaseException):
            self._fail(state, answer if isinstance(answer, Failure) else _unexpected(answer))
        elif isinstance(answer, Poll):
            self._polled(state, answer)
        else:
            self._accepted(state, *answer)  # type: ignore[misc]

    def _fail(self, state: TargetState[T], answer: Failure) -> None:
        state.group.accepts |= not isinstance(answer, OutcomeUnknown)
        if isinstance(answer, TemporaryFailure) and state.poller is None and state.retried < self.limits.retries:
            state.retried += 1
            self.observer.on_postponed(state.target, answer.error, sent=True)
            self._send_later(state, min(LONGEST_RETRY, FIRST_RETRY * 2 ** (state.retried - 1)), answer.error)
            return
        if not state.outcome_check:
            state.outcome_check = self._check_outcome(state, answer)
            if state.outcome_check:
                state.poller = state.outcome_check
                self._poll_at(state, time.monotonic())
                return
        if isinstance(answer, OutcomeUnknown):
            self._end(state, Status.TIMED_OUT, answer.error, answer.reason)
        else:
            self._end(state, Status.FAILED, answer.error)

    def _check_outcome(self, state: TargetState[T], failure: Failure) -> OutcomeCheck | None:
        resolve, accepted = self.service.resolve_unknown, state.poller is not None
        return resolve(state.target, failure, accepted) if resolve else None

    def _accepted(self, state: TargetState[T], poller: Poller, acceptance: Acceptance) -> None:
        state.group.accepts = True
        state.poller, state.url, state.throttled = poller, acceptance.url, 0
        state.learn(acceptance.poll, time.monotonic())
        unanswered = sum(each.poller is None and each.group is state.group for each in self._busy())
        state.group.sends.learn(state.latest.remaining, time.monotonic(), unanswered)
        self.observer.on_accepted(state.target, state.url, acceptance.result_url)
        if not self.limits.wait:
            self._end(state, Status.ACCEPTED)
        elif state.latest.done:
            self._end(state, Status.SUCCEEDED)
        else:
            self.listings.hinted(state)
            self._poll_later(state)

    def _polled(self, state: TargetState[T], poll: Poll) -> None:
        state.learn(poll, time.monotonic())
        state.polled, state.throttled, state.unanswered = True, 0, ""
        unanswered = sum(self._reads(each) if each.poller is None else 1 for each in self._busy())
        state.group.polls.learn(poll.remaining, time.monotonic(), unanswered)
        if state.outcome_check and not self.limits.wait:
            self._end(state, Status.ACCEPTED)
            return
        if not poll.done:
            self.listings.hinted(state)
            self._poll_later(state)
            return
        self._learn_duration(poll.took)
        self._end(state, Status.SUCCEEDED)

    def _busy(self) -> Iterator[TargetState[T]]:
        return (key for key in self.workers.busy if isinstance(key, TargetState))

    def _learn_duration(self, seconds: float | None) -> None:
        now = time.monotonic()
        if seconds is not None:
            self.poll_interval.learn(seconds, (now - state.began for state in self.in_progress if state.poller))

    def _retry_throttled(self, state: TargetState[T], throttled: Throttled) -> None:
        state.throttled += 1
        pause = throttled.after or min(LONGEST_RETRY, FIRST_RETRY * 2 ** (state.throttled - 1))
        if throttled.by_limit:
            self.observer.on_throttled(state.target, throttled.after, sent=state.poller is None)
        else:
            self.observer.on_postponed(state.target, throttled.error, sent=state.poller is None)
        if state.poller is not None:
            state.unanswered = ": ".join(throttled.error or ())
            if not throttled.alone:
                state.group.polls.close(time.monotonic() + pause)
            self._poll_later(state, pause)
            return
        if not throttled.alone:
            state.group.accepts, state.group.refusal = False, throttled.error
            state.group.sends.close(time.monotonic() + pause)
        self._send_later(state, pause, throttled.error, alone=throttled.alone)

    def _send_later(self, state: TargetState[T], pause: float, error: Error | None, *, alone: bool = True) -> None:
        """Send a target again that was not accepted, unless its time is over before."""
        self.in_progress.discard(state)
        state.refusal = error
        if self._left(state) <= pause:
            self._give_up(state)
        elif alone:
            state.not_before = time.monotonic() + pause
            insort(state.group.waiting, state, key=lambda one: one.not_before)
        else:
            state.group.waiting.appendleft(state)

    def _send_again(self, state: TargetState[T], answer: NotAccepted) -> None:
        state.not_accepted += 1
        if state.not_accepted >= MAX_SENDS:
            self._end(state, Status.TIMED_OUT, answer.error)
            return
        state.poller, state.outcome_check, state.polled, state.not_before = None, None, False, 0.0
        self.in_progress.discard(state)
        state.group.waiting.appendleft(state)

    def _give_up(self, state: TargetState[T]) -> None:
        error = state.refusal or state.group.refusal
        self._end(state, Status.TIMED_OUT, error or Error("Throttled", NOT_TAKEN), NOT_TAKEN if error else None)

    def _poll_later(self, state: TargetState[T], pause: float | None = None) -> None:
        left = self._left(state)
        if left <= 0:
            why = f" The latest poll brought no answer: {state.unanswered}" if state.unanswered else ""
            self._end(state, Status.TIMED_OUT, Error("TimedOut", f"No end after {self.limits.timeout:g} s.{why}"))
            return
        now = time.monotonic()
        self._poll_at(state, now + min(pause or self._pause(state, now), left))

    def _pause(self, state: TargetState[T], now: float) -> float:
        learned = self.poll_interval.pause(now - state.began, polled=state.polled)
        if state.hinted > now:
            return max(state.hinted - now, learned if self.poll_interval.has_estimate else 0.0)
        # As last rescheduled: a time that counts on a listing is changed once listings end, even within one turn.
        # No listing is about a target whose outcome is unknown.
        listed = self.polled_by[0] and not state.polled and not state.outcome_check
        return LONGEST_POLL_GAP if listed else learned

    def _poll_at(self, state: TargetState[T], moment: float) -> None:
        state.due = moment
        heapq.heappush(self.due, (moment, state.index, state))

    def _left(self, state: TargetState[T]) -> float:
        return (self.limits.timeout or float("inf")) - (time.monotonic() - state.began)

    def _end(self, state: TargetState[T], status: str, error: Error | None = None, reason: str | None = None) -> None:
        self.in_progress.discard(state)
        ended = status in (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT)
        outcome = self.found[state.index] = Outcome(
            state.target,
            status,
            error,
            reason or (state.outcome_check.reason if state.outcome_check else None),
            started=state.started,
            finished=datetime.now(timezone.utc) if ended else None,
            seconds=round(time.monotonic() - state.began, 3) if ended and state.started else None,
            url=state.url,
            result=state.latest.result,
            began=state.latest.began,
        )
        state.poller = state.outcome_check = None  # with all its answers; self.due may still hold the state
        self.observer.on_outcome(outcome)

    def _interrupt(self) -> None:
        end = time.monotonic() + SHUTDOWN_GRACE
        self.due.clear()
        self.limits = self.limits._replace(timeout=None)
        while self.workers.busy and time.monotonic() < end:
            self._collect(TICK)
        self._stop_waiting("Interrupted before its turn.")
        may_be_active = [state for group in self.groups.values() for state in group.waiting]
        for state in [*self.in_progress, *may_be_active]:
            self._end(state, Status.INTERRUPTED, reason="End not seen.")

    def _stop_waiting(self, reason: str) -> None:
        """End the targets that wait, except those that an earlier run may have sent."""
        for group in self.groups.values():
            unsent = [state for state in group.waiting if not self._may_be_active(state)]
            group.waiting = deque(state for state in group.waiting if self._may_be_active(state))
            for state in unsent:
                state.started = None  # a throttled target was sent, but never accepted
                self._end(state, Status.NOT_STARTED, reason=reason)

    def _may_be_active(self, state: TargetState[T]) -> bool:
        return not state.not_accepted and self.observer.may_be_active(state.target)


def _unexpected(error: BaseException) -> OutcomeUnknown:
    """Return what an error means that nothing foresees: it says nothing of the target."""
    return OutcomeUnknown(Error(type(error).__name__, str(error)), "What became of it is not known.")

"""How are many targets sent and watched at once, with exactly one outcome each?

Knows nothing of Azure. Sending and watching are steps that a few threads take in turn, each one request long; between
its steps a target occupies no thread, so any number of operations can be in flight and a slow one holds nobody up.
"""

from __future__ import annotations

import heapq
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from typing import Generic, TypeVar

from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import (
    Acceptance,
    Failure,
    ListPoll,
    NotAccepted,
    Poll,
    Poller,
    ResolveUnknown,
    Throttled,
    Unanswered,
)
from azext_flexcompare.scheduler.state import Estimates, Limits, RateLimitGroup, TargetState

T = TypeVar("T")

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0  # seconds before a throttled target is sent again where the service names none
SHUTDOWN_GRACE = 1.5  # seconds that requests under way are given after an interruption
TICK = 0.25  # seconds at most without looking up, so that an interruption is noticed on every system
LIST_POLL_INTERVAL, LIST_POLL_GROWTH = (
    1.0,
    0.2,
)  # seconds between surveys at first, and their share of the time since the start
TARGETS_PER_REQUEST = 4  # targets for each request of a survey; with fewer it is quicker to look at each
LONGEST_POLL_GAP = 60.0  # seconds after which a target is looked at even if no survey has named it
MAX_SENDS = 3  # of a target of which it turns out each time that it was not taken


def send_and_poll(
    targets: Sequence[T],
    send: Callable[[T], Poller],
    limits: Limits,
    observer: Observer[T] | None = None,
    rate_limit_key: Callable[[T], Hashable] = lambda _: None,
    list_poll: ListPoll[T] | None = None,
    resolve_unknown: ResolveUnknown[T] = lambda _target, _failure, _accepted: None,
    estimates: Estimates | None = None,
) -> list[Outcome[T]]:
    """Send every target once and watch it to its end; list one outcome for each, in the targets' order.

    `send` raises Failure where the target fails, Throttled where it was not accepted. Once the overseer knows of an
    interruption nothing new is sent; what was sent is Interrupted, the rest NotStarted; once it has enough, nothing
    new is sent either, but what was sent is seen to its end. `lane_of` says which targets share the service's limits.
    A survey spares looks; what it says decides nothing. `recourse` may have a flight that finds out what a failure
    leaves open. `learned` is what runs before this one have learned.
    """
    return _Scheduler(
        targets,
        send,
        limits,
        observer or Observer(),
        rate_limit_key,
        list_poll,
        resolve_unknown,
        estimates or Estimates(),
    ).outcomes()


class _Scheduler(Generic[T]):
    def __init__(
        self,
        targets: Sequence[T],
        send: Callable[[T], Poller],
        limits: Limits,
        observer: Observer[T],
        rate_limit_key: Callable[[T], Hashable],
        list_poll: ListPoll[T] | None,
        resolve_unknown: ResolveUnknown[T],
        estimates: Estimates,
    ) -> None:
        self.send, self.limits, self.observer, self.list_poll = send, limits, observer, list_poll
        self.resolve_unknown, self.poll_interval = resolve_unknown, estimates.poll_interval
        self.groups: dict[Hashable, RateLimitGroup[T]] = {}
        for index, target in enumerate(targets):
            key = rate_limit_key(target)
            group = self.groups.setdefault(key, RateLimitGroup(*estimates.of_group(key, limits)))
            group.waiting.append(TargetState(target, index, group))
        self.found: dict[int, Outcome[T]] = {}
        self.total = len(targets)
        self.workers = min(limits.workers, self.total)
        self.in_progress: set[TargetState[T]] = set()
        self.due: list[tuple[float, int, TargetState[T]]] = []
        self.list_polled: list[TargetState[T]] = []  # whom the survey under way is about
        self.next_list_poll = 0.0
        self.grounds = (False, False)
        self.todo: queue.SimpleQueue[tuple[TargetState[T] | None, Callable[[], object]] | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[tuple[TargetState[T] | None, object]] = queue.SimpleQueue()
        self.busy: set[TargetState[T] | None] = set()  # None is the survey

    def outcomes(self) -> list[Outcome[T]]:
        for _ in range(self.workers):
            threading.Thread(target=self._work, daemon=True).start()  # daemon: an interrupted run need not wait
        while len(self.found) < self.total:
            if self.observer.interrupted():
                self._interrupt()
                break
            if reason := self.observer.stop_reason():
                self._stop_waiting(reason)
            self._dispatch(time.monotonic())
            self._collect(self._until_next(time.monotonic()))
            waiting = sum(len(group.waiting) for group in self.groups.values())
            self.observer.on_turn([state.target for state in self.in_progress], waiting)
        for _ in range(self.workers):
            self.todo.put(None)
        return [self.found[index] for index in range(self.total)]

    # What threads do

    def _work(self) -> None:
        while (step := self.todo.get()) is not None:
            state, act = step
            try:
                answer = act()
            except BaseException as exception:  # noqa: BLE001  (the one boundary where exceptions become outcomes)
                answer = exception
            self.done.put((state, answer))

    def _send(self, state: TargetState[T]) -> tuple[Poller, Acceptance]:
        poller = self.send(state.target)
        return poller, poller.acceptance

    # What is handed to them

    def _dispatch(self, now: float) -> None:
        self._reschedule()
        for group in self.groups.values():
            self._dispatch_sends(group, now)
        self._dispatch_list_poll(now)
        while self.due and self.due[0][0] <= now and len(self.busy) < self.workers:
            due, _, state = heapq.heappop(self.due)
            if state.poller is None or due != state.due or state in self.busy:
                continue  # it has ended, or is polled at another time
            pause = state.group.looks.wait(now)
            if pause:
                self._poll_at(state, now + pause)
            else:
                state.group.looks.take(now)
                self._submit(state, state.poller.poll)

    def _reschedule(self) -> None:
        """Look at everybody at another time once surveys begin or end, or once it is known how long operations take."""
        grounds = (self._list_polling(), self.poll_interval.has_estimate)
        if grounds != self.grounds:
            self.grounds = grounds
            for state in self.in_progress - self.busy:
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
                self.next_list_poll = self.next_list_poll or now + LIST_POLL_INTERVAL
            self._submit(state, partial(self._send, state))

    def _next_of(self, group: RateLimitGroup[T], now: float) -> list[TargetState[T]]:
        """Take whoever may be sent at once out of a lane; they are in flight from here on."""
        width, states = self.limits.parallel or self.total, list[TargetState[T]]()
        while (
            group.waiting
            and len(self.in_progress) < width
            and len(self.busy) + len(states) < self.workers
            and not group.sends.wait(now)
        ):
            state = group.waiting.popleft()
            if state.started and self._left(state) <= 0:
                self._give_up(state)
                continue
            self.in_progress.add(state)
            group.sends.take(now)
            states.append(state)
        return states

    def _dispatch_list_poll(self, now: float) -> None:
        if (
            self.list_poll
            and self.in_progress
            and now >= self.next_list_poll
            and None not in self.busy
            and self._list_polling()
        ):
            self.list_polled = [state for state in self.in_progress if state.poller]
            for _ in range(self.list_poll.requests()):
                next(iter(self.groups.values())).looks.take(now)
            self._submit(None, partial(self.list_poll.ended, [state.target for state in self.list_polled]))

    def _submit(self, state: TargetState[T] | None, act: Callable[[], object]) -> None:
        self.busy.add(state)
        self.todo.put((state, act))

    def _list_polling(self) -> bool:
        # Once it is known how long operations take, asking each at the right moment is cheaper.
        if self.list_poll is None or self.poll_interval.has_estimate:
            return False
        return len(self.in_progress) >= TARGETS_PER_REQUEST * self.list_poll.requests()

    # What comes back

    def _until_next(self, now: float) -> float:
        if len(self.busy) >= self.workers:
            return TICK
        moments = [self.due[0][0] - now] if self.due else []
        full = len(self.in_progress) >= (self.limits.parallel or self.total)
        moments += [group.sends.wait(now) for group in self.groups.values() if group.waiting and not full]
        if self._list_polling() and None not in self.busy:
            moments.append(self.next_list_poll - now)
        return max(0.0, min([TICK, *moments]))

    def _collect(self, seconds: float) -> None:
        with suppress(queue.Empty):
            state, answer = self.done.get(timeout=seconds)
            while True:
                self.busy.discard(state)
                if state is None:
                    self._apply_list_poll(answer)
                else:
                    self._settle(state, answer)
                state, answer = self.done.get_nowait()

    def _apply_list_poll(self, answer: object) -> None:
        now = time.monotonic()
        began = min((state.began for state in self.in_progress), default=now)
        self.next_list_poll = now + max(LIST_POLL_INTERVAL, (now - began) * LIST_POLL_GROWTH)
        if not isinstance(answer, list):
            self.list_poll = None  # it is no help, and everybody is looked at
            return
        for place in answer:
            state = self.list_polled[place]
            if state.index not in self.found and state not in self.busy:
                self._poll_at(state, now)

    def _settle(self, state: TargetState[T], answer: object) -> None:
        if isinstance(answer, Throttled):
            self._retry_throttled(state, answer)
        elif isinstance(answer, Unanswered):
            state.unanswered = answer.why
            self._poll_later(state)
        elif isinstance(answer, NotAccepted):
            self._send_again(state, answer)
        elif isinstance(answer, BaseException):
            self._fail(state, answer)
        elif isinstance(answer, Poll):
            self._polled(state, answer)
        else:
            self._accepted(state, *answer)  # type: ignore[misc]

    def _fail(self, state: TargetState[T], answer: BaseException) -> None:
        if isinstance(answer, Failure) and not state.outcome_check:
            state.outcome_check = self.resolve_unknown(state.target, answer, state.poller is not None)
            if state.outcome_check:
                state.poller = state.outcome_check
                self._poll_later(state)
                return
        error = answer.error if isinstance(answer, Failure) else Error(type(answer).__name__, str(answer))
        self._end(state, Status.FAILED, error)

    def _accepted(self, state: TargetState[T], poller: Poller, acceptance: Acceptance) -> None:
        state.poller, state.url, state.latest, state.tries = poller, acceptance.url, acceptance.poll, 0
        under_way = sum(each is not None and each.poller is None and each.group is state.group for each in self.busy)
        state.group.sends.learn(state.latest.remaining, time.monotonic(), under_way)
        self.observer.on_accepted(state.target, state.url, acceptance.result_url)
        if not self.limits.wait:
            self._end(state, Status.ACCEPTED)
        elif state.latest.done:
            self._end(state, Status.SUCCEEDED)
        else:
            self._poll_later(state)

    def _polled(self, state: TargetState[T], poll: Poll) -> None:
        state.latest, state.looked, state.tries, state.unanswered = poll, True, 0, ""
        under_way = sum(each is not None and each.poller is not None for each in self.busy)
        state.group.looks.learn(poll.remaining, time.monotonic(), under_way)
        if state.outcome_check and not self.limits.wait:
            self._end(state, Status.ACCEPTED)
            return
        if not poll.done:
            self._poll_later(state)
            return
        self._learn_duration(poll.took)
        self._end(state, Status.SUCCEEDED)

    def _learn_duration(self, seconds: float | None) -> None:
        now = time.monotonic()
        if seconds is not None:
            self.poll_interval.learn(seconds, (now - state.began for state in self.in_progress if state.poller))

    def _retry_throttled(self, state: TargetState[T], throttled: Throttled) -> None:
        state.tries += 1
        self.observer.on_throttled(state.target, throttled.after)
        pause = throttled.after or min(LONGEST_RETRY, FIRST_RETRY * 2 ** (state.tries - 1))
        until = time.monotonic() + pause
        if state.poller is not None:
            state.group.looks.close(until)
            self._poll_later(state, pause)
            return
        self.in_progress.discard(state)
        if self._left(state) <= pause:
            self._give_up(state)
            return
        state.group.sends.close(until)
        state.group.waiting.appendleft(state)

    def _send_again(self, state: TargetState[T], answer: NotAccepted) -> None:
        state.sendings += 1
        if state.sendings >= MAX_SENDS:
            self._end(state, Status.FAILED, answer.error)
            return
        state.poller, state.outcome_check, state.looked = None, None, False
        self.in_progress.discard(state)
        state.group.waiting.appendleft(state)

    def _give_up(self, state: TargetState[T]) -> None:
        self._end(state, Status.TIMED_OUT, Error("Throttled", "The service took no further request in time."))

    def _poll_later(self, state: TargetState[T], pause: float | None = None) -> None:
        left = self._left(state)
        if left <= 0:
            why = f" The latest question brought no answer: {state.unanswered}" if state.unanswered else ""
            self._end(state, Status.TIMED_OUT, Error("TimedOut", f"No end after {self.limits.timeout:g} s.{why}"))
            return
        now = time.monotonic()
        list_polled = LONGEST_POLL_GAP if self._list_polling() and not state.looked else None
        pause = (
            pause
            or state.latest.retry_after
            or list_polled
            or self.poll_interval.pause(now - state.began, state.looked)
        )
        self._poll_at(state, now + min(pause, left))

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
            state.started,
            datetime.now(timezone.utc) if ended else None,
            round(time.monotonic() - state.began, 3) if ended else None,
            state.url,
            state.latest.result,
        )
        state.poller = state.outcome_check = None  # with all its answers; self.due may still hold the state
        self.observer.on_outcome(outcome)

    def _interrupt(self) -> None:
        end = time.monotonic() + SHUTDOWN_GRACE
        self.due.clear()
        self.limits = self.limits._replace(timeout=None)
        while self.busy and time.monotonic() < end:
            self._collect(TICK)
        self._stop_waiting("Interrupted before its turn.")
        may_be_active = [state for group in self.groups.values() for state in group.waiting]
        for state in [*self.in_progress, *may_be_active]:
            self._end(state, Status.INTERRUPTED, reason="End not seen.")

    def _stop_waiting(self, reason: str) -> None:
        """Send nothing that waits; what was sent before this run, as far as is known, is not for leaving out."""
        for group in self.groups.values():
            unsent = [state for state in group.waiting if not self._may_be_active(state)]
            group.waiting = deque(state for state in group.waiting if self._may_be_active(state))
            for state in unsent:
                state.started = None  # a throttled one had been tried, but was never accepted
                self._end(state, Status.NOT_STARTED, reason=reason)

    def _may_be_active(self, state: TargetState[T]) -> bool:
        return not state.sendings and self.observer.may_be_active(state.target)

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Generic, NamedTuple, Protocol, TypeVar

from azext_flexcompare.failure import Error
from azext_flexcompare.outcome import Outcome, Status

T = TypeVar("T")

FIRST_LOOK, LONGEST_WAIT = 0.5, 30.0  # seconds between looks where the service names none
BACK_OFF = 0.4  # the share of the time already waited that the next wait takes, so an end is seen at most that late
FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0  # seconds before a throttled target is sent again where the service names none
LAST_WORDS = 1.5  # seconds that requests under way are given after an interruption
TICK = 0.25  # seconds at most without looking up, so that an interruption is noticed on every system


class Throttled(Exception):  # noqa: N818  (not an error of the target: it was not accepted and is sent again)
    """The service did not take a request because there were too many; `after` are the seconds it asks for."""

    def __init__(self, after: float | None = None) -> None:
        super().__init__(after)
        self.after = after


class Unanswered(Exception):  # noqa: N818  (not an error of the target: the next look may succeed)
    """A look brought no answer; the operation goes on."""


class Failure(Exception):  # noqa: N818
    """The target's own failure, with the code and message to report."""

    def __init__(self, error: Error) -> None:
        super().__init__(error.message)
        self.error = error


class Flight(Protocol):
    """An operation that was accepted."""

    @property
    def result(self) -> object:
        """Give what the operation returned, once it has ended."""

    @property
    def url(self) -> str | None:
        """Say where the operation can be looked at, if there is anything left to watch."""

    def look(self) -> bool:
        """Ask once whether it has ended; raises Failure if it failed, Throttled or Unanswered to be asked again."""

    def wait(self) -> float | None:
        """Say how many seconds the service asks to wait before the next look, if it does."""


class Limits(NamedTuple):
    """How a run is held: targets in flight at once, seconds for each, threads, and whether ends are waited for."""

    parallel: int | None = None
    timeout: float | None = None
    workers: int = 32
    wait: bool = True


@dataclass(eq=False)
class _Course(Generic[T]):
    """One target on its way."""

    target: T
    index: int
    began: float = 0.0
    started: datetime | None = None
    flight: Flight | None = None
    url: str | None = None
    asked: float | None = None  # seconds that the service asks to wait
    tries: int = 0


def fan_out(
    targets: Sequence[T],
    send: Callable[[T], Flight],
    limits: Limits,
    interrupted: Callable[[], bool] = lambda: False,
) -> list[Outcome[T]]:
    """Send every target once and watch it to its end; list one outcome for each, in the targets' order.

    `send` raises Failure where the target fails, Throttled where it was not accepted. Once `interrupted` answers true
    nothing new is sent; what was sent is Interrupted, the rest NotStarted.
    """
    return _Run(targets, send, limits, interrupted).outcomes()


class _Run(Generic[T]):
    def __init__(
        self,
        targets: Sequence[T],
        send: Callable[[T], Flight],
        limits: Limits,
        interrupted: Callable[[], bool],
    ) -> None:
        self.send, self.limits, self.interrupted = send, limits, interrupted
        self.waiting = deque(_Course(target, index) for index, target in enumerate(targets))
        self.found: dict[int, Outcome[T]] = {}
        self.total = len(targets)
        self.flying: set[_Course[T]] = set()
        self.due: list[tuple[float, int, _Course[T]]] = []
        self.gate = 0.0  # no sending before this moment: one throttled answer slows everybody
        self.todo: queue.SimpleQueue[tuple[_Course[T], Callable[[_Course[T]], object]] | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[tuple[_Course[T], object]] = queue.SimpleQueue()
        self.busy: set[_Course[T]] = set()

    def outcomes(self) -> list[Outcome[T]]:
        workers = min(self.limits.workers, self.total)
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True).start()  # daemon: an interrupted run need not wait
        while len(self.found) < self.total:
            if self.interrupted():
                self._break_off()
                break
            self._hand_out(workers)
            self._take_in(self._until_next())
        for _ in range(workers):
            self.todo.put(None)
        return [self.found[index] for index in range(self.total)]

    def _work(self) -> None:
        while (step := self.todo.get()) is not None:
            course, act = step
            try:
                answer = act(course)
            except BaseException as exception:  # noqa: BLE001  (the one boundary where exceptions become outcomes)
                answer = exception
            self.done.put((course, answer))

    def _hand_out(self, workers: int) -> None:
        now = time.monotonic()
        width = self.limits.parallel or self.total
        while self.waiting and now >= self.gate and len(self.flying) < width and len(self.busy) < workers:
            course = self.waiting.popleft()
            if course.started and self._left(course) <= 0:
                self._give_up(course)
                continue
            self.flying.add(course)
            if course.started is None:
                course.began, course.started = now, datetime.now(timezone.utc)
            self._give(course, self._send)
        while self.due and self.due[0][0] <= now and len(self.busy) < workers:
            self._give(heapq.heappop(self.due)[2], self._look)

    def _give(self, course: _Course[T], act: Callable[[_Course[T]], object]) -> None:
        self.busy.add(course)
        self.todo.put((course, act))

    def _send(self, course: _Course[T]) -> Flight:
        flight = self.send(course.target)
        course.url, course.asked = flight.url, flight.wait()
        return flight

    def _look(self, course: _Course[T]) -> bool:
        assert course.flight is not None  # noqa: S101
        ended = course.flight.look()
        course.asked = course.flight.wait()
        return ended

    def _until_next(self) -> float:
        if len(self.busy) >= min(self.limits.workers, self.total):
            return TICK
        now = time.monotonic()
        moments = [self.due[0][0]] if self.due else []
        if self.waiting and self.gate > now:
            moments.append(self.gate)
        return max(0.0, min([TICK, *(moment - now for moment in moments)]))

    def _take_in(self, seconds: float) -> None:
        try:
            course, answer = self.done.get(timeout=seconds)
            while True:
                self._settle(course, answer)
                course, answer = self.done.get_nowait()
        except queue.Empty:
            return

    def _settle(self, course: _Course[T], answer: object) -> None:
        self.busy.discard(course)
        if isinstance(answer, Throttled):
            self._again(course, answer)
        elif isinstance(answer, Unanswered):
            self._later(course)
        elif isinstance(answer, Failure):
            self._end(course, Status.FAILED, answer.error)
        elif isinstance(answer, BaseException):
            self._end(course, Status.FAILED, Error(type(answer).__name__, str(answer)))
        elif course.flight is None:
            self._accepted(course, answer)  # type: ignore[arg-type]
        elif answer:
            self._end(course, Status.SUCCEEDED)
        else:
            course.tries = 0
            self._later(course)

    def _accepted(self, course: _Course[T], flight: Flight) -> None:
        course.flight, course.tries = flight, 0
        if not self.limits.wait:
            self._end(course, Status.ACCEPTED)
        elif course.url is None:
            self._end(course, Status.SUCCEEDED)
        else:
            self._later(course)

    def _again(self, course: _Course[T], throttled: Throttled) -> None:
        course.tries += 1
        pause = throttled.after or min(LONGEST_RETRY, FIRST_RETRY * 2 ** (course.tries - 1))
        if course.flight is not None:
            self._later(course, pause)
            return
        self.flying.discard(course)
        if self._left(course) <= pause:
            self._give_up(course)
            return
        self.gate = max(self.gate, time.monotonic() + pause)
        self.waiting.appendleft(course)

    def _give_up(self, course: _Course[T]) -> None:
        self._end(course, Status.TIMED_OUT, Error("Throttled", "The service took no further request in time."))

    def _later(self, course: _Course[T], pause: float | None = None) -> None:
        left = self._left(course)
        if left <= 0:
            self._end(course, Status.TIMED_OUT, Error("TimedOut", f"No end after {self.limits.timeout:g} s."))
            return
        waited = time.monotonic() - course.began
        pause = pause or course.asked or min(LONGEST_WAIT, max(FIRST_LOOK, waited * BACK_OFF))
        heapq.heappush(self.due, (time.monotonic() + min(pause, left), course.index, course))

    def _left(self, course: _Course[T]) -> float:
        return (self.limits.timeout or float("inf")) - (time.monotonic() - course.began)

    def _end(self, course: _Course[T], status: str, error: Error | None = None, reason: str | None = None) -> None:
        self.flying.discard(course)
        ended = status in (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT)
        self.found[course.index] = Outcome(
            course.target,
            status,
            error,
            reason,
            course.started,
            datetime.now(timezone.utc) if ended else None,
            round(time.monotonic() - course.began, 3) if ended else None,
            course.url,
            course.flight.result if course.flight else None,
        )

    def _break_off(self) -> None:
        end = time.monotonic() + LAST_WORDS
        self.due.clear()
        self.limits = self.limits._replace(timeout=None)
        while self.busy and time.monotonic() < end:
            self._take_in(TICK)
        for course in list(self.flying):
            self._end(course, Status.INTERRUPTED, reason="End not seen.")
        for course in self.waiting:
            course.started = None  # a throttled one had been tried, but was never accepted
            self._end(course, Status.NOT_STARTED, reason="Interrupted before its turn.")

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

from azext_flexcompare.scheduler.observer import Overseer
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import Failure, Flight, NotAccepted, Recourse, Survey, Throttled, Unanswered
from azext_flexcompare.scheduler.state import Course, Lane, Learned, Limits

T = TypeVar("T")

FIRST_RETRY, LONGEST_RETRY = 1.0, 60.0  # seconds before a throttled target is sent again where the service names none
LAST_WORDS = 1.5  # seconds that requests under way are given after an interruption
TICK = 0.25  # seconds at most without looking up, so that an interruption is noticed on every system
SURVEY, SURVEY_GROWTH = 1.0, 0.2  # seconds between surveys at first, and their share of the time since the start
WORTH = 4  # targets for each request of a survey; with fewer it is quicker to look at each
MEANWHILE = 60.0  # seconds after which a target is looked at even if no survey has named it
SENDINGS = 3  # of a target of which it turns out each time that it was not taken


def fan_out(
    targets: Sequence[T],
    send: Callable[[T], Flight],
    limits: Limits,
    overseer: Overseer[T] | None = None,
    lane_of: Callable[[T], Hashable] = lambda _: None,
    survey: Survey[T] | None = None,
    recourse: Recourse[T] = lambda _target, _failure, _accepted: None,
    learned: Learned | None = None,
) -> list[Outcome[T]]:
    """Send every target once and watch it to its end; list one outcome for each, in the targets' order.

    `send` raises Failure where the target fails, Throttled where it was not accepted. Once the overseer knows of an
    interruption nothing new is sent; what was sent is Interrupted, the rest NotStarted; once it has enough, nothing
    new is sent either, but what was sent is seen to its end. `lane_of` says which targets share the service's limits.
    A survey spares looks; what it says decides nothing. `recourse` may have a flight that finds out what a failure
    leaves open. `learned` is what runs before this one have learned.
    """
    return _Run(
        targets, send, limits, overseer or Overseer(), lane_of, survey, recourse, learned or Learned()
    ).outcomes()


class _Run(Generic[T]):
    def __init__(
        self,
        targets: Sequence[T],
        send: Callable[[T], Flight],
        limits: Limits,
        overseer: Overseer[T],
        lane_of: Callable[[T], Hashable],
        survey: Survey[T] | None,
        recourse: Recourse[T],
        learned: Learned,
    ) -> None:
        self.send, self.limits, self.overseer, self.survey = send, limits, overseer, survey
        self.recourse, self.patience = recourse, learned.patience
        self.lanes: dict[Hashable, Lane[T]] = {}
        for index, target in enumerate(targets):
            key = lane_of(target)
            lane = self.lanes.setdefault(key, Lane(*learned.of_lane(key, limits)))
            lane.waiting.append(Course(target, index, lane))
        self.found: dict[int, Outcome[T]] = {}
        self.total = len(targets)
        self.workers = min(limits.workers, self.total)
        self.flying: set[Course[T]] = set()
        self.due: list[tuple[float, int, Course[T]]] = []
        self.surveyed: list[Course[T]] = []  # whom the survey under way is about
        self.next_survey = 0.0
        self.grounds = (False, False)
        self.todo: queue.SimpleQueue[tuple[Course[T] | None, Callable[[], object]] | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[tuple[Course[T] | None, object]] = queue.SimpleQueue()
        self.busy: set[Course[T] | None] = set()  # None is the survey

    def outcomes(self) -> list[Outcome[T]]:
        for _ in range(self.workers):
            threading.Thread(target=self._work, daemon=True).start()  # daemon: an interrupted run need not wait
        while len(self.found) < self.total:
            if self.overseer.interrupted():
                self._break_off()
                break
            if reason := self.overseer.enough():
                self._leave_out(reason)
            self._hand_out(time.monotonic())
            self._take_in(self._until_next(time.monotonic()))
            waiting = sum(len(lane.waiting) for lane in self.lanes.values())
            self.overseer.turned([course.target for course in self.flying], waiting)
        for _ in range(self.workers):
            self.todo.put(None)
        return [self.found[index] for index in range(self.total)]

    # What threads do

    def _work(self) -> None:
        while (step := self.todo.get()) is not None:
            course, act = step
            try:
                answer = act()
            except BaseException as exception:  # noqa: BLE001  (the one boundary where exceptions become outcomes)
                answer = exception
            self.done.put((course, answer))

    def _send(self, course: Course[T]) -> Flight:
        flight = self.send(course.target)
        course.url, course.final, course.asked, course.left = flight.url, flight.final, flight.wait(), flight.left
        return flight

    def _look(self, course: Course[T]) -> bool:
        assert course.flight is not None  # noqa: S101
        ended = course.flight.look()
        course.asked, course.left = course.flight.wait(), course.flight.left
        course.lasted = course.flight.lasted if ended else None
        return ended

    # What is handed to them

    def _hand_out(self, now: float) -> None:
        self._reconsider()
        for lane in self.lanes.values():
            self._hand_out_sends(lane, now)
        self._hand_out_survey(now)
        while self.due and self.due[0][0] <= now and len(self.busy) < self.workers:
            due, _, course = heapq.heappop(self.due)
            if course.index in self.found or due != course.due or course in self.busy:
                continue  # it was put in again at another time
            pause = course.lane.looks.wait(now)
            if pause:
                self._look_at(course, now + pause)
            else:
                course.lane.looks.take(now)
                self._give(course, partial(self._look, course))

    def _reconsider(self) -> None:
        """Look at everybody at another time once surveys begin or end, or once it is known how long operations take."""
        grounds = (self._surveying(), self.patience.knows)
        if grounds != self.grounds:
            self.grounds = grounds
            for course in self.flying - self.busy:
                self._later(course)

    def _hand_out_sends(self, lane: Lane[T], now: float) -> None:
        courses = self._next_of(lane, now)
        if courses and not self.overseer.intends([course.target for course in courses]):
            self.flying.difference_update(courses)
            lane.waiting.extendleft(reversed(courses))
            return
        for course in courses:
            if course.started is None:
                course.began, course.started = now, datetime.now(timezone.utc)
                self.next_survey = self.next_survey or now + SURVEY
            self._give(course, partial(self._send, course))

    def _next_of(self, lane: Lane[T], now: float) -> list[Course[T]]:
        """Take whoever may be sent at once out of a lane; they are in flight from here on."""
        width, courses = self.limits.parallel or self.total, list[Course[T]]()
        while (
            lane.waiting
            and len(self.flying) < width
            and len(self.busy) + len(courses) < self.workers
            and not lane.sends.wait(now)
        ):
            course = lane.waiting.popleft()
            if course.started and self._left(course) <= 0:
                self._give_up(course)
                continue
            self.flying.add(course)
            lane.sends.take(now)
            courses.append(course)
        return courses

    def _hand_out_survey(self, now: float) -> None:
        if self.survey and self.flying and now >= self.next_survey and None not in self.busy and self._surveying():
            self.surveyed = [course for course in self.flying if course.flight]
            for _ in range(self.survey.requests()):
                next(iter(self.lanes.values())).looks.take(now)
            self._give(None, partial(self.survey.ended, [course.target for course in self.surveyed]))

    def _give(self, course: Course[T] | None, act: Callable[[], object]) -> None:
        self.busy.add(course)
        self.todo.put((course, act))

    def _surveying(self) -> bool:
        # Once it is known how long operations take, asking each at the right moment is cheaper.
        if self.survey is None or self.patience.knows:
            return False
        return len(self.flying) >= WORTH * self.survey.requests()

    # What comes back

    def _until_next(self, now: float) -> float:
        if len(self.busy) >= self.workers:
            return TICK
        moments = [self.due[0][0] - now] if self.due else []
        full = len(self.flying) >= (self.limits.parallel or self.total)
        moments += [lane.sends.wait(now) for lane in self.lanes.values() if lane.waiting and not full]
        if self._surveying() and None not in self.busy:
            moments.append(self.next_survey - now)
        return max(0.0, min([TICK, *moments]))

    def _take_in(self, seconds: float) -> None:
        with suppress(queue.Empty):
            course, answer = self.done.get(timeout=seconds)
            while True:
                self.busy.discard(course)
                if course is None:
                    self._heed(answer)
                else:
                    self._settle(course, answer)
                course, answer = self.done.get_nowait()

    def _heed(self, answer: object) -> None:
        now = time.monotonic()
        began = min((course.began for course in self.flying), default=now)
        self.next_survey = now + max(SURVEY, (now - began) * SURVEY_GROWTH)
        if not isinstance(answer, list):
            self.survey = None  # it is no help, and everybody is looked at
            return
        for place in answer:
            course = self.surveyed[place]
            if course.index not in self.found and course not in self.busy:
                self._look_at(course, now)

    def _settle(self, course: Course[T], answer: object) -> None:
        if isinstance(answer, Throttled):
            self._again(course, answer)
        elif isinstance(answer, Unanswered):
            course.unanswered = answer.why
            self._later(course)
        elif isinstance(answer, NotAccepted):
            self._send_anew(course, answer)
        elif isinstance(answer, BaseException):
            self._fail(course, answer)
        elif course.flight is None:
            self._accepted(course, answer)  # type: ignore[arg-type]
        else:
            self._looked(course, bool(answer))

    def _fail(self, course: Course[T], answer: BaseException) -> None:
        if isinstance(answer, Failure) and not course.inquiry:
            course.inquiry = self.recourse(course.target, answer, course.flight is not None)
            if course.inquiry:
                course.flight = course.inquiry
                self._later(course)
                return
        error = answer.error if isinstance(answer, Failure) else Error(type(answer).__name__, str(answer))
        self._end(course, Status.FAILED, error)

    def _accepted(self, course: Course[T], flight: Flight) -> None:
        course.flight, course.tries = flight, 0
        under_way = sum(each is not None and each.flight is None and each.lane is course.lane for each in self.busy)
        course.lane.sends.learn(course.left, time.monotonic(), under_way)
        self.overseer.accepted(course.target, course.url, course.final)
        if not self.limits.wait:
            self._end(course, Status.ACCEPTED)
        elif course.url is None:
            self._end(course, Status.SUCCEEDED)
        else:
            self._later(course)

    def _looked(self, course: Course[T], ended: bool) -> None:
        assert course.flight is not None  # noqa: S101
        course.looked, course.tries, course.unanswered = True, 0, ""
        under_way = sum(each is not None and each.flight is not None for each in self.busy)
        course.lane.looks.learn(course.left, time.monotonic(), under_way)
        if course.inquiry and not self.limits.wait:
            self._end(course, Status.ACCEPTED)
            return
        if not ended:
            self._later(course)
            return
        self._learn(course.lasted)
        self._end(course, Status.SUCCEEDED)

    def _learn(self, seconds: float | None) -> None:
        now = time.monotonic()
        if seconds is not None:
            self.patience.learn(seconds, (now - course.began for course in self.flying if course.flight))

    def _again(self, course: Course[T], throttled: Throttled) -> None:
        course.tries += 1
        self.overseer.throttled(course.target, throttled.after)
        pause = throttled.after or min(LONGEST_RETRY, FIRST_RETRY * 2 ** (course.tries - 1))
        until = time.monotonic() + pause
        if course.flight is not None:
            course.lane.looks.close(until)
            self._later(course, pause)
            return
        self.flying.discard(course)
        if self._left(course) <= pause:
            self._give_up(course)
            return
        course.lane.sends.close(until)
        course.lane.waiting.appendleft(course)

    def _send_anew(self, course: Course[T], answer: NotAccepted) -> None:
        course.sendings += 1
        if course.sendings >= SENDINGS:
            self._end(course, Status.FAILED, answer.error)
            return
        course.flight, course.inquiry, course.looked = None, None, False
        self.flying.discard(course)
        course.lane.waiting.appendleft(course)

    def _give_up(self, course: Course[T]) -> None:
        self._end(course, Status.TIMED_OUT, Error("Throttled", "The service took no further request in time."))

    def _later(self, course: Course[T], pause: float | None = None) -> None:
        left = self._left(course)
        if left <= 0:
            why = f" The latest question brought no answer: {course.unanswered}" if course.unanswered else ""
            self._end(course, Status.TIMED_OUT, Error("TimedOut", f"No end after {self.limits.timeout:g} s.{why}"))
            return
        now = time.monotonic()
        surveyed = MEANWHILE if self._surveying() and not course.looked else None
        pause = pause or course.asked or surveyed or self.patience.pause(now - course.began, course.looked)
        self._look_at(course, now + min(pause, left))

    def _look_at(self, course: Course[T], moment: float) -> None:
        course.due = moment
        heapq.heappush(self.due, (moment, course.index, course))

    def _left(self, course: Course[T]) -> float:
        return (self.limits.timeout or float("inf")) - (time.monotonic() - course.began)

    def _end(self, course: Course[T], status: str, error: Error | None = None, reason: str | None = None) -> None:
        self.flying.discard(course)
        ended = status in (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT)
        outcome = self.found[course.index] = Outcome(
            course.target,
            status,
            error,
            reason or (course.inquiry.reason if course.inquiry else None),
            course.started,
            datetime.now(timezone.utc) if ended else None,
            round(time.monotonic() - course.began, 3) if ended else None,
            course.url,
            course.flight.result if course.flight else None,
        )
        course.flight = course.inquiry = None  # with all its answers; the list of who is due may still hold the course
        self.overseer.ended(outcome)

    def _break_off(self) -> None:
        end = time.monotonic() + LAST_WORDS
        self.due.clear()
        self.limits = self.limits._replace(timeout=None)
        while self.busy and time.monotonic() < end:
            self._take_in(TICK)
        self._leave_out("Interrupted before its turn.")
        afloat = [course for lane in self.lanes.values() for course in lane.waiting]
        for course in [*self.flying, *afloat]:
            self._end(course, Status.INTERRUPTED, reason="End not seen.")

    def _leave_out(self, reason: str) -> None:
        """Send nothing that waits; what was sent before this run, as far as is known, is not for leaving out."""
        for lane in self.lanes.values():
            unsent = [course for course in lane.waiting if not self._is_afloat(course)]
            lane.waiting = deque(course for course in lane.waiting if self._is_afloat(course))
            for course in unsent:
                course.started = None  # a throttled one had been tried, but was never accepted
                self._end(course, Status.NOT_STARTED, reason=reason)

    def _is_afloat(self, course: Course[T]) -> bool:
        return not course.sendings and self.overseer.afloat(course.target)

"""The scheduler: exactly one outcome for each target, in its place, whatever happens and in whatever order.

The service here is a fake that does to each target what its plan says: first the steps of its sendings, then those of
its polls, one word each.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import timezone
from itertools import count, pairwise, repeat
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_flexcompare.scheduler import list_poll, scheduler
from azext_flexcompare.scheduler import poll_interval as poll_interval
from azext_flexcompare.scheduler import service as scheduler_service
from azext_flexcompare.scheduler.limits import Limits
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Error, Outcome, Status
from azext_flexcompare.scheduler.poller import (
    Acceptance,
    Failure,
    OutcomeUnknown,
    Poll,
    Poller,
    TemporaryFailure,
    Throttled,
    Unanswered,
)
from azext_flexcompare.scheduler.rate_limiter import Rate
from azext_flexcompare.scheduler.scheduler import send_and_poll
from tests.latest.helpers.simulated_time import Clock, SimulatedAzure, run_simulated

PATIENCE = 20  # seconds after which a test that hangs fails
BROKEN = Error("Broken", "As planned.")
SUCCESS = ("accept", "done")
ENDS = {
    "done": Status.SUCCEEDED,
    "at once": Status.SUCCEEDED,
    "fail": Status.FAILED,
    "refuse": Status.FAILED,
    "crash": Status.TIMED_OUT,
}
ERRORS = {"fail": BROKEN, "refuse": BROKEN, "crash": Error("RuntimeError", "unforeseen")}
Plan = tuple[str, ...]


@pytest.fixture(autouse=True, scope="module")
def _impatience() -> Iterator[None]:
    """Wait for milliseconds where the product waits for seconds."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FIRST_RETRY", "LONGEST_RETRY", "TICK"):
            patch.setattr(scheduler, name, 0.001)
        for name in ("FIRST", "LONGEST"):
            patch.setattr(poll_interval, name, 0.001)
        patch.setattr(scheduler, "SHUTDOWN_GRACE", PATIENCE)
        yield


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(scheduler, "time", clock)
    return clock


class Service:
    """Does to each target what its plan says, one step a request, and counts."""

    def __init__(self, *plans: Plan, hook: Callable[[int, str], object] = lambda *_: None) -> None:
        self.steps = [iter(plan) for plan in plans]
        self.hook = hook
        self.lock = threading.Lock()
        self.sent: list[int] = []
        self.polled: list[int] = []
        self.in_progress = self.peak = 0

    def send(self, target: int) -> FakePoller:
        with self.lock:
            self.sent.append(target)
            self.in_progress += 1
            self.peak = max(self.peak, self.in_progress)
        step = self.step(target)
        return FakePoller(self, target, None if step == "at once" else f"url/{target}")

    def poll(self, target: int) -> bool:
        with self.lock:
            self.polled.append(target)
        return self.step(target) == "done"

    def step(self, target: int) -> str:
        step = next(self.steps[target])
        self.hook(target, step)
        with self.lock:
            self.in_progress -= step in ("throttle", *ENDS)
        if step == "throttle":
            raise Throttled
        if step in ("poll throttled", "lost"):
            raise Throttled if step == "poll throttled" else Unanswered
        if step in ("refuse", "fail"):
            raise Failure(BROKEN)
        if step == "crash":
            raise RuntimeError("unforeseen")
        return step


class FakePoller:
    def __init__(self, service: Service, target: int, url: str | None) -> None:
        self.service, self.target, self.url = service, target, url

    @property
    def acceptance(self) -> Acceptance:
        return Acceptance(Poll(done=self.url is None), self.url)

    def poll(self) -> Poll:
        return Poll(self.service.poll(self.target), result="what it returned")


def run(service: Service, interrupted: Callable[[], bool] = lambda: False, **limits: Any) -> list[Outcome[int]]:
    limits = {"timeout": PATIENCE, "workers": 8, **limits}
    return run_with(range(len(service.steps)), service.send, Limits(**limits), Observer(interrupted))


def run_with(
    targets: Sequence[int], send: Callable[[int], Poller], limits: Limits, observer: Observer[int]
) -> list[Outcome[int]]:
    return send_and_poll(targets, send, limits, observer, service=scheduler_service.Service(one_group))


def one_group(_: int) -> None:
    """Return the key of the only rate-limit group."""


def statuses_of(outcomes: Sequence[Outcome[int]]) -> list[str]:
    return [outcome.status for outcome in outcomes]


def assert_as_planned(service: Service, plans: Sequence[Plan], outcomes: Sequence[Outcome[int]]) -> None:
    """Each target in its place, ended as its plan ends, and not one request more or less than planned."""
    assert [outcome.target for outcome in outcomes] == list(range(len(plans)))
    assert statuses_of(outcomes) == [ENDS[plan[-1]] for plan in plans]
    assert [outcome.error for outcome in outcomes] == [ERRORS.get(plan[-1]) for plan in plans]
    sends = [plan.count("throttle") + 1 for plan in plans]
    assert Counter(service.sent) == dict(enumerate(sends))
    polls = {target: len(plan) - sends[target] for target, plan in enumerate(plans)}
    assert Counter(service.polled) == {target: number for target, number in polls.items() if number}


polling = st.lists(st.sampled_from(["going", "lost", "poll throttled"]), max_size=3)
taken = st.builds(lambda steps, end: ("accept", *steps, end), polling, st.sampled_from(["done", "fail", "crash"]))
sendings = st.lists(st.just("throttle"), max_size=2)
run_end = taken | st.sampled_from([("refuse",), ("crash",), ("at once",)])
a_plan = st.builds(lambda steps, end: (*steps, *end), sendings, run_end)


@settings(deadline=None)
@given(st.lists(a_plan, max_size=12), st.integers(1, 4), st.none() | st.integers(1, 4))
def test_each_target_is_sent_once_and_has_its_outcome(plans: list[Plan], workers: int, parallel: int | None) -> None:
    service = Service(*plans)
    outcomes = run(service, workers=workers, parallel=parallel)
    assert_as_planned(service, plans, outcomes)
    assert service.in_progress == 0
    assert service.peak <= (parallel or len(plans))


def test_a_thousand_targets_with_accidents_come_back_in_order() -> None:
    chance = random.Random(7)  # noqa: S311  (nothing secret)
    ends = [
        SUCCESS,
        ("accept", "lost", "done"),
        ("accept", "going", "fail"),
        ("refuse",),
        ("crash",),
        ("throttle", *SUCCESS),
    ]
    plans = chance.choices(ends, k=1000)
    service = Service(*plans)
    assert_as_planned(service, plans, run(service, workers=16))


def test_nothing_to_do_is_done() -> None:
    assert run(Service()) == []


def test_outcomes_stand_in_the_order_of_the_targets_however_they_end() -> None:
    ended: list[int] = []
    turns = {target: threading.Event() for target in range(5)}
    turns[4].set()

    def in_reverse(target: int, step: str) -> None:
        if step == "done":
            turns[target].wait(PATIENCE)
            ended.append(target)
            turns[max(0, target - 1)].set()

    outcomes = run(Service(*[SUCCESS] * 5, hook=in_reverse))
    assert ended == [4, 3, 2, 1, 0]
    assert [outcome.target for outcome in outcomes] == [0, 1, 2, 3, 4]


def test_a_target_that_ended_well_has_its_times_its_url_and_what_it_returned() -> None:
    (one,) = run(Service(SUCCESS))
    assert (one.status, one.error, one.reason, one.url) == ("Succeeded", None, None, "url/0")
    assert one.result == "what it returned"
    assert one.started
    assert one.finished
    assert one.started.tzinfo is one.finished.tzinfo is timezone.utc
    assert one.started <= one.finished
    assert one.seconds is not None


@pytest.mark.parametrize("lost", ["lost", "poll throttled", "going"])
def test_what_was_accepted_is_never_sent_again(lost: str) -> None:
    service = Service(("accept", *[lost] * 20, "done"))
    assert statuses_of(run(service)) == ["Succeeded"]
    assert (service.sent, len(service.polled)) == ([0], 21)


@pytest.mark.parametrize("plan", [("refuse",), ("crash",), ("accept", "fail"), ("accept", "crash")])
def test_what_failed_is_never_sent_again_and_does_not_touch_the_others(plan: Plan) -> None:
    service = Service(SUCCESS, plan, SUCCESS)
    assert statuses_of(run(service)) == ["Succeeded", "TimedOut" if "crash" in plan else "Failed", "Succeeded"]
    assert sorted(service.sent) == [0, 1, 2]


@pytest.mark.parametrize("plan", [("crash",), ("accept", "crash")])
def test_an_unforeseen_exception_is_the_targets_own_and_says_nothing_of_it(plan: Plan) -> None:
    assert [one.error for one in run(Service(plan))] == [("RuntimeError", "unforeseen")]


class Full(Service):
    """Ends nothing before so many were in progress at once."""

    full = 0

    def poll(self, target: int) -> bool:
        return self.peak >= self.full and super().poll(target)


@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_at_most_max_parallel_targets_are_in_progress(parallel: int) -> None:
    service = Full(*[("throttle", "accept", "going", "done")] * 12)
    service.full = parallel
    assert set(statuses_of(run(service, parallel=parallel))) == {"Succeeded"}
    assert service.peak == parallel


def test_more_targets_can_be_in_progress_than_there_are_threads() -> None:
    service = Full(*[SUCCESS] * 100)
    service.full = 100
    threads = threading.active_count() + 2
    assert set(statuses_of(run(service, lambda: threading.active_count() > threads, workers=2))) == {"Succeeded"}


def test_a_slow_poll_delays_no_other_target() -> None:
    others = threading.Semaphore(0)

    def slow(target: int, step: str) -> None:
        if (target, step) == (0, "done"):
            assert all(others.acquire(timeout=PATIENCE) for _ in range(9))
        elif step == "done":
            others.release()

    assert set(statuses_of(run(Service(*[SUCCESS] * 10, hook=slow), workers=2))) == {"Succeeded"}


def test_a_throttled_sending_is_repeated_and_holds_the_others_back_as_long_as_the_service_asks(clock: Clock) -> None:
    answers = iter([Throttled(100.0)])
    service = Service(SUCCESS, SUCCESS, SUCCESS)
    moments: list[tuple[float, int]] = []

    def send(target: int) -> FakePoller:
        moments.append((clock.now, target))
        for throttled in answers:
            raise throttled
        return service.send(target)

    assert statuses_of(run_with(range(3), send, Limits(workers=1), Observer(clock.goes_on))) == ["Succeeded"] * 3
    assert [target for _, target in moments] == [0, 0, 1, 2]
    assert moments[1][0] >= moments[0][0] + 100


def test_what_does_not_end_in_its_time_is_timed_out_and_the_others_are_seen_to_their_end(clock: Clock) -> None:
    service = Service(SUCCESS, ("accept", *["going"] * 10_000), SUCCESS)
    rest = {0, 2}

    def each_round() -> bool:
        clock.now += 1000 if rest <= set(service.polled) and not service.in_progress > 1 else 0.001
        return False

    outcomes = run(service, each_round, timeout=500)
    assert statuses_of(outcomes) == ["Succeeded", "TimedOut", "Succeeded"]
    assert outcomes[1].error == ("TimedOut", "No end after 500 s.")
    assert outcomes[1].url == "url/1"


def test_what_stays_throttled_is_timed_out_without_a_sending_past_its_time(clock: Clock) -> None:
    sendings = count(1)

    def send(_: int) -> FakePoller:
        if next(sendings) > 3:
            raise AssertionError("0, 4 and 8 seconds, and not 12")
        raise Throttled(4.0)

    (one,) = run_with([0], send, Limits(8, timeout=10), Observer(clock.goes_on))
    assert (one.status, one.error and one.error.code) == ("TimedOut", "Throttled")


def test_a_retry_after_is_kept_between_polls(clock: Clock) -> None:
    polls: list[float] = []

    class Unhurried(FakePoller):
        @property
        def acceptance(self) -> Acceptance:
            return Acceptance(Poll(done=False, retry_after=30.0))

        def poll(self) -> Poll:
            polls.append(clock.now)
            return Poll(done=len(polls) == 3, retry_after=30.0)

    run_with([0], lambda target: Unhurried(Service(), target, "url"), Limits(8), Observer(clock.goes_on))
    assert all(later - earlier >= 30 for earlier, later in pairwise(polls))


def test_without_waiting_everything_accepted_is_accepted() -> None:
    service = Service(SUCCESS, ("refuse",), ("at once",), ("throttle", *SUCCESS))
    outcomes = run(service, wait=False)
    assert statuses_of(outcomes) == ["Accepted", "Failed", "Accepted", "Accepted"]
    assert [outcome.url for outcome in outcomes] == ["url/0", None, None, "url/3"]
    assert service.polled == []


def test_an_acceptance_has_a_beginning_and_no_end() -> None:
    (one,) = run(Service(SUCCESS), wait=False)
    assert one.started
    assert (one.finished, one.seconds) == (None, None)


class Interruption:
    """The user's: asked for by a step of the service, and heard."""

    def __init__(self, *moment: Any) -> None:
        self.moment, self.asked = moment, threading.Event()

    def __call__(self, *step: Any) -> bool:
        if step == self.moment:
            self.asked.set()
        return self.asked.is_set()


def test_after_an_interruption_nothing_new_is_sent_and_everything_has_an_outcome() -> None:
    interruption = Interruption(1, "accept")
    service = Service(*[("accept", *["going"] * 10_000)] * 4, hook=interruption)
    outcomes = run(service, interruption, parallel=2)
    assert statuses_of(outcomes) == ["Interrupted", "Interrupted", "NotStarted", "NotStarted"]
    assert sorted(service.sent) == [0, 1]


def test_what_ended_before_an_interruption_stays_as_it_ended() -> None:
    interruption = Interruption(2, "accept")
    service = Service(SUCCESS, ("refuse",), ("accept", *["going"] * 10_000), SUCCESS, hook=interruption)
    assert statuses_of(run(service, interruption, parallel=1)) == ["Succeeded", "Failed", "Interrupted", "NotStarted"]


def test_an_interrupted_target_keeps_its_url_and_has_no_end() -> None:
    interruption = Interruption(0, "accept")
    (one,) = run(Service(("accept", *["going"] * 10_000), hook=interruption), interruption)
    assert (one.status, one.url, one.finished, one.seconds) == ("Interrupted", "url/0", None, None)
    assert one.started
    assert one.reason


def test_a_request_in_progress_at_the_interruption_gets_its_answer() -> None:
    asked, noticed = threading.Event(), threading.Event()

    def interrupted() -> bool:
        if asked.is_set():
            noticed.set()
        return asked.is_set()

    def until_noticed(*_: Any) -> None:
        asked.set()
        assert noticed.wait(PATIENCE)

    (one,) = run(Service(SUCCESS, hook=until_noticed), interrupted, wait=False)
    assert (one.status, one.url) == ("Accepted", "url/0")


def test_a_target_that_was_only_throttled_was_not_started() -> None:
    interruption = Interruption(0, "throttle")
    outcomes = run(Service(("throttle", *SUCCESS), SUCCESS, hook=interruption), interruption, workers=1)
    assert statuses_of(outcomes) == ["NotStarted"] * 2
    assert [(one.started, one.finished, one.url) for one in outcomes] == [(None, None, None)] * 2


def test_a_request_that_is_never_answered_does_not_hold_an_interruption_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SHUTDOWN_GRACE", 0.001)
    answered, asked, ended = threading.Event(), threading.Event(), threading.Event()

    def never(*_: Any) -> None:
        asked.set()
        answered.wait(PATIENCE)
        ended.set()

    outcomes = run(Service(SUCCESS, SUCCESS, hook=never), asked.is_set, workers=1)
    assert not ended.is_set()
    answered.set()
    assert statuses_of(outcomes) == ["Interrupted", "NotStarted"]


@settings(deadline=None)
@given(st.lists(a_plan, min_size=1, max_size=8), st.integers(1, 3), st.integers(0, 30))
def test_an_interruption_at_any_moment_leaves_one_outcome_each(plans: list[Plan], parallel: int, moment: int) -> None:
    steps, asked = count(), threading.Event()
    service = Service(*plans, hook=lambda *_: asked.set() if next(steps) == moment else None)
    outcomes = run(service, asked.is_set, parallel=parallel)
    assert [outcome.target for outcome in outcomes] == list(range(len(plans)))
    for plan, outcome in zip(plans, outcomes, strict=True):
        assert outcome.status in (ENDS[plan[-1]], "Interrupted", "NotStarted")
        accepted = outcome.target in service.polled or outcome.url is not None
        assert not (accepted and outcome.status == "NotStarted")
    assert asked.is_set() or not {"Interrupted", "NotStarted"} & set(statuses_of(outcomes))


def test_nothing_is_done_over_and_over_while_every_thread_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "TICK", PATIENCE)
    rounds: list[None] = []
    busy = Service(*[SUCCESS] * 5, hook=lambda _, step: step == "done" and threading.Event().wait(0.05))
    run(busy, lambda: rounds.append(None) or False, workers=1)
    assert len(rounds) < 100


def test_what_became_of_a_target_that_raises_system_exit_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "SHUTDOWN_GRACE", 0.001)
    rounds = count()

    def leave(*_: Any) -> None:
        raise SystemExit(1)

    assert statuses_of(run(Service(SUCCESS, hook=leave), lambda: next(rounds) > 500)) == ["TimedOut"]


def test_an_acceptance_that_cannot_be_read_concerns_the_target_alone() -> None:
    class Lost(FakePoller):
        @property
        def acceptance(self) -> Acceptance:
            raise ValueError("unforeseen")

    service = Service(SUCCESS, SUCCESS)
    lost = Lost(service, 0, "url/0")
    outcomes = run_with(range(2), lambda target: service.send(target) if target else lost, Limits(8), Observer())
    assert statuses_of(outcomes) == ["TimedOut", "Succeeded"]


class Listing:
    """A listing that names the targets which may have ended."""

    def __init__(self, names: Callable[[int], list[int]]) -> None:
        self.names, self.asked = names, 0

    def requests(self, _: Sequence[int]) -> int:
        return 1

    def pace(self, *_: object) -> list_poll.Pace:
        return list_poll.CHEAP

    def read(self, targets: Sequence[int]) -> list_poll.Sightings:
        self.asked += 1
        ended = self.names(len(targets))
        return list_poll.Sightings(ended, [place for place in range(len(targets)) if place not in ended])


def refuse(_: int) -> list[int]:
    raise PermissionError("You may not list.")


def list_polled(service: Service, listing: Listing) -> list[Outcome[int]]:
    limits, described = Limits(timeout=PATIENCE, workers=8), scheduler_service.Service(one_group, listing)
    return send_and_poll(range(len(service.steps)), service.send, limits, Observer(), service=described)


@pytest.fixture
def quick_surveys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_poll, "INTERVAL", 0.001)


@pytest.mark.usefixtures("quick_surveys")
def test_an_instance_in_the_list_poll_is_polled_once() -> None:
    service = Service(*[("accept", "done")] * 40)
    outcomes = list_polled(service, listing := Listing(lambda count: list(range(count))))
    assert statuses_of(outcomes) == ["Succeeded"] * 40
    assert Counter(service.polled) == dict.fromkeys(range(40), 1)
    assert listing.asked


@pytest.mark.usefixtures("quick_surveys")
def test_a_failed_list_poll_leaves_every_target_to_be_polled() -> None:
    service = Service(*[("accept", "going", "done")] * 40)
    outcomes = list_polled(service, listing := Listing(refuse))
    assert statuses_of(outcomes) == ["Succeeded"] * 40
    assert listing.asked == 1


@pytest.mark.usefixtures("quick_surveys")
def test_an_empty_list_poll_delays_and_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "LONGEST_POLL_GAP", 0.01)
    service = Service(*[("accept", "going", "done")] * 40)
    assert statuses_of(list_polled(service, Listing(lambda _: []))) == ["Succeeded"] * 40


class SecondReading:
    """A check of an outcome that knows the end at the second reading."""

    reason = "Found out."

    def __init__(self) -> None:
        self.readings = 0

    def poll(self) -> Poll:
        self.readings += 1
        return Poll(done=self.readings > 1)


def test_no_listing_delays_the_checks_of_unknown_outcomes() -> None:
    service = Service(*[("refuse",)] * 8)
    described = scheduler_service.Service(one_group, Listing(lambda _: []), lambda *_: SecondReading())
    limits = Limits(timeout=PATIENCE, workers=2)
    outcomes = send_and_poll(range(8), service.send, limits, Observer(), service=described)
    assert {(one.status, one.reason) for one in outcomes} == {("Succeeded", "Found out.")}
    assert max(one.seconds or 0 for one in outcomes) < PATIENCE


@pytest.mark.usefixtures("quick_surveys")
def test_a_target_whose_outcome_is_unknown_is_polled_itself_where_listings_replace_polls() -> None:
    known = threading.Event()

    def others() -> Iterator[str]:
        yield "accept"
        while not known.is_set():
            yield "going"
        yield "done"

    service = Service(("accept", "fail"), *[()] * 7)
    service.steps[1:] = [others() for _ in range(7)]
    listing = Listing(lambda count: list(range(count)))
    described = scheduler_service.Service(one_group, listing, lambda *_: LateCheck(known))
    outcomes = send_and_poll(range(8), service.send, Limits(timeout=PATIENCE, workers=8), Observer(), service=described)
    assert statuses_of(outcomes) == ["Succeeded"] * 8


class LateCheck:
    """A check that has an answer only at its third poll."""

    reason = "It was found out late."

    def __init__(self, known: threading.Event) -> None:
        self.polls, self.known = 0, known

    def poll(self) -> Poll:
        self.polls += 1
        if self.polls < 3:
            raise Unanswered
        self.known.set()
        return Poll(done=True)


class Crowd(Observer[int]):
    """An observer that holds the first acceptance until the other targets have ended."""

    def __init__(self) -> None:
        super().__init__()
        self.accepted, self.ended = threading.Event(), threading.Semaphore(0)

    def on_accepted(self, *_: object) -> None:
        if self.accepted.is_set():
            return
        self.accepted.set()
        assert all(self.ended.acquire(timeout=PATIENCE) for _ in range(3))
        time.sleep(0.05)  # until the threads have returned what they did

    def hook(self, target: int, step: str) -> None:
        if target and step == "at once":
            self.accepted.wait(PATIENCE)
            self.ended.release()


def test_the_last_target_is_polled_when_the_others_end_in_the_turn_of_its_acceptance() -> None:
    crowd = Crowd()
    service = Service(("accept", "going", "done"), *[("at once",)] * 3, hook=crowd.hook)
    described = scheduler_service.Service(one_group, Listing(lambda _: []))
    outcomes = send_and_poll(range(4), service.send, Limits(4, timeout=PATIENCE), crowd, service=described)
    assert statuses_of(outcomes) == ["Succeeded"] * 4


def test_a_throttled_rate_limit_group_delays_no_other() -> None:
    service = Service(*[("throttle", "accept", "done"), ("accept", "done")] * 5)
    outcomes = send_and_poll(
        range(10),
        service.send,
        Limits(8, timeout=PATIENCE),
        Observer(),
        service=scheduler_service.Service(lambda target: target % 2),
    )
    assert statuses_of(outcomes) == ["Succeeded"] * 10


def refusing(refusals: Iterator[Exception]) -> tuple[list[int], Callable[[int], Poller]]:
    """Return what was sent, and a function that sends: it is refused as long as there are refusals."""
    sent: list[int] = []
    service = Service(*[SUCCESS] * 60)

    def send(target: int) -> Poller:
        sent.append(target)
        refusal = next(refusals, None)
        if refusal:
            raise refusal
        return service.send(target)

    return sent, send


GONE = Error("OperationNotAllowed", "Too many requests.")


def test_a_refusal_for_longer_than_the_timeout_is_met_by_a_handful() -> None:
    sent, send = refusing(repeat(Throttled(7300.0, GONE)))
    outcomes = run_with(range(60), send, Limits(32, timeout=PATIENCE), Observer())
    assert len(sent) <= scheduler.PROBES
    assert {(one.status, one.error, one.reason) for one in outcomes} == {("TimedOut", GONE, scheduler.NOT_TAKEN)}


def test_an_outage_is_waited_for_and_does_not_use_up_the_targets() -> None:
    sent, send = refusing(iter([Throttled(None, Error("NotSent", "Connection refused"))] * 40))
    outcomes = run_with(range(60), send, Limits(32, timeout=PATIENCE), Observer())
    assert statuses_of(outcomes) == ["Succeeded"] * 60
    assert len(sent) == 100


def test_a_refusal_of_one_target_holds_up_no_other() -> None:
    sent, send = refusing(iter([Throttled(PATIENCE / 100, GONE, alone=True)]))
    outcomes = run_with(range(4), send, Limits(1, timeout=PATIENCE), Observer())
    assert statuses_of(outcomes) == ["Succeeded"] * 4
    assert sent == [0, 1, 2, 3, 0]


@pytest.mark.parametrize(("retries", "status"), [(0, "Failed"), (1, "Failed"), (2, "Succeeded")])
def test_a_temporary_refusal_is_retried_as_often_as_allowed(retries: int, status: str) -> None:
    sent, send = refusing(iter([TemporaryFailure(BROKEN)] * 2))
    (outcome,) = run_with(range(1), send, Limits(1, timeout=PATIENCE, retries=retries), Observer())
    assert (outcome.status, len(sent)) == (status, min(retries, 2) + 1)


def test_an_unknown_outcome_is_timed_out_with_what_is_known() -> None:
    sent, send = refusing(iter([OutcomeUnknown(BROKEN, "It was accepted.")]))
    (outcome,) = run_with(range(1), send, Limits(1, timeout=PATIENCE), Observer())
    assert (outcome.status, outcome.error, outcome.reason, sent) == ("TimedOut", BROKEN, "It was accepted.", [0])


def test_polls_that_are_refused_for_ever_end_with_the_timeout(clock: Clock) -> None:
    class Refused(FakePoller):
        def poll(self) -> Poll:
            raise Throttled(10.0**9, GONE)

    (outcome,) = run_with(
        range(1), lambda one: Refused(Service(), one, "url"), Limits(1, timeout=30), Observer(clock.goes_on)
    )
    assert outcome.status == "TimedOut"
    assert outcome.error
    assert "Too many requests." in outcome.error.message


def test_targets_are_sent_in_the_order_in_which_they_are_admitted() -> None:
    """The last target is admitted first, and each of the others once the one after it has ended."""
    service, ended = Service(SUCCESS, SUCCESS, SUCCESS), list[int]()

    class Watch(Observer[int]):
        def on_outcome(self, outcome: Outcome[int]) -> None:
            ended.append(outcome.target)

    waits = scheduler_service.Service[int](lambda _: 0, admit=lambda target: target == 2 or target + 1 in ended)
    outcomes = send_and_poll(range(3), service.send, Limits(4), Watch(), service=waits)
    assert [one.status for one in outcomes] == [Status.SUCCEEDED] * 3
    assert ended == [2, 1, 0]


def test_what_is_read_before_a_call_counts_as_the_polls_do(monkeypatch: pytest.MonkeyPatch) -> None:
    rate = Rate(20, 5)
    azure = SimulatedAzure(Clock(), [3.0] * 120, hints=(None, None), reads=1)
    outcomes = run_simulated(monkeypatch, azure, Limits(32, sends=Rate(50, 10), polls=rate))
    assert {one.status for one in outcomes} == {Status.SUCCEEDED}
    level, latest, lowest = rate.burst, azure.read_at[0], rate.burst
    for moment in sorted(azure.read_at):
        level, latest = min(rate.burst, level + (moment - latest) * rate.per_second) - 1, moment
        lowest = min(lowest, level)
    assert lowest >= 0
    assert len(azure.read_at) >= 240

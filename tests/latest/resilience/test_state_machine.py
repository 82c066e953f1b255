"""Runs, faults, kills, cuts of the log and other clients in any order: one request for each instance and plan."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from armsim import Simulator
from tests.latest.helpers.az import INSTANCES, WarmAz
from tests.latest.helpers.stories import KINDS, OPERATIONS, SENDS, Story, story_of

BATCHES = ((), ("--batch-size", "2"), ("--batch-by", "zone"), ("--batch-size", "1", "100%", "--max-errors", "1"))
WAITS = (("--no-wait",),)
LOST: tuple[dict[str, Any], ...] = (
    {"kind": "drop-before"},
    {"kind": "drop-after"},
    {"kind": "malformed"},
    {"status": 429},
    {"status": 401},
    {"status": 403, "code": "AuthorizationFailed", "message": "No."},
    {"status": 409, "code": "No", "message": "No \ud83d."},
    {"kind": "answer", "status": 504, "text": "<html></html>", "headers": {"Content-Type": "text/html"}},
    {"kind": "answer", "status": 302, "headers": {"Location": "https://localhost:1/"}, "accepted": False},
    {"kind": "answer", "headers": {"Azure-AsyncOperation": None, "Location": None}},
)
ENDS: tuple[dict[str, Any], ...] = (
    {"kind": "fail", "code": "AllocationFailed", "message": "No room."},
    {"kind": "gone"},
)
READS = ("get", "poll", "list", "bulk-status")
places = st.integers(0, INSTANCES - 1)
kills = st.tuples(st.sampled_from(KINDS), st.integers(1, INSTANCES), st.booleans())


class Runs(RuleBasedStateMachine):
    """One job log, and all that happens to its run."""

    def __init__(self, warm: WarmAz, sim: Simulator, folder: Path) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.story = self.stack.enter_context(story_of(warm, sim, folder))

    @initialize(
        engine=st.sampled_from(sorted(OPERATIONS)),
        options=st.sampled_from(BATCHES + WAITS),
        spelt=st.tuples(st.booleans(), st.booleans()),
        faults=st.lists(st.tuples(places, st.sampled_from(LOST + ENDS)), max_size=2),
        kill=st.none() | kills,
    )
    def begin(
        self,
        engine: str,
        options: tuple[str, ...],
        spelt: tuple[bool, bool],
        faults: list[tuple[int, dict[str, Any]]],
        kill: tuple[str, int, bool] | None,
    ) -> None:
        self.story.engine = engine
        self.story.sim.configure(capital_groups=spelt[0], page_size=2 if spelt[1] else 50)
        for place, fault in faults:
            self.break_a_request(place, fault)
        if kill:
            self.story.kill_at(*kill)
        self.story.begin(engine, *options)

    @rule(place=places, fault=st.sampled_from(LOST + ENDS))
    def break_a_request(self, place: int, fault: dict[str, Any]) -> None:
        engine = self.story.engine
        self.story.fault(SENDS[engine], fault, self.story.names[place] if engine == "vm" else None)

    @rule(action=st.sampled_from(READS), fault=st.sampled_from(LOST[:6]))
    def break_a_read(self, action: str, fault: dict[str, Any]) -> None:
        self.story.fault(action, fault)

    @rule()
    def shift_a_list(self) -> None:
        self.story.fault("list", {"kind": "overlap"})

    @rule(kill=kills)
    def kill_the_next(self, kill: tuple[str, int, bool]) -> None:
        self.story.kill_at(*kill)

    @rule(share=st.floats(0, 1))
    def cut(self, share: float) -> None:
        self.story.cut(share)

    @precondition(lambda self: len(self.story.left) < INSTANCES - 2)
    @rule(place=places, replaced=st.booleans())
    def leave(self, place: int, replaced: bool) -> None:
        self.story.leave(self.story.names[place], replaced)

    @rule(place=places, action=st.sampled_from(("restart", "reapply", "deallocate", "start")))
    def others_act(self, place: int, action: str) -> None:
        self.story.others_act(self.story.names[place], action)

    @rule(capitals=st.booleans())
    def spell(self, capitals: bool) -> None:
        self.story.spell(capitals)

    @rule(most=st.sampled_from((1, 3, None)))
    def queue(self, most: int | None) -> None:
        self.story.queue(most)

    @rule(seconds=st.sampled_from((1, 60, 600)))
    def advance(self, seconds: int) -> None:
        self.story.advance(seconds)

    @rule()
    def resume(self) -> None:
        self.story.resume()

    @rule()
    def retry(self) -> None:
        self.story.retry()

    @rule()
    def wait(self) -> None:
        self.story.wait()

    def teardown(self) -> None:
        try:
            self.story.finish()
        finally:
            self.stack.close()


def play(warm: WarmAz, sim: Simulator, folder: Path, *, examples: int, steps: int) -> None:
    run_state_machine_as_test(
        lambda: Runs(warm, sim, folder),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_whatever_happens_to_a_run_each_plan_sends_one_request(warm: WarmAz, sim: Simulator, tmp_path: Path) -> None:
    play(warm, sim, tmp_path, examples=4, steps=6)


@pytest.mark.proof
def test_whatever_happens_to_many_runs_each_plan_sends_one_request(
    warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    play(warm, sim, tmp_path, examples=300, steps=20)


# What broke it once


def a_look_is_throttled_and_the_run_is_killed(story: Story) -> None:
    story.fault("restart", {"kind": "drop-after"}, story.names[0])
    story.fault("get", {"status": 429})
    story.kill_at("look", nth=2, handled=False)
    story.begin("vm", "--max-parallel", "1")
    story.resume()


def ids_are_spelt_otherwise(story: Story) -> None:
    story.kill_at("send", nth=3, handled=True)
    story.begin("vm")
    story.spell(capitals=False)
    story.resume()
    story.resume()


def the_log_ends_behind_the_plan_of_a_retry(story: Story) -> None:
    story.fault("restart", {"status": 409, "code": "No", "message": "No."}, story.names[0])
    story.kill_at("send", nth=4, handled=True)
    story.begin("vm", "--max-parallel", "1")
    story.kill_at("send", nth=1, handled=False)
    story.announced = len(story.log.read_bytes())
    story.retry()
    content = story.log.read_bytes()
    story.log.write_bytes(content[: content.index(b"\n", content.rindex(b'{"record": "plan"')) + 1])
    story.resume()


def a_machine_is_replaced(story: Story) -> None:
    story.kill_at("send", nth=2, handled=True)
    story.begin("vm", "--max-parallel", "1")
    story.leave(story.names[0], replaced=True)
    story.leave(story.names[5], replaced=True)
    story.resume()


def a_bulk_call_is_waited_for(story: Story) -> None:
    story.queue(1)
    story.begin("bulk", "--no-wait")
    story.wait()


def a_bulk_call_is_killed(story: Story) -> None:
    story.queue(1)
    story.kill_at("poll", nth=1, handled=True)
    story.begin("bulk")
    story.resume()
    story.retry()


def a_set_call_is_killed(story: Story) -> None:
    story.queue(1)
    story.kill_at("poll", nth=1, handled=True)
    story.begin("set")
    story.resume()


def a_poll_is_forbidden(story: Story) -> None:
    story.fault("poll", {"status": 403, "code": "AuthorizationFailed", "message": "No."}, times=3)
    story.begin("vm")


def a_gateway_gives_up(story: Story) -> None:
    story.fault("restart", LOST[7], story.names[0])
    story.begin("vm")


def a_list_shifts(story: Story) -> None:
    story.sim.configure(page_size=2)
    story.fault("list", {"kind": "overlap"})
    story.begin("vm", "--batch-size", "1")


def others_act_before_a_batch(story: Story) -> None:
    story.fault("restart", {"kind": "drop-before"}, story.names[5])
    event = {"kind": "event", "do": "reapply", "vm": story.names[5]}
    story.sim.add_fault({"action": "poll", "nth": 1, "per": "all", "fault": event})
    story.begin("vm", "--batch-size", "5", "--batch-pause", "4", "--timeout", "5")


def others_act_before_a_request_that_was_never_sent(story: Story) -> None:
    event = {"kind": "event", "do": "reapply", "vm": story.names[5]}
    story.sim.add_fault({"action": "poll", "nth": 1, "per": "all", "fault": event})
    story.kill_at("send", nth=INSTANCES, handled=False)
    story.begin("vm", "--batch-size", "5", "--batch-pause", "4")
    story.resume()


def others_act_after_a_request_that_was_never_sent(story: Story) -> None:
    story.kill_at("send", nth=1, handled=False)
    story.begin("vm", "--max-parallel", "1")
    story.others_act(story.names[0], "reapply")
    story.resume()


BROKEN = (
    a_look_is_throttled_and_the_run_is_killed,
    ids_are_spelt_otherwise,
    the_log_ends_behind_the_plan_of_a_retry,
    a_machine_is_replaced,
    a_bulk_call_is_waited_for,
    a_bulk_call_is_killed,
    a_set_call_is_killed,
    a_poll_is_forbidden,
    a_gateway_gives_up,
    a_list_shifts,
    others_act_before_a_batch,
    others_act_before_a_request_that_was_never_sent,
    others_act_after_a_request_that_was_never_sent,
)


@pytest.mark.parametrize("happens", BROKEN, ids=lambda one: one.__name__)
def test_what_broke_a_run_once_does_no_harm(
    happens: Callable[[Story], None], warm: WarmAz, sim: Simulator, tmp_path: Path
) -> None:
    with story_of(warm, sim, tmp_path) as story:
        happens(story)
        story.finish()

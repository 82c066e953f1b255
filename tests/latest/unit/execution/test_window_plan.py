"""The window of a plan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.execution.availability import Budget
from azext_flexcompare.execution.plan import RunContext, RunPlan
from azext_flexcompare.execution.turn import Batch
from azext_flexcompare.execution.window_plan import plan_window
from azext_flexcompare.instances import Instance
from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.run_options import RunOptions
from tests.latest.helpers.worlds import OPERATIONS


@pytest.fixture
def plan_of(azure: Azure, members: Callable[[], list[Instance]]) -> Callable[..., Any]:
    chosen = members()

    def plan_of(amount: str | None, **more: Any) -> Any:
        run_options = RunOptions(max_unavailable=None if amount is None else parse_batch_size(amount))
        context = RunContext(None, OPERATIONS["restart"], {}, run_options, azure, mask=str)
        return plan_window(context, RunPlan(chosen, [Batch(1, chosen[:2], [])], [], [], **more))

    return plan_of


def test_the_budget_is_of_the_whole_set_and_kept_in_the_log(plan_of: Any) -> None:
    run_plan, window = plan_of("50%", record={"record": "plan"})
    (budget,) = window.budgets
    assert (budget.of, budget.allowed) == (6, 3)
    assert run_plan.record == {"record": "plan", "window": [budget.record()]}


def test_a_resumed_run_has_the_budget_of_its_log(plan_of: Any, flex: Any) -> None:
    _, window = plan_of("50%", budgets=[Budget(flex, 40, 20)])
    assert window.budgets == [Budget(flex, 40, 20)]


def test_without_the_option_nothing_is_read(plan_of: Any, sim: Any) -> None:
    before = len(sim.requests())
    run_plan, window = plan_of(None, record={"record": "plan"})
    assert (run_plan.record, window) == ({"record": "plan"}, None)
    assert len(sim.requests()) == before

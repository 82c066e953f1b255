"""The plan of a run with a window: the budget of each set, and what is unavailable before anything is sent."""

from __future__ import annotations

from knack.log import get_logger

from azext_flexcompare.execution.availability import WindowPlan, budgets_of, read_availability, window_lines
from azext_flexcompare.execution.plan import RunContext, RunPlan


def plan_window(context: RunContext, run_plan: RunPlan) -> tuple[RunPlan, WindowPlan | None]:
    """Return the window of a run, if it has one, and its plan with the budgets, which a resumed run keeps.

    What they amount to is logged: with --dry-run, and where some of a set is unavailable already.
    """
    amount = context.run_options.max_unavailable
    sets = list(dict.fromkeys(one.scale_set for batch in run_plan.batches for one in batch.instances))
    if amount is None or not sets:
        return run_plan, None
    gates = context.run_options.health_gate
    view = read_availability(context.azure, context.operation.name, sets, gates)
    budgets = run_plan.budgets or budgets_of(amount, sets, view.totals)
    window = WindowPlan(budgets, view, gates)
    for line in window_lines(window, everything=context.run_options.dry_run):
        get_logger(__name__).warning(line)
    record = run_plan.record and {**run_plan.record, "window": [one.record() for one in budgets]}
    return run_plan._replace(record=record), window

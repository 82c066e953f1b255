"""What is sent to which instance in which batch, and what is not."""

from __future__ import annotations

from typing import Any

import pytest

from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.execution.plan import RunContext, kept_options, plan_run, run_context
from azext_flexcompare.instances import Instance
from azext_flexcompare.output.masking import MASK
from azext_flexcompare.planning.batches import parse_batch_size
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Skip, Work
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import instance

BY_NAME = {one.name: one for one in operations()}
CHOSEN = [instance(name) for name in "abc"]


def task(operation: str = "restart", options: dict[str, Any] | None = None, **run_options: Any) -> RunContext:
    return run_context(None, BY_NAME[operation], options or {}, RunOptions(**run_options))


def one_each(instances: list[Instance]) -> list[Work]:
    return [Work([one], Skip("It is so already.") if one.name == "b" else Completed) for one in instances]


def test_only_instances_that_get_a_call_have_a_batch() -> None:
    run_plan = plan_run(task(batch_size=(parse_batch_size("1"),)), one_each, CHOSEN, {})
    assert run_plan.batch_numbers == {CHOSEN[0].id: 1, CHOSEN[2].id: 2}
    assert [(one.target.name, one.status, one.reason) for one in run_plan.new_outcomes] == [
        ("b", "Skipped", "It is so already.")
    ]


def test_an_instance_that_is_there_already_gets_no_call_if_wanted() -> None:
    running = [*CHOSEN, instance("d", power_state="stopped")]
    calls = plan_run(task("start", skip_satisfied=True), one_each, running, {})
    assert list(calls.batch_numbers) == [running[3].id]
    assert {one.reason for one in calls.new_outcomes} == {"It is running already."}
    assert len(plan_run(task("start"), one_each, running, {}).batch_numbers) == 3


def test_the_record_of_the_plan_has_the_choice_and_every_chosen_instance() -> None:
    plan = plan_run(task(), one_each, CHOSEN, {"scale_set": "web"}).record
    assert plan is not None
    assert (plan["choice"], plan["operation"], plan["batches"]) == ({"scale_set": "web"}, "restart", 1)
    assert [one["instance"] for one in plan["instances"]] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("given", "value"),
    [
        *((f"{name}=S3cret", "S3cret") for name in ("key", "my-key", "my.key", "a b", "2")),
        ("S3cret", "S3cret"),
        ('"a=S3cret"', 'S3cret"'),
    ],
)
def test_the_value_of_a_protected_parameter_is_masked_by_itself(given: str, value: str) -> None:
    found = task("run-command create", {"script": "date", "protected_parameters": [given]})
    assert found.mask(f"The value {value} is not valid.") == f"The value {MASK} is not valid."
    assert found.output_mask(f"+ echo {value}") == f"+ echo {MASK}"


def test_a_secret_is_masked_and_not_kept() -> None:
    found = task("reimage", {"admin_password": "hunter2", "temp_disk": True})
    assert kept_options(found) == {"--admin-password": None, "--temp-disk": True}
    assert "hunter2" not in found.mask("a hunter2 b")
    assert sorted(found.given) == ["--admin-password", "--temp-disk"]

"""What is sent to which instance in which batch, and what is not."""

from __future__ import annotations

from typing import Any

from azext_flexcompare.arm.polling import Ended
from azext_flexcompare.execution.plan import Task, acting_of, agenda_for, idle_of, kept_options, task_of
from azext_flexcompare.instances import Instance
from azext_flexcompare.planning.batches import size
from azext_flexcompare.planning.run_options import How
from azext_flexcompare.planning.work import Nothing, Work
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import instance

BY_NAME = {one.name: one for one in operations()}
CHOSEN = [instance(name) for name in "abc"]


def task(operation: str = "restart", options: dict[str, Any] | None = None, **how: Any) -> Task:
    return task_of(None, BY_NAME[operation], options or {}, How(**how))


def one_each(instances: list[Instance]) -> list[Work]:
    return [Work([one], Nothing("It is so already.") if one.name == "b" else Ended) for one in instances]


def test_what_needs_no_call_is_set_apart_with_its_reason() -> None:
    work = one_each(CHOSEN)
    assert idle_of(work) == {CHOSEN[1].id: "It is so already."}
    assert [one.instances[0].name for one in acting_of(work)] == ["a", "c"]


def test_only_instances_that_get_a_call_have_a_batch() -> None:
    agenda = agenda_for(task(batch_size=(size("1"),)), one_each, CHOSEN, {})
    assert agenda.numbers == {CHOSEN[0].id: 1, CHOSEN[2].id: 2}
    assert [(one.target.name, one.status, one.reason) for one in agenda.news] == [("b", "Skipped", "It is so already.")]


def test_an_instance_that_is_there_already_gets_no_call_if_wanted() -> None:
    running = [*CHOSEN, instance("d", power_state="stopped")]
    calls = agenda_for(task("start", skip_satisfied=True), one_each, running, {})
    assert list(calls.numbers) == [running[3].id]
    assert {one.reason for one in calls.news} == {"It is running already."}
    assert len(agenda_for(task("start"), one_each, running, {}).numbers) == 3


def test_the_record_of_the_plan_has_the_choice_and_every_chosen_instance() -> None:
    plan = agenda_for(task(), one_each, CHOSEN, {"scale_set": "web"}).plan
    assert plan is not None
    assert (plan["choice"], plan["operation"], plan["batches"]) == ({"scale_set": "web"}, "restart", 1)
    assert [one["instance"] for one in plan["instances"]] == ["a", "b", "c"]


def test_a_secret_is_masked_and_not_kept() -> None:
    found = task("reimage", {"admin_password": "hunter2", "temp_disk": True})
    assert kept_options(found) == {"--admin-password": None, "--temp-disk": True}
    assert "hunter2" not in found.mask("a hunter2 b")
    assert sorted(found.given) == ["--admin-password", "--temp-disk"]

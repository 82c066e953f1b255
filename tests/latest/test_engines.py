"""What do the other engines send, and does each instance still have an outcome of its own?"""

from __future__ import annotations

import inspect
import json
import re
import signal
import subprocess
from collections import Counter
from typing import Any

import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from azure.mgmt.compute.v2024_11_01.operations import VirtualMachineScaleSetsOperations, _operations
from azure.mgmt.core.tools import parse_resource_id

from armsim import Simulator
from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.planning import bulk_engine as bulk
from azext_flexcompare.planning.engines import prepared_by
from azext_flexcompare.planning.work import Work
from azext_flexcompare.scheduler.outcome import Outcome
from azext_flexcompare.table.entries import Operation, Option, bulk_services, operations
from tests.latest.conftest import INSTANCES, Ran, Run, changes
from tests.latest.test_interruption import wait_until
from tools.sandbox import AZ

FLEX = ("-g", "rg", "-n", "flex")
SET = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachineScaleSets/v"
EVERY = ("--instance-ids", "*", "--yes")
BY_SET = [one for one in operations() if "set" in (one.engines or {})]
BULK = ["start", "deallocate", "delete-instances"]
NO_ROOM = {"kind": "fail", "code": "AllocationFailed", "message": "No room."}
each_set_call = pytest.mark.parametrize("operation", BY_SET, ids=lambda operation: operation.name)
each_bulk_operation = pytest.mark.parametrize("name", BULK)


def way_of(operation: Operation) -> dict[str, Any]:
    return (operation.engines or {})["set"]


def statuses(done: Ran) -> dict[str, str]:
    return {row["instance"]: row["status"] for row in done.json}


def sent(sim: Simulator) -> Counter[str]:
    return Counter(request["action"] for request in changes(sim))


@each_set_call
def test_a_set_takes_the_call_with_the_operations_own_options(operation: Operation) -> None:
    way = way_of(operation)
    method = way["call"].split(".")[1]
    taken = set(inspect.signature(getattr(VirtualMachineScaleSetsOperations, method)).parameters)
    wanted = {option.argument.split(".")[0] for option in operation.options if option.argument} - {"parameters"}
    assert wanted | {way.get("body", "vm_instance_i_ds")} <= taken
    assert "body" in way or not any("parameters." in (option.argument or "") for option in operation.options)


@each_set_call
def test_the_table_says_what_the_sdk_sends_to_a_set(operation: Operation) -> None:
    way = way_of(operation)
    method = way["call"].split(".")[1].removeprefix("begin_")
    build = getattr(_operations, f"build_virtual_machine_scale_sets_{method}_request")
    request = build(resource_group_name="g", vm_scale_set_name="v", subscription_id="s")
    assert re.sub(r"\?.*", "", f"{request.method} {request.url}") == way["request"].replace("{set}", SET)


@each_set_call
def test_one_call_names_the_chosen_instances(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")[:3]
    done = run(operation.name, *FLEX, "--engine", "set", "--yes", "--instance-ids", *names)
    assert (done.exit, done.stderr) == (0, "")
    assert statuses(done) == dict.fromkeys(names, "Succeeded")
    (call,) = changes(sim)
    assert f"{call['method']} {call['path']}".lower().endswith(
        way_of(operation)["request"].replace("{set}", "/flex")[5:].lower()
    )
    assert call["body"] == {"instanceIds": names}


def test_the_options_of_a_reimage_go_with_the_names(run: Run, sim: Simulator) -> None:
    names = sim.names("flex")[:1]
    run("reimage", *FLEX, "--engine", "set", "--instance-ids", *names, "--exact-version", "1.2.3", "--yes")
    assert changes(sim)[0]["body"] == {"instanceIds": names, "exactVersion": "1.2.3"}


@pytest.mark.parametrize("told", [True, False], ids=["the call fails", "the call says nothing of it"])
@pytest.mark.parametrize("name", ["restart", "deallocate", "stop", "delete-instances"])
def test_the_list_tells_who_failed_and_with_what(name: str, told: bool, run: Run, sim: Simulator) -> None:
    sim.configure(batch_fails=told)
    names = sim.names("flex")
    bad = names[2]
    action = f"vmss-{ {'stop': 'powerOff', 'delete-instances': 'delete'}.get(name, name) }"
    sim.add_fault({"vm": bad, "action": action, "fault": NO_ROOM})
    done = run(name, *FLEX, "--engine", "set", *EVERY)
    assert done.exit == 4
    assert statuses(done) == {**dict.fromkeys(names, "Succeeded"), bad: "Failed"}
    assert {row["instance"]: row["error"] for row in done.json if row["error"]} == {
        bad: {"code": "AllocationFailed", "message": "No room."}
    }


@pytest.mark.parametrize("told", [True, False], ids=["the call fails", "the call says nothing of it"])
def test_what_shows_no_trace_of_the_call_is_failed_and_says_so(told: bool, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    run("deallocate", *FLEX, "--instance-ids", names[1])
    sim.configure(batch_fails=told)
    done = run("restart", *FLEX, "--engine", "set")  # of a deallocated one is refused
    assert done.exit == 4
    assert statuses(done) == {**dict.fromkeys(names, "Succeeded"), names[1]: "Failed"}
    assert "not known" in done.json[1]["reason"] or "not be established" in done.json[1]["reason"]


def test_a_refused_call_fails_all_with_its_error_and_lists_nothing(run: Run, sim: Simulator) -> None:
    fault = {"status": 409, "code": "OperationNotAllowed", "message": "Not now."}
    sim.add_fault({"action": "vmss-restart", "fault": fault})
    done = run("restart", *FLEX, "--engine", "set")
    assert done.exit == 4
    assert [row["error"]["message"] for row in done.json] == ["Not now."] * INSTANCES
    assert Counter(request["action"] for request in sim.requests())["list"] == 1


def test_a_list_that_fails_afterwards_leaves_every_outcome_in_doubt(run: Run, sim: Simulator) -> None:
    sim.add_fault(
        {"action": "list", "nth": 2, "fault": {"status": 403, "code": "AuthorizationFailed", "message": "No."}}
    )
    done = run("restart", *FLEX, "--engine", "set")
    assert done.exit == 4
    assert {row["error"]["code"] for row in done.json} == {"NotEstablished"}
    assert all("could not be established" in row["reason"] for row in done.json)


def test_a_call_that_does_not_end_in_time_is_settled_by_the_list(run: Run, sim: Simulator) -> None:
    slow = sim.names("flex")[3]
    sim.add_fault({"vm": slow, "action": "vmss-deallocate", "fault": {"kind": "stuck"}})
    done = run("deallocate", *FLEX, "--engine", "set", "--timeout", "3")
    assert statuses(done) == {**dict.fromkeys(sim.names("flex"), "Succeeded"), slow: "TimedOut"}
    assert done.exit == 4


@each_bulk_operation
def test_a_hundred_instances_cost_one_call_and_a_few_looks(name: str, run: Run, sim: Simulator) -> None:
    sim.reset(vms=100)
    names = sim.names("flex")
    done = run(name, *FLEX, "--engine", "bulk", *EVERY)
    assert (done.exit, done.stderr) == (0, "")
    assert statuses(done) == dict.fromkeys(names, "Succeeded")
    verb = {"delete-instances": "delete"}.get(name, name)
    looks = sent(sim).pop("bulk-status")
    assert sent(sim) == {f"bulk-{verb}": 1, "bulk-status": looks}
    assert looks <= 4


def test_calls_take_a_hundred_instances_at_most_and_rows_stay_in_order(run: Run, sim: Simulator) -> None:
    sim.reset(vms=230)
    names = sim.names("flex")[::-1]
    done = run("deallocate", *FLEX, "--engine", "bulk", "--instance-ids", *names)
    assert done.exit == 0
    assert [row["instance"] for row in done.json] == names
    sizes = [len(one["body"]["resources"]["ids"]) for one in changes(sim) if one["action"] == "bulk-deallocate"]
    assert sorted(sizes) == [30, 100, 100]


def test_many_sets_are_one_report_with_one_call_for_each_group(run: Run, sim: Simulator) -> None:
    ids = [sim.scale_sets[name] for name in ("flex", "other", "flex2")]
    done = run("deallocate", "--engine", "bulk", "--ids", *ids)
    assert done.exit == 0
    assert {row["scaleSet"] for row in done.json} == {"flex", "other", "flex2"}
    assert set(statuses(done).values()) == {"Succeeded"}
    groups = {row["resourceGroup"].lower() for row in done.json}
    assert sent(sim)["bulk-deallocate"] == len(groups)


@pytest.mark.parametrize(
    "fault",
    [NO_ROOM, {"status": 409, "code": "AllocationFailed", "message": "No room."}],
    ids=["at its end", "in the first answer"],
)
def test_a_row_with_an_error_fails_its_own_instance(fault: dict[str, Any], run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    sim.add_fault({"vm": names[4], "action": "bulk-deallocate", "fault": fault})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 4
    assert statuses(done) == {**dict.fromkeys(names, "Succeeded"), names[4]: "Failed"}
    assert done.json[4]["error"] == {"code": "AllocationFailed", "message": "No room."}
    assert names[4] in done.stderr


def test_operations_that_the_service_forgot_fail_and_say_so(run: Run, sim: Simulator) -> None:
    sim.add_fault({"action": "bulk-deallocate", "fault": {"kind": "gone"}})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 4
    assert {row["error"]["code"] for row in done.json} == {"OperationNotFound"}
    assert len({row["error"]["message"] for row in done.json}) == INSTANCES  # each names its own operation


@pytest.mark.parametrize("code", ["", "Blocked"])
def test_what_does_not_end_times_out_alone(code: str, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    sim.add_fault(
        {"vm": names[1], "action": "bulk-deallocate", "fault": {"kind": "stuck", **({"code": code} if code else {})}}
    )
    done = run("deallocate", *FLEX, "--engine", "bulk", "--timeout", "3")
    assert done.exit == 4
    assert statuses(done) == {**dict.fromkeys(names, "Succeeded"), names[1]: "TimedOut"}
    assert "Operation" in done.json[1]["reason"]


@pytest.mark.parametrize("fault", [{"status": 429, "retryAfter": 1}, {"status": 503}, {"kind": "malformed"}])
def test_a_look_without_an_answer_is_repeated(fault: dict[str, Any], run: Run, sim: Simulator) -> None:
    sim.add_fault({"action": "bulk-status", "times": 1, "fault": fault})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 0
    assert ("Azure throttled 1 request" in done.stderr) is (fault.get("status") == 429)


def test_a_throttled_call_is_sent_again(run: Run, sim: Simulator) -> None:
    sim.add_fault({"action": "bulk-deallocate", "times": 1, "fault": {"status": 429, "retryAfter": 1}})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 0
    assert "Azure throttled 1 request (429), with Retry-After of up to 1 s." in done.stderr
    assert sent(sim)["bulk-deallocate"] == 2


@pytest.mark.parametrize("fault", [{"status": 503}, {"kind": "drop-after"}, {"kind": "malformed"}])
def test_a_call_of_unknown_acceptance_is_not_repeated(fault: dict[str, Any], run: Run, sim: Simulator) -> None:
    sim.add_fault({"action": "bulk-deallocate", "fault": fault})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 4
    assert sent(sim) == {"bulk-deallocate": 1}
    assert set(statuses(done).values()) == {"Failed"}


def test_hibernation_and_force_are_carried(run: Run, sim: Simulator) -> None:
    run("deallocate", *FLEX, "--engine", "bulk", "--hibernate")
    run("delete-instances", *FLEX, "--engine", "bulk", *EVERY, "--force-deletion")
    assert sent(sim)["bulk-hibernate"] == 1
    assert [one["body"]["forceDeletion"] for one in changes(sim) if one["action"] == "bulk-delete"] == [True]


def test_the_other_service_is_tried_where_the_first_is_not_there(run: Run, sim: Simulator) -> None:
    sim.configure(bulk_regions=["elsewhere"])
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert (done.exit, done.stderr) == (0, "")
    assert set(statuses(done).values()) == {"Succeeded"}
    assert sent(sim)["bulk-deallocate"] == sent(sim)["schedule-deallocate"] == 1
    assert sent(sim)["schedule-status"]


@pytest.mark.parametrize("regions", [[], ["elsewhere"]])
def test_each_instance_gets_a_call_where_neither_service_is_there(regions: list[str], run: Run, sim: Simulator) -> None:
    sim.configure(bulk_regions=regions, schedule_regions=regions)
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 0
    assert set(statuses(done).values()) == {"Succeeded"}
    assert sent(sim) == {"bulk-deallocate": 1, "schedule-deallocate": 1, "deallocate": INSTANCES}
    assert done.stderr.count("No bulk operations in westeurope") == 1


def test_a_deletion_is_not_asked_of_a_service_that_has_none(run: Run, sim: Simulator) -> None:
    sim.configure(bulk_regions=[])
    done = run("delete-instances", *FLEX, "--engine", "bulk", *EVERY)
    assert done.exit == 0
    assert sent(sim) == {"bulk-delete": 1, "delete": INSTANCES}


def test_a_refusal_is_no_reason_to_try_elsewhere(run: Run, sim: Simulator) -> None:
    fault = {"status": 403, "code": "AuthorizationFailed", "message": "You may not."}
    sim.add_fault({"action": "bulk-deallocate", "fault": fault})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert (done.exit, sent(sim)) == (4, {"bulk-deallocate": 1})
    assert {row["error"]["code"] for row in done.json} == {"AuthorizationFailed"}


def test_without_waiting_each_row_names_its_operation(run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    fault = {"status": 409, "code": "Conflict", "message": "Busy."}
    sim.add_fault({"vm": names[0], "action": "bulk-deallocate", "fault": fault})
    done = run("deallocate", *FLEX, "--engine", "bulk", "--no-wait")
    assert done.exit == 4
    assert statuses(done) == {**dict.fromkeys(names, "Accepted"), names[0]: "Failed"}
    assert len({row["reason"] for row in done.json}) == INSTANCES
    assert {row["operationUrl"] for row in done.json} == {None}
    assert sent(sim) == {"bulk-deallocate": 1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_the_service_has_not_begun_is_cancelled(
    sim: Simulator, environment: dict[str, str], number: signal.Signals
) -> None:
    sim.configure(seconds=600, bulk_executing=2)
    command = [str(AZ), "vmss-flex", "deallocate", *FLEX, "--engine", "bulk"]
    with subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        wait_until(sim, lambda sim: sent(sim)["bulk-status"] > 0)
        sim.advance(200)  # now two of them execute, and the others wait for their turn
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=30)
    rows = json.loads(stdout)
    assert process.returncode == 130
    assert Counter(row["status"] for row in rows) == {"Interrupted": 2, "NotStarted": INSTANCES - 2}
    assert all("Operation" in row["reason"] for row in rows if row["status"] == "Interrupted")
    assert sent(sim)["bulk-cancel"] == 1
    assert "Traceback" not in stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["restart", "--engine", "bulk"], "--engine vm or set"),
        (["stop", "--skip-shutdown", "--engine", "bulk"], "--engine vm or set"),
        (["reapply", "--engine", "set"], "Use --engine vm."),
        (["reapply", "--engine", "bulk"], "Use --engine vm."),
        (["start", "--engine", "bulk", "--max-parallel", "5"], "Leave --max-parallel out"),
    ],
)
def test_a_refusal_sends_nothing_and_names_what_helps(
    arguments: list[str], said: str, run: Run, sim: Simulator
) -> None:
    done = run(*arguments, *FLEX)
    assert (done.exit, done.stdout) == (1, "")
    assert said in done.stderr
    assert sim.requests() == []


@pytest.mark.parametrize("engine", ["set", "bulk"])
def test_a_dry_run_sends_nothing(engine: str, run: Run, sim: Simulator) -> None:
    done = run("start", *FLEX, "--engine", engine, "--dry-run")
    assert set(statuses(done).values()) == {"Planned"}
    assert changes(sim) == []


@pytest.mark.parametrize("engine", ["set", "bulk"])
def test_what_is_there_already_is_left_out_of_the_call(engine: str, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    run("deallocate", *FLEX, "--instance-ids", names[0])
    done = run("deallocate", *FLEX, "--engine", engine, "--skip-satisfied")
    assert done.exit == 0
    assert statuses(done) == {**dict.fromkeys(names, "Succeeded"), names[0]: "Skipped"}


def instance(group: str, location: str, name: str) -> Instance:
    id_ = f"/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{name}"
    home = ScaleSet("s", parse_resource_id(id_)["resource_group"], "flex", "set")
    return Instance(id_, name, home, None, None, None, {}, None, None, location, None)


def test_a_call_is_for_one_group_and_one_location_whatever_their_case() -> None:
    places = [("a", "north"), ("A", "North"), ("a", "south"), ("b", "north")]
    chosen = [instance(*place, f"{number}") for number in range(3) for place in places]
    sizes = Counter((one[0].resource_group.lower(), one[0].location.lower(), len(one)) for one in bulk.chunks(chosen))
    assert sizes == {("a", "north", 6): 1, ("a", "south", 3): 1, ("b", "north", 3): 1}


def chunk_of(*names: str) -> bulk.Chunk:
    made = bulk.Chunk(None, bulk.Wish("Start", {}), [instance("g", "north", name) for name in names], list)  # type: ignore[arg-type]
    made.known = {one.id.lower(): bulk.Known(f"operation of {one.name}") for one in made.instances}
    return made


def test_a_row_that_names_no_instance_is_that_of_the_one_left_over() -> None:
    chunk = chunk_of("a", "b")
    running = {"resourceId": chunk.instances[0].id.upper(), "operation": {"operationId": "1", "state": "Executing"}}
    chunk._take([{"resourceId": None, "errorCode": "OperationNotFound"}, running], chunk._unfinished())
    a, b = chunk.known.values()
    assert (a.status, b.status) == (None, "Failed")
    assert b.error is not None
    assert "operation of b" in b.error.message


def test_rows_that_name_nobody_blame_nobody_where_more_are_left_over() -> None:
    chunk = chunk_of("a", "b")
    chunk._take([{"resourceId": None, "errorCode": "OperationNotFound"}], chunk._unfinished())
    assert [known.status for known in chunk.known.values()] == [None, None]


@pytest.mark.parametrize("row", [None, {"errorCode": None, "operation": None}], ids=["no row", "an empty row"])
def test_an_instance_of_which_the_answer_says_nothing_is_failed(row: dict[str, Any] | None) -> None:
    chunk = chunk_of("a", "b")
    silent = chunk.instances[1].id
    del chunk.known[silent.lower()]
    chunk._take([{"resourceId": silent, **row}] if row else [], {silent.lower(): bulk.Known(None)})
    chunk.service = bulk_services("Start")[0]
    work = Work(chunk.instances, chunk.send, chunk.settle)
    running, lost = chunk.settle(Outcome(work, "Accepted"))
    assert isinstance(running, Outcome)
    assert isinstance(lost, Outcome)
    assert (running.status, lost.status) == ("Accepted", "Failed")
    assert lost.error is not None
    assert lost.error.code == "NoAnswer"


def test_an_option_that_an_engine_cannot_carry_is_refused_by_name() -> None:
    (start,) = [one for one in operations() if one.name == "start"]
    option = Option("--gently", "flag", "Gently.", "gently")
    with pytest.raises(InvalidArgumentValueError, match="cannot do start with --gently"):
        prepared_by("bulk", start._replace(options=(option,)), {"gently": True}, None)  # type: ignore[arg-type]


def test_a_state_that_nobody_knows_is_no_end() -> None:
    row = {"resourceId": "/x", "operation": {"operationId": "1", "state": "Pondering"}}
    assert bulk._known(row).status is None
    assert bulk._known({**row, "operation": {"operationId": "1", "state": "Succeeded"}}).status == "Succeeded"


def test_the_wait_between_looks_grows_to_a_quarter_of_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    chunk = bulk.Chunk(None, bulk.Wish("Start", {}), [], lambda _: [])  # type: ignore[arg-type]
    waits = []
    for moment in (0, 5, 20, 1000):
        monkeypatch.setattr(bulk, "monotonic", lambda moment=moment: moment)
        waits.append(chunk.acceptance.poll.retry_after)
    assert waits == [0.5, 2.0, 8.0, 15.0]
    chunk.asked = 40.0
    assert chunk.acceptance.poll.retry_after == 40.0

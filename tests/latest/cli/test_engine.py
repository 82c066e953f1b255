"""The requests of `--engine set` and `--engine bulk`, with an outcome for each instance."""

from __future__ import annotations

import json
import signal
import subprocess
from collections import Counter
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.execution.unknown_outcome import SHOWN_ENDED
from azext_flexcompare.table.entries import Operation
from tests.latest.helpers.az import FLEX, INSTANCES, Run, WarmAz
from tests.latest.helpers.faults import FAILS
from tests.latest.helpers.rows import status_of_each
from tests.latest.helpers.waits import wait_until
from tests.latest.helpers.worlds import changes, each_set_call, many_sets, way_of
from tools.sandbox import AZ

EVERY = ("--instance-ids", "*", "--yes")
BULK = ["start", "deallocate", "delete-instances"]
each_bulk_operation = pytest.mark.parametrize("name", BULK)


def sent(sim: Simulator) -> Counter[str]:
    return Counter(request["action"] for request in changes(sim))


@each_set_call
def test_one_call_names_the_chosen_instances(operation: Operation, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")[:3]
    done = run(operation.name, *FLEX, "--engine", "set", "--yes", "--instance-ids", *names)
    assert (done.exit, done.stderr) == (0, "")
    assert status_of_each(done) == dict.fromkeys(names, "Succeeded")
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
def test_the_list_shows_which_instance_failed_and_its_error(name: str, told: bool, run: Run, sim: Simulator) -> None:
    sim.configure(batch_fails=told)
    names = sim.names("flex")
    bad = names[2]
    action = f"vmss-{ {'stop': 'powerOff', 'delete-instances': 'delete'}.get(name, name) }"
    sim.add_fault({"vm": bad, "action": action, "fault": FAILS})
    done = run(name, *FLEX, "--engine", "set", *EVERY)
    assert done.exit == 4
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), bad: "Failed"}
    assert {row["instance"]: row["error"] for row in done.json if row["error"]} == {
        bad: {"code": "AllocationFailed", "message": "No room."}
    }


@pytest.mark.parametrize("told", [True, False], ids=["the call fails", "the call says nothing of it"])
def test_the_outcome_of_an_instance_without_a_trace_of_the_call_is_unknown(
    told: bool, run: Run, sim: Simulator
) -> None:
    names = sim.names("flex")
    run("deallocate", *FLEX, "--instance-ids", names[1])
    sim.configure(batch_fails=told)
    done = run("restart", *FLEX, "--engine", "set")  # of a deallocated one is refused
    assert done.exit == 4
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), names[1]: "TimedOut"}
    assert "not known" in done.json[1]["reason"] or "not be established" in done.json[1]["reason"]


def test_a_call_for_one_instance_that_fails_is_about_it(run: Run, sim: Simulator) -> None:
    name = sim.names("flex")[1]
    run("deallocate", *FLEX, "--instance-ids", name)
    sim.configure(batch_fails=True)
    done = run("restart", *FLEX, "--engine", "set", "--instance-ids", name)
    assert status_of_each(done) == {name: "Failed"}


def test_a_refused_call_fails_all_with_its_error_if_all_are_still_there(run: Run, sim: Simulator) -> None:
    fault = {"status": 409, "code": "OperationNotAllowed", "message": "Not now."}
    sim.add_fault({"action": "vmss-restart", "fault": fault})
    done = run("restart", *FLEX, "--engine", "set")
    assert done.exit == 4
    assert [row["error"]["message"] for row in done.json] == ["Not now."] * INSTANCES
    assert Counter(request["action"] for request in sim.requests())["list"] == 2


def test_instances_that_can_be_read_neither_in_a_list_nor_alone_have_unknown_outcomes(run: Run, sim: Simulator) -> None:
    forbidden = {"status": 403, "code": "AuthorizationFailed", "message": "No."}
    sim.add_fault({"action": "list", "nth": 2, "fault": forbidden})
    sim.add_fault({"action": "get", "fault": forbidden})
    done = run("restart", *FLEX, "--engine", "set")
    assert (done.exit, set(status_of_each(done).values())) == (4, {"TimedOut"})
    assert {row["error"]["code"] for row in done.json} == {"NotEstablished"}
    assert all("could not be read" in row["reason"] for row in done.json)


def test_a_call_that_does_not_end_in_time_is_settled_by_the_list(run: Run, sim: Simulator) -> None:
    slow = sim.names("flex")[3]
    sim.add_fault({"vm": slow, "action": "vmss-deallocate", "fault": {"kind": "stuck"}})
    done = run("deallocate", *FLEX, "--engine", "set", "--timeout", "3")
    assert status_of_each(done) == {**dict.fromkeys(sim.names("flex"), "Succeeded"), slow: "TimedOut"}
    assert done.exit == 4


@each_bulk_operation
def test_a_hundred_instances_cost_one_call_and_a_few_polls(name: str, run: Run, sim: Simulator) -> None:
    sim.reset(vms=100)
    names = sim.names("flex")
    done = run(name, *FLEX, "--engine", "bulk", *EVERY)
    assert (done.exit, done.stderr) == (0, "")
    assert status_of_each(done) == dict.fromkeys(names, "Succeeded")
    verb = {"delete-instances": "delete"}.get(name, name)
    polls = sent(sim).pop("bulk-status")
    assert sent(sim) == {f"bulk-{verb}": 1, "bulk-status": polls}
    assert polls <= 4


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
    assert set(status_of_each(done).values()) == {"Succeeded"}
    groups = {row["resourceGroup"].lower() for row in done.json}
    assert sent(sim)["bulk-deallocate"] == len(groups)


@pytest.mark.parametrize(
    "fault",
    [FAILS, {"status": 409, "code": "AllocationFailed", "message": "No room."}],
    ids=["at its end", "in the first answer"],
)
def test_a_row_with_an_error_fails_its_own_instance(fault: dict[str, Any], run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    sim.add_fault({"vm": names[4], "action": "bulk-deallocate", "fault": fault})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 4
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), names[4]: "Failed"}
    assert done.json[4]["error"] == {"code": "AllocationFailed", "message": "No room."}
    assert names[4] in done.stderr


def test_operations_that_the_service_forgot_end_as_their_instances_show(run: Run, sim: Simulator) -> None:
    sim.add_fault({"action": "bulk-deallocate", "fault": {"kind": "gone"}})
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 0
    assert {(row["status"], row["reason"]) for row in done.json} == {("Succeeded", SHOWN_ENDED)}


@pytest.mark.parametrize("code", ["", "Blocked"])
def test_what_does_not_end_times_out_alone(code: str, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    sim.add_fault(
        {"vm": names[1], "action": "bulk-deallocate", "fault": {"kind": "stuck", **({"code": code} if code else {})}}
    )
    done = run("deallocate", *FLEX, "--engine", "bulk", "--timeout", "3")
    assert done.exit == 4
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), names[1]: "TimedOut"}
    assert "peration" in done.json[1]["reason"]


@pytest.mark.parametrize("fault", [{"status": 429, "retryAfter": 1}, {"status": 503}, {"kind": "malformed"}])
def test_a_bulk_poll_without_an_answer_is_repeated(fault: dict[str, Any], run: Run, sim: Simulator) -> None:
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
    assert set(status_of_each(done).values()) == {"TimedOut"}


def test_hibernation_and_force_are_carried(run: Run, sim: Simulator) -> None:
    run("deallocate", *FLEX, "--engine", "bulk", "--hibernate")
    run("delete-instances", *FLEX, "--engine", "bulk", *EVERY, "--force-deletion")
    assert sent(sim)["bulk-hibernate"] == 1
    assert [one["body"]["forceDeletion"] for one in changes(sim) if one["action"] == "bulk-delete"] == [True]


def test_the_other_service_is_tried_where_the_first_is_not_there(run: Run, sim: Simulator) -> None:
    sim.configure(bulk_regions=["elsewhere"])
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert (done.exit, done.stderr) == (0, "")
    assert set(status_of_each(done).values()) == {"Succeeded"}
    assert sent(sim)["bulk-deallocate"] == sent(sim)["schedule-deallocate"] == 1
    assert sent(sim)["schedule-status"]


@pytest.mark.parametrize("regions", [[], ["elsewhere"]])
def test_each_instance_gets_a_call_where_neither_service_is_there(regions: list[str], run: Run, sim: Simulator) -> None:
    sim.configure(bulk_regions=regions, schedule_regions=regions)
    done = run("deallocate", *FLEX, "--engine", "bulk")
    assert done.exit == 0
    assert set(status_of_each(done).values()) == {"Succeeded"}
    assert sent(sim) == {"bulk-deallocate": 1, "schedule-deallocate": 1, "deallocate": INSTANCES}
    assert done.stderr.count("No bulk operations in westeurope") == 1


def test_a_deletion_skips_a_bulk_service_without_it(run: Run, sim: Simulator) -> None:
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
    assert status_of_each(done) == {**dict.fromkeys(names, "Accepted"), names[0]: "Failed"}
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
        (["start", "--engine", "bulk", "--max-parallel", "5"], "Omit --max-parallel"),
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
    assert set(status_of_each(done).values()) == {"Planned"}
    assert changes(sim) == []


@pytest.mark.parametrize("engine", ["set", "bulk"])
def test_what_is_there_already_is_left_out_of_the_call(engine: str, run: Run, sim: Simulator) -> None:
    names = sim.names("flex")
    run("deallocate", *FLEX, "--instance-ids", names[0])
    done = run("deallocate", *FLEX, "--engine", engine, "--skip-satisfied")
    assert done.exit == 0
    assert status_of_each(done) == {**dict.fromkeys(names, "Succeeded"), names[0]: "Skipped"}


def test_many_sets_are_called_polled_and_listed_side_by_side(warm: WarmAz, sim: Simulator) -> None:
    ids = many_sets(sim, 12, latency=0.1)
    done = warm.run("deallocate", "--ids", *ids, "--engine", "set")
    assert set(status_of_each(done).values()) == {"Succeeded"}
    found = Counter(one["action"] for one in sim.requests())
    assert (found["listAllScaleSets"], found["vmss-deallocate"]) == (1, 12)
    assert found["list"] >= 24  # before the calls and after them
    assert sim.counts()["peakInFlight"] >= 6


@pytest.mark.parametrize("fault", [{"status": 500}, {"kind": "drop-after"}])
def test_each_instance_of_a_set_call_without_an_answer_has_a_reason(
    fault: dict[str, Any], warm: WarmAz, sim: Simulator
) -> None:
    sim.add_fault({"action": "vmss-restart", "times": 1, "fault": fault})
    rows = json.loads(warm.run("restart", *FLEX, "--engine", "set", *EVERY).stdout)
    assert sent(sim) == {"vmss-restart": 1}
    assert any(one["action"] == "list" for one in sim.requests()[sim.requests().index(changes(sim)[0]) :])
    assert all(row["status"] == "Succeeded" or row["reason"] for row in rows)

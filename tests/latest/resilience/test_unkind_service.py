"""A service that is out of reach, throttles for hours, links in circles, or answers less than a role needs."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from armsim import Simulator
from armsim.messages import Request, Response
from armsim.world.description import default_description
from azext_flexcompare.scheduler.scheduler import NOT_TAKEN, PROBES
from tests.latest.helpers.az import FLEX, Ran, WarmAz
from tests.latest.helpers.rewriting import rewriting
from tests.latest.helpers.worlds import changes

ALL = (*FLEX, "--instance-ids", "*")
LISTS = "/virtualmachines"
READS = {  # commands that read each instance, and what the simulator calls their request
    "show": "showInstance",
    "protection show": "showInstance",
    "extension list": "extensions",
    "extension show -n customScript": "extension",
    "run-command list": "run-commands",
    "run-command show -n check": "run-command",
}


def rows_of(done: Ran) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def is_first_list(request: Request) -> bool:
    return request.path.lower().endswith(LISTS) and "$expand" in request.query


def test_throttling_for_hours_is_met_by_a_handful_of_requests(warm: WarmAz, sim: Simulator) -> None:
    sim.reset(default_description(60))
    sim.add_fault({"action": "restart", "per": "all", "fault": {"status": 429, "retryAfter": 7300}})
    done = warm.run("restart", *ALL)
    rows = rows_of(done)
    assert (done.exit, len(rows)) == (4, 60)
    assert len(changes(sim)) <= PROBES
    assert {(row["status"], row["error"]["code"], row["reason"]) for row in rows} == {
        ("TimedOut", "OperationNotAllowed", NOT_TAKEN)
    }


def test_a_refused_login_is_waited_for_and_a_token_is_requested_once(warm: WarmAz, sim: Simulator) -> None:
    sim.reset(default_description(60))
    sim.add_fault({"action": "restart", "per": "all", "times": 12, "fault": {"status": 401}})
    done = warm.run("restart", *ALL)
    assert (done.exit, {row["status"] for row in rows_of(done)}) == (0, {"Succeeded"})
    assert set(sim.accepted().values()) == {1}
    tokens = [one for one in sim.requests(login=True) if one["action"] == "token"]
    assert 1 <= len(tokens) <= 2


def test_a_list_that_links_to_itself_is_refused_before_anything_is_sent(warm: WarmAz, sim: Simulator) -> None:
    def change(request: Request, response: Response) -> Response:
        if is_first_list(request):
            return response._replace(body={**response.body, "nextLink": f"{sim.url}{request.target}"})
        return response

    with rewriting(sim, change):
        done = warm.run("restart", *ALL)
    assert (done.exit, changes(sim)) == (1, [])
    assert "leads back" in done.stderr
    assert len(sim.requests()) < 9


def test_a_listing_in_mid_run_that_links_to_itself_is_given_up(warm: WarmAz, sim: Simulator) -> None:
    sim.configure(seconds=1)

    def change(request: Request, response: Response) -> Response:
        if request.path.lower().endswith(LISTS) and not is_first_list(request):
            return response._replace(body={**response.body, "nextLink": f"{sim.url}{request.target}"})
        return response

    with rewriting(sim, change):
        done = warm.run("restart", *ALL)
    assert (done.exit, {row["status"] for row in rows_of(done)}) == (0, {"Succeeded"})
    assert sum(one["action"] == "list" for one in sim.requests()) < 13  # three of two or three pages each


def test_a_listing_that_is_forbidden_in_mid_run_costs_only_polls(warm: WarmAz, sim: Simulator) -> None:
    sim.configure(seconds=1)
    sim.add_fault({"action": "list", "nth": 2, "per": "all", "fault": {"status": 403}})
    done = warm.run("restart", *ALL)
    assert (done.exit, {row["status"] for row in rows_of(done)}) == (0, {"Succeeded"})
    assert sum(one["action"] == "list" for one in sim.requests()) == 2


def test_a_set_whose_list_is_forbidden_after_its_call_is_read_one_by_one(warm: WarmAz, sim: Simulator) -> None:
    sim.add_fault({"action": "list", "nth": 2, "per": "all", "fault": {"status": 403}})
    done = warm.run("stop", *ALL, "--engine", "set")
    assert (done.exit, {row["status"] for row in rows_of(done)}) == (0, {"Succeeded"})


def test_an_instance_that_can_be_read_neither_way_has_an_unknown_outcome(warm: WarmAz, sim: Simulator) -> None:
    sim.add_fault({"action": "list", "nth": 2, "per": "all", "fault": {"status": 403}})
    sim.add_fault({"action": "get", "fault": {"status": 403}})
    done = warm.run("stop", *ALL, "--engine", "set")
    assert (done.exit, {row["status"] for row in rows_of(done)}) == (4, {"TimedOut"})


def test_a_role_that_may_delete_locks_and_not_list_them_deletes_them(warm: WarmAz, sim: Simulator) -> None:
    sim.add_fault({"action": "locks", "fault": {"status": 403, "code": "AuthorizationFailed"}})
    done = warm.run("protection", "remove", *ALL)
    assert (done.exit, {row["status"] for row in rows_of(done)}) == (0, {"Succeeded"})
    assert {one["method"] for one in changes(sim)} == {"DELETE"}


def older(response: Response, **changed: Any) -> Response:
    """Return a list as it was before another client changed the instances."""
    body = deepcopy(response.body)
    for machine in body["value"]:
        machine.update(changed)
        machine.pop("etag", None)
        for status in machine["properties"]["instanceView"]["statuses"]:
            if "time" in status:
                status["time"] = "2020-01-01T00:00:00.0000000+00:00"
    return response._replace(body=body)


def test_what_another_client_did_before_the_request_is_no_proof_of_it(warm: WarmAz, sim: Simulator) -> None:
    name = sim.names("flex")[2]
    sim.add_fault({"action": "restart", "vm": name, "times": 1, "fault": {"kind": "drop-before"}})

    def change(request: Request, response: Response) -> Response:
        return older(response) if is_first_list(request) else response

    with rewriting(sim, change):
        done = warm.run("restart", *ALL)
    assert {row["status"] for row in rows_of(done)} == {"Succeeded"}
    assert sim.accepted()[name, "restart"] == 1


def test_tags_that_another_client_put_after_the_list_stay(warm: WarmAz, sim: Simulator) -> None:
    world = default_description(2)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["tags"] = {"role": "web"}
    sim.reset(world)

    def change(request: Request, response: Response) -> Response:
        return older(response, tags={}) if is_first_list(request) else response

    with rewriting(sim, change):
        done = warm.run("update", *ALL, "--tags", "owner=me")
    assert (done.exit, {row["status"] for row in rows_of(done)}) == (0, {"Succeeded"})
    shown = json.loads(warm.run("list-instances", *FLEX).stdout)
    assert all({"role": "web", "owner": "me"}.items() <= one["tags"].items() for one in shown)


@pytest.mark.parametrize(
    ("status", "code"), [(409, "Conflict"), (412, "PreconditionFailed"), (403, "AuthorizationFailed")]
)
def test_a_refusal_that_lasts_keeps_its_code_and_message(status: int, code: str, warm: WarmAz, sim: Simulator) -> None:
    fault = {"status": status, "code": code, "message": "Something else is being done to it.", "retryAfter": 1}
    sim.add_fault({"action": "restart", "fault": fault})
    rows = rows_of(warm.run("restart", *ALL, "--timeout", "2"))
    assert {(row["status"], *row["error"].values()) for row in rows} == {("TimedOut", code, fault["message"])}


@pytest.mark.parametrize(("retries", "status"), [("1", "Failed"), ("2", "Succeeded")])
def test_a_temporary_refusal_is_retried_as_often_as_asked_for(
    retries: str, status: str, warm: WarmAz, sim: Simulator
) -> None:
    fault = {"status": 409, "code": "Conflict", "message": "Run command extension execution is in progress."}
    sim.add_fault({"action": "restart", "times": 2, "fault": fault})
    rows = rows_of(warm.run("restart", *ALL, "--retries", retries))
    assert {row["status"] for row in rows} == {status}


@pytest.mark.parametrize(("command", "action"), READS.items(), ids=READS)
def test_what_only_reads_is_read_again(warm: WarmAz, sim: Simulator, command: str, action: str) -> None:
    world = default_description(2)
    overrides = {"*": {"runCommands": ["check"], "extensions": ["customScript"]}}
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = overrides
    sim.reset(world)
    for name, fault in zip(sim.names("flex"), ({"status": 503}, {"kind": "drop-after"}), strict=True):
        sim.add_fault({"action": action, "vm": name, "times": 1, "fault": fault})
    done = warm.run(*command.split(), "-g", "rg", "--vmss-name", "flex")
    assert (done.exit, len(rows_of(done)), done.stderr) == (0, 2, "")
    assert not any(row.get("error") for row in rows_of(done))
    assert sum(one["action"] == action for one in sim.requests()) == 4

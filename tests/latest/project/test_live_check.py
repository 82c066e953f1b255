"""`make live-check`: reports what Azure does and what differs, and reveals nothing else."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.cli.core.azclierror import AzureConnectionError
from hypothesis import given
from hypothesis import strategies as st

from armsim import Simulator
from armsim.tests.client import Arm
from azext_flexcompare.table.entries import TABLE, facts
from tests.latest.helpers.table import errors_of
from tests.latest.helpers.worlds import changes
from tools.live import findings, grading
from tools.live.claims import Read, Step, reads, steps
from tools.live.client import Answer, Send
from tools.live.comparison import AS_CLAIMED, DIFFERS, NOT_ASKED, Difference, Finding, judge, not_asked
from tools.live.masking import HIDDEN, make_masker
from tools.live.observation import observe
from tools.live.operations import Context, UnexpectedState, run_steps
from tools.live.output import COLUMNS, lines_of
from tools.live.reads import read_all
from tools.live.target import find_target
from tools.sandbox import log_in
from tools.wheel import ROOT

UNMODELLED = {"bulk-registered", "schedule-registered"}  # armsim's README does not list provider metadata
MINUTE = 60  # no operation ends during a test, unless the test lets time pass
AWAY = "never-told"
PRIVATE = {
    "subscription": "0a1b2c3d-1111-2222-3333-abcdefabcdef",
    "location": "westeurope",
    "locks": {f"{AWAY}-lock": {"level": "CanNotDelete", "notes": f"{AWAY}-note"}},
    "resourceGroups": {
        f"{AWAY}-Group": {
            "scaleSets": {
                f"{AWAY}-set": {
                    "instances": [f"{AWAY}-a", f"{AWAY}-b"],
                    "tags": {f"{AWAY}-tag": f"{AWAY}-value"},
                    "overrides": {f"{AWAY}-a": {"extensions": [f"{AWAY}-extension"]}},
                }
            }
        }
    },
}
GOSSIP = (
    f"{AWAY}-a of {AWAY}-set at 10.20.30.40 (2001:db8::1, host.{AWAY}.example) by someone@{AWAY}.example, id "
    "0a1b2c3d-1111-2222-3333-abcdefabcdef, correlation '9f8e7d6c-aaaa-bbbb-cccc-0123456789ab', Bearer eyJhbGciOi.J9x"
)
TOLD = (AWAY, "0a1b2c3d", "10.20.30", "2001:db8", "someone", "9f8e7d6c", "eyJ", "westeurope", "azureuser", "https://")


def asking(sim: Simulator) -> Send:
    session = Arm(sim).session

    def send(method: str, path: str, body: Any = None) -> Answer:
        try:
            answer = session.request(method, path if "://" in path else f"{sim.url}{path}", json=body)
        except requests.ConnectionError as error:
            raise AzureConnectionError("Azure did not answer (ConnectionError).") from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status_code, headers, json.loads(answer.content) if answer.content else None)

    return send


def context_of(sim: Simulator, group: str = "rg", scale_set: str = "flex") -> Context:
    """Where minutes pass as soon as they are waited for."""
    send = asking(sim)
    target = find_target(send, sim.subscription, group, scale_set, None)
    return Context(send, sim.advance, target, make_masker(target.names()))


def read_on(context: Context) -> dict[str, Finding]:
    return {one.id: one for one in read_all(context.send, reads(), context.target, context.mask)}


def operate_on(context: Context) -> tuple[dict[str, Finding], str | None]:
    """The findings, and what the surprise was if there was one."""
    found = {}
    try:
        for one in run_steps(context, steps()):
            found[one.id] = one
    except UnexpectedState as unexpected:
        return found, str(unexpected)
    return found, None


def of_kind(found: dict[str, Finding], verdict: str) -> set[str]:
    return {name for name, one in found.items() if one.verdict == verdict}


def live(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.live", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def typing(environment: dict[str, str], typed: str, *arguments: str) -> tuple[int, str]:
    """Run it on a terminal, with something typed there."""
    master, slave = pty.openpty()
    os.write(master, f"{typed}\n".encode())
    done = subprocess.run(
        [sys.executable, "-m", "tools.live", *arguments],
        cwd=ROOT,
        env=environment,
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    os.close(slave)
    os.close(master)
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "out" / "live.json"


@pytest.fixture
def check(file: Path) -> tuple[str, ...]:
    return ("check", "-g", "rg", "-n", "flex", "--output", str(file))


# What is claimed


def test_every_claim_has_a_name_of_its_own() -> None:
    counts = Counter(claim.id for claim in all_claims())
    assert [name for name, count in counts.items() if count > 1] == []


def all_claims() -> list[Read | Step]:
    return [*reads(), *steps()]


@pytest.mark.parametrize("claim", all_claims(), ids=lambda claim: claim.id)
def test_a_claim_is_about_entries_that_the_table_has(claim: Read | Step) -> None:
    assert all("evidence" in grading.entry_of(facts(), path) for path in claim.grades)


@pytest.mark.parametrize("step", steps(), ids=lambda step: step.id)
def test_no_step_is_one_that_the_table_asks_before(step: Step) -> None:
    assert not step.operation.confirm


@pytest.mark.parametrize("claim", all_claims(), ids=lambda claim: claim.id)
def test_what_is_claimed_would_pass_the_mask(claim: Read | Step) -> None:
    expected = [one["is"] for one in claim.expect if "is" in one]
    assert make_masker({})(expected) == expected


# Against the simulator, which claims the same


def test_a_check_by_the_users_own_login_finds_the_simulator_as_claimed(
    sim: Simulator, environment: dict[str, str], check: tuple[str, ...], file: Path
) -> None:
    done = live(environment, *check)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{len(reads()) - 2} as claimed, 0 differs, 2 not asked." in done.stdout
    report = findings.read(file)
    assert {one.id for one in report.findings if one.verdict != AS_CLAIMED} == UNMODELLED
    assert (report.azure, report.operated) == (False, False)
    asked = [one for one in sim.requests() if one["action"] != "arg" and "GetOperationStatus" not in one["path"]]
    assert {one["method"] for one in asked} == {"GET"}


def test_operating_finds_the_simulator_as_claimed_and_leaves_the_instance_running(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after="recorded")
    context = context_of(sim)
    found, unexpected = operate_on(context)
    assert unexpected is None
    assert {name: one.differences for name, one in found.items() if one.verdict != AS_CLAIMED} == {}
    assert list(found) == [step.id for step in steps()]
    others = [one for one in sim.names("flex") if one != context.target.instance]
    assert (sim.vm(context.target.instance) or {})["powerState"] == "running"
    assert all((sim.vm(one) or {})["accepted"] == {} for one in others)


def test_the_first_instance_that_runs_is_taken(sim: Simulator) -> None:
    sim.reset(world={"resourceGroups": {"rg": {"scaleSets": {
        "flex": {"instances": ["a", "b", "c"], "overrides": {"a": {"powerState": "stopped"}}}
    }}}})  # fmt: skip
    assert context_of(sim).target.instance == "b"


def test_every_operation_is_sent_once(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after="recorded")
    operate_on(context_of(sim))
    sent = Counter(one["action"] for one in changes(sim) if one["action"] not in ("bulk-status", "schedule-status"))
    wanted = Counter[str]()
    for step in steps():
        last = step.call.rpartition("/")[2] if step.engine != "bulk" else step.verb.lower()
        name = {"poweroff": "powerOff"}.get(last, last)
        wanted[name if step.engine == "vm" else f"{'vmss' if step.engine == 'set' else 'bulk'}-{name}"] += 1
    assert sent == wanted


@pytest.mark.parametrize(
    ("regions", "state", "verdict"),
    [
        (["West Europe", "East US"], "Registered", AS_CLAIMED),
        (["East US"], "Registered", DIFFERS),
        (["West Europe"], "NotRegistered", DIFFERS),
    ],
    ids=str,
)
def test_a_provider_is_claimed_to_be_registered_in_the_region_of_the_set(
    regions: list[str], state: str, verdict: str, sim: Simulator
) -> None:
    context = context_of(sim)
    kinds = ("Start", "Deallocate", "Hibernate", "Delete", "Cancel", "GetOperationStatus")
    types = [{"resourceType": f"locations/virtualMachinesBulk{kind}", "locations": regions} for kind in kinds]
    answer = Answer(200, {}, {"registrationState": state, "resourceTypes": [*types, {"resourceType": "operations"}]})
    (claim,) = (one for one in reads() if one.id == "bulk-registered")
    assert judge(claim, observe(answer, context.target), context.mask).verdict == verdict


# Against a simulator that was made to differ

DIFFERENT: list[tuple[dict[str, Any], dict[str, Any] | None, set[str]]] = [
    ({"capital_groups": False}, None, {"vm-list-capitals"}),
    ({"page_size": 2}, None, {"vm-list-page"}),
    ({"limits": True, "limits_capacity": 2.0}, None, {"read-headers", "graph-list"}),
    ({}, {"action": "scaleSetInstanceView", "fault": {"status": 409, "code": "Conflict"}}, {"set-instance-view"}),
    ({}, {"action": "extensions", "fault": {"status": 404, "code": "NotFound"}}, {"vm-extensions"}),
]


@pytest.mark.parametrize(
    ("settings", "fault", "different"), DIFFERENT, ids=lambda value: None if isinstance(value, set) else str(value)[:40]
)
def test_exactly_what_was_made_to_differ_differs(
    settings: dict[str, Any], fault: dict[str, Any] | None, different: set[str], sim: Simulator
) -> None:
    sim.reset(**settings)
    if fault:
        sim.add_fault(fault)
    found = read_on(context_of(sim))
    assert of_kind(found, DIFFERS) == different
    assert of_kind(found, NOT_ASKED) == UNMODELLED


def test_a_difference_says_what_was_claimed_and_what_was_seen(sim: Simulator) -> None:
    sim.reset(capital_groups=False)
    found = read_on(context_of(sim))["vm-list-capitals"]
    assert found.differences == (Difference("groups", ["in capitals"], ["as named"]),)


def test_capitals_cannot_be_told_where_the_group_is_called_so(sim: Simulator) -> None:
    sim.reset(world={"resourceGroups": {"RG": {"scaleSets": {"flex": {"instances": 1}}}}})
    found = read_on(context_of(sim, "RG"))["vm-list-capitals"]
    assert (found.verdict, found.why) == (NOT_ASKED, "the resource group's name is in capitals anyway")


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ({"status": 403, "code": "AuthorizationFailed"}, "Azure answers 403 AuthorizationFailed"),
        ({"status": 429, "retryAfter": 5}, "Azure answers 429 OperationNotAllowed"),
        ({"status": 503}, "Azure answers 503 ServiceUnavailable"),
        ({"kind": "drop-before"}, "Azure did not answer (ConnectionError)."),
    ],
    ids=str,
)
def test_what_was_not_answered_is_not_taken_for_a_difference(fault: dict[str, Any], why: str, sim: Simulator) -> None:
    context = context_of(sim)
    sim.add_fault({"action": "showInstance", "fault": fault})
    found = read_on(context)
    assert of_kind(found, DIFFERS) == set()
    assert of_kind(found, NOT_ASKED) == {*UNMODELLED, "set-instance"}
    assert found["set-instance"].why == why


def test_a_bulk_service_that_a_region_has_not_is_not_a_difference(sim: Simulator) -> None:
    sim.reset(bulk_regions=[], schedule_regions=["elsewhere"], seconds=MINUTE, retry_after="recorded")
    context = context_of(sim)
    found = read_on(context)
    assert found["bulk-status"].why == "Azure answers 404 InvalidResourceType"
    assert found["schedule-status"].why == "Azure answers 400 NoRegisteredProviderFound"
    operated, unexpected = operate_on(context)
    assert unexpected is None
    assert of_kind(operated, NOT_ASKED) == {"bulk-deallocate", "bulk-start"}
    assert of_kind(operated, DIFFERS) == set()


def test_a_retry_after_is_seen_in_every_call_that_is_accepted(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after=7)
    found, _ = operate_on(context_of(sim))
    calls = [step.id for step in steps() if step.engine != "bulk"]
    assert of_kind(found, DIFFERS) == set(calls)
    for step in steps():
        if step.id in calls:
            assert found[step.id].differences == (Difference('headers."retry-after"', step.retryAfter, "7"),)


def test_a_refused_operation_is_one_difference_and_the_rest_continues(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after="recorded")
    sim.add_fault({"action": "redeploy", "fault": {"status": 409, "code": "Conflict", "message": "It is busy."}})
    found, unexpected = operate_on(context_of(sim))
    assert unexpected is None
    assert of_kind(found, DIFFERS) == {"vm-redeploy"}
    assert found["vm-redeploy"].differences == (Difference("status", 202, 409),)
    assert found["vm-redeploy"].why == "Conflict: It is busy."
    assert len(found) == len(steps())


def test_a_step_that_finds_the_instance_in_another_state_is_not_sent(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after="recorded")
    sim.add_fault({"action": "powerOff", "fault": {"status": 409, "code": "Conflict"}})
    found, unexpected = operate_on(context_of(sim))
    assert unexpected is None
    assert (of_kind(found, DIFFERS), of_kind(found, NOT_ASKED)) == ({"vm-stop"}, {"vm-start"})
    assert found["vm-start"].why == "the instance was running, not stopped"
    assert sum(one["action"] == "start" for one in changes(sim)) == 1


def test_an_operation_that_ends_failed_differs_in_its_end(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after="recorded")
    sim.add_fault({"action": "reapply", "fault": {"kind": "fail", "code": "AllocationFailed", "message": "Full."}})
    found, _ = operate_on(context_of(sim))
    assert of_kind(found, DIFFERS) == {"vm-reapply"}
    seen = {one.look: one.seen for one in found["vm-reapply"].differences}
    assert (seen["operation.status"], seen["after.provisioning"]) == ("Failed", "Failed")
    assert found["vm-reapply"].seen["error"] == {"code": "AllocationFailed", "message": "*."}


def test_nothing_more_is_sent_once_the_instance_stays_down(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after="recorded")
    sim.add_fault({"action": "start", "fault": {"status": 409, "code": "Conflict"}})
    context = context_of(sim)
    found, unexpected = operate_on(context)
    assert unexpected == "after vm-start the instance is stopped"
    assert list(found)[-2:] == ["vm-stop", "vm-start"]
    assert changes(sim)[-1]["action"] == "start"


def test_nothing_more_is_sent_to_an_instance_that_does_not_come_to_rest(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, token_lifetime=86400)
    sim.add_fault({"action": "restart", "fault": {"kind": "stuck"}})
    found, unexpected = operate_on(context_of(sim))
    assert unexpected == "long after vm-restart the instance is still Updating"
    assert [one.verdict for one in found.values()] == [DIFFERS]
    assert [one["action"] for one in changes(sim)] == ["restart"]


def test_an_operation_of_which_no_answer_came_is_watched_to_its_end_and_not_repeated(sim: Simulator) -> None:
    sim.reset(seconds=MINUTE, retry_after="recorded")
    sim.add_fault({"action": "restart", "fault": {"kind": "drop-after"}})
    context = context_of(sim)
    found, unexpected = operate_on(context)
    assert unexpected is None
    assert (found["vm-restart"].verdict, found["vm-restart"].why) == (
        NOT_ASKED,
        "Azure did not answer (ConnectionError).",
    )
    assert sum(one["action"] == "restart" for one in changes(sim)) == 1
    assert found["vm-reapply"].verdict == AS_CLAIMED


# On a terminal


def test_operations_are_sent_after_the_name_was_typed_and_the_way_back_is_told(
    sim: Simulator, environment: dict[str, str], check: tuple[str, ...], file: Path
) -> None:
    sim.configure(retry_after_ms=10)
    sim.add_fault({"action": "start", "fault": {"status": 409, "code": "Conflict"}})
    name = sim.names("flex")[3]
    status, shown = typing(environment, "flex", *check, "--operate", "--instance", name)
    assert status == 1
    assert f"{name} is stopped. To start it: az vm start -g rg -n {name} --subscription" in shown
    found = {one.id: one for one in findings.read(file).findings}
    assert found["vm-start"].verdict == DIFFERS
    assert found["bulk-start"].why == "the check stopped: after vm-start the instance is stopped"
    assert {one["vm"] for one in changes(sim) if one["vm"]} == {name}


def test_another_name_typed_sends_nothing(
    sim: Simulator, environment: dict[str, str], check: tuple[str, ...], file: Path
) -> None:
    status, shown = typing(environment, "yes", *check, "--operate")
    assert status == 1
    assert "Not confirmed: nothing was sent." in shown
    assert [one["action"] for one in changes(sim)] == ["bulk-status", "schedule-status"]
    assert {one.why for one in findings.read(file).findings if one.id.startswith("vm-st")} == {"not confirmed"}


def test_without_a_terminal_operations_are_refused_before_anything_is_asked(
    sim: Simulator, environment: dict[str, str], check: tuple[str, ...]
) -> None:
    done = live(environment, *check, "--operate")
    assert done.returncode == 1
    assert done.stderr.startswith("ERROR: Operations need a confirmation, and there is no terminal.\n")
    assert sim.requests() == []


def test_an_instance_that_does_not_run_is_not_operated_on(
    sim: Simulator, environment: dict[str, str], check: tuple[str, ...]
) -> None:
    sim.reset(world={"resourceGroups": {"rg": {"scaleSets": {
        "flex": {"instances": ["a"], "overrides": {"a": {"powerState": "stopped"}}}
    }}}})  # fmt: skip
    status, shown = typing(environment, "flex", *check, "--operate")
    assert (status, changes(sim)) == (1, [])
    assert shown.startswith("ERROR: a is not running, and the operations begin with a running instance.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["check"], "No scale set is named."),
        (["check", "-g", "rg", "-n", "none"], "There is no scale set none in resource group rg: "),
        (
            ["check", "-g", "rg", "-n", "uniform"],
            "uniform is a Uniform scale set. The claims are about Flexible ones.",
        ),
        (["check", "-g", "rg", "-n", "flex", "--instance", "x"], "flex has no instance x."),
        (["grade", "README.md"], "README.md cannot be read: "),
        (["grade", "tools/live/claims.json"], "tools/live/claims.json is not a file of `make live-check`: "),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_one_sentence(
    arguments: list[str], sentence: str, sim: Simulator, environment: dict[str, str]
) -> None:
    done = live(environment, *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(f"ERROR: {sentence}")
    assert len(done.stderr.splitlines()) <= 2
    assert changes(sim) == []


def test_without_a_login_it_is_one_sentence(
    environment: dict[str, str], check: tuple[str, ...], tmp_path: Path
) -> None:
    done = live({**environment, "AZURE_CONFIG_DIR": str(tmp_path)}, *check)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ERROR: Please run 'az login' to setup account.\n"


def test_without_a_network_it_is_one_sentence(check: tuple[str, ...], tmp_path: Path) -> None:
    with Simulator(1) as gone:
        environment = log_in(gone, tmp_path)
        certificate = tmp_path / "ca.pem"
        certificate.write_bytes(Path(environment["REQUESTS_CA_BUNDLE"]).read_bytes())
    done = live({**environment, "REQUESTS_CA_BUNDLE": str(certificate)}, *check)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ERROR: ")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


# What is told


def test_nothing_that_names_anybody_or_anything_is_in_the_file(sim: Simulator, file: Path) -> None:
    sim.reset(world=PRIVATE, seconds=MINUTE)
    context = context_of(sim, f"{AWAY}-Group", f"{AWAY}-set")
    actions = ("list", "scaleSetInstanceView", "showInstance", "instanceView", "redeploy", "vmss-restart")
    found = list(read_on(context).values())
    for action in actions:
        sim.add_fault({"action": action, "fault": {"status": 400, "code": "BadRequest", "message": GOSSIP}})
    sim.add_fault({"action": "reapply", "fault": {"kind": "fail", "code": f"{AWAY}Code", "message": GOSSIP}})
    found += read_on(context).values()
    found += operate_on(context)[0].values()
    assert sum(one.verdict == DIFFERS for one in found) > len(actions)
    findings.write(file, findings.Report("2026-01-01", False, "2.91.0", True, found))
    written = file.read_text("utf-8").lower()
    assert [word for word in TOLD if word.lower() in written] == []
    assert "<instance> of <set> at * (*, *) by *, id <subscription>" in written


@given(
    st.one_of(
        st.uuids().map(str),
        st.ip_addresses(v=4).map(str),
        st.emails(),
        st.from_regex(r"[a-z]+[-_0-9][a-z0-9]+", fullmatch=True),
    ),
    st.sampled_from(("{}", "the vm '{}' failed", "/subscriptions/{}/x", "Virtual.{}", "is {}.")),
)
def test_the_mask_lets_nothing_pass_that_is_not_listed(private: str, sentence: str) -> None:
    assert private not in make_masker({})(sentence.format(private))


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("'VirtualMachines.start.POST' is not for web.", "'VirtualMachines.start.POST' is not for <set>."),
        ("web_1234 and WEB, not webshop", "<instance> and <set>, not *"),
        ({"Microsoft.Compute/UpdateVMResource": 11, "mine": 5}, {"Microsoft.Compute/UpdateVMResource": 11, "*": 5}),
        ([True, None, 2.5, 12345678, "12345678", "2026-06-06"], [True, None, 2.5, HIDDEN, HIDDEN, "2026-06-06"]),
        ("Microsoft.Compute and compute", "Microsoft.Compute and <group>"),
    ],
    ids=str,
)  # fmt: skip
def test_the_mask_leaves_what_is_nobodys(value: Any, left: Any) -> None:
    assert make_masker({"web": "<set>", "web_1234": "<instance>", "compute": "<group>"})(value) == left


def test_a_check_fits_eighty_columns() -> None:
    long = "x" * 70
    found = [
        Finding(claim.id, DIFFERS, f"{long} {long}", (Difference(long, f"{long} {long}", [long, long]),), {})
        for claim in all_claims()
    ]
    lines = list(lines_of(found, all_claims()))
    assert lines[-1] == f"0 as claimed, {len(found)} differs, 0 not asked."
    assert max(map(len, lines)) <= COLUMNS


# What it is evidence of


def report(verdict: Callable[[str], str], azure: bool = True) -> findings.Report:
    found = [
        not_asked(claim, "not confirmed")
        if verdict(claim.id) == NOT_ASKED
        else Finding(claim.id, verdict(claim.id), None, (), {})
        for claim in all_claims()
    ]
    return findings.Report("2027-02-03", azure, "2.91.0", True, found)


def test_what_was_seen_as_claimed_becomes_recorded_and_the_table_stays_valid() -> None:
    seen = report(lambda _: AS_CLAIMED)
    source = grading.source_of(seen, "https://example.com/1")
    new = grading.graded(facts(), grading.grades(seen.findings), source)
    assert errors_of(new) == []
    way = grading.entry_of(new, ("operations", "restart", "set"))
    assert (way["evidence"], way["source"]) == ("recorded", "recording-live-2027-02-03")
    assert new["sources"]["recording-live-2027-02-03"]["url"] == "https://example.com/1"
    recorded = [one["name"] for one in new["operations"] if one["evidence"] == "recorded"]
    assert recorded == ["deallocate", "reapply", "redeploy", "restart", "start", "stop"]
    assert list(new["sources"]) == sorted(new["sources"])
    kept = grading.entry_of(new, ("commands", "list-instances"))
    assert kept["source"] == "recording-hibernate-2024"


def test_one_claim_that_differs_keeps_an_entry_as_it_is() -> None:
    seen = report(lambda name: DIFFERS if name == "vm-start-deallocated" else AS_CLAIMED)
    found = grading.grades(seen.findings)
    new = grading.graded(facts(), found, grading.source_of(seen, None))
    path = ("operations", "start")
    assert grading.entry_of(new, path) == {**grading.entry_of(facts(), path), "engines": new_engines(new)}
    said = "operations: start: contradicted by vm-start-deallocated; a person must correct it"
    assert said in list(grading.proposals(found, facts()))


def new_engines(table: dict[str, Any]) -> Any:
    return deepcopy(grading.entry_of(table, ("operations", "start"))["engines"])


def test_an_entry_of_which_only_a_part_was_seen_stays_as_it_is() -> None:
    seen = report(lambda name: NOT_ASKED if name == "bulk-start" else AS_CLAIMED)
    found = grading.grades(seen.findings)
    said = list(grading.proposals(found, facts()))
    part = "bulk-registered, bulk-status, bulk-deallocate"
    assert f"bulkServices: Microsoft.Compute: stays documented: seen by {part}, but not asked: bulk-start" in said
    new = grading.graded(facts(), found, grading.source_of(seen, None))
    path = ("bulkServices", "Microsoft.Compute")
    assert grading.entry_of(new, path) == grading.entry_of(facts(), path)


def test_sources_that_nothing_cites_any_more_go() -> None:
    seen = report(lambda _: AS_CLAIMED)
    new = grading.graded(facts(), grading.grades(seen.findings), grading.source_of(seen, None))
    assert {name for name in facts()["sources"] if name not in new["sources"]} == {
        name for name in facts()["sources"] if f'"source": "{name}"' not in json.dumps(new)
    }


def test_what_was_not_asked_is_evidence_of_nothing() -> None:
    assert grading.grades(report(lambda _: NOT_ASKED).findings) == []


def test_saving_the_table_changes_nothing_but_what_is_new(tmp_path: Path) -> None:
    grading.save(facts(), tmp_path / "table.json")
    assert (tmp_path / "table.json").read_text("utf-8") == TABLE.read_text("utf-8")


def test_a_file_of_azure_is_graded_and_the_table_left_alone(environment: dict[str, str], file: Path) -> None:
    findings.write(file, report(lambda _: AS_CLAIMED))
    before = TABLE.read_bytes()
    done = live(environment, "grade", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "operations: restart: set: unverified becomes recorded, by set-restart\n" in done.stdout
    assert '"recording-live-2027-02-03": {"what": "`make live-check` on Azure, azure-cli 2.91.0' in done.stdout
    assert TABLE.read_bytes() == before


def test_what_differs_in_a_file_is_shown_and_cannot_speak_to_the_terminal(
    environment: dict[str, str], file: Path
) -> None:
    evil = Finding("vm-restart", DIFFERS, "\x1b[2J", (Difference("status", 202, "\x1b]0;x"),), {})
    old = Finding("of-another-time", DIFFERS, None, (), {})
    findings.write(file, report(lambda _: AS_CLAIMED)._replace(findings=[evil, old]))
    done = live(environment, "grade", str(file))
    assert done.returncode == 0
    assert "operations: restart: contradicted by vm-restart" in done.stdout
    assert "of-another-time: A claim that no longer exists.\n" in done.stdout
    assert "\x1b" not in done.stdout


def test_the_make_target_asks_for_what_was_given() -> None:
    command = ["make", "--no-print-directory", "-n", "-o", ".venv/.ready", "live-check", "RG=a b", "VMSS=flex"]
    plain = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert plain.splitlines()[-1] == '.venv/bin/python -m tools.live check -g "a b" -n "flex"'
    command += ["OPERATE=1", "INSTANCE=x"]
    both = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert both.splitlines()[-1].endswith('-n "flex" --operate --instance "x"')


def test_a_file_of_another_cloud_is_not_graded(environment: dict[str, str], file: Path) -> None:
    findings.write(file, report(lambda _: AS_CLAIMED, azure=False))
    done = live(environment, "grade", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith("ERROR: This check was not made on Microsoft's cloud, so it is no evidence.\n")

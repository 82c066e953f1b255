"""The fault matrix: every operation with every fault of `docs/faults.json`.

A run is about many instances, each with a fault of its own and all with a service whose clock is hours off; what cannot
be one instance's own, and what takes a short --timeout, has a run for itself.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from azext_flexcompare.scheduler.outcome import BAD
from azext_flexcompare.table.entries import Operation, operations
from tests.latest.helpers.az import Ran, Run, WarmAz
from tests.latest.helpers.worlds import EACH, LOCKED, WORLD, action_of, changes, given
from tools.faults import Expected, expected, faults, table_rows

HOURS = 7200  # seconds
HTML = {"Content-Type": "text/html"}
Fault = dict[str, Any]


def trials() -> Iterator[Any]:
    for operation in operations():
        possible = [one for one in faults() if expected(one, operation)]
        together = [one for one in possible if operation in EACH and not one.get("alone")]
        for each in [together, *([one] for one in possible if one not in together)]:
            if each:
                name = each[0]["name"] if len(each) == 1 else "each fault on an instance of its own"
                yield pytest.param(operation, each, id=f"{operation.name}: {name}")


def prepare(sim: Simulator, operation: Operation, each: list[Fault]) -> list[str]:
    """Make a world of an instance for each fault, one without any, and one that is not chosen; give their names."""
    count = len(each) + 2
    world = default_description(count)
    world["resourceGroups"]["rg"]["scaleSets"]["flex"]["overrides"] = {"*": {**WORLD, **LOCKED.get(operation.name, {})}}
    sim.reset(world)
    names = sim.names("flex")
    for name, fault in zip(names, each, strict=False):
        if fault["rule"]:
            whose = {"vm": name} if operation in EACH else {}
            sim.add_fault({"action": action_of(operation), **whose, **fault["rule"]})
    return names


def seen(row: dict[str, Any], operation: Operation, sim: Simulator, reason: str | None) -> Expected:
    """Say what came of an instance; of its reason, whether it has the part that is looked for."""
    name = row["instance"]
    action = action_of(operation)
    sent = [one for one in changes(sim) if one["vm"] == (name if operation in EACH else None)]
    assert {one["action"] for one in sent} <= {action}
    code = row["error"] and row["error"]["code"]
    why = reason if (reason or "") in (row["reason"] or "") else row["reason"]
    return Expected(row["status"], code, why, len(sent), sim.accepted()[name, action])


@pytest.mark.parametrize(("operation", "each"), list(trials()))
def test_every_fault_comes_to_what_is_promised(
    operation: Operation, each: list[Fault], warm: WarmAz, sim: Simulator
) -> None:
    *chosen, spared = prepare(sim, operation, each)
    alone = operation not in EACH or each[0].get("alone")
    sim.configure(clock_skew=-HOURS if alone else HOURS, **each[0].get("settings", {}))
    if alone:
        chosen = chosen[: len(each)]
    patterns = [f"{name[:-1]}[{name[-1]}]" for name in chosen]  # what is chosen by its name is not read before its turn
    words = [word for one in given(operation) for word in (patterns if one == "*" else [one])]
    done = warm.run(*words, *(each[0].get("options", ["--timeout", "1"]) if each[0].get("alone") else []))
    rows = json.loads(done.stdout)
    faulty = {name: fault["name"] for name, fault in zip(chosen, each, strict=False)}
    wanted = {name: expected(fault, operation) for name, fault in zip(chosen, each, strict=False)}
    fine = Expected("Succeeded", None, None, 1, 1)
    assert [row["instance"] for row in rows] == chosen
    for row in rows:
        promised = wanted.get(row["instance"]) or fine
        assert seen(row, operation, sim, promised.reason) == promised, faulty.get(row["instance"])
    assert done.exit == each[0].get("exit", 4 if any(row["status"] in BAD for row in rows) else 0)
    assert not any(vm == spared for vm, _ in sim.accepted())


KINDS = {
    409,
    429,
    500,
    503,
    401,
    403,
    "answer",
    "drop-before",
    "drop-after",
    "malformed",
    "fail",
    "stuck",
    "gone",
    "deleted",
    "deallocated",
    "event",
}


def test_every_kind_of_fault_that_can_be_simulated_is_there() -> None:
    rules = [fault["rule"]["fault"] for fault in faults() if fault["rule"]]
    assert {rule.get("kind") or rule["status"] for rule in rules} == KINDS


def test_every_exception_is_some_operations() -> None:
    rows = list(table_rows())
    assert all(whom for _, whom, *_ in rows)
    assert len(rows) > len(faults())


def in_mid_run(sim: Simulator, run: Run, lifetime: int, *more: str) -> Ran:
    """Restart every instance, and have every token expire once all are under way."""
    sim.configure(seconds=HOURS, token_lifetime=lifetime)
    names = sim.names("flex")
    ran: list[Ran] = []
    command = ("restart", "-g", "rg", "-n", "flex", *more)
    thread = threading.Thread(target=lambda: ran.append(run(*command)))
    thread.start()
    while thread.is_alive() and len(sim.accepted()) < len(names):
        thread.join(0.05)
    sim.expire_tokens()
    sim.configure(token_lifetime=HOURS * 10)
    sim.advance(HOURS * 3)
    thread.join()
    return ran[0]


def test_a_token_that_expires_in_mid_run_is_renewed(run: Run, sim: Simulator) -> None:
    sim.expire_tokens()
    done = in_mid_run(sim, run, 60)
    assert done.exit == 0, done.stderr
    assert set(sim.accepted().values()) == {1}


def test_a_login_that_is_withdrawn_in_mid_run_is_named_when_the_time_is_up(run: Run, sim: Simulator) -> None:
    done = in_mid_run(sim, run, HOURS * 10, "--timeout", "3")
    assert done.exit == 4
    assert {row["status"] for row in done.json} == {"TimedOut"}
    assert all("ExpiredAuthenticationToken" in row["error"]["message"] for row in done.json)
    assert set(sim.accepted().values()) == {1}


@pytest.mark.parametrize(
    ("fault", "exit_"),
    [
        ({"action": "list", "times": 1, "fault": {"status": 503}}, 0),
        ({"action": "list", "times": 1, "fault": {"status": 429, "retryAfter": 1}}, 0),
        ({"action": "list", "times": 1, "fault": {"kind": "drop-before"}}, 0),
        ({"action": "list", "fault": {"status": 403}}, 1),
        ({"action": "list", "fault": {"kind": "malformed"}}, 1),
        ({"action": "scaleSet", "fault": {"kind": "malformed"}}, 1),
        ({"action": "scaleSet", "fault": {"status": 401}}, 1),
        ({"action": "scaleSet", "fault": {"status": 403}}, 1),
        ({"action": "list", "fault": {"kind": "answer", "text": "<html>", "headers": HTML}}, 1),
        *(
            ({"action": action, "fault": {"kind": "answer", "text": text}}, 1)
            for action in ("scaleSet", "list")
            for text in ("", "null", "[]", '{"value": 5}', '{"value": [5]}')
        ),
        ({"action": "list", "times": 1, "fault": {"kind": "answer", "headers": {"Content-Length": "99999"}}}, 0),
    ],
    ids=str,
)
def test_a_fault_while_the_set_is_read_is_got_over_or_ends_the_run_before_it_begins(
    fault: Fault, exit_: int, warm: WarmAz, sim: Simulator
) -> None:
    sim.add_fault(fault)
    done = warm.run("restart", "-g", "rg", "-n", "flex")
    assert done.exit == exit_, done.stderr
    assert "Traceback" not in done.stderr
    assert len(changes(sim)) == (0 if exit_ else len(sim.names("flex")))
    assert bool(done.stdout) is not bool(exit_)


def test_ids_of_vms_need_no_right_on_the_set(warm: WarmAz, sim: Simulator) -> None:
    names = sim.names("flex")[:2]
    for action in ("scaleSet", "list", "showInstance"):
        sim.add_fault({"action": action, "fault": {"status": 403, "code": "AuthorizationFailed"}})
    done = warm.run("restart", "--ids", *(sim.vm_id(name) for name in names))
    assert (done.exit, [row["status"] for row in done.json]) == (0, ["Succeeded"] * 2), done.stderr


def test_an_answer_without_a_vm_is_no_vm_that_is_gone(warm: WarmAz, sim: Simulator) -> None:
    vm = sim.vm_id(sim.names("flex")[0])
    sim.add_fault({"action": "get", "fault": {"kind": "answer", "text": ""}})
    for command in (["wait", "--deleted", "--ids", vm], ["restart", "--ids", vm]):
        done = warm.run(*command)
        assert (done.exit, done.stdout) == (1, ""), done.stderr
        assert "cannot be read" in done.stderr

"""NAT rules of instances through the real `az`, added and removed by one PUT of the load balancer."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

import pytest

from armsim import Simulator
from armsim.world.description import default_description
from tests.latest.helpers.az import FLEX, INSTANCES, Ran, Run
from tests.latest.helpers.network import LOST, puts, wrong
from tests.latest.helpers.rows import status_of_each
from tests.latest.helpers.worlds import changes

LB = ("--lb-name", "flex-lb")
SSH = ("--backend-port", "22", "--frontend-port-start", "51000")
BUSY = {"status": 429, "code": "RetryableErrorDueToAnotherOperation", "message": "Busy."}
REFUSED = {"status": 400, "code": "InvalidRequest", "message": "Not this one."}
Create = Callable[..., Ran]


@pytest.fixture
def create(run: Run) -> Create:
    """Return a function that runs `nat-rule create`; its arguments take the place of the usual ports."""

    def create(*arguments: str) -> Ran:
        usual = [SSH[at : at + 2] for at in (0, 2) if SSH[at] not in arguments]
        return run("nat-rule", "create", *FLEX, *LB, *(word for pair in usual for word in pair), *arguments)

    return create


@pytest.fixture
def delete(run: Run) -> Create:
    return lambda *arguments: run("nat-rule", "delete", *FLEX, *LB, "--yes", *arguments)


@pytest.fixture
def listed(run: Run) -> Callable[..., list[dict[str, Any]]]:
    def listed(*arguments: str) -> list[dict[str, Any]]:
        done = run("nat-rule", "list", *FLEX, *arguments)
        assert done.exit == 0, done.stderr
        return [row for row in done.json if not row["v2"]]

    return listed


def told(rows: list[dict[str, Any]], *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(row[field] for field in fields) for row in rows]


def rules_of(run: Run) -> dict[str, int]:
    """Our rules as Azure has them, each with its port."""
    rows = run("nat-rule", "list", *FLEX, *LB).json
    return {row["rule"]: row["frontendPort"] for row in rows if row["rule"].startswith(row["instance"])}


def test_each_instance_gets_a_rule_and_a_port_of_its_own(create: Create, sim: Simulator, listed: Any) -> None:
    names = sim.names("flex")
    done = create()
    assert done.exit == 0, done.stderr
    assert told(done.json, "instance", "status", "rule", "frontendPort", "backendPort", "protocol") == [
        (name, "Succeeded", f"{name}-22", 51000 + number, 22, "Tcp") for number, name in enumerate(names)
    ]
    assert all(row["frontendAddress"] and row["startedAt"] and row["durationSeconds"] for row in done.json)
    assert {row["operation"] for row in done.json} == {"nat-rule create"}
    assert len(puts(sim, "loadBalancers")) == 1
    assert len(changes(sim)) == 1 + INSTANCES
    fields = ("instance", "rule", "frontendAddress", "frontendPort", "backendPort", "protocol")
    assert told(listed(), *fields) == told(done.json, *fields)


def test_the_load_balancer_is_written_before_any_nic_and_reading_is_two_lists(create: Create, sim: Simulator) -> None:
    create()
    assert "/loadbalancers/" in changes(sim)[0]["path"].lower()
    reads = [one["path"].lower() for one in sim.requests() if one["method"] == "GET" and one["action"] != "poll"]
    assert len([one for one in reads if "/loadbalancers/" in one]) == 1
    assert len([one for one in reads if "/networkinterfaces" in one]) == 1


def test_a_hundred_instances_cost_one_put_of_the_load_balancer(create: Create, delete: Create, sim: Simulator) -> None:
    sim.reset(vms=100)
    done = create()
    assert done.exit == 0, done.stderr
    assert len({row["frontendPort"] for row in done.json}) == 100
    assert len(puts(sim, "loadBalancers")) == 1
    assert len(puts(sim, "networkInterfaces")) == 100
    assert delete().exit == 0
    assert len(puts(sim, "loadBalancers")) == 2


def test_a_second_time_changes_nothing_and_says_why(create: Create, sim: Simulator) -> None:
    first = create().json
    before = len(changes(sim))
    done = create("--frontend-port-start", "52000")
    assert done.exit == 0
    assert len(changes(sim)) == before
    assert set(status_of_each(done).values()) == {"Skipped"}
    assert told(done.json, "rule", "frontendPort") == told(first, "rule", "frontendPort")
    assert done.json[0]["reason"] == f"It already has rule {first[0]['rule']} on port 51000."


def test_further_instances_get_the_ports_that_are_left(create: Create, sim: Simulator, run: Run) -> None:
    names = sim.names("flex")
    create("--instance-ids", *names[2:4])
    done = create()
    assert told(done.json, "status", "frontendPort") == [
        ("Succeeded", 51002),
        ("Succeeded", 51003),
        ("Skipped", 51000),
        ("Skipped", 51001),
        ("Succeeded", 51004),
        ("Succeeded", 51005),
    ]
    assert len(rules_of(run)) == INSTANCES


@pytest.mark.parametrize("fault", [LOST, BUSY], ids=["lost", "busy"])
def test_a_lost_race_is_run_again_from_a_fresh_reading(
    fault: dict[str, Any], create: Create, sim: Simulator, run: Run
) -> None:
    wrong(sim, "loadBalancers", fault, times=1)
    done = create()
    assert done.exit == 0, done.stderr
    assert set(status_of_each(done).values()) == {"Succeeded"}
    assert [one["status"] for one in puts(sim, "loadBalancers")][:1] == [fault["status"]]
    assert len(puts(sim, "loadBalancers")) == 2
    reads = [one for one in sim.requests() if one["method"] == "GET" and "/loadbalancers/" in one["path"].lower()]
    assert len(reads) == 2
    assert len(rules_of(run)) == INSTANCES


def test_a_refused_load_balancer_fails_every_instance_and_no_nic_is_touched(create: Create, sim: Simulator) -> None:
    wrong(sim, "loadBalancers", REFUSED)
    done = create()
    assert done.exit == 4
    assert (
        told(done.json, "status", "error")
        == [("Failed", {"code": "InvalidRequest", "message": "Not this one."})] * INSTANCES
    )
    assert not puts(sim, "networkInterfaces")
    assert len(puts(sim, "loadBalancers")) == 1


def test_a_nic_that_fails_is_named_and_a_repeated_run_makes_it_whole(
    create: Create, sim: Simulator, listed: Any
) -> None:
    names = sim.names("flex")
    wrong(sim, "networkInterfaces", REFUSED, nth=3, per="all")
    done = create()
    assert done.exit == 4
    [failed] = [name for name, status in status_of_each(done).items() if status != "Succeeded"]
    [row] = [row for row in done.json if row["instance"] == failed]
    assert row["error"] == {"code": "InvalidRequest", "message": "Not this one."}
    assert failed in done.stderr
    retry = f"To retry: az vmss-flex nat-rule create -g rg -n flex --instance-ids {failed} {shlex.join((*LB, *SSH))}"
    assert retry in done.stderr
    before = len(puts(sim, "loadBalancers"))
    again = create()
    assert again.exit == 0, again.stderr
    assert status_of_each(again) == {**dict.fromkeys(names, "Skipped"), failed: "Succeeded"}
    assert told(again.json, "rule", "frontendPort") == told(done.json, "rule", "frontendPort")
    assert len(puts(sim, "loadBalancers")) == before
    assert told(listed(), "instance", "frontendPort") == told(done.json, "instance", "frontendPort")


def test_a_nic_that_was_changed_meanwhile_is_read_again(create: Create, sim: Simulator) -> None:
    wrong(sim, "networkInterfaces", LOST, nth=1, per="all")
    done = create()
    assert done.exit == 0, done.stderr
    assert len(puts(sim, "networkInterfaces")) == INSTANCES + 1


def test_a_dry_run_shows_the_ports_and_changes_nothing(create: Create, delete: Create, sim: Simulator) -> None:
    done = create("--dry-run")
    assert done.exit == 0
    assert told(done.json, "status", "frontendPort")[:2] == [("Planned", 51000), ("Planned", 51001)]
    assert not changes(sim)
    create()
    before = len(changes(sim))
    assert set(status_of_each(delete("--dry-run")).values()) == {"Planned"}
    assert len(changes(sim)) == before


def test_ends_need_not_be_waited_for(create: Create, delete: Create, sim: Simulator) -> None:
    done = create("--no-wait")
    assert done.exit == 0, done.stderr
    assert set(status_of_each(done).values()) <= {"Accepted"}
    gone = delete("--no-wait")
    assert set(status_of_each(gone).values()) <= {"Accepted"}
    assert len(puts(sim, "loadBalancers")) == 2


def test_rules_are_taken_away_in_one_put_after_the_nics(
    create: Create, delete: Create, sim: Simulator, listed: Any
) -> None:
    create()
    before = len(changes(sim))
    done = delete()
    assert done.exit == 0, done.stderr
    assert set(status_of_each(done).values()) == {"Succeeded"}
    assert done.json[0]["rule"] == f"{sim.names('flex')[0]}-22"
    after = changes(sim)[before:]
    assert len(after) == INSTANCES + 1
    assert "/loadbalancers/" in after[-1]["path"].lower()
    assert not listed()


def test_what_was_taken_away_is_not_taken_away_again(create: Create, delete: Create, sim: Simulator) -> None:
    create()
    delete()
    before = len(changes(sim))
    done = delete()
    assert done.exit == 0
    assert (
        told(done.json, "status", "reason")
        == [("Skipped", "It has no NAT rule of `nat-rule create` on flex-lb.")] * INSTANCES
    )
    assert len(changes(sim)) == before


def test_only_the_port_and_the_instances_that_were_named_lose_their_rules(
    create: Create, delete: Create, sim: Simulator, run: Run
) -> None:
    names = sim.names("flex")
    create()
    create("--backend-port", "80")
    assert len(rules_of(run)) == 2 * INSTANCES
    done = delete("--backend-port", "80", "--instance-ids", names[0])
    assert told(done.json, "rule", "frontendPort") == [(f"{names[0]}-80", 51000 + INSTANCES)]
    assert len(rules_of(run)) == 2 * INSTANCES - 1
    [row] = delete("--instance-ids", names[1]).json
    assert (row["rule"], [one["backendPort"] for one in row["rules"]]) == (None, [22, 80])
    assert len(rules_of(run)) == 2 * INSTANCES - 3


def test_an_instance_whose_nic_fails_keeps_its_rule_until_the_repetition(
    create: Create, delete: Create, sim: Simulator, run: Run
) -> None:
    create()
    wrong(sim, "networkInterfaces", REFUSED, nth=2, per="all")
    done = delete()
    assert done.exit == 4
    [failed] = [name for name, status in status_of_each(done).items() if status != "Succeeded"]
    assert [*rules_of(run)] == [f"{failed}-22"]
    again = delete()
    assert again.exit == 0, again.stderr
    assert status_of_each(again)[failed] == "Succeeded"
    assert not rules_of(run)


def test_a_removal_that_the_load_balancer_refused_is_finished_by_the_repetition(
    create: Create, delete: Create, sim: Simulator, run: Run
) -> None:
    create()
    wrong(sim, "loadBalancers", REFUSED, times=1)
    done = delete()
    assert done.exit == 4
    assert set(status_of_each(done).values()) == {"Failed"}
    before = len(changes(sim))
    again = delete()
    assert set(status_of_each(again).values()) == {"Succeeded"}
    assert len(changes(sim)) == before + 1
    assert not rules_of(run)


def test_a_lost_race_for_the_removal_is_run_again(create: Create, delete: Create, sim: Simulator, run: Run) -> None:
    create()
    wrong(sim, "loadBalancers", LOST, times=1)
    done = delete()
    assert done.exit == 0, done.stderr
    assert not rules_of(run)


def test_without_a_terminal_a_deletion_needs_yes(create: Create, run: Run, sim: Simulator) -> None:
    create()
    before = len(changes(sim))
    done = run("nat-rule", "delete", *FLEX, *LB)
    assert (done.exit, done.stdout) == (1, "")
    assert f"{INSTANCES} instances of scale set flex" in done.stderr
    assert len(changes(sim)) == before


@pytest.mark.parametrize("command", ["create", "delete", "list"])
def test_an_unknown_load_balancer_is_named(command: str, run: Run, sim: Simulator) -> None:
    options = SSH if command == "create" else ()
    done = run("nat-rule", command, *FLEX, "--lb-name", "nowhere", *options)
    assert (done.exit, done.stdout) == (3, "")
    assert "nowhere (--lb-name)" in done.stderr
    assert not changes(sim)


@pytest.mark.parametrize("command", ["create", "delete", "list"])
def test_a_uniform_set_is_left_alone(command: str, run: Run, sim: Simulator) -> None:
    options = (*LB, *SSH) if command == "create" else LB
    done = run("nat-rule", command, "-g", "rg", "-n", "uniform", *options)
    assert (done.exit, done.stdout) == (1, "")
    assert "uniform is a Uniform scale set" in done.stderr
    assert "az vmss create" not in done.stderr
    assert not changes(sim)


def test_a_name_of_a_load_balancer_needs_one_resource_group(run: Run, sim: Simulator) -> None:
    ids = [sim.scale_sets["flex"], sim.scale_sets["flex2"]]
    done = run("nat-rule", "create", "--ids", *ids, *LB, *SSH)
    assert done.exit != 0
    assert "several resource groups: rg, rg2" in done.stderr
    assert not changes(sim)


def test_a_load_balancer_can_be_named_by_its_id(run: Run, sim: Simulator) -> None:
    group = f"/subscriptions/{sim.subscription}/resourceGroups/rg"
    lb = f"{group}/providers/Microsoft.Network/loadBalancers/flex-lb"
    done = run("nat-rule", "create", "--ids", sim.scale_sets["flex"], "--lb-name", lb, *SSH)
    assert done.exit == 0, done.stderr
    done = run("nat-rule", "list", *FLEX, "--lb-name", sim.scale_sets["flex"])
    assert done.exit == 1
    assert "is not the id of a load balancer" in done.stderr


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--frontend-ip-name", "nowhere"), "no frontend called nowhere"),
        (("--frontend-port-start", "65532"), "only 3 are free"),
    ],
)
def test_what_cannot_be_planned_is_an_error_before_anything_is_sent(
    options: tuple[str, ...], sentence: str, create: Create, sim: Simulator
) -> None:
    done = create(*options)
    assert (done.exit, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert not changes(sim)


@pytest.mark.parametrize("port", ["0", "65536", "ssh"])
def test_what_is_no_port_is_refused(port: str, create: Create) -> None:
    assert create("--backend-port", port).exit == 2


def test_a_rule_v2_is_recommended_where_all_instances_are_in_its_pool(create: Create) -> None:
    done = create("--dry-run")
    assert "v2" in done.stderr
    assert "v2" not in create("--dry-run", "--only-show-errors").stderr


def test_rules_are_listed_as_a_table(create: Create, run: Run) -> None:
    create()
    table = run("nat-rule", "list", *FLEX, "-o", "table").stdout
    assert table.split()[:7] == ["Instance", "LoadBalancer", "Rule", "Address", "Port", "BackendPort", "Protocol"]


RULES = {
    "v2": {"pool": "flex-pool", "frontendPortRangeStart": 51000, "frontendPortRangeEnd": 51009, "backendPort": 3389},
    "admin": {"frontendPort": 51010, "backendPort": 22},
}


@pytest.fixture
def admin(sim: Simulator) -> str:
    """An instance that has a rule made by somebody else, on a load balancer with a rule v2."""
    name = sim.names("flex")[1]
    world = default_description(INSTANCES)
    rules = {**RULES, "admin": {**RULES["admin"], "vm": name}}
    world["resourceGroups"]["rg"]["loadBalancers"]["flex-lb"]["natRules"] = rules
    sim.reset(world)
    return name


def test_what_others_have_made_is_passed_over_kept_and_left(
    admin: str, create: Create, delete: Create, run: Run
) -> None:
    done = create()
    assert told(done.json, "status", "rule", "frontendPort")[1] == ("Skipped", "admin", 51010)
    assert [row["frontendPort"] for row in done.json] == [51011, 51010, 51012, 51013, 51014, 51015]
    gone = delete()
    assert gone.exit == 0, gone.stderr
    assert status_of_each(gone) == {**dict.fromkeys(status_of_each(done), "Succeeded"), admin: "Skipped"}
    rows = run("nat-rule", "list", *FLEX).json
    assert {(row["instance"], row["rule"]) for row in rows if not row["v2"]} == {(admin, "admin")}
    assert {row["rule"] for row in rows if row["v2"]} == {"v2"}


def test_a_load_balancer_that_does_not_end_times_every_instance_out(create: Create, sim: Simulator) -> None:
    wrong(sim, "loadBalancers", {"kind": "stuck"})
    done = create("--timeout", "2")
    assert done.exit == 4
    assert set(status_of_each(done).values()) == {"TimedOut"}
    assert not puts(sim, "networkInterfaces")


def test_a_load_balancer_that_ends_badly_fails_every_instance(create: Create, sim: Simulator) -> None:
    wrong(sim, "loadBalancers", {"kind": "fail", "code": "Canceled", "message": "No."})
    done = create()
    assert told(done.json, "status", "error") == [("Failed", {"code": "Canceled", "message": "No."})] * INSTANCES
    assert done.json[0]["operationUrl"]


def test_a_load_balancer_with_several_frontends_must_be_told_which(run: Run, sim: Simulator) -> None:
    spare = ("nat-rule", "create", *FLEX, "--lb-name", "spare-lb", *SSH)
    done = run(*spare)
    assert done.exit == 1
    assert "Its frontends: first, second" in done.stderr
    assert not changes(sim)
    assert run(*spare, "--frontend-ip-name", "second").exit == 0
    rows = run("nat-rule", "list", *FLEX).json
    assert {row["loadBalancer"] for row in rows} == {"spare-lb"}
    assert len({row["frontendAddress"] for row in rows}) == 1


def test_an_unreadable_address_does_not_prevent_the_rules(create: Create, sim: Simulator) -> None:
    sim.add_fault(
        {"action": "public-ip-get", "fault": {"status": 403, "code": "AuthorizationFailed", "message": "No."}}
    )
    done = create()
    assert done.exit == 0, done.stderr
    assert told(done.json, "status", "frontendAddress") == [("Succeeded", None)] * INSTANCES

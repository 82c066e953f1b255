"""Rows and outcomes of the commands for NAT rules."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.instances import Instance
from azext_flexcompare.nat_rules.bodies import Rule
from azext_flexcompare.nat_rules.commands import (
    CREATE,
    DELETE,
    _all_fields,
    _fields,
    _has_no_rule,
    _with_start_of,
    create_rules,
    delete_rules,
    list_rules,
)
from azext_flexcompare.nat_rules.rules import RuleRequest
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.factories import instance
from tests.latest.helpers.nat_bodies import FRONT, a_load_balancer

STARTED = datetime(2026, 11, 23, 7, 38, 12, tzinfo=timezone.utc)
SSH = Rule("vm0-22", "id", FRONT, 50000, backend_port=22, protocol="Tcp")
ADDRESSES: dict[str, str | None] = {FRONT.lower(): "203.0.113.7"}


def outcome_between(start: float | None, end: float | None) -> Outcome[Instance]:
    started, finished = (None if one is None else STARTED + timedelta(seconds=one) for one in (start, end))
    return Outcome(instance(), Status.SUCCEEDED, started=started, finished=finished, seconds=1.0)


def test_an_outcome_of_two_steps_lasts_from_the_start_of_the_first_to_the_end_of_the_second() -> None:
    found = _with_start_of(outcome_between(0, 2), outcome_between(3, 5.5))
    assert (found.started, found.finished, found.seconds) == (STARTED, STARTED + timedelta(seconds=5.5), 5.5)


def test_an_outcome_that_was_only_accepted_has_no_duration() -> None:
    assert _with_start_of(outcome_between(0, 2), outcome_between(3, None)).seconds is None


@pytest.mark.parametrize(("first", "second"), [(None, (3, 5)), ((None, None), (3, 5)), ((0, 2), (None, None))])
def test_an_outcome_without_a_first_step_or_a_call_stays_as_it_is(
    first: tuple[float | None, float | None] | None, second: tuple[float | None, float | None]
) -> None:
    assert _with_start_of(first and outcome_between(*first), outcome_between(*second)) == outcome_between(*second)


def test_a_row_has_the_fields_of_its_rule() -> None:
    assert _fields(ADDRESSES, SSH) == {
        "rule": "vm0-22",
        "frontendAddress": "203.0.113.7",
        "frontendPort": 50000,
        "backendPort": 22,
        "protocol": "Tcp",
    }


def test_a_row_of_several_rules_lists_them_and_has_no_rule_of_its_own() -> None:
    rules = [SSH, SSH._replace(name="vm0-80", backend_port=80)]
    row = _all_fields(ADDRESSES, rules)
    assert row.pop("rules") == [_fields(ADDRESSES, one) for one in rules]
    assert row == _fields(ADDRESSES, None) == dict.fromkeys(row)


def test_a_row_of_one_rule_has_its_fields() -> None:
    assert _all_fields(ADDRESSES, [SSH]) == {**_fields(ADDRESSES, SSH), "rules": [_fields(ADDRESSES, SSH)]}


@pytest.mark.parametrize(("port", "words"), [(None, "`nat-rule create` on lb"), (22, "to port 22 on lb")])
def test_the_reason_to_skip_an_instance_names_port_and_load_balancer(port: int | None, words: str) -> None:
    assert words in _has_no_rule(a_load_balancer(), port)


def test_where_no_instance_is_chosen_there_is_no_rule_and_the_load_balancer_is_not_read(
    cli_ctx: Any, sim: Simulator
) -> None:
    nothing = Choice("rg", "flex", shard="700/1000")
    run_options = RunOptions()
    assert list_rules(cli_ctx, nothing, "missing") == []
    assert create_rules(cli_ctx, nothing, "missing", RuleRequest(22, 50000, None, "Tcp"), run_options) == []
    assert delete_rules(cli_ctx, nothing, "missing", None, run_options) == []
    assert not [one for one in sim.requests() if "loadBalancers" in one["path"]]


def test_only_deleting_asks_for_confirmation_and_names_its_risk() -> None:
    assert (CREATE.confirm, DELETE.confirm) == (False, True)
    assert DELETE.risk

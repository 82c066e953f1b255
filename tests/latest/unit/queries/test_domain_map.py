"""The domain map: every instance in its place, in the width of the terminal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_flexcompare.instances import Instance, ScaleSet
from azext_flexcompare.queries.domain_map import FAILED, MARKS, NARROWEST, SIGNS, draw_maps
from tests.latest.helpers.factories import WEB, instance, scale_set

DB = scale_set("db")
PLACES = st.tuples(st.sampled_from([None, "1", "2", "3"]), st.none() | st.integers(0, 30))


def placed(
    zone: str | None = "1", domain: int | None = 0, state: str | None = "running", of: ScaleSet = WEB, **known: Any
) -> Instance:
    return instance("vm", of, zone=zone, fault_domain=domain, power_state=state, **known)


def test_zones_go_down_and_fault_domains_across() -> None:
    there = [placed("1", 0), placed("2", 1, "stopped"), placed("1", 1), placed("1", 1, "deallocated")]
    assert draw_maps(there, 80).splitlines() == [
        "web in rg: 4 instances",
        "         FD 0          FD 1",
        "zone 1   1 .           2 .D",
        "zone 2   -             1 S",
        "",
        ". running (2)  S stopped (1)  D deallocated (1)",
    ]


def test_a_set_without_zones_or_fault_domains_is_one_cell() -> None:
    assert draw_maps([placed(None, None)], 80).splitlines()[:3] == [
        "web in rg: 1 instance",
        "         no FD",
        "no zone  1 .",
    ]


def test_each_set_has_a_map_and_all_have_one_legend() -> None:
    text = draw_maps([placed(of=DB), placed(of=WEB), placed(of=DB, state="stopped")], 80)
    assert [line for line in text.splitlines() if " in rg: " in line] == [
        "db in rg: 2 instances",
        "web in rg: 1 instance",
    ]
    assert text.endswith("\n\n. running (2)  S stopped (1)\n")


@pytest.mark.parametrize("state", SIGNS)
def test_a_failed_instance_is_marked_whatever_its_power_state(state: str) -> None:
    failed = draw_maps([placed(state=state, provisioning_state="Failed")], 80)
    assert f"zone 1   1 {MARKS[FAILED]}\n" in failed
    assert f"zone 1   1 {SIGNS[state]}\n" in draw_maps([placed(state=state)], 80)


@pytest.mark.parametrize("state", [None, "something new"])
def test_what_is_not_known_is_called_unknown(state: str | None) -> None:
    assert draw_maps([placed(state=state)], 80).endswith("zone 1   1 ?\n\n? unknown (1)\n")


def test_no_two_states_look_alike() -> None:
    assert len({*MARKS.values()}) == len(MARKS)


def test_fault_domains_for_which_there_is_no_room_go_below_the_others() -> None:
    lines = draw_maps([placed(domain=domain) for domain in range(8)], 80).splitlines()
    assert [line.split() for line in lines[1:4:2]] == [
        ["FD", "0", "FD", "1", "FD", "2", "FD", "3", "FD", "4"],
        ["FD", "5", "FD", "6", "FD", "7"],
    ]


def test_what_does_not_fit_in_a_line_goes_on_below_under_its_own_head() -> None:
    lines = draw_maps([placed()] * 100, 80).splitlines()
    assert lines[2:4] == ["zone 1   100 " + "." * 67, " " * 13 + "." * 33]
    assert max(map(len, lines)) <= 80


@given(st.lists(PLACES, min_size=1, max_size=60), st.integers(9 + NARROWEST, 200), st.integers(1, 40))
def test_every_instance_is_drawn_once_within_the_width(
    places: list[tuple[str | None, int | None]], width: int, times: int
) -> None:
    there = [placed(*place, state="stopped") for place in places] * times
    *lines, _, _ = draw_maps(there, width).splitlines()
    assert "".join(lines[1:]).count("S") == len(there)
    assert max(map(len, lines[1:])) <= width

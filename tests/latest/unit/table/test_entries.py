"""The entries of the table as types."""

from __future__ import annotations

import pytest

from azext_flexcompare.table.entries import (
    Option,
    bulk_services,
    cite,
    facts,
    namesakes,
    operations,
    others,
    refusals,
    rows_served,
)

BY_NAME = {one.name: one for one in operations()}


def test_an_alias_is_an_operation_of_its_own_name() -> None:
    aliases = {alias: one for one in operations() for alias in one.aliases}
    assert aliases
    assert all(BY_NAME[alias] == one._replace(name=alias, alias_of=one.canonical) for alias, one in aliases.items())


def test_an_operation_and_its_aliases_have_one_canonical_name() -> None:
    assert (BY_NAME["stop"].canonical, BY_NAME["power-off"].canonical) == ("stop", "stop")
    assert [one.canonical for one in operations() if not one.alias_of] == [one["name"] for one in facts()["operations"]]


def test_the_fields_of_a_request_agree_with_its_path() -> None:
    targets = {
        "set": "{set}/",
        "extension": "{vm}/extensions/",
        "lock": "{vm}/providers/Microsoft.Authorization/locks/",
    }
    assert [one.name for one in operations() if not one.path.startswith(targets.get(one.target, "{vm}"))] == []
    whole = [one.name for one in operations() if one.request == "DELETE {vm}"]
    assert whole == [one.name for one in operations() if one.removes]


def test_a_command_has_one_entry() -> None:
    names = [one.name for one in (*operations(), *others(), *refusals())]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("name", "dest"), [("--size", "size"), ("--skip-shutdown", "skip_shutdown"), ("--a-b-c", "a_b_c")]
)
def test_an_option_arrives_under_its_name_in_python(name: str, dest: str) -> None:
    assert Option(name, "text", "Help.").dest == dest


@pytest.mark.parametrize(
    ("name", "is_long", "removes", "leaves_running"),
    [
        ("restart", True, False, True),
        ("stop", True, False, False),
        ("delete-instances", True, True, False),
        ("simulate-eviction", False, False, False),
    ],
)
def test_what_an_operation_does_to_an_instance(name: str, is_long: bool, removes: bool, leaves_running: bool) -> None:
    one = BY_NAME[name]
    assert (one.is_long, one.removes, one.leaves_running) == (is_long, removes, leaves_running)


def test_only_options_of_its_own_that_were_given_are_given() -> None:
    given = BY_NAME["reimage"].given({"temp_disk": True, "admin_password": None, "other": 1})
    assert [one.name for one in given] == ["--temp-disk"]


def test_an_alias_serves_the_rows_of_its_operation() -> None:
    [alias, *_] = [(one, alias) for one in operations() for alias in one.aliases if rows_served(one.name)]
    assert rows_served(alias[1])


@pytest.mark.parametrize(("verb", "count"), [("Deallocate", 1), ("Dance", 0)])
def test_a_bulk_service_is_found_by_its_verbs(verb: str, count: int) -> None:
    assert (len(bulk_services(verb)) >= count) if count else bulk_services(verb) == []


def test_a_source_is_cited_with_its_date() -> None:
    key, entry = next((key, entry) for key, entry in facts()["sources"].items() if "date" in entry)
    assert cite(key).startswith(f"{entry['what']}, {entry['date']}")


def test_the_namesake_of_a_command_is_that_of_az_vmss() -> None:
    assert namesakes("restart") == ["az vmss restart"]
    assert namesakes("no such command") == []


def test_hibernating_leads_to_a_power_state_of_its_own() -> None:
    by_name = {one.name: one for one in operations()}
    assert by_name["deallocate"].target_power_state({"hibernate": True}) == "hibernated"
    assert by_name["deallocate"].target_power_state({"hibernate": None}) == "deallocated"
    assert by_name["restart"].target_power_state({}) == by_name["restart"].powerState

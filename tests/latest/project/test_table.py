"""The table: well formed, complete and consistent."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from itertools import groupby
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from azext_flexcompare import commands
from tests.latest.helpers.table import SCHEMA, TABLE, errors_of

ROWS_OF_THE_PAGE = {
    "Instance view": 1,
    "Scale set lifecycle batch operations": 11,
    "Get or update": 3,
    "List instances": 1,
    "Scale set operations": 10,
    "VM extension": 5,
    "Networking": 1,
    "Scale set APIs": 2,
}
HAND_WRITTEN = {*commands.PLAIN, *commands.HAND_WRITTEN}
LISTS = ("operations", "refusals", "apis", "commands")  # of facts, each with its source
PLACES = (*LISTS, "others", "groups")


def entries() -> list[dict[str, Any]]:
    return [entry for name in LISTS for entry in TABLE[name]]


def ways() -> list[tuple[str, str, dict[str, Any]]]:
    """The engines of each operation besides calls for single VMs."""
    return [(entry["name"], *way) for entry in TABLE["operations"] for way in entry.get("engines", {}).items()]


def cited() -> list[dict[str, Any]]:
    """Whatever states a fact of Azure: the entries of the lists, the ways of the engines, and their services."""
    return [*entries(), *(way for *_, way in ways()), *TABLE["bulkServices"]]


def names_of_operations() -> list[str]:
    return [name for entry in TABLE["operations"] for name in (entry["name"], *entry.get("aliases", ()))]


def our_commands() -> set[str]:
    return {*names_of_operations(), *(entry["name"] for entry in TABLE["refusals"]), *HAND_WRITTEN}


def title_of(entry: dict[str, Any]) -> str:
    return str(entry.get("name") or f"{entry['section']}: {entry['uniform']}")


def test_schema_is_itself_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_table_follows_its_schema() -> None:
    assert errors_of(TABLE) == []


@pytest.mark.parametrize("place", PLACES)
def test_schema_refuses_a_key_that_nobody_agreed_on(place: str) -> None:
    spoilt = deepcopy(TABLE)
    spoilt[place][0]["surprise"] = "!"
    assert errors_of(spoilt) == [f"$.{place}[0]: Additional properties are not allowed ('surprise' was unexpected)"]


@pytest.mark.parametrize(
    ("place", "key", "value"),
    [
        ("apis", "support", "somewhat"),
        ("apis", "evidence", "hearsay"),
        ("commands", "onFlexible", "maybe"),
        ("commands", "today", "No full stop"),
        ("refusals", "because", "Two  spaces."),
        ("operations", "method", "GET"),
        ("operations", "path", "{vm}/a b"),
        ("operations", "target", "disk"),
        ("operations", "topic", "Sundries"),
        ("others", "requests", "no sentence"),
    ],
)
def test_schema_refuses_a_value_outside_its_vocabulary(place: str, key: str, value: str) -> None:
    spoilt = deepcopy(TABLE)
    spoilt[place][0][key] = value
    assert [error.split(":")[0] for error in errors_of(spoilt)] == [f"$.{place}[0].{key}"]


@pytest.mark.parametrize("name", ["operations", "others", "groups", "refusals", "commands"])
def test_named_entries_are_sorted_and_unique(name: str) -> None:
    names = [entry["name"] for entry in TABLE[name]]
    assert names == sorted(set(names))


def test_sources_and_the_commands_of_a_row_are_sorted() -> None:
    assert list(TABLE["sources"]) == sorted(TABLE["sources"])
    assert [row["azVmss"] for row in TABLE["apis"]] == [sorted(row["azVmss"]) for row in TABLE["apis"]]


def test_no_command_has_two_meanings() -> None:
    refused = [entry["name"] for entry in TABLE["refusals"]]
    counts = Counter([*names_of_operations(), *refused, *HAND_WRITTEN])
    assert [name for name, count in counts.items() if count > 1] == []


def test_each_command_and_each_group_that_is_written_by_hand_has_its_help_in_the_table() -> None:
    assert {entry["name"] for entry in TABLE["others"]} == HAND_WRITTEN
    groups = {name.split()[0] for name in our_commands() if " " in name}
    assert {entry["name"] for entry in TABLE["groups"]} == groups


def test_rows_stand_in_the_sections_and_the_order_of_the_page() -> None:
    sections = groupby(row["section"] for row in TABLE["apis"])
    assert [(section, len(list(rows))) for section, rows in sections] == list(ROWS_OF_THE_PAGE.items())


def test_each_api_of_the_page_has_one_row() -> None:
    counts = Counter((row["section"], row["uniformApi"]) for row in TABLE["apis"])
    assert [api for api, count in counts.items() if count > 1] == []


def test_each_fact_names_a_source_that_is_listed() -> None:
    assert {entry["source"] for entry in cited()} - set(TABLE["sources"]) == set()


def test_each_source_is_used() -> None:
    assert set(TABLE["sources"]) - {entry["source"] for entry in cited()} == set()


def test_what_is_called_recorded_or_reported_names_a_recording_or_a_report() -> None:
    kinds = {"recorded": "recording-", "reported": "report-"}
    wrong = [
        entry["source"]
        for entry in cited()
        for evidence, kind in kinds.items()
        if (entry["evidence"] == evidence) != entry["source"].startswith(kind)
    ]
    assert wrong == []


def test_an_unverified_fact_is_marked_as_such() -> None:
    certain = [
        title_of(entry)
        for entry in (*TABLE["apis"], *TABLE["commands"])
        if entry["evidence"] == "unverified" and "unverified" not in (entry["today"] or "")
    ]
    assert certain == []


def test_the_bulk_services_have_every_verb_that_an_operation_asks_for() -> None:
    known = {verb for service in TABLE["bulkServices"] for verb in service["verbs"]}
    bulk = [way for _, engine, way in ways() if engine == "bulk"]
    asked = [one["verb"] for way in bulk for one in (way, *way.get("options", {}).values()) if "verb" in one]
    assert set(asked) == known


def test_what_a_bulk_service_carries_are_options_of_the_operation() -> None:
    options = {entry["name"]: {one["name"] for one in entry.get("options", ())} for entry in TABLE["operations"]}
    strange = [name for name, _, way in ways() if set(way.get("options", ())) - options[name]]
    assert strange == []


def test_a_command_is_unknown_if_and_only_if_its_fact_is_unverified() -> None:
    unlike = [
        entry["name"]
        for entry in TABLE["commands"]
        if (entry["onFlexible"] == "unknown") != (entry["evidence"] == "unverified")
    ]
    assert unlike == []


def test_for_each_command_that_fails_there_is_another() -> None:
    failing = [entry for entry in TABLE["commands"] if entry["onFlexible"] == "fails"]
    assert [entry["name"] for entry in failing if not entry["instead"]] == []


def test_each_command_of_ours_that_a_row_names_exists() -> None:
    named = {row["azVmssFlex"] for row in TABLE["apis"]} - {None}
    assert named - our_commands() == set()


def test_each_operation_of_the_page_serves_a_row_and_the_other_says_why_it_does_not() -> None:
    served = {row["azVmssFlex"] for row in TABLE["apis"]}
    rowless = [entry for entry in TABLE["operations"] if entry["name"] not in served]
    assert rowless
    assert [entry["name"] for entry in rowless if "row" not in entry.get("notes", "")] == []


def test_each_refusal_is_the_answer_to_a_row_that_has_none() -> None:
    none = {row["azVmssFlex"] for row in TABLE["apis"] if row["support"] == "none"}
    assert none == {entry["name"] for entry in TABLE["refusals"]}


def test_each_az_vmss_command_that_a_row_names_is_among_the_commands() -> None:
    named = {name for row in TABLE["apis"] for name in row["azVmss"]}
    assert named - {entry["name"] for entry in TABLE["commands"]} == set()


def test_instead_of_an_az_vmss_command_only_what_exists_is_offered() -> None:
    prefix = "az vmss-flex "
    offered = {entry["instead"] for entry in TABLE["commands"] if entry["instead"]}
    ours = {command.removeprefix(prefix) for command in offered if command.startswith(prefix)}
    assert ours - our_commands() == set()


def test_a_row_without_a_command_of_ours_names_one_to_use_meanwhile() -> None:
    notes = {title_of(row): row["notes"] or "" for row in TABLE["apis"] if not row["azVmssFlex"]}
    assert [title for title, note in notes.items() if "`az " not in note] == []

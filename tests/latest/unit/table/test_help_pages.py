"""The help of every command: its requests, risk, evidence and row of the page."""

from __future__ import annotations

import json
import re

import pytest

from azext_flexcompare.table.entries import TABLE, facts, operations, refusals
from azext_flexcompare.table.help_pages import TOPICS, WIDTH, Page, group_pages, pages

PAGES = {page.name: page for page in pages()}
GROUPS = {page.name: page for page in group_pages()}
each_page = pytest.mark.parametrize("page", [*PAGES.values(), *GROUPS.values()], ids=lambda page: page.name)


def paragraphs(page: Page, label: str) -> str:
    return " ".join(text for heading, text in page.paragraphs if heading == label)


@pytest.mark.parametrize("label", ["Requests", "Risk", "Page"])
def test_every_command_has_the_label(label: str) -> None:
    assert [name for name, page in PAGES.items() if not paragraphs(page, label)] == []


@each_page
def test_a_page_fits_eighty_columns_and_nothing_is_cut(page: Page) -> None:
    assert max(map(len, page.text.splitlines())) <= WIDTH
    assert "{" not in page.text
    words = " ".join(f"{label} {text}" for label, text in page.paragraphs if text).split()
    assert page.text.split() == words


def test_every_row_of_the_page_is_named_by_the_command_that_serves_it() -> None:
    for api in facts()["apis"]:
        assert f"{api['section']}: {api['uniform']} ({api['support']})" in paragraphs(PAGES[api["azVmssFlex"]], "Page")


def test_another_name_of_a_command_serves_the_same_rows() -> None:
    assert paragraphs(PAGES["power-off"], "Page") == paragraphs(PAGES["stop"], "Page") != "No row."


def test_a_call_of_the_set_is_not_counted_for_each_instance() -> None:
    assert "/manualupgrade for each scale set, and a few polls" in paragraphs(PAGES["update-instances"], "Requests")
    assert "/restart for each instance, and a few polls" in paragraphs(PAGES["restart"], "Requests")
    assert "polls" not in paragraphs(PAGES["simulate-eviction"], "Requests")


@each_page
def test_cost_and_risk_take_at_most_four_lines(page: Page) -> None:
    first = page._replace(paragraphs=[one for one in page.paragraphs if one[0] in ("Requests", "Risk")])
    assert first.paragraphs == (page.paragraphs[:2] if page.name in PAGES else [])
    assert len(first.text.splitlines()) <= 4


@pytest.mark.parametrize("page", PAGES.values(), ids=lambda page: page.name)
def test_a_summary_fits_its_line_in_the_list_of_commands(page: Page) -> None:
    assert len(page.summary) <= (60 if " " in page.name else 36)


@pytest.mark.parametrize("operation", operations(), ids=lambda one: one.name)
def test_the_help_names_every_engine(operation: object) -> None:
    engines = getattr(operation, "engines", None) or {}
    page = PAGES[operation.words]  # type: ignore[attr-defined]
    assert re.findall(r"--engine ([a-z]+)", page.text) == list(engines)


def test_the_map_names_every_command_once() -> None:
    lines = dict(GROUPS[""].paragraphs)
    listed = [name.replace("\xa0", " ") for topic in TOPICS for name in lines[topic].split(", ")]
    refused = lines["Refused"].split(", ")
    assert sorted([*listed, *refused]) == sorted(PAGES)
    assert sorted(refused) == sorted(one.name for one in refusals())


def test_the_topics_are_those_of_the_schema_in_its_order() -> None:
    schema = json.loads(TABLE.with_name("equivalence.schema.json").read_text("utf-8"))
    assert list(TOPICS) == schema["$defs"]["topic"]["enum"]


def test_what_is_asked_of_an_extension_names_the_set_by_its_long_option() -> None:
    commands = {name: [text for _, text in page.examples] for name, page in PAGES.items()}
    assert all(" --vmss-name web" in text for text in commands["extension set"])
    assert all(" -n web" in text for text in commands["restart"] if "--resume" not in text)

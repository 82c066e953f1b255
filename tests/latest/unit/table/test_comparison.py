"""The rows of `compare`."""

from __future__ import annotations

import pytest

from azext_flexcompare.table.comparison import apis, command_rows, compare_rows, names, names_of, sections, supports
from azext_flexcompare.table.entries import facts


def test_without_a_filter_every_row_stands_in_the_order_of_the_page() -> None:
    assert [row["uniform"] for row in compare_rows(None, None, None)] == [api["uniform"] for api in facts()["apis"]]


@pytest.mark.parametrize("section", sections())
def test_a_section_has_its_rows_only(section: str) -> None:
    rows = compare_rows(section, None, None)
    assert rows
    assert {row["section"] for row in rows} == {section}


@pytest.mark.parametrize("support", supports())
def test_a_support_has_its_rows_only(support: str) -> None:
    assert {row["support"] for row in compare_rows(None, None, support)} == {support}


def test_filters_must_all_hold() -> None:
    assert compare_rows("Networking", "restart", None) == []


def test_a_row_is_found_by_each_of_its_names() -> None:
    for api in facts()["apis"]:
        assert all(api in apis(None, name, None) for name in names_of(api))


def test_every_name_that_is_offered_finds_something() -> None:
    assert [name for name in names() if not (compare_rows(None, name, None) or command_rows(name))] == []


def test_a_command_is_written_as_it_is_typed() -> None:
    [row] = command_rows("deallocate")
    assert row["azVmss"] == "az vmss deallocate"
    assert len(command_rows(None)) == len(facts()["commands"])

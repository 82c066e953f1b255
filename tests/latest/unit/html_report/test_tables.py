"""The tables of the page."""

from __future__ import annotations

from tests.latest.helpers.report_logs import SET, parsed, plan, planned, whole_log


def test_each_instance_stands_there_once_with_what_became_of_it() -> None:
    assert parsed(whole_log()).instances() == {
        "flex_a": ["Succeeded", "1", "07:38:12", "10.0", ""],
        "flex_b": ["Failed", "1", "07:38:12", "20.0", "AllocationFailed, throttled 2 times"],
        "flex_c": ["Failed", "2", "07:38:34", "17.9", "AllocationFailed"],
        "flex_d": ["TimedOut", "2", "07:38:34", "40.0", "No end within 40 seconds."],
        "flex_e": ["Skipped", "", "", "", "It is running."],
    }


def test_instances_are_grouped_by_zone_and_fault_domain_with_those_that_have_none_last() -> None:
    page = parsed(whole_log())
    assert page.texts("h3") == ["Zone 1", "Zone 2", "No zone"]
    assert page.texts("h4") == ["Fault domain 0", "Fault domain 1", "Fault domain 0", "No fault domain"]


def test_sets_are_told_apart_where_there_are_several_even_of_one_name() -> None:
    other = SET.replace("/rg/", "/rg2/")
    log = [plan(planned("a"), planned("b", resourceGroup="rg2"), scaleSets=[SET, other])]
    page = parsed(log)
    assert page.texts("h3") == ["flex in rg, zone 1", "flex in rg2, zone 1"]
    assert "flex (resource group rg), flex (resource group rg2)" in page.texts("dd")


def test_zones_and_fault_domains_are_in_the_order_of_their_numbers() -> None:
    log = [plan(*(planned(f"i{number}", domain=number) for number in (10, 9, 1)))]
    assert parsed(log).texts("h4") == ["Fault domain 1", "Fault domain 9", "Fault domain 10"]


def test_equal_failures_are_told_once_with_the_names_of_whom() -> None:
    rows = [row for row in parsed(whole_log()).rows if len(row) == 4]
    assert rows[1:] == [
        ["Failed", "2", "AllocationFailed: No room for <instance> now.", "flex_b, flex_c"],
        ["TimedOut", "1", "No end within 40 seconds.", "flex_d"],
        ["Skipped", "1", "It is running.", "flex_e"],
    ]


def test_batches_say_when_they_began_what_became_of_them_and_their_health() -> None:
    rows = [row for row in parsed(whole_log()).rows if row[0] in ("1", "2")]
    assert rows == [
        ["1", "2", "1", "07:38:12", "20.2 s", "1 Succeeded, 1 Failed", "1 unhealthy: The agent is silent. flex_b"],
        ["2", "2", "2", "07:38:34", "40.2 s", "1 Failed, 1 TimedOut", "healthy"],
    ]


def test_durations_of_a_fault_domain_are_told_by_shortest_median_longest_and_slowest() -> None:
    rows = [row for row in parsed(whole_log()).rows if len(row) == 8]
    assert ["Zone 2", "0", "2", "17.9", "28.9", "40.0", "", "flex_d"] in [
        [*row[:4], f"{float(row[4]):.1f}", *row[5:]] for row in rows[1:]
    ]

"""The inventory of several files."""

from __future__ import annotations

from azext_flexcompare.translation.inventory import inventory, totals
from azext_flexcompare.translation.rewrite import translate

A = "az vmss deallocate -g rg -n web\naz vmss deallocate -g rg -n web | cat\naz vmss list\n"
B = "az vmss deallocate -g rg -n web | cat\naz vmss nic list -g rg --vmss-name web\naz $X vmss\n"
FILES = [("a.sh", translate(A)), ("b.sh", translate(B))]


def test_there_is_one_row_for_each_command_and_what_fails_is_first() -> None:
    rows = inventory(FILES)
    assert [(row["call"], row["onFlexible"], row["count"]) for row in rows] == [
        ("az vmss nic list", "fails", 1),
        ("az vmss deallocate", "differs", 3),
        ("az vmss ...", "unknown", 1),
        ("az vmss list", "works", 1),
    ]


def test_a_row_has_places_and_each_reason_once() -> None:
    row = inventory(FILES)[1]
    assert row["places"] == ["a.sh:1", "a.sh:2", "b.sh:1"]
    assert (row["rewritten"], row["review"], row["instead"]) == (1, 2, "az vmss-flex deallocate")
    (reason,) = row["reasons"]
    assert reason["places"] == ["a.sh:2", "b.sh:1"]


def test_a_call_that_can_stay_has_nothing_to_use_instead() -> None:
    (row,) = inventory([("c.sh", translate("az vmss restart -g rg -n web\n"))])
    assert (row["onFlexible"], row["instead"], row["reasons"]) == ("works", None, [])


def test_advice_is_grouped() -> None:
    loop = "for i in a; do az vmss stop -g rg -n web --instance-ids $i; done\n"
    (row,) = inventory([("c.sh", translate(loop * 2))])
    assert [one["places"] for one in row["advice"]] == [["c.sh:1", "c.sh:2"]]


def test_the_totals_count_calls_and_files() -> None:
    assert totals(inventory(FILES), 2, written=False) == (
        "6 calls in 2 files: 1 can stay, 2 can be rewritten (--write), 3 need manual review."
    )
    assert "2 were rewritten" in totals(inventory(FILES), 2, written=True)
    assert totals([], 0, written=False).startswith("0 calls in 0 files")

"""What to type instead of each `az vmss` command, for a scale set and its instances."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from armsim import Simulator
from azext_flexcompare.queries.live_commands import commands_for, fill_in
from azext_flexcompare.selection.selection import Choice
from azext_flexcompare.table.entries import facts
from tests.latest.helpers.factories import instance, scale_set

HOSTILE = scale_set("web; reboot", "r g")
TWO = [instance("a"), instance("b")]


def test_a_line_names_the_set_once_or_each_instance() -> None:
    assert fill_in("az vmss-flex show -g {group} -n {set}", TWO, "S") == ["az vmss-flex show -g rg -n web"]
    each = ["az vm show -g rg -n a", "az vm show -g rg -n b"]
    assert fill_in("az vm show -g {group} -n {vm}", TWO, "s") == each
    assert fill_in(None, TWO, "s") == fill_in("az vm show -n {vm}", [], "s") == []


def test_another_subscription_is_named() -> None:
    assert fill_in("az vm show -n {vm}", TWO[:1], "other") == ["az vm show -n a --subscription s"]


def test_a_name_is_one_word_of_the_shell() -> None:
    [line] = fill_in("az vm show -g {group} -n {set} --vm-name {vm}", [instance("$(reboot)", HOSTILE)], "s")
    assert shlex.split(line) == ["az", "vm", "show", "-g", "r g", "-n", "web; reboot", "--vm-name", "$(reboot)"]


@pytest.mark.parametrize("entry", facts()["commands"], ids=lambda entry: entry["name"])
def test_each_command_has_an_answer(entry: dict[str, Any]) -> None:
    works = entry["onFlexible"] == "works" and not entry["instead"]
    assert works or "paste" in entry
    assert entry["onFlexible"] not in ("fails", "differs") or entry["instead"]
    if "paste" in entry:
        lines = fill_in(entry["paste"], TWO, "s")
        assert len(lines) == (2 if "{vm}" in entry["paste"] else 1)
        assert lines[0].startswith((entry["instead"] or f"az vmss {entry['name'].split()[0]}").split(" --")[0])


def test_the_rows_of_a_set_have_its_lines(cli_ctx: Any, sim: Simulator) -> None:
    rows = [row for row in commands_for(cli_ctx, Choice("rg", "flex"), "show") if row["azVmss"] == "az vmss nic show"]
    names = sim.names("flex")
    assert [shlex.split(line)[-3] for line in rows[0]["commands"]] == names
    assert len(commands_for(cli_ctx, Choice("rg", "flex"), None)) == len(facts()["commands"])

"""Reading the members of the named sets and choosing among them."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import ArgumentUsageError, ResourceNotFoundError, ValidationError

from armsim import Simulator
from azext_flexcompare.selection.choose import choose
from azext_flexcompare.selection.selection import Choice


@pytest.mark.parametrize("source", ["compute", "resource-graph"])
def test_both_sources_list_the_same_instances(source: str, cli_ctx: Any, sim: Simulator) -> None:
    chosen = choose(cli_ctx, "list-instances", Choice("rg", "flex"), source)
    assert sorted(one.name for one in chosen) == sorted(sim.names("flex"))


def test_a_refused_choice_is_one_sentence_of_the_cli(cli_ctx: Any) -> None:
    with pytest.raises(ValidationError, match=r"^[A-Z'].*nobody.*\.$") as refused:
        choose(cli_ctx, "restart", Choice("rg", "flex", names=("nobody",)))
    assert refused.value.recommendations


def test_a_missing_set_is_not_found(cli_ctx: Any) -> None:
    with pytest.raises(ResourceNotFoundError):
        choose(cli_ctx, "restart", Choice("rg", "nothing"))


def test_resource_graph_does_not_take_ids_of_vms(cli_ctx: Any, sim: Simulator) -> None:
    with pytest.raises(ArgumentUsageError, match="--source resource-graph"):
        choose(cli_ctx, "list-instances", Choice(ids=(sim.vm_id("lonely"),)), "resource-graph")

"""Queries to Azure Resource Graph and its answers."""

from __future__ import annotations

import pytest
from hypothesis import given

from armsim.resourcegraph.lexer import read_tokens
from azext_flexcompare.selection.resource_graph import literal
from tests.latest.helpers.hostile import OUT, hostile


@given(hostile.filter(lambda text: text.isprintable()))
def test_no_name_ends_its_quotation_in_a_query(name: str) -> None:
    [found, end] = read_tokens(literal(name))
    assert (found.kind, found.text, end.kind) == ("string", name, "end")


@pytest.mark.parametrize("name", OUT)
def test_no_known_way_out_ends_its_quotation_in_a_query(name: str) -> None:
    [found, _] = read_tokens(literal(name))
    assert (found.kind, found.text) == ("string", name)

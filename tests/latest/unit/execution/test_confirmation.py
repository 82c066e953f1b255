"""The question before an operation that destroys."""

from __future__ import annotations

import io

import pytest
from azure.cli.core.azclierror import NoTTYError

from azext_flexcompare.execution.confirmation import ask, count_of
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import DB, instance

DELETE = next(one for one in operations() if one.name == "delete-instances")


@pytest.mark.parametrize(("count", "text"), [(0, "0 instances"), (1, "1 instance"), (2, "2 instances")])
def test_instances_are_counted(count: int, text: str) -> None:
    assert count_of([instance()] * count) == text


def test_without_a_terminal_the_error_says_what_would_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(NoTTYError, match="delete-instances asks before it acts on 2 instances of the scale sets") as no:
        ask(DELETE, [instance("a"), instance("b", DB)])
    assert no.value.recommendations == ["Give --yes if that is what you want."]

"""The question before an operation that destroys."""

from __future__ import annotations

import io

import pytest
from azure.cli.core.azclierror import NoTTYError

from azext_flexcompare.execution.confirmation import ask
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.factories import DB, instance

DELETE = next(one for one in operations() if one.name == "delete-instances")


def test_without_a_terminal_the_error_says_what_would_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(NoTTYError, match="needs your confirmation to act on 2 instances of the") as no:
        ask(DELETE, [instance("a"), instance("b", DB)])
    assert no.value.recommendations == ["Use --yes to confirm."]

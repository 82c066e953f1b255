"""The query of `--query`, tried before anything is sent."""

from __future__ import annotations

from typing import Any

import jmespath
import pytest
from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.events import EVENT_INVOKER_FILTER_RESULT
from knack.query import CLIQuery

from azext_flexcompare.output.query import printable, require_query

ROWS = [{"instance": "b", "durationSeconds": 2.0}, {"instance": "a", "durationSeconds": 1.0}]
MIXED = [*ROWS, {"instance": "c", "durationSeconds": None}]
SORT = "sort_by(@, &durationSeconds)[].instance"


class ParsedQuery:
    """Arguments with a query."""

    def __init__(self, query: str | None) -> None:
        self._jmespath_query = query and jmespath.compile(query)


class Invocation:
    """What the CLI knows of a command."""

    def __init__(self) -> None:
        self.data = {"query_active": False}


def with_query(cli_ctx: Any, query: str | None) -> Any:
    cli_ctx.invocation = Invocation()
    CLIQuery.handle_query_parameter(cli_ctx, args=ParsedQuery(query))
    return cli_ctx


def result_of(cli_ctx: Any, rows: list[dict[str, Any]]) -> Any:
    event_data = {"result": rows}
    cli_ctx.raise_event(EVENT_INVOKER_FILTER_RESULT, event_data=event_data)
    return event_data["result"]


@pytest.mark.parametrize("query", [None, SORT])
def test_a_query_that_works_is_applied_to_the_result_as_ever(query: str | None, cli_ctx: Any) -> None:
    with_query(cli_ctx, query)
    require_query(cli_ctx, ROWS)
    assert printable(cli_ctx, ROWS) == ROWS
    assert result_of(cli_ctx, ROWS) == (["a", "b"] if query else ROWS)


def test_a_query_that_fails_is_refused(cli_ctx: Any) -> None:
    with pytest.raises(InvalidArgumentValueError, match="--query fails"):
        require_query(with_query(cli_ctx, "length(durationSeconds)"), ROWS)


def test_a_query_that_fails_only_on_the_rows_of_the_run_is_dropped(
    cli_ctx: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with_query(cli_ctx, SORT)
    require_query(cli_ctx, ROWS)
    assert printable(cli_ctx, MIXED) == MIXED
    assert result_of(cli_ctx, MIXED) == MIXED
    assert not cli_ctx.invocation.data["query_active"]
    assert "the whole list is printed" in caplog.messages[0]

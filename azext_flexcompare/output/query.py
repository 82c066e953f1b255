"""The query of `--query`, tried before anything is sent."""

from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError
from knack.events import EVENT_INVOKER_FILTER_RESULT
from knack.log import get_logger


def require_query(cli_ctx: Any, rows: list[dict[str, Any]]) -> None:
    """Raise InvalidArgumentValueError where --query fails on rows like those that a run will print."""
    try:
        _apply_query(cli_ctx, rows)
    except Exception as error:
        raise InvalidArgumentValueError(
            f"--query fails on the list of this command: {' '.join(str(error).split())}",
            recommendation="Correct the query; nothing was sent.",
        ) from error


def printable(cli_ctx: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of a run that has acted; where --query fails on them, drop it, so that all are printed."""
    try:
        _apply_query(cli_ctx, rows)
    except Exception as error:  # noqa: BLE001  (as above)
        get_logger(__name__).error("--query failed, so the whole list is printed: %s", " ".join(str(error).split()))
        for handler in _filters(cli_ctx):
            if handler.__module__.startswith("knack."):
                cli_ctx.unregister_event(EVENT_INVOKER_FILTER_RESULT, handler)
        cli_ctx.invocation.data["query_active"] = False
    return rows


def _apply_query(cli_ctx: Any, rows: list[dict[str, Any]]) -> None:
    """Pass rows through what will filter the result; a filter of the CLI unregisters itself when it is done."""
    filters, event_data = _filters(cli_ctx), {"result": rows}
    try:
        for handler in filters:
            handler(cli_ctx, event_data=event_data)
    finally:
        for handler in filters:
            cli_ctx.unregister_event(EVENT_INVOKER_FILTER_RESULT, handler)
        for handler in filters:
            cli_ctx.register_event(EVENT_INVOKER_FILTER_RESULT, handler)


def _filters(cli_ctx: Any) -> list[Any]:
    # The CLI has no other way to the query that was parsed.
    return list(vars(cli_ctx)["_event_handlers"].get(EVENT_INVOKER_FILTER_RESULT, ()))

"""Texts from outside on a terminal: what could change its display is shown by code points."""

from __future__ import annotations

import logging
import sys
from typing import Any

from knack.events import EVENT_INVOKER_FILTER_RESULT, EVENT_INVOKER_POST_PARSE_ARGS

from azext_flexcompare.output.standard_streams import guard_output, open_streams
from azext_flexcompare.output.text import show_invisible

KEPT = "\n\t"  # what a table and a log need


def protect_terminal(cli_ctx: Any, group: str) -> None:
    """Show control and bidirectional characters by their code points in what the commands of a group print.

    That is every log message, `-o table`, and `-o tsv` on a terminal; JSON and what a script reads stay exact.
    """
    open_streams()

    def protect(_: Any, *, command: str, **__: Any) -> None:
        if command.startswith(f"{group} "):
            _protect_logs()
            guard_output(cli_ctx)
            cli_ctx.register_event(EVENT_INVOKER_FILTER_RESULT, _protect_result)

    cli_ctx.register_event(EVENT_INVOKER_POST_PARSE_ARGS, protect)


def show_all(value: Any) -> Any:
    """Return a result with the invisible characters of every text in it shown."""
    if isinstance(value, str):
        return show_invisible(value, KEPT)
    if isinstance(value, dict):
        return type(value)((show_all(key), show_all(one)) for key, one in value.items())
    return [show_all(one) for one in value] if isinstance(value, list) else value


def _protect_result(cli_ctx: Any, *, event_data: dict[str, Any], **_: Any) -> None:
    output = cli_ctx.invocation.data["output"]
    if output == "table" or (output == "tsv" and sys.stdout.isatty()):
        event_data["result"] = show_all(event_data["result"])


def _protect_logs() -> None:
    for name in ("cli", "azure", "az", "az_command_data_logger"):
        for handler in logging.getLogger(name).handlers:
            if _protect_record not in handler.filters:
                handler.addFilter(_protect_record)


def _protect_record(record: logging.LogRecord) -> bool:
    record.msg, record.args = show_invisible(record.getMessage(), KEPT), ()
    return True

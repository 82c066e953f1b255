"""Texts from outside on a terminal."""

from __future__ import annotations

import io
import logging
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from knack.cli import CLI
from knack.events import EVENT_INVOKER_FILTER_RESULT, EVENT_INVOKER_POST_PARSE_ARGS

from azext_flexcompare.output.terminal import protect_terminal, show_all

EVIL = "a\x1b[31m\u202eb"
SHOWN = "a[U+001B][31m[U+202E]b"


class Invocation:
    """What the CLI knows of a command."""

    def __init__(self, output: str) -> None:
        self.data = {"output": output}


class ParsedOutput:
    """Arguments without a query."""

    def __init__(self, output: str) -> None:
        self._jmespath_query, self._output_format = None, output


@pytest.fixture
def cli(tmp_path: Path) -> CLI:
    return CLI("test", str(tmp_path), "TEST", out_file=io.StringIO())


def filtered(cli: CLI, output: str, command: str = "vmss-flex show") -> Any:
    protect_terminal(cli, "vmss-flex")
    cli.invocation = Invocation(output)
    cli.raise_event(EVENT_INVOKER_POST_PARSE_ARGS, command=command, args=ParsedOutput(output))
    event_data = {"result": [{"name": EVIL}]}
    cli.raise_event(EVENT_INVOKER_FILTER_RESULT, event_data=event_data)
    return event_data["result"][0]["name"]


def test_every_text_of_a_result_is_shown() -> None:
    found = show_all([OrderedDict(a=EVIL, b=[{EVIL: 1}], c=None), 2])
    assert found == [{"a": SHOWN, "b": [{SHOWN: 1}], "c": None}, 2]
    assert isinstance(found[0], OrderedDict)


def test_tabs_and_line_ends_stay() -> None:
    assert show_all("a\tb\nc\r") == "a\tb\nc[U+000D]"


@pytest.mark.parametrize("name", ["cli", "azure"])
def test_a_log_message_is_shown(name: str, cli: CLI) -> None:
    handler, record = logging.NullHandler(), logging.LogRecord(name, logging.ERROR, "", 0, "%s", (EVIL,), None)
    logging.getLogger(name).addHandler(handler)
    try:
        filtered(cli, "json")
        handler.filter(record)
    finally:
        logging.getLogger(name).removeHandler(handler)
    assert record.getMessage() == SHOWN


@pytest.mark.parametrize(("output", "shown"), [("table", SHOWN), ("json", EVIL), ("yaml", EVIL), ("tsv", EVIL)])
def test_a_table_is_shown_and_what_a_script_reads_is_exact(output: str, shown: str, cli: CLI) -> None:
    assert filtered(cli, output) == shown


def test_another_command_is_left_alone(cli: CLI) -> None:
    assert filtered(cli, "table", command="vmss list") == EVIL

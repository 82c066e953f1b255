"""Standard streams that are closed, full, or without a reader."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from azure.cli.core.azclierror import FileOperationError

from azext_flexcompare.output.standard_streams import guard_output, open_streams, write_output

Break = Callable[[int], None]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Break]:
    """Let writes to standard output fail with an error of the system."""
    with open(os.devnull, "w", encoding="utf-8") as stream:  # noqa: PTH123

        def fail(number: int) -> None:
            def write(_: str) -> int:
                raise OSError(number, os.strerror(number))

            fails = SimpleNamespace(write=write, fileno=stream.fileno, encoding="utf-8")
            monkeypatch.setattr(sys, "stdout", fails)

        yield fail


def test_closed_streams_are_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    monkeypatch.setattr(sys, "stdin", None)
    open_streams()
    with sys.stderr, sys.stdin:
        assert not sys.stderr.isatty()
        assert sys.stdin.read() == ""


def test_open_streams_stay_as_they_are() -> None:
    before = sys.stdin, sys.stderr
    open_streams()
    assert (sys.stdin, sys.stderr) == before


def test_a_full_disk_is_named(broken: Break) -> None:
    broken(errno.ENOSPC)
    with pytest.raises(FileOperationError, match="written to standard output: No space left on device"):
        write_output("text")


def test_a_reader_that_has_gone_is_no_error(broken: Break) -> None:
    broken(errno.EPIPE)
    write_output("text")


def test_what_the_encoding_lacks_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", stream)
    write_output("a \u00e9")
    write_output("\u00e9".encode())
    assert stream.buffer.getvalue() == b"a ?\xc3\xa9"  # type: ignore[attr-defined]


def test_the_output_of_the_cli_is_guarded(broken: Break) -> None:
    broken(errno.ENOSPC)
    cli = SimpleNamespace(output=SimpleNamespace(out=lambda text: sys.stdout.write(text)))
    guard_output(cli)
    with pytest.raises(FileOperationError):
        cli.output.out("text")

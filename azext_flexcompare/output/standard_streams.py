"""Standard output, input and error: closed, full, or with a reader that has gone."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from azure.cli.core.azclierror import FileOperationError

GONE = (errno.EPIPE, errno.EINVAL)  # of a pipe without a reader; the latter on Windows


def open_streams() -> None:
    """Open standard input and error where the caller closed them; the libraries of the CLI use them unasked."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123,SIM115  (it stays open)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123,SIM115


def guard_output(cli_ctx: Any) -> None:
    """Replace the traceback of the CLI by one sentence where it cannot write the output of this command."""
    cli_ctx.output.out = partial(_out, cli_ctx.output.out)


def write_output(data: str | bytes) -> None:
    """Write to standard output; raises FileOperationError where that fails, unless the reader has gone."""
    with _output_errors():
        if isinstance(data, str):
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(data.encode(encoding, "replace").decode(encoding))
        else:
            sys.stdout.flush()
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        sys.stdout.flush()


def _out(out: Any, *arguments: Any, **options: Any) -> None:
    with _output_errors():
        out(*arguments, **options)
        sys.stdout.flush()


@contextmanager
def _output_errors() -> Iterator[None]:
    """Raise FileOperationError where standard output cannot be written, and then drop what is left of the output.

    Python would otherwise try again when the process exits, and replace the exit status. A reader that has gone has
    read what it wanted.
    """
    try:
        yield
    except OSError as error:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        if error.errno not in GONE:
            raise FileOperationError(
                f"The output could not be written to standard output: {error.strerror or error}.",
                recommendation="Redirect it to a file on a disk that has space.",
            ) from error

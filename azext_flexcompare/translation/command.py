"""The command `translate`: reads a script, prints it rewritten, and lists the calls that need manual review."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import Any

from azure.cli.core.azclierror import FileOperationError
from knack.log import get_logger

from azext_flexcompare.output.exit_status import Exit, leave_after_output
from azext_flexcompare.translation.rewrite import format_diff, translate

ENCODINGS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # by BOM
ERRORS = {"utf-8": "surrogateescape"}  # others: surrogatepass, so that every byte is printed as it was


def translate_file(cli_ctx: Any, file: str, diff: bool) -> None:
    """Print a script with its calls rewritten, and all other bytes as they are; `-` is standard input.

    The exit status is 4 if a call needs manual review. Raises FileOperationError for a file that cannot be read.
    """
    data = _read(file)
    mark = next((mark for mark in ENCODINGS if data.startswith(mark)), b"")
    encoding = ENCODINGS.get(mark, "utf-8")
    script = _decode(data.removeprefix(mark), encoding, file)
    translation = translate(script)
    text = format_diff(script, translation.text, file) if diff else translation.text
    sys.stdout.flush()
    sys.stdout.buffer.write(mark + text.encode(encoding, ERRORS.get(encoding, "surrogatepass")))
    sys.stdout.buffer.flush()
    for one in translation.needs_review:
        get_logger(__name__).warning("%s:%s: %s: %s", file, one.line, one.call.split("\n")[0], one.reason)
    leave_after_output(cli_ctx, Exit.SOME_FAILED if translation.needs_review else Exit.SUCCESS)


def _decode(data: bytes, encoding: str, file: str) -> str:
    try:
        return data.decode(encoding, ERRORS.get(encoding, "surrogatepass"))
    except UnicodeDecodeError as error:
        raise FileOperationError(
            f"Cannot read {file}: it begins like a file in {encoding.upper()}, but is none.",
            recommendation="Convert it to UTF-8.",
        ) from error


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise FileOperationError(
            f"Cannot read {file}: {error.strerror}.",
            recommendation="Specify a shell script, or - for standard input.",
        ) from error

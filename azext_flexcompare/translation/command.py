"""The command `translate`: prints one file rewritten, or the inventory of several files, which it may rewrite."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from azure.cli.core.azclierror import FileOperationError
from knack.log import get_logger

from azext_flexcompare.output.exit_status import Exit, leave_after_output
from azext_flexcompare.output.standard_streams import write_output
from azext_flexcompare.translation.files import TextFile, list_files, read_text, write_text
from azext_flexcompare.translation.findings import Translation, format_diff
from azext_flexcompare.translation.inventory import inventory, totals
from azext_flexcompare.translation.kinds import SHELL, UNKNOWN, kind_of
from azext_flexcompare.translation.rewrite import translate

logger = get_logger(__name__)

Translated = list[tuple[TextFile, Translation]]


def translate_file(cli_ctx: Any, file: str, diff: bool) -> None:
    """Print a file with its calls rewritten, and all other bytes as they are; `-` is standard input.

    The exit status is 4 if a call needs manual review. Raises FileOperationError for a file that cannot be read.
    """
    read, translation = _translate(file)
    text = format_diff(read.text, translation.text, file) if diff else translation.text
    write_output(read.encode(text))
    for one in translation.needs_review:
        logger.warning("%s:%s: %s: %s", file, one.line, one.call.split("\n")[0], one.reason)
    for advice in translation.advice:
        logger.warning("%s:%s: %s: %s", file, advice.line, advice.call.split("\n")[0], advice.advice)
    leave_after_output(cli_ctx, Exit.SOME_FAILED if translation.needs_review else Exit.SUCCESS)


def translate_paths(cli_ctx: Any, paths: Sequence[str], diff: bool, write: bool) -> list[dict[str, Any]] | None:
    """Return the inventory of files and folders, or print their diffs, and write what is proven if that is asked for.

    The exit status is 4 while work is left: a call that needs manual review, or one that was not written. Raises
    FileOperationError for a path that does not exist.
    """
    translated = _translate_all(paths)
    changed = [(file, done) for file, done in translated if done.text != done.before]
    diffs = b"".join(file.encode(format_diff(done.before, done.text, file.name)) for file, done in changed)
    if diff:
        write_output(diffs)
    elif write:
        sys.stderr.flush()
        sys.stderr.buffer.write(diffs)
        sys.stderr.buffer.flush()
    for file, done in changed if write else ():
        write_text(file, done.text)
    rows = inventory((file.name, done) for file, done in translated)
    left = any(row["review"] or (row["rewritten"] and not write) for row in rows)
    leave_after_output(
        cli_ctx,
        Exit.SOME_FAILED if left else Exit.SUCCESS,
        lambda: logger.warning("%s", totals(rows, sum(bool(done.found) for _, done in translated), write)),
    )
    return None if diff else rows


def _translate(name: str) -> tuple[TextFile, Translation]:
    """Translate a file that was named; one of no known kind is read as a shell script."""
    file = read_text(name)
    kind = kind_of(name, file.text)
    return file, translate(file.text, SHELL if kind is UNKNOWN else kind)


def _translate_all(paths: Sequence[str]) -> Translated:
    """Translate files and the files of folders, without those that mention no scale set, are binary or unreadable."""
    translated: Translated = []
    for name in list_files(paths):
        try:
            file = read_text(name)
        except FileOperationError as error:
            logger.warning("%s", error)
            continue
        if "vmss" in file.text and "\0" not in file.text:
            kind = kind_of(name, file.text)
            named = kind is UNKNOWN and name in paths
            translated.append((file, translate(file.text, SHELL if named else kind)))
    return translated

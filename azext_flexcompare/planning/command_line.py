"""Checks of the command line as a whole, between the Azure CLI's parser and the commands."""

from __future__ import annotations

import os
import re
import sys
from argparse import Action, Namespace
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from azure.cli.core.commands.events import EVENT_INVOKER_PRE_CMD_TBL_TRUNCATE
from knack.events import EVENT_INVOKER_POST_PARSE_ARGS, EVENT_INVOKER_PRE_PARSE_ARGS

from azext_flexcompare.arm.typed import keep_typed, typed
from azext_flexcompare.planning.argument_words import ANY_BYTES, is_text, rewritten_id
from azext_flexcompare.table.entries import operations
from azext_flexcompare.table.foreign_options import FOREIGN

GROUP = "vmss-flex "
HELP = ("-h", "--help")


def register(cli_ctx: Any) -> None:
    """Check each command of this extension once it has been parsed."""
    if cli_ctx is not None:
        cli_ctx.register_event(EVENT_INVOKER_PRE_CMD_TBL_TRUNCATE, _complete)
        cli_ctx.register_event(EVENT_INVOKER_PRE_PARSE_ARGS, _keep)
        cli_ctx.register_event(EVENT_INVOKER_POST_PARSE_ARGS, _check)


def completed(words: Sequence[str]) -> list[str]:
    """Return a command line with the whole name of its command, where a group has the name that was typed.

    A parser of the CLI is that of a command or of a group, so `run-command --scripts ...` becomes `run-command invoke`.
    """
    for short, whole in shortened().items():
        typed_as = [GROUP.strip(), *short.split()]
        place = next((at for at in range(len(words)) if list(words[at : at + len(typed_as)]) == typed_as), None)
        end = (place or 0) + len(typed_as)
        option = words[end] if place is not None and end < len(words) else ""
        if option.startswith("-") and option not in HELP:
            return [*words[:end], *whole.removeprefix(short).split(), *words[end:]]
    return list(words)


def shortened() -> dict[str, str]:
    """Return the names of the commands that have a shorter one, by that."""
    return {one.name: one.command for one in operations() if one.command}


def repeated_options(words: Iterable[str], actions: dict[str, Action]) -> list[str]:
    """Return the options that are given more than once, by any of their names, although only the last would count."""
    given = [action for word in words if (action := actions.get(word.partition("=")[0])) and word.startswith("-")]
    once = [action for action in given if action.nargs != 0 and type(action).__name__ != "_AppendAction"]
    own = [action for action in once if not action.dest.startswith("_")]  # the CLI's global options are not ours
    return [action.option_strings[0] for action, times in Counter(own).items() if times > 1]


def unread_files(parsed: Namespace, actions: dict[str, Action], literal: list[str]) -> Iterator[tuple[str, str]]:
    """List the options whose value still is an `@file`, which the CLI leaves as it is if it cannot read the file.

    What a file contains may begin with `@` as well, but then it is not `literal` on the command line.
    """
    for action in dict.fromkeys(actions.values()):
        value = getattr(parsed, action.dest, None)
        for text in value if isinstance(value, list) else [value]:
            file = _file_of(text, action.dest)
            if file and (text in literal or action.dest in NAMES):
                yield action.option_strings[0], file


NAMES = ("ids", "instance_ids", "exclude", "zone", "fault_domain")  # none of which begins with `@`


def _file_of(text: Any, dest: str) -> str | None:
    if not isinstance(text, str) or "\n" in text:
        return None
    value = (
        text.partition("=")[2] if dest in ("parameters", "protected_parameters") and not text.startswith("@") else text
    )
    return value[1:] or None if value.startswith("@") else None


def blank_option(parsed: Namespace, actions: dict[str, Action]) -> str | None:
    """Return the first option whose value is an empty text, which a command would take for an option left out."""
    blank = (one for one in actions.values() if _names_something(one.dest) and _is_blank(parsed, one))
    return next((one.option_strings[0] for one in blank), None)


CONTENTS = ("custom_data", "notes", "protected_settings", "script", "settings")  # of which an empty text is one


def _names_something(dest: str) -> bool:
    # Of the CLI's global options only this one decides what is acted on.
    return dest == "_subscription" or not (dest.startswith("_") or dest in CONTENTS)


def _is_blank(parsed: Namespace, action: Action) -> bool:
    value = getattr(parsed, action.dest, None)
    return isinstance(value, str) and not value.strip() and not getattr(value, "is_default", False)


def foreign_option(words: Sequence[str]) -> tuple[str, str] | None:
    """Return the first option that only the `az vmss` command of this name has, and what to use instead."""
    end = next((place for place, word in enumerate(words) if word.startswith("-")), len(words))
    foreign = FOREIGN.get(" ".join(words[1:end]), {})
    found = [(name, foreign[name]) for word in words[end:] if (name := word.partition("=")[0]) in foreign]
    return found[0] if found else None


def completed_line(line: str) -> str:
    """Return a line that is being typed with the whole name of its command, as `completed` does."""
    for short, whole in shortened().items():
        line = re.sub(rf"^(\S+\s+{GROUP}\s*){short}(?=\s+-)", rf"\g<1>{whole}", line)
    return line


def _complete(_: Any, args: list[str], **__: Any) -> None:
    args[:] = completed(args)  # in place: the CLI parses this very list
    line = os.environ.get("COMP_LINE", "")  # in a completion, which is of this line instead
    whole = completed_line(line)
    if whole != line:
        point = int(os.environ.get("COMP_POINT") or len(line)) + len(whole) - len(line)
        os.environ.update(COMP_LINE=whole, COMP_POINT=str(point))


def _keep(cli_ctx: Any, args: list[str], **_: Any) -> None:
    keep_typed(cli_ctx, args)
    if is_own(args):
        _check_words(args)


def is_own(words: Sequence[str] | None) -> bool:
    """Check whether the words are those of a command of this extension."""
    return bool(words) and next((word for word in words or () if not word.startswith("-")), "") == GROUP.strip()


def _check_words(words: list[str]) -> None:
    from azure.cli.core.azclierror import ArgumentUsageError, InvalidArgumentValueError

    foreign = foreign_option(words)
    if foreign:
        option, instead = foreign
        raise ArgumentUsageError(f"{option} is not an option of this command.", recommendation=instead)
    rewritten = rewritten_id(words)
    if rewritten:
        raise InvalidArgumentValueError(
            f"Git Bash has made a path of Windows of the resource ID {rewritten}.",
            recommendation="Set MSYS_NO_PATHCONV=1 in the environment, as in `MSYS_NO_PATHCONV=1 az vmss-flex ...`.",
        )


def _check(cli_ctx: Any, command: str, args: Namespace, **_: Any) -> None:
    parser = getattr(args, "_parser", None)
    if not command.startswith(GROUP) or parser is None:
        return
    actions = vars(parser)["_option_string_actions"]  # argparse has no other way to its options
    repeated = repeated_options(typed(cli_ctx), actions)
    if repeated:
        parser.error(f"{' and '.join(repeated)} cannot be specified more than once: only the last would count")
    blank = blank_option(args, actions)
    if blank:
        from azure.cli.core.azclierror import InvalidArgumentValueError

        raise InvalidArgumentValueError(
            f"{blank} is empty, so it names nothing.", recommendation=f"Omit {blank}, or specify a value."
        )
    odd = next((one for one in actions.values() if one.dest not in ANY_BYTES and not _is_text(args, one)), None)
    if odd:
        from azure.cli.core.azclierror import InvalidArgumentValueError

        raise InvalidArgumentValueError(
            f"{odd.option_strings[0]} has bytes that are no text in the encoding of this system.",
            recommendation="Use UTF-8 in the script and in the locale, such as LC_ALL=C.UTF-8.",
        )
    for option, file in unread_files(args, actions, sys.argv):
        from azure.cli.core.azclierror import FileOperationError

        exists = os.path.exists(os.path.expanduser(file))  # noqa: PTH110,PTH111  (as the CLI finds it)
        why = "cannot be read" if exists else "cannot be read: it does not exist"
        raise FileOperationError(
            f"{option}: the file {file} {why}.",
            recommendation="Specify a readable file after @, or `@-` for standard input.",
        )


def _is_text(parsed: Namespace, action: Action) -> bool:
    return is_text(getattr(parsed, action.dest, None))

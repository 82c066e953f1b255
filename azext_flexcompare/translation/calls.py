"""The calls of `az vmss` in a script, each checked against the table.

A call is rewritten only if the script and the table prove all of this:

* It is a command by itself (also in a pipeline, a function or a substitution), and its command words are literal.
* The table says that it does not work as on a Uniform set, and names a command of this extension to use instead.
* Each option selects instances, belongs to every command of `az`, is `--no-wait`, or is one that the table lists as
  shared by both commands. Values may be variables or substitutions. Where an option could be, there must be none: an
  unquoted `$OPTIONS` or a `"${arguments[@]}"` rules a rewrite out. One such word right after an option is its value.
* Nothing reads its output, which has another layout after the rewrite: no --query, pipe, substitution or file. The
  exceptions are output that is discarded (`> /dev/null`, `-o none`), a --query or a filter of `jq` whose result
  depends only on fields that the table lists as kept, and a --query that the table maps to another.
* It names the instances, if the command of this extension requires that, and none by a number.

Otherwise the call stays as it is, and is reported for manual review unless the table says that it works.

Both commands agree on whether the exit status is zero, so that a script may check it. `--yes` is added if the command
of this extension asks for confirmation, because `az vmss` does not ask and a script cannot answer.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from typing import NamedTuple

from azext_flexcompare.table.entries import Operation, operations
from azext_flexcompare.translation.bash import Command, Output, Word
from azext_flexcompare.translation.findings import WORKS, Edit, Finding
from azext_flexcompare.translation.options import (
    INSTANCE_OPTIONS,
    UNCLEAR,
    NotProven,
    ParsedOption,
    check_instances,
    parse_options,
    shared_options,
    values_of,
    with_values,
)
from azext_flexcompare.translation.query import jq_query, reads_only
from azext_flexcompare.translation.rows import Row, always_works, exception_of, is_group, row_named, support_with
from azext_flexcompare.translation.runners import is_run_for_each, skip_runners

OURS = "az vmss-flex "
BARE_QUERY = re.compile(r"(?!.*\.\.)[\w.\[\]{}:@]+")  # which the shell would expand only to names of files

DYNAMIC = "The script builds its words at run time."
UNLISTED = "The table has no such command."
OUTPUT_READ = "The script reads its output, and the output of `{instead}` has another layout."
MAPPED = "A --query of `{query}` is `{mapped}` there."
NO_INSTANCES = "`{instead}` needs --instance-ids; `--instance-ids '*'` stands for all instances."
NO_OPTION = "`{instead}` has no {option} with the same meaning."
WITH_OPTION = "With {option} it {support}."
USE_INSTEAD = "Use `{instead}`."
CONFIRMS = "`{instead}` asks for confirmation, which a script cannot give, so --yes is added."
REDEFINED = "The script defines a function or an alias with the name `az`."
ONE_CALL = "One `{instead}` takes all instances and sends their requests in parallel; a loop is not needed for that."


class Call(NamedTuple):
    """A call of `az vmss`, from the word `az` on, with its row of the table."""

    words: tuple[Word, ...]
    command: Command
    row: Row

    @property
    def length(self) -> int:
        """Return the number of its command words."""
        return 2 + len(self.row["name"].split())

    @property
    def instead(self) -> str:
        """Return the command to use instead, or an empty text."""
        return self.row["instead"] or ""

    @property
    def finding(self) -> Finding:
        """Return it as a call that is kept."""
        row, start = self.row, self.words[0].start
        given = [word.value.replace("=", " ", 1) for word in self.words if word.value and word.value.startswith("--")]
        support = support_with(row, given)
        end = max(start, self.command.end)
        return Finding(start, end, "", command=row["name"], support=support, instead=row["instead"])


def redefines_az(command: Command) -> bool:
    """Return whether a command defines another `az`."""
    alias = command.words[:1] and command.words[0].value == "alias"
    return "az" in command.functions or bool(alias and any(word.raw.startswith("az=") for word in command.words))


def check_command(command: Command, redefined: bool, numbered: Container[str] = ()) -> Finding | None:
    """Return the finding for a command, or None if it is no call of a command of `az vmss`.

    `redefined` is whether the script has another `az`, and `numbered` are the variables that it sets to numbers.
    """
    try:
        call = _parse_call(command)
    except NotProven as problem:
        return Finding(skip_runners(command)[0].start, command.end, str(problem))
    if not call:
        return None
    try:
        check_instances(call.words[call.length :], numbered)
        if always_works(call.row):
            return call.finding._replace(advice=_advice(call))
        if redefined:
            raise NotProven(REDEFINED)  # noqa: TRY301  (reported as the others are)
        return _rewrite(call)
    except NotProven as problem:
        reason = f"{call.row['today']} {problem}".rstrip()
        return call.finding._replace(reason=reason, advice=_advice(call))


def _parse_call(command: Command) -> Call | None:
    """Parse the command words of a call; a call of a command group, which prints its help, is none."""
    words = skip_runners(command)
    first, second = (words[index].value if index < len(words) else "" for index in (0, 1))
    if (first == "az" and second is None) or (first is None and second == "vmss"):
        raise NotProven(DYNAMIC)
    if (first, second) != ("az", "vmss"):
        return None
    row = _find_row(words[2:])
    return Call(words, command, row) if row else None


def _find_row(following: tuple[Word, ...]) -> Row | None:
    """Find the row of the table; return None for a call of a command group."""
    words: list[str] = []
    while following and following[0].value and not following[0].value.startswith("-"):
        words.append(following[0].value)
        following = following[1:]
    row = row_named(words)
    if row:
        return row
    if not is_group(words):
        raise NotProven(UNLISTED)
    if following and following[0].value is None:
        raise NotProven(DYNAMIC)
    return None


def _rewrite(call: Call) -> Finding:
    """Return the finding that rewrites a call, or keeps it if it works; raises NotProven otherwise."""
    instead, row = call.instead, call.row
    operation = {one.name: one for one in operations()}.get(instead.removeprefix(OURS))
    ours, known = instead.startswith(OURS), shared_options(operation, row.get("shares", ()))
    if not ours and not row.get("withOptions"):
        raise NotProven(USE_INSTEAD.format(instead=instead) if instead else "")
    options = parse_options(call.words[call.length :], known)
    exception = exception_of(row, with_values(options))
    support = row["withOptions"][exception] if exception else row["onFlexible"]
    if support == WORKS:
        return call.finding
    if not ours:
        raise NotProven(WITH_OPTION.format(option=exception, support=support))
    _check_options(call, options, known, operation)
    asks = operation is not None and operation.confirm
    edits = (*_edits(call, " --yes" if asks else ""), *_output_edits(call, options))
    reason = f"{row['today']} {CONFIRMS.format(instead=instead)}" if asks else row["today"]
    return call.finding._replace(reason=reason, edits=edits, advice=_advice(call))


def _check_options(call: Call, options: list[ParsedOption], known: Iterable[str], operation: Operation | None) -> None:
    """Raise NotProven if the command of this extension does not take the options of a call with the same meaning."""
    names = [one.name for one in options]
    missing = next((name for name in names if name not in known), None)
    if missing:
        raise NotProven(NO_OPTION.format(instead=call.instead, option=missing))
    if operation and not operation.everyInstance and not INSTANCE_OPTIONS.keys() & set(names):
        raise NotProven(NO_INSTANCES.format(instead=call.instead))


def _edits(call: Call, added: str) -> tuple[Edit, ...]:
    """Replace the old command words by the new ones, in the same quotes."""
    words, replacements = call.words[: call.length], call.instead.split()
    if len(replacements) > len(words):
        raise NotProven(USE_INSTEAD.format(instead=call.instead))
    replaced, dropped = words[: len(replacements)], words[len(replacements) :]
    edits = [_replace(word, new) for word, new in zip(replaced, replacements, strict=True) if word.value != new]
    edits += [_drop(word, before) for before, word in zip(words[len(replacements) - 1 :], dropped, strict=False)]
    return (*edits, Edit(words[-1].end, words[-1].end, added)) if added else tuple(edits)


def _replace(word: Word, new: str) -> Edit:
    value = word.value or (word.raw if BARE_QUERY.fullmatch(word.raw) else "")
    if not value or word.raw.count(value) != 1:
        raise NotProven(UNCLEAR.format(word=word.raw))
    return Edit(word.start, word.end, word.raw.replace(value, new))


def _drop(word: Word, before: Word) -> Edit:
    """Drop a word, and the blank before it if that is one."""
    return Edit(before.end if before.end + 1 == word.start else word.start, word.end, "")


def _output_edits(call: Call, options: list[ParsedOption]) -> tuple[Edit, ...]:
    """Return the edits that keep the output as it is read; raises NotProven if there are none that do."""
    queries = [one for one in options if one.name == "--query"]
    formats = values_of(options, "--output", "-o")[-1:]
    if call.command.output is Output.DISCARDED or formats == ["none"]:
        return ()
    query = _query(queries[-1]) if queries else None
    if not queries and formats in ([], ["json"], ["jsonc"]):
        query = jq_query([word.value for word in call.command.reader])
    if query is None and not queries and call.command.output is Output.SHOWN:
        return ()
    if query and "keeps" in call.row and reads_only(query, call.row["keeps"]):
        return ()
    return _mapped(call, queries[-1] if queries else None, options)


def _query(option: ParsedOption) -> str | None:
    """Return the query of an option; one without quotes is as written, because no file has such a name."""
    if option.last and option.last.value is None and BARE_QUERY.fullmatch(option.last.raw):
        return option.last.raw
    return option.values[-1] if option.values else None


def _mapped(call: Call, query: ParsedOption | None, options: list[ParsedOption]) -> tuple[Edit, ...]:
    """Return the edit that reads the same by another --query; raises NotProven if there is none."""
    maps = call.row.get("maps", {"with": "", "queries": {}})
    known = maps["with"] in with_values(options) and not values_of(options, "--ids")
    mapped = maps["queries"].get(_query(query)) if query and known else None
    if query and mapped and query.last:
        return (_replace(query.last, mapped),)
    hints = (MAPPED.format(query=old, mapped=new) for old, new in maps["queries"].items())
    raise NotProven(" ".join([OUTPUT_READ.format(instead=call.instead), *hints]))


def _advice(call: Call) -> str:
    """Return the advice to make one call for all instances, or an empty text."""
    if not call.instead.startswith(OURS):
        return ""
    after = [word.value for word in call.words[call.length :]]
    following = {name: after[index + 1 : index + 2] for index, name in enumerate(after) if name}
    varies = any(following.get(name) == [None] for name in (*INSTANCE_OPTIONS, "--ids"))
    repeated = call.command.in_loop or is_run_for_each(call.command)
    return ONE_CALL.format(instead=call.instead) if varies and repeated else ""

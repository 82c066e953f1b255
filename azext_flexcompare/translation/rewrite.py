"""The rewriting of `az vmss` calls for Flexible scale sets, in a shell script or in the shell of another file.

Calls are checked as `calls.py` describes. An `az vmss` in a string, a here-document or an argument of another program
may not be a call: it is reported and never changed, unless the table says that the command works. Comments and text
that `echo` or `cat` prints are ignored. A script that cannot be parsed to its end is not changed at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from azext_flexcompare.translation.bash import Output, ParseError, parse_script
from azext_flexcompare.translation.calls import check_command, redefines_az
from azext_flexcompare.translation.findings import Finding, Translation, apply
from azext_flexcompare.translation.fragments import Parts
from azext_flexcompare.translation.kinds import SHELL, Kind
from azext_flexcompare.translation.mentions import find_mentions, find_suspects, is_within, reason_for_mention
from azext_flexcompare.translation.options import numbered_variables

UNPARSED = "The script cannot be parsed beyond line {line}: {problem}."


def translate(text: str, kind: Kind = SHELL) -> Translation:
    """Rewrite the `az vmss` calls that behave differently on Flexible sets, and list those that need manual review."""
    if kind.find is None:
        return apply(text, _check_script(text))
    return apply(text, _check_parts(text, kind, kind.find(text)))


def _check_script(script: str, output: Output = Output.SHOWN, first_line: int = 1) -> list[Finding]:
    """List the calls of a shell text."""
    try:
        found = parse_script(script, output)
    except ParseError as error:
        line = script.count("\n", 0, error.offset) + first_line
        reason = UNPARSED.format(line=line, problem=error)
        return [*find_mentions(script, lambda _: reason), *find_suspects(script, reason)]
    redefined = any(redefines_az(command) for command in found.commands)
    numbered = numbered_variables(script)
    checked = [check_command(command, redefined, numbered) for command in found.commands]
    mentions = find_mentions(script, lambda offset: reason_for_mention(found, offset))
    return [*filter(None, checked), *mentions]


def _check_parts(text: str, kind: Kind, parts: Parts) -> Iterator[Finding]:
    """List the calls in the shell of a file, and what is mentioned elsewhere in it."""
    for fragment in parts.fragments:
        first_line = text.count("\n", 0, fragment.place(0)) + 1
        for one in _check_script(fragment.text, fragment.output, first_line):
            yield fragment.finding(one)
    shell = sorted((one.place(0), one.end_place(len(one.text))) for one in parts.fragments)

    def reason(offset: int) -> str | None:
        line = text[text.rfind("\n", 0, offset) + 1 : offset + 1].lstrip()
        inside = offset + (text[offset] in "\"'")  # a quote before `az` may be that of the step
        if is_within(shell, inside) or kind.ignored.match(line):
            return None
        regions = (one.reason for one in parts.regions if one.start <= offset < one.end)
        return next(regions, parts.reason)

    yield from find_mentions(text, reason, in_prose=True)

"""The shell in a Jenkins pipeline: the texts of its `sh` steps."""

from __future__ import annotations

import re

from azext_flexcompare.translation.bash import Output
from azext_flexcompare.translation.fragments import Builder, Fragment, Parts, as_variable

NAMED = r"(?:\w+\s*:\s*(?:\w+|'[^'\n]*'|\"[^\"\n]*\")\s*,\s*)*(?:script\s*:\s*)?"
STEP = re.compile(rf"(?<![\w.'\"$-])sh\b[ \t]*(?P<call>\(?)\s*(?P<named>{NAMED})(?P<quote>'''|\"\"\"|'|\")")
COMMENTED = re.compile(r"[ \t]*(?://|\*|/\*)")
RETURNED = re.compile(r"returnStdout\s*:\s*true")
PIECE = re.compile(r"\\(?:\r?\n|.)|\$\{|\$[A-Za-z_]", re.DOTALL)
ESCAPED = "\\$'\""

REST = "It is in a part of a Jenkins pipeline that is no `sh` step, which is not rewritten."


def find_parts(text: str) -> Parts:
    """Find the texts of the `sh` steps of a Jenkins pipeline."""
    fragments, at = list[Fragment](), 0
    while match := STEP.search(text, at):
        at = match.end()
        quote, end = match["quote"], _text_end(text, match.end(), match["quote"])
        if end is None or COMMENTED.match(text, text.rfind("\n", 0, match.start()) + 1):
            continue
        after = text[end + len(quote) :].partition(")" if match["call"] else "\n")[0]
        read = RETURNED.search(match["named"]) or RETURNED.search(after)
        fragment = _fragment(text, at, end, quote[0] == '"')
        if fragment and not re.match(r"\s*\+", after):  # a concatenation goes on elsewhere
            fragments.append(fragment._replace(output=Output.READ if read else Output.SHOWN))
        at = end + len(quote)
    return Parts(fragments, [], REST)


def _text_end(text: str, at: int, quote: str) -> int | None:
    """Return the offset of the quote that ends a Groovy text."""
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text.startswith(quote, at):
            return at
        elif text[at] == "\n" and len(quote) == 1:
            return None
        at += 1
    return None


def _fragment(text: str, start: int, end: int, interpolates: bool) -> Fragment | None:
    """Build the text that the shell reads; None if an escape or an expansion is not plain."""
    builder, at = Builder(), start
    while (match := PIECE.search(text, at, end)) is not None:
        builder.add(text[at : match.start()], at)
        at = match.end()
        if match[0][0] == "\\":
            if match[0][1:].strip("\r\n") and match[0][1] not in ESCAPED:
                return None
            plain = match[0] if match[0][1] in "\r\n" else match[0][1]
            builder.add(plain, at - len(plain))
        elif match[0] == "${" and interpolates:
            closing = _closing(text, at, end)
            if closing is None:
                return None
            at = closing
            builder.add(as_variable(text[match.start() : at]), match.start())
        else:
            builder.add(match[0], match.start())
    builder.add(text[at:end], at)
    return builder.build()


def _closing(text: str, at: int, end: int) -> int | None:
    """Return the offset after the brace that closes an interpolation on the same line."""
    depth = 1
    for offset in range(at, end):
        depth += {"{": 1, "}": -1}.get(text[offset], 0)
        if text[offset] in "\n'\"":
            return None
        if not depth:
            return offset + 1
    return None

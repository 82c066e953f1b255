"""The output of a check, for a terminal of 80 columns."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from tools.live.claims import Read, Step
from tools.live.comparison import AS_CLAIMED, Finding, count

COLUMNS = 80


def lines_of(findings: Sequence[Finding], claims: Iterable[Read | Step]) -> Iterator[str]:
    """Format findings: a line for each claim, then the details of those not as claimed, then the totals."""
    statements = {claim.id: claim.statement for claim in claims}
    width = max(len(one.id) for one in findings)
    yield f"{'Claim':{width}}  Result"
    yield f"{'-' * width}  {'-' * len(AS_CLAIMED)}"
    yield from (f"{one.id:{width}}  {one.verdict}" for one in findings)
    for one in findings:
        if one.verdict != AS_CLAIMED:
            yield ""
            yield from explain(one, statements[one.id])
    yield ""
    yield f"{count(findings)}."


def explain(finding: Finding, statement: str) -> Iterator[str]:
    """Format the differences of a finding, or why it was not asked."""
    yield from textwrap.wrap(f"{finding.id}: {statement}", COLUMNS, subsequent_indent="  ")
    for look, claimed, seen in finding.differences:
        yield from _wrapped("looked at", _plain(look))
        yield from _wrapped("  claimed", _plain(claimed))
        yield from _wrapped("     seen", _plain(seen))
    if finding.why:
        yield from _wrapped("because", _plain(finding.why))


def _wrapped(label: str, text: str) -> list[str]:
    start = f"  {label}  "
    return textwrap.wrap(text, COLUMNS, initial_indent=start, subsequent_indent=" " * len(start)) or [start]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value)

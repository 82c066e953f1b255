"""The evidence of a check for the entries of the table.

An entry becomes `recorded` if every claim about it was seen. A contradicted entry is only named: a person corrects it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

from azure.cli.core.azclierror import ValidationError
from jsonschema import Draft202012Validator

from azext_flexcompare.table.entries import TABLE
from tools.live.claims import Read, Step, reads, steps
from tools.live.comparison import NOT_ASKED, VERDICTS, Finding
from tools.live.findings import Report

RECORDED = "recorded"


class Grade(NamedTuple):
    """An entry of the table, and the claims about it that hold, do not hold, and were not asked."""

    path: tuple[str, ...]
    supporting: tuple[str, ...]
    contradicting: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def is_supported(self) -> bool:
        """Return whether every claim about the entry was seen."""
        return not self.contradicting and not self.open


def grades(findings: Sequence[Finding]) -> list[Grade]:
    """Grade each entry of the table that findings are about."""
    verdicts = {one.id: one.verdict for one in findings}
    about: dict[tuple[str, ...], list[str]] = {}
    claims: list[Read | Step] = [*reads(), *steps()]
    for claim in claims:
        for path in claim.grades:
            about.setdefault(path, []).append(claim.id)
    found = [
        Grade(path, *(tuple(one for one in ids if verdicts.get(one, NOT_ASKED) == verdict) for verdict in VERDICTS))
        for path, ids in about.items()
    ]
    return [one for one in found if one.supporting or one.contradicting]


def source_of(report: Report, url: str | None) -> tuple[str, dict[str, str]]:
    """Build the entry under `sources` for a check; raise ValidationError if it was not made on Azure."""
    if not report.azure:
        raise ValidationError(
            "This check was not made on Microsoft's cloud, so it is no evidence.",
            recommendation="Run `make live-check` while logged in to Azure.",
        )
    entry = {"what": f"`make live-check` on Azure, azure-cli {report.cli}, without names", "date": report.date}
    return f"recording-live-{report.date}", entry | ({"url": url} if url else {})


def proposals(found: Sequence[Grade], table: dict[str, Any]) -> Iterator[str]:
    """Format the change of each entry, line by line."""
    for grade in found:
        entry = entry_of(table, grade.path)
        title = ": ".join(grade.path)
        if grade.contradicting:
            yield f"{title}: contradicted by {', '.join(grade.contradicting)}; a person must correct it"
        elif grade.open:
            seen, missing = ", ".join(grade.supporting), ", ".join(grade.open)
            yield f"{title}: stays {entry['evidence']}: seen by {seen}, but not asked: {missing}"
        elif entry["evidence"] == RECORDED:
            yield f"{title}: {RECORDED} already, and seen again by {', '.join(grade.supporting)}"
        else:
            yield f"{title}: {entry['evidence']} becomes {RECORDED}, by {', '.join(grade.supporting)}"
            if "unverified" in str(entry.get("today")):
                yield f"  and `today` still reads: {entry['today']}"


def graded(table: dict[str, Any], found: Sequence[Grade], source: tuple[str, dict[str, str]]) -> dict[str, Any]:
    """Build the table with the new evidence: supported entries cite the check, uncited sources are removed.

    Raises ValidationError if the result does not follow the table's schema.
    """
    new = deepcopy(table)
    key, entry = source
    supported = [entry_of(new, grade.path) for grade in found if grade.is_supported]
    for one in supported:
        if one["evidence"] != RECORDED:
            one |= {"evidence": RECORDED, "source": key}
    cited = set(_cited({name: part for name, part in new.items() if name != "sources"}))
    sources = {**new["sources"], key: entry}
    new["sources"] = {name: sources[name] for name in sorted(sources) if name in cited}
    schema = json.loads(TABLE.with_name("equivalence.schema.json").read_text("utf-8"))
    wrong = next(iter(Draft202012Validator(schema).iter_errors(new)), None)
    if wrong:
        raise ValidationError(f"The changed table does not follow its schema: {wrong.json_path}: {wrong.message}")
    return new


def save(table: dict[str, Any], path: Path = TABLE) -> None:
    """Write the table in its usual layout."""
    path.write_text(json.dumps(table, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def entry_of(table: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """Find an entry: ("apis", section, name), ("operations", name[, engine]), ("commands" or "bulkServices", name)."""
    place, *names = path
    if place == "apis":
        return _only(one for one in table[place] if [one["section"], one["uniform"]] == names)
    entry = _only(one for one in table[place] if one["name"] == names[0])
    engine: dict[str, Any] = entry["engines"][names[1]] if names[1:] else entry
    return engine


def _only(found: Iterator[dict[str, Any]]) -> dict[str, Any]:
    (entry,) = found
    return entry


def _cited(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("source"), str):
            yield value["source"]
        for each in value.values():
            yield from _cited(each)
    elif isinstance(value, list):
        for each in value:
            yield from _cited(each)

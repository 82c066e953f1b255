"""The inventory of the calls of `az vmss` in several files: one row for each distinct call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from azext_flexcompare.times import count
from azext_flexcompare.translation.findings import Finding, Translation

ORDER = ("fails", "differs", "unknown", "works")  # what needs most work first
NOT_KNOWN = "az vmss ..."


class Place(NamedTuple):
    """A call and where it is."""

    one: Finding
    place: str


def inventory(translations: Iterable[tuple[str, Translation]]) -> list[dict[str, Any]]:
    """Build one row for each command and what becomes of it on a Flexible set, those that fail first."""
    groups: dict[tuple[int, str], list[Place]] = {}
    for found in _places(translations):
        key = (ORDER.index(found.one.support), found.one.command)
        groups.setdefault(key, []).append(found)
    return [_row(groups[key]) for key in sorted(groups)]


def totals(rows: list[dict[str, Any]], files: int, written: bool) -> str:
    """Format how many calls there are and what becomes of them."""
    sums = {name: sum(row[name] for row in rows) for name in ("count", "rewritten", "review")}
    kept = sums["count"] - sums["rewritten"] - sums["review"]
    rewritten = "were rewritten" if written else "can be rewritten (--write)"
    return (
        f"{count(sums['count'], 'call')} in {count(files, 'file')}: {kept} can stay, "
        f"{sums['rewritten']} {rewritten}, {sums['review']} need manual review."
    )


def _places(translations: Iterable[tuple[str, Translation]]) -> Iterator[Place]:
    for name, translation in translations:
        for one, line in zip(translation.found, translation.lines, strict=True):
            yield Place(one, f"{name}:{line}")


def _row(found: list[Place]) -> dict[str, Any]:
    one = found[0].one
    reviewed = [each for each in found if each.one.reason and not each.one.edits]
    return {
        "call": f"az vmss {one.command}" if one.command else NOT_KNOWN,
        "count": len(found),
        "onFlexible": one.support,
        "instead": one.instead if any(each.one.reason for each in found) else None,
        "rewritten": sum(bool(each.one.edits) for each in found),
        "review": len(reviewed),
        "places": [each.place for each in found],
        "reasons": _grouped((each.one.reason, each.place) for each in reviewed),
        "advice": _grouped((each.one.advice, each.place) for each in found if each.one.advice),
    }


def _grouped(texts: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Group places by text, so that a text is there once."""
    groups: dict[str, list[str]] = {}
    for text, place in texts:
        groups.setdefault(text, []).append(place)
    return [{"text": text, "places": places} for text, places in groups.items()]

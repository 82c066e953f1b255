"""What does an answer show? A document for the claims to look into, before anything is masked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.live.asking import Answer
from tools.live.place import Place

UNTOLD = "cannot be told"  # where the name of the group is in capitals by itself

_GROUP = re.compile(r"^/subscriptions/[^/]+/resourceGroups/([^/]+)/", re.IGNORECASE)


def observe(answer: Answer, place: Place) -> dict[str, Any]:
    """Lay out an answer: its status, headers, limits, error and body, and what can be derived from the ids in it."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return {
        "status": answer.status,
        "headers": answer.headers,
        "limits": limits_of(answer),
        "error": body.get("error"),
        "body": body,
        "members": len(place.members),
        "groups": sorted({_spelling(one, place.group) for one in _groups(body)}),
        "strangers": sum(one != place.set_id.lower() for one in _sets(body)),
        "typesHere": sorted(_types_here(body, place.location)),
    }


def limits_of(answer: Answer) -> dict[str, int]:
    """Read what the provider says is left in each of its budgets."""
    left = answer.headers.get("x-ms-ratelimit-remaining-resource", "")
    pairs = [one.strip().rpartition(";") for one in left.split(",")]
    return {name: int(number) for name, _, number in pairs if name and number.isdigit()}


def _groups(body: dict[str, Any]) -> Iterator[str]:
    for item in (*(body.get("value") or ()), *(body.get("data") or ())):
        found = _GROUP.match(item.get("id", "")) if isinstance(item, dict) else None
        if found:
            yield found[1]


def _sets(body: dict[str, Any]) -> Iterator[str]:
    for item in body.get("value") or ():
        found = (item.get("properties") or {}).get("virtualMachineScaleSet") or {}
        yield str(found.get("id")).lower()


def _spelling(found: str, group: str) -> str:
    if group == group.upper():
        return UNTOLD
    return {group.upper(): "in capitals", group: "as named"}.get(found, "otherwise")


def _types_here(body: dict[str, Any], location: str) -> Iterator[str]:
    for one in body.get("resourceTypes") or ():
        if location in {region.replace(" ", "").lower() for region in one.get("locations") or ()}:
            yield one["resourceType"]

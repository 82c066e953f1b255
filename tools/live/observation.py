"""An answer as a document that the expressions of the claims search, before anything is masked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.live.client import Answer
from tools.live.target import Target

UNKNOWN_SPELLING = "unknown"  # the name of the group is in capitals anyway

_GROUP = re.compile(r"^/subscriptions/[^/]+/resourceGroups/([^/]+)/", re.IGNORECASE)


def observe(answer: Answer, target: Target) -> dict[str, Any]:
    """Build the document of an answer: its status, headers, limits, error, body, and facts about the ids in it."""
    body = answer.body if isinstance(answer.body, dict) else {}
    return {
        "status": answer.status,
        "headers": answer.headers,
        "limits": limits_of(answer),
        "error": body.get("error"),
        "body": body,
        "members": len(target.members),
        "groups": sorted({_spelling(one, target.group) for one in _groups(body)}),
        "strangers": sum(one != target.set_id.lower() for one in _sets(body)),
        "typesHere": sorted(_types_here(body, target.location)),
    }


def limits_of(answer: Answer) -> dict[str, int]:
    """Read the remaining requests of each of the provider's rate limits."""
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
        return UNKNOWN_SPELLING
    return {group.upper(): "in capitals", group: "as named"}.get(found, "otherwise")


def _types_here(body: dict[str, Any], location: str) -> Iterator[str]:
    for one in body.get("resourceTypes") or ():
        if location in {region.replace(" ", "").lower() for region in one.get("locations") or ()}:
            yield one["resourceType"]

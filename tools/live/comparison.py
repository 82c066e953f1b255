"""The comparison of answers with claims, after masking, so that it is also what is printed and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jmespath

from tools.live.claims import Read, Step
from tools.live.masking import Mask
from tools.live.observation import UNKNOWN_SPELLING

AS_CLAIMED, DIFFERS, NOT_ASKED = "as claimed", "differs", "not asked"
VERDICTS = (AS_CLAIMED, DIFFERS, NOT_ASKED)
_UNRELATED_STATUSES = (401, 403, 429, 500, 501, 502, 503, 504)  # of the login or the moment, not of the claim
_UNAVAILABLE = ("InvalidResourceType", "NoRegisteredProviderFound", "MissingSubscriptionRegistration", "ScopeLocked")


class Difference(NamedTuple):
    """A JMESPath expression, the claimed value and the value seen."""

    look: str
    claimed: Any
    seen: Any


class Finding(NamedTuple):
    """The verdict on a claim; `why` is Azure's error, or the reason why it was not asked."""

    id: str
    verdict: str
    why: str | None
    differences: tuple[Difference, ...]
    seen: dict[str, Any]


def judge(claim: Read | Step, document: dict[str, Any], mask: Mask) -> Finding:
    """Compare an answer with a claim about it."""
    expected = {one["is"] for one in claim.expect if one["look"] == "status"}
    code = (document.get("error") or {}).get("code")
    if document["status"] not in expected and (document["status"] in _UNRELATED_STATUSES or code in _UNAVAILABLE):
        return not_asked(claim, mask(f"Azure answers {document['status']} {code or 'without a code'}"))
    noted = {name: mask(_look(expression, document)) for name, expression in claim.note.items()}
    differences = [_difference(one, document, mask) for one in claim.expect]
    found = tuple(one for one in differences if one)
    if found and found[0].look == "status":  # then the rest of the answer differs too
        return Finding(claim.id, DIFFERS, mask(_error_text(document)), found[:1], seen=noted)
    if any(one.seen == [UNKNOWN_SPELLING] for one in found):
        return not_asked(claim, "the resource group's name is in capitals anyway")
    return Finding(claim.id, DIFFERS if found else AS_CLAIMED, None, found, seen=noted)


def not_asked(claim: Read | Step, why: str) -> Finding:
    """Return the finding of a claim that was not asked, with the reason."""
    return Finding(claim.id, NOT_ASKED, why, (), seen={})


def count(findings: Sequence[Finding]) -> str:
    """Count the findings of each verdict."""
    return ", ".join(f"{sum(one.verdict == verdict for one in findings)} {verdict}" for verdict in VERDICTS)


def _error_text(document: dict[str, Any]) -> str | None:
    error = document.get("error") or {}
    return f"{error.get('code')}: {error.get('message')}" if error else None


def _difference(expectation: dict[str, Any], document: dict[str, Any], mask: Mask) -> Difference | None:
    look = expectation["look"]
    seen = mask(_look(look, document))
    if "between" in expectation:
        low, high = expectation["between"]
        fits = isinstance(seen, (int, float)) and low <= seen <= high
        return None if fits else Difference(look, f"{low} to {high}", seen)
    claimed = mask(_look(expectation["as"], document)) if "as" in expectation else expectation["is"]
    return None if seen == claimed else Difference(look, claimed, seen)


def _look(expression: str, document: dict[str, Any]) -> Any:
    try:
        return jmespath.search(expression, document)
    except jmespath.exceptions.JMESPathError:
        return None  # the value to search is not there

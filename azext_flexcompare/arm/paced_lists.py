"""Lists of Azure Resource Manager, read side by side without the SDK's models."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from azext_flexcompare.arm.clients import Azure, check_new_page
from azext_flexcompare.arm.paced_reads import Turns, read_budget, read_in_turns


def list_all(azure: Azure, paths: Sequence[str]) -> list[Any]:
    """List the entries of several lists, in their order, no faster than the limits of each subscription allow.

    Raises HttpResponseError where a list is refused, ValueError for a list without an end.
    """
    return [entry for entries in read_in_turns(partial(_list_in_turns, azure), paths) for entry in entries]


def _list_in_turns(azure: Azure, path: str) -> Turns[list[Any]]:
    subscription = path.split("/")[2]
    client, budget = azure.arm(subscription), read_budget(subscription.lower())
    seen, found = set[str](), list[Any]()
    while True:
        check_new_page(path, seen)
        with budget.reading() as learn:
            answer = client.get_page(path)
            learn(answer)
        page = answer.json()
        found += page["value"]
        path = page.get("nextLink") or ""
        if not path:
            return found
        yield

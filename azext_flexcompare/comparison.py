"""How does the table read as an answer: one row for each API of the page?"""

from __future__ import annotations

from typing import Any

from azext_flexcompare.table import cite, facts


def compare_rows(section: str | None, operation: str | None, support: str | None) -> list[dict[str, Any]]:
    """List the rows of the page that pass every given filter, in the page's order."""
    wanted = {"section": section, "support": support}
    return [
        _row(api)
        for api in facts()["apis"]
        if all(value is None or api[key] == value for key, value in wanted.items())
        and (operation is None or operation in names_of(api))
    ]


def sections() -> list[str]:
    """List the page's headings in its order."""
    return list(dict.fromkeys(api["section"] for api in facts()["apis"]))


def supports() -> list[str]:
    """List the words of `support` that occur."""
    return sorted({api["support"] for api in facts()["apis"]})


def names() -> list[str]:
    """List what `--operation` accepts: the names of the APIs and of the commands that serve them."""
    return sorted({name for api in facts()["apis"] for name in names_of(api)})


def names_of(api: dict[str, Any]) -> set[str]:
    """Say under which names a row is found: the last word of the API's path, and our command."""
    return {api["uniformApi"].rsplit("/", 1)[-1].strip("()"), api["azVmssFlex"]} - {None}


def _row(api: dict[str, Any]) -> dict[str, Any]:
    return {
        **api,
        "azVmss": [f"az vmss {name}" for name in api["azVmss"]],
        "azVmssFlex": api["azVmssFlex"] and f"az vmss-flex {api['azVmssFlex']}",
        "source": cite(api["source"]),
    }

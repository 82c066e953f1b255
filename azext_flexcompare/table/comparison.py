"""How does the table read as an answer: one row for each API of the page?"""

from __future__ import annotations

from typing import Any

from azext_flexcompare.table.entries import cite, facts


def compare_rows(section: str | None, operation: str | None, support: str | None) -> list[dict[str, Any]]:
    """List the rows of the page that pass every given filter, in the page's order."""
    return [_row(api) for api in apis(section, operation, support)]


def apis(section: str | None, operation: str | None, support: str | None) -> list[dict[str, Any]]:
    """List the rows as the table has them."""
    wanted = {"section": section, "support": support}
    return [
        api
        for api in facts()["apis"]
        if all(value is None or api[key] == value for key, value in wanted.items())
        and (operation is None or operation in names_of(api))
    ]


def command_rows(name: str | None) -> list[dict[str, Any]]:
    """List the `az vmss` commands, or one of them, and what becomes of each on a Flexible set."""
    return [
        {
            "azVmss": f"az vmss {entry['name']}",
            **{key: entry[key] for key in ("onFlexible", "today", "instead", "evidence")},
            "source": cite(entry["source"]),
        }
        for entry in facts()["commands"]
        if name in (None, entry["name"], entry["name"].rsplit(" ", 1)[-1])
    ]


def sections() -> list[str]:
    """List the page's headings in its order."""
    return list(dict.fromkeys(api["section"] for api in facts()["apis"]))


def supports() -> list[str]:
    """List the words of `support` that occur."""
    return sorted({api["support"] for api in facts()["apis"]})


def names() -> list[str]:
    """List what `--operation` accepts: the names of the APIs, of our commands, and of those of `az vmss`."""
    commands = {entry["name"] for entry in facts()["commands"]}
    return sorted({name for api in facts()["apis"] for name in names_of(api)} | commands)


def names_of(api: dict[str, Any]) -> set[str]:
    """Say under which names a row is found: the last word of the API's path, and our command."""
    return {api["uniformApi"].rsplit("/", 1)[-1].strip("()"), api["azVmssFlex"]} - {None}


def _row(api: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: value for key, value in api.items() if key != "needs"},
        "azVmss": [f"az vmss {name}" for name in api["azVmss"]],
        "azVmssFlex": api["azVmssFlex"] and f"az vmss-flex {api['azVmssFlex']}",
        "source": cite(api["source"]),
    }

"""The rows of `compare`: one for each API of the page, or for each command of `az vmss`."""

from __future__ import annotations

from typing import Any

from azext_flexcompare.table.entries import cite, facts


def compare_rows(section: str | None, operation: str | None, support: str | None) -> list[dict[str, Any]]:
    """List the rows that match every given filter, in the order of the page."""
    return [_row(api) for api in apis(section, operation, support)]


def apis(section: str | None, operation: str | None, support: str | None) -> list[dict[str, Any]]:
    """List the entries of the table that match every given filter."""
    wanted = {"section": section, "support": support}
    return [
        api
        for api in facts()["apis"]
        if all(value is None or api[key] == value for key, value in wanted.items())
        and (operation is None or operation in names_of(api))
    ]


def command_rows(name: str | None) -> list[dict[str, Any]]:
    """List the `az vmss` commands, or one of them, with their behavior on a Flexible set."""
    return [
        {
            "azVmss": f"az vmss {entry['name']}",
            **{key: entry[key] for key in ("onFlexible", "today", "instead", "evidence")},
            "withOptions": entry.get("withOptions", {}),
            "source": cite(entry["source"]),
        }
        for entry in command_entries(name)
    ]


def command_entries(name: str | None) -> list[dict[str, Any]]:
    """List the entries of the `az vmss` commands, or of those of one name."""
    return [entry for entry in facts()["commands"] if name in (None, entry["name"], entry["name"].rsplit(" ", 1)[-1])]


def sections() -> list[str]:
    """List the headings of the page in its order."""
    return list(dict.fromkeys(api["section"] for api in facts()["apis"]))


def supports() -> list[str]:
    """List the values of `support` that occur."""
    return sorted({api["support"] for api in facts()["apis"]})


def names() -> list[str]:
    """List the values of `--operation`: names of APIs, of commands of this extension and of `az vmss`."""
    commands = {entry["name"] for entry in facts()["commands"]}
    return sorted({name for api in facts()["apis"] for name in names_of(api)} | commands)


def names_of(api: dict[str, Any]) -> set[str]:
    """Return the names of a row: the last word of the path of the API, and the command of this extension."""
    return {api["uniformApi"].rsplit("/", 1)[-1].strip("()"), api["azVmssFlex"]} - {None}


def _row(api: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: value for key, value in api.items() if key != "needs"},
        "azVmss": [f"az vmss {name}" for name in api["azVmss"]],
        "azVmssFlex": api["azVmssFlex"] and f"az vmss-flex {api['azVmssFlex']}",
        "source": cite(api["source"]),
    }

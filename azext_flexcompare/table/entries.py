"""What is known of each operation on Uniform and Flexible scale sets?

A read-only view of `equivalence.json`, whose schema explains every field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

TABLE = Path(__file__).with_name("equivalence.json")


class Option(NamedTuple):
    """An option of one operation and the argument of the SDK's method that it sets."""

    name: str
    type: str
    help: str
    argument: str | None = None
    aliases: tuple[str, ...] = ()
    required: bool = False
    choices: tuple[str, ...] = ()
    powerState: str | None = None  # noqa: N815

    @property
    def dest(self) -> str:
        """Say under which name the parsed value arrives."""
        return self.name.removeprefix("--").replace("-", "_")


class Operation(NamedTuple):
    """A command that sends one call to each chosen instance."""

    name: str
    summary: str
    call: str | None
    request: str
    everyInstance: bool  # noqa: N815  (the names are those of the table)
    risk: str
    evidence: str
    source: str
    aliases: tuple[str, ...] = ()
    confirm: bool = False
    powerState: str | None = None  # noqa: N815
    options: tuple[Option, ...] = ()
    notes: str | None = None
    adapter: str | None = None
    returns: str | None = None
    topic: str = ""
    example: str = ""
    examples: tuple[dict[str, str], ...] = ()
    engines: dict[str, dict[str, Any]] | None = None  # besides calls for single VMs
    evicts: bool = False

    @property
    def is_long(self) -> bool:
        """Say whether the call starts something that is to be watched."""
        return self.call is not None and ".begin_" in self.call

    def given(self, options: Mapping[str, Any]) -> list[Option]:
        """List its own options that were given, of those that were parsed."""
        return [option for option in self.options if options.get(option.dest)]

    @property
    def removes(self) -> bool:
        """Say whether it leaves no instance behind."""
        return self.request == "DELETE {vm}"

    def target_power_state(self, options: Mapping[str, Any]) -> str | None:
        """Return the power state that it leads to with these options."""
        return next((option.powerState for option in self.given(options) if option.powerState), self.powerState)

    @property
    def leaves_running(self) -> bool:
        """Say whether an instance that ran before runs afterwards."""
        return self.powerState in (None, "running") and not (self.removes or self.evicts)


class Other(NamedTuple):
    """A command that is written by hand, as its help tells it."""

    name: str
    topic: str
    summary: str
    sends: str
    calls: str
    risk: str
    examples: list[dict[str, str]]
    notes: str | None = None


class BulkService(NamedTuple):
    """A service that takes one call for many VMs."""

    name: str
    apiVersion: str  # noqa: N815
    place: str
    verbs: dict[str, str]
    status: str
    cancel: str
    correlated: bool
    evidence: str
    source: str


class Refusal(NamedTuple):
    """A command that sends nothing, because a Flexible set has no such operation."""

    name: str
    summary: str
    because: str
    instead: str
    evidence: str
    source: str


@lru_cache(maxsize=1)
def facts() -> dict[str, Any]:
    """Read the table, once."""
    with TABLE.open(encoding="utf-8") as file:  # importlib.resources would cost more than the reading
        table: dict[str, Any] = json.load(file)
    return table


def operations() -> list[Operation]:
    """List the operations, each alias as an operation of its own name."""
    return [entry._replace(name=name) for entry in _written() for name in (entry.name, *entry.aliases)]


def others() -> list[Other]:
    """List the commands that are written by hand."""
    return [Other(**entry) for entry in facts()["others"]]


def rows_served(command: str) -> list[dict[str, Any]]:
    """List the rows of the page that name a command of ours, or the one of which it is another name."""
    written = next((entry.name for entry in _written() if command in entry.aliases), command)
    return [api for api in facts()["apis"] if api["azVmssFlex"] == written]


def bulk_services(verb: str) -> list[BulkService]:
    """List the bulk services that have a verb, in the order in which they are to be tried."""
    services = [BulkService(**entry) for entry in facts()["bulkServices"]]
    return [service for service in services if verb in service.verbs]


def refusals() -> list[Refusal]:
    """List the commands that refuse."""
    return [Refusal(**entry) for entry in facts()["refusals"]]


def cite(source: str) -> str:
    """Name a source so that a reader can find it."""
    entry = facts()["sources"][source]
    return ", ".join(entry[key] for key in ("what", "date", "url") if key in entry)


def namesakes(command: str) -> list[str]:
    """List the `az vmss` commands, in full, that do for a Uniform set what ours does for a Flexible one."""
    served = [name for api in facts()["apis"] if api["azVmssFlex"] == command for name in api["azVmss"]]
    names = [entry["name"] for entry in facts()["commands"] if entry["name"] == command]
    return [f"az vmss {name}" for name in dict.fromkeys(names or served)]


def _written() -> list[Operation]:
    return [
        Operation(
            **{
                **_tuples(entry),
                "options": tuple(Option(**_tuples(option)) for option in entry.get("options", ())),
            }
        )
        for entry in facts()["operations"]
    ]


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}

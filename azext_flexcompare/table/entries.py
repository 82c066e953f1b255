"""The entries of the equivalence table, as types.

A read-only view of `equivalence.json`, whose schema explains every field.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
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
        """Return the name of the parsed value."""
        return self.name.removeprefix("--").replace("-", "_")


class Operation(NamedTuple):
    """A command that sends one call to each chosen instance."""

    name: str
    summary: str
    call: str | None
    target: str
    method: str
    path: str
    everyInstance: bool  # noqa: N815  (the names of the table)
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
    does: str = ""  # what an example of it does, with {instances}
    example: str = ""
    examples: tuple[dict[str, str], ...] = ()
    engines: dict[str, dict[str, Any]] | None = None  # other than one call for each VM
    removes: bool = False
    evicts: bool = False
    deallocatedToo: bool = False  # noqa: N815
    boots: bool | tuple[str, ...] = False  # the options with which it boots an instance, or whether it always does
    alias_of: str | None = None
    command: str = ""  # where other commands begin with its name

    @property
    def words(self) -> str:
        """Return the name of its command."""
        return self.command or self.name

    @property
    def canonical(self) -> str:
        """Return the name of its entry, of which its own may be an alias."""
        return self.alias_of or self.name

    @property
    def request(self) -> str:
        """Return the method and the path of its request, with the placeholders of the table."""
        return f"{self.method} {self.path}"

    @property
    def is_long(self) -> bool:
        """Check whether the call starts a long-running operation, which is polled."""
        return self.call is not None and ".begin_" in self.call

    def given(self, options: Mapping[str, Any]) -> list[Option]:
        """List its own options that were given, of all parsed options; a flag may be given as false."""
        return [option for option in self.options if options.get(option.dest) not in (None, [])]

    def in_effect(self, options: Mapping[str, Any]) -> list[Option]:
        """List its own options that were given, without flags that are false."""
        return [option for option in self.given(options) if options[option.dest] is not False]

    def target_power_state(self, options: Mapping[str, Any]) -> str | None:
        """Return the power state that it leads to with these options."""
        return next((option.powerState for option in self.in_effect(options) if option.powerState), self.powerState)

    @property
    def leaves_running(self) -> bool:
        """Check whether an instance that ran before it runs afterwards."""
        return self.powerState in (None, "running") and not (self.removes or self.evicts)

    def boots_with(self, given: Collection[str]) -> bool:
        """Check whether it boots an instance, by the names of its own options that were given."""
        return self.boots if isinstance(self.boots, bool) else any(name in given for name in self.boots)


class Other(NamedTuple):
    """A command that is written by hand, with its help."""

    name: str
    topic: str
    summary: str
    requests: str
    risk: str
    prints: str
    examples: list[dict[str, str]]
    notes: str | None = None


class BulkService(NamedTuple):
    """A service that accepts one call for many VMs."""

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
    """Read the table; later calls return the same value."""
    with TABLE.open(encoding="utf-8") as file:  # importlib.resources would take longer than the read
        table: dict[str, Any] = json.load(file)
    return table


def operations() -> list[Operation]:
    """List the operations, each alias as an operation of its own name."""
    return [one for entry in _written() for one in (entry, *_aliases_of(entry))]


def others() -> list[Other]:
    """List the commands that are written by hand."""
    return [Other(**entry) for entry in facts()["others"]]


def rows_served(command: str) -> list[dict[str, Any]]:
    """List the rows of the page that name a command of this extension, or the command of which it is an alias."""
    written = next((entry.name for entry in _written() if command in entry.aliases), command)
    return [api for api in facts()["apis"] if api["azVmssFlex"] == written]


def bulk_services(verb: str) -> list[BulkService]:
    """List the bulk services that have a verb, in the order in which they are tried."""
    return [service for service in known_services() if verb in service.verbs]


def known_services() -> list[BulkService]:
    """List the bulk services."""
    return [BulkService(**entry) for entry in facts()["bulkServices"]]


def refusals() -> list[Refusal]:
    """List the commands that are always refused."""
    return [Refusal(**entry) for entry in facts()["refusals"]]


def cite(source: str) -> str:
    """Format a source so that a reader can find it."""
    entry = facts()["sources"][source]
    return ", ".join(entry[key] for key in ("what", "date", "url") if key in entry)


def namesakes(command: str) -> list[str]:
    """List the `az vmss` commands that are the counterparts of a command of this extension."""
    served = [name for api in facts()["apis"] if api["azVmssFlex"] == command for name in api["azVmss"]]
    names = [entry["name"] for entry in facts()["commands"] if entry["name"] == command]
    return [f"az vmss {name}" for name in dict.fromkeys(names or served)]


def _aliases_of(entry: Operation) -> list[Operation]:
    return [entry._replace(name=name, alias_of=entry.name) for name in entry.aliases]


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

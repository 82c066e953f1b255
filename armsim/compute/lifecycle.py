"""Actions on VMs: the states that they need and the states that they lead to; data in lifecycle.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armsim.arm.errors import ArmError
from armsim.identifiers import fraction

if TYPE_CHECKING:
    from armsim.world.model import Vm

GONE = "gone"


@dataclass(frozen=True)
class Action:
    """One entry of lifecycle.json; `duration` is in units of the setting `seconds`, `jitter` a share of it.

    `to` is a power state, or a choice by the power state before or by the VM's attribute `by`. `during` and
    `provisioning` hold while the operation runs. `boots` are the power states from which it boots the VM. An `answer`
    other than 202 has no operation to poll. `busy` has the words for a VM that some other operation keeps busy, where
    they are not the usual ones, `ineligible` those for a VM without what the action `requires`. `etag` is added to
    the VM's version; `vm_fails` tells whether a failure makes the VM Failed.
    """

    name: str
    request: str
    from_states: frozenset[str]
    to: str | dict[str, str]
    duration: float
    jitter: float
    during: str | None = None
    provisioning: str = "Updating"
    boots: frozenset[str] = frozenset()
    by: str | None = None
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    requires: dict[str, Any] | None = None
    refusal: dict[str, str] | None = None
    ineligible: dict[str, str] | None = None
    busy: dict[str, dict[str, str]] | None = None
    answer: int = 202
    bucket: str = "UpdateVM"
    etag: int = 1
    vm_fails: bool = True
    variants: dict[str, dict[str, Any]] | None = None

    def variant(self, flags: dict[str, bool]) -> Action:
        """Return the action as its query flags make it."""
        chosen = self
        for flag, changes in (self.variants or {}).items():
            if flags.get(flag):
                chosen = replace(chosen, **_attributes(changes))
        return chosen

    def check(self, vm: Vm) -> None:
        """Raise the provider's 409 unless the VM's state and attributes allow the action."""
        if vm.operation is not None and vm.busy:
            running = vm.operation.action
            raise _conflict((self.busy or {}).get(running, _BUSY), self.name, vm, running)
        required = (self.requires or {}).items()
        fits = all(getattr(vm.spec, attribute) == value for attribute, value in required)
        if not fits and self.ineligible:
            raise _conflict(self.ineligible, self.name, vm)
        if vm.state.power not in self.from_states or not fits:
            raise _conflict(self.refusal or _BUSY, self.name, vm)

    def target(self, vm: Vm) -> str:
        """Return the power state in which the action leaves a VM, `gone` for none at all."""
        if isinstance(self.to, str):
            return self.to
        return self.to[getattr(vm.spec, self.by) if self.by else vm.state.power]

    def length(self, unit: float, *parts: object) -> float:
        """Return how many seconds the action takes; the same parts give the same jitter."""
        return unit * self.duration * (1 + self.jitter * (2 * fraction(*parts) - 1))


@dataclass(frozen=True)
class Batch:
    """One entry of the batches in lifecycle.json: a call to a scale set that does `action` to its instances.

    A Flexible set refuses one that has no action.
    """

    name: str
    request: str
    bucket: str
    action: str | None = None
    query: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    needs_ids: bool = False


def _conflict(refusal: dict[str, str], action: str, vm: Vm, running: str = "") -> ArmError:
    message = refusal["message"].format(action=action, vm=vm.spec.name, power=vm.state.power, running=running)
    return ArmError(409, refusal["code"], message)


def _attributes(entry: dict[str, Any]) -> dict[str, Any]:
    attributes = {("from_states" if key == "from" else key): value for key, value in entry.items()}
    for key, kind in _KINDS:
        if key in attributes:
            attributes[key] = kind(attributes[key])
    return attributes


_KINDS = (("from_states", frozenset), ("boots", frozenset), ("query", tuple), ("body", tuple))
_DATA = json.loads(Path(__file__).with_name("lifecycle.json").read_text())
_BUSY: dict[str, str] = _DATA["busy"]

POWER_STATES: dict[str, dict[str, str]] = _DATA["powerStates"]
ACTIONS = {name: Action(name=name, **_attributes(entry)) for name, entry in _DATA["actions"].items()}
"""What is done to a VM and needs nothing but its name."""
BATCHES = {name: Batch(name=name, **_attributes(entry)) for name, entry in _DATA["batches"].items()}
"""What is done to several instances of a Flexible set by one request."""
WRITES = {name: Action(name=name, **_attributes(entry)) for name, entry in _DATA["writes"].items()}
"""What comes with a body that changes more than the state; each has a handler of its own."""

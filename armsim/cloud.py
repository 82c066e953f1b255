"""State of the simulated cloud."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from armsim.arm.event_queue import EventQueue
from armsim.arm.limits import Throttle
from armsim.arm.operation_store import OperationStore
from armsim.availability import Availability
from armsim.compute.bulk import BulkStore
from armsim.compute.lifecycle import GONE
from armsim.faults.book import FaultBook
from armsim.intervals import Intervals
from armsim.network.rotation import Rotation
from armsim.resourcegraph.index import GraphIndex
from armsim.traffic import RequestLog
from armsim.world.model import VmState

if TYPE_CHECKING:
    from datetime import datetime

    from armsim.arm.tokens import TokenIssuer
    from armsim.clock import Clock
    from armsim.settings import Settings
    from armsim.world.model import Vm, World


@dataclass
class Cloud:
    """Everything that a reset replaces. Only one thread at a time may use it (see Service).

    It is about one subscription; the clouds of `others` share all with it but their worlds and budgets.
    """

    url: str
    world: World
    settings: Settings
    tokens: TokenIssuer
    faults: FaultBook
    clock: Clock
    events: EventQueue = field(default_factory=EventQueue)
    operations: OperationStore = field(default_factory=OperationStore)
    bulk: BulkStore = field(default_factory=BulkStore)
    throttle: Throttle = field(default_factory=Throttle)
    log: RequestLog = field(default_factory=RequestLog)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    intervals: Intervals = field(default_factory=Intervals)
    rotation: Rotation = field(default_factory=Rotation)
    availability: Availability = field(default_factory=Availability)
    others: list[Cloud] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.graph = GraphIndex(self.world)
        self.catch_up()
        self.rotation.begin(self.world.network, self.now)
        for members in self.world.members.values():
            for vm in members.values():
                self.availability.note(vm, self.now)

    def catch_up(self) -> None:
        """Run every event that is due by now."""
        self.now = self.clock.monotonic()
        for other in self.others:
            other.now, other.settings = self.now, self.settings
        self.events.run(self.now)

    def add_subscription(self, world: World) -> None:
        """Add another subscription."""
        self.others.append(replace(self, world=world, bulk=BulkStore(), throttle=Throttle(), others=[]))

    def subscriptions(self) -> list[Cloud]:
        """Return the clouds of all subscriptions, this one first."""
        return [self, *self.others]

    def of(self, path: str) -> Cloud:
        """Return the cloud of the subscription that a path names, this one where it names none that there is."""
        scope = f"{path}/".lower()
        return next((one for one in self.others if scope.startswith(f"/subscriptions/{one.world.subscription}/")), self)

    def utc(self) -> datetime:
        """Return the date and time as the service has it."""
        return self.clock.utc() + timedelta(seconds=self.settings.clock_skew)

    def at(self, moment: float) -> datetime:
        """Return the date and time of a monotonic moment, as the service has it."""
        return self.utc() - timedelta(seconds=self.clock.monotonic() - moment)

    def change(
        self,
        vm: Vm,
        power: str,
        provisioning: str,
        moment: float | None = None,
        error: dict[str, str] | None = None,
    ) -> None:
        """Change the state of a VM, `gone` removing it, and publish it to Resource Graph."""
        when = self.now if moment is None else moment
        if power == GONE:
            self.world.remove_vm(vm)
            self.availability.note(vm, when, gone=True)
            self.graph.publish(when, vm, gone=True)
            return
        vm.state = VmState(power, provisioning, self.at(when), error)
        self.availability.note(vm, when)
        self.graph.publish(when, vm)

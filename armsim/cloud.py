"""What is the state of the simulated cloud right now?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from armsim.arm.agenda import Agenda
from armsim.arm.limits import Throttle
from armsim.arm.operations import OperationStore
from armsim.compute.bulk import BulkBook
from armsim.compute.lifecycle import GONE
from armsim.faults.book import FaultBook
from armsim.intervals import Intervals
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
    agenda: Agenda = field(default_factory=Agenda)
    operations: OperationStore = field(default_factory=OperationStore)
    bulk: BulkBook = field(default_factory=BulkBook)
    throttle: Throttle = field(default_factory=Throttle)
    log: RequestLog = field(default_factory=RequestLog)
    accepted: Counter[tuple[str, str]] = field(default_factory=Counter)
    intervals: Intervals = field(default_factory=Intervals)
    others: list[Cloud] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.graph = GraphIndex(self.world)
        self.catch_up()

    def catch_up(self) -> None:
        """Let everything happen that was due until now."""
        self.now = self.clock.monotonic()
        for other in self.others:
            other.now, other.settings = self.now, self.settings
        self.agenda.run(self.now)

    def add_subscription(self, world: World) -> None:
        """Take in another subscription."""
        self.others.append(replace(self, world=world, bulk=BulkBook(), throttle=Throttle(), others=[]))

    def all_of_them(self) -> list[Cloud]:
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
        """Put a VM into a state, `gone` removing it, and let Resource Graph hear of it."""
        when = self.now if moment is None else moment
        if power == GONE:
            self.world.remove_vm(vm)
            self.graph.publish(when, vm, gone=True)
            return
        vm.state = VmState(power, provisioning, self.at(when), error, vm.state.version + 1)
        self.graph.publish(when, vm)

"""The simulator as tests use it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from armsim.certificates import issue_certificate
from armsim.control import ControlPlane
from armsim.dispatch import ROUTES
from armsim.faults.events import schedule
from armsim.faults.rules import Event, parse_rule
from armsim.server import Server
from armsim.service import Service
from armsim.settings import Settings
from armsim.traffic import Recorder
from armsim.truth import count_accepted, count_traffic, describe_truth, find_vm, list_backends
from armsim.world.build import build_worlds
from armsim.world.description import default_description

if TYPE_CHECKING:
    from collections import Counter
    from types import TracebackType

    from typing_extensions import Self

    from armsim.availability import AvailabilityChange
    from armsim.intervals import Interval
    from armsim.network.rotation import Turn


class Simulator:
    """A simulated Azure Resource Manager in a thread of this process.

    `vms` is the size of the scale set `flex` of the world that comes with the simulator, `world` another world;
    further keyword arguments are settings. `record` is a file to which ARM traffic is appended.
    """

    def __init__(
        self,
        vms: int = 40,
        *,
        world: dict[str, Any] | None = None,
        record: Path | str | None = None,
        port: int = 0,
        **settings: Any,
    ) -> None:
        self._vms, self._world = vms, world
        self._settings = Settings().changed({"seconds": 0.02, **settings})
        build_worlds(world or {})  # a mistake in it shows before anything is open
        self._directory = tempfile.TemporaryDirectory(prefix="armsim-")
        context, self.ca_file = issue_certificate(Path(self._directory.name))
        self._recorder = Recorder(Path(record)) if record else None
        self._server = Server(port, context)
        self._service = Service(self._server.url, self._server.meter, self._recorder)
        self._server.refuses = lambda: self._service.cloud.faults.refuses
        self._server.answer = ControlPlane(self._service, self.reset).answer
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="armsim", daemon=True)
        self.reset()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        if self._recorder:
            self._recorder.close()
        self._directory.cleanup()

    @property
    def url(self) -> str:
        """The address of the simulated Azure Resource Manager."""
        return self._server.url

    @property
    def subscription(self) -> str:
        """The id of the world's own subscription."""
        return self._service.cloud.world.subscription

    @property
    def subscriptions(self) -> list[str]:
        """The ids of all subscriptions, the world's own first."""
        return [one.world.subscription for one in self._service.cloud.subscriptions()]

    @property
    def scale_sets(self) -> dict[str, str]:
        """The ids of the scale sets by name, the world's own before those of further subscriptions."""
        worlds = [one.world for one in reversed(self._service.cloud.subscriptions())]
        return {one.name: one.id for world in worlds for one in world.scale_sets.values()}

    def names(self, scale_set: str) -> list[str]:
        """Return the names of the VMs that a scale set has now, in the order of their creation."""
        with self._service.lock:
            self._service.cloud.catch_up()
            identifier = self.scale_sets[scale_set]
            return [vm.spec.name for vm in self._service.cloud.of(identifier).world.members_of(identifier)]

    def vm_id(self, name: str) -> str:
        """Return the ARM id of a VM by its name."""
        with self._service.lock:
            vm = find_vm(self._service.cloud, name)
        if vm is None:
            raise KeyError(name)
        return vm.spec.id

    def environment(self) -> dict[str, str]:
        """Return what `az` needs in its environment; AZURE_CONFIG_DIR is the caller's to choose."""
        return {
            "REQUESTS_CA_BUNDLE": str(self.ca_file),
            "IDENTITY_ENDPOINT": f"{self.url}/msi/token",
            "IDENTITY_HEADER": "armsim",
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_CORE_INSTANCE_DISCOVERY": "false",
            "AZURE_CORE_SURVEY_MESSAGE": "no",
            "NO_PROXY": "localhost,127.0.0.1",
            "no_proxy": "localhost,127.0.0.1",
        }

    def login_commands(self) -> list[list[str]]:
        """Return what to pass to `az`, command by command, before the first real one."""
        return [
            ["cloud", "register", "-n", "armsim", "--endpoint-resource-manager", self.url],
            ["cloud", "set", "-n", "armsim"],
            ["login", "--identity"],
        ]

    def reset(self, world: dict[str, Any] | None = None, vms: int | None = None, **settings: Any) -> None:
        """Reset the world, the log, the faults and, unless given, the settings to those of the constructor."""
        if world is None and vms is None:
            world = self._world
        description = world or default_description(self._vms if vms is None else vms)
        self._service.reset(description, self._settings.changed(settings))

    def add_fault(self, rule: dict[str, Any]) -> None:
        """Add a fault rule (see the README)."""
        with self._service.lock:
            self._service.cloud.faults.add(parse_rule(rule, ROUTES.actions()))

    def clear_faults(self) -> None:
        """Remove every fault rule."""
        with self._service.lock:
            self._service.cloud.faults.clear()

    def configure(self, **settings: Any) -> None:
        """Change settings."""
        with self._service.lock:
            self._service.cloud.settings = self._service.cloud.settings.changed(settings)

    def expire_tokens(self) -> None:
        """Expire every token that was issued until now."""
        with self._service.lock:
            self._service.cloud.tokens.expire()

    def advance(self, seconds: float) -> None:
        """Advance the clock of the simulated cloud."""
        with self._service.lock:
            self._service.cloud.clock.advance(seconds)

    def remove_vm(self, name: str) -> None:
        """Remove a VM as another client, such as a scale-in."""
        self._let("remove", name)

    def replace_vm(self, name: str) -> None:
        """Replace a VM by another one of its name."""
        self._let("replace", name)

    def act_on_vm(self, action: str, name: str) -> None:
        """Act on a VM as another client, by an action of lifecycle.json; where the VM refuses, nothing happens."""
        self._let(action, name)

    def _let(self, do: str, name: str) -> None:
        with self._service.lock:
            self._service.cloud.catch_up()
            schedule(self._service.cloud, Event(do, vm=name), None)

    def requests(self, *, login: bool = False) -> list[dict[str, Any]]:
        """Return the ARM requests since the last reset, with those of `az login` where asked."""
        surfaces = {"arm", "login", "public"} if login else {"arm"}
        return self._service.cloud.log.read(surfaces)

    def counts(self) -> dict[str, Any]:
        """Return what came since the last reset, in numbers: requests, 429s by layer, connections and so on."""
        with self._service.lock:
            return count_traffic(self._service.cloud, self._service.meter)

    def accepted(self) -> Counter[tuple[str, str]]:
        """Return how many changes of each VM were carried out, by (VM, action), whether or not the answer arrived."""
        with self._service.lock:
            self._service.cloud.catch_up()
            return count_accepted(self._service.cloud)

    def intervals(self) -> list[Interval]:
        """Return when which operation ran on which VM, in the order in which they began."""
        with self._service.lock:
            self._service.cloud.catch_up()
            return self._service.cloud.intervals.read()

    def rotation(self) -> list[Turn]:
        """Return who came into the rotation of a backend pool and who left it, in their order."""
        with self._service.lock:
            self._service.cloud.catch_up()
            return self._service.cloud.rotation.read()

    def backends(self) -> list[dict[str, Any]]:
        """Return each member of each backend pool: its administrative state, its probe, whether it is in rotation."""
        with self._service.lock:
            self._service.cloud.catch_up()
            return list_backends(self._service.cloud)

    def availability(self) -> list[AvailabilityChange]:
        """Return when each VM became unavailable and why, and when available, the states at first included."""
        with self._service.lock:
            self._service.cloud.catch_up()
            return self._service.cloud.availability.read()

    def vm(self, name: str) -> dict[str, Any] | None:
        """Return the truth about a VM, None where there is none of that name."""
        with self._service.lock:
            self._service.cloud.catch_up()
            return describe_truth(self._service.cloud, name)

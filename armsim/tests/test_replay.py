"""Replay of recorded traffic of Azure: the simulator is asked the same, and must answer alike.

Needs the recordings, in the folder that the environment variable RECORDED names or beside the checkout. Status,
headers and the shape of the body are compared. What may differ is listed here with its reason; an entry that no
recording needs fails the test.
"""

from __future__ import annotations

import json
import os
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import pytest

from armsim.tests.client import Arm

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
BESIDE = next((one.parent for one in ROOT.parent.glob("*/*/recorded/vm-404.json")), ROOT / "recorded")
RECORDED = Path(os.environ.get("RECORDED") or BESIDE)
FILES = sorted(RECORDED.glob("*.json"))
END = 10.0
"""Seconds after which every operation is over."""

pytestmark = pytest.mark.skipif(not FILES, reason="no recordings: set RECORDED to their folder")


class Difference(NamedTuple):
    """An accepted difference: recordings and places, as globs, and why."""

    files: str
    place: str
    reason: str


LIMITS = "the recording is older than the present names of the rate limits"
PROTOCOL = "the recording is older than this header or member"
MODEL = "the simulator's resources have fewer optional members than the recorded one"
OTHER = "the recorded resource was created otherwise: image, disk, network or identity"
WINDOW = "the simulator opens a maintenance window for every VM unless its world says otherwise"

ACCEPTED = [
    *(
        Difference(file, place, LIMITS)
        for file in ("vm-*-with-retry-after", "perform-maintenance-409", "list-page-with-next-link")
        for place in ("?limit *",)
    ),
    *(
        Difference(file, "+x-ms-ratelimit-remaining-subscription-global-*", LIMITS)
        for file in (
            "extension-put-failed", "lb-*", "list-page-with-next-link", "locks-of-a-resource", "operation-failed-agent",
            "perform-maintenance-409", "set-get-flexible", "vm-after-failed-extension", "vm-*-with-retry-after",
            "vm-list-filtered-by-set",
        )
    ),
    Difference("vm-deallocate-with-retry-after", "+azure-asyncnotification", PROTOCOL),
    Difference("vm-start-with-retry-after", "+azure-asyncnotification", PROTOCOL),
    Difference("vm-after-failed-extension", "+etag*", PROTOCOL),
    Difference("lb-get-nat-rule", "?properties.*inboundNatPools*", "the recorded one has a pool of NAT rules"),
    Difference("lb-get-nat-rule", "-tags: dict", MODEL),
    Difference("list-page-with-next-link", "?value#.properties.*", "instances of a Uniform set are described in brief"),
    Difference("list-page-with-next-link", "-value#.tags: dict", "instances of a Uniform set are described in brief"),
    Difference("list-page-with-next-link", "-value#: str", "the recording leaves out most of the page"),
    Difference("nic-put-nat-rule", "-tags: dict", "the simulator's resource groups have no tags"),
    Difference("nic-put-nat-rule", "?properties.*", MODEL),
    Difference("nic-put-nat-rule", "-kind: str", "no specification has this member"),
    Difference("resource-graph-error", "-error.details#.*", "where a parser fails is not simulated"),
    Difference("set-get-flexible", "-properties.virtualMachineProfile.*", MODEL),
    Difference("vm-*", "+*instanceView.maintenanceRedeployStatus.*", WINDOW),
    Difference("vm-*", "+properties.networkProfile.networkInterfaces#.properties.*", OTHER),
    Difference("vm-after-failed-extension", "?properties.osProfile.*", OTHER),
    Difference("vm-after-failed-extension", "?properties.storageProfile.*", OTHER),
    Difference("vm-after-failed-extension", "-properties.securityProfile.*", OTHER),
    Difference("vm-after-failed-extension", "-resources#.properties.enableAutomaticUpgrade: boolean", OTHER),
    Difference("vm-*", "-*.linuxConfiguration.ssh.publicKeys#.*", OTHER),
    Difference("vm-get-flexible-member-instance-view", "-properties.platformFaultDomain: number", OTHER),
    Difference("vm-get-flexible-member-instance-view", "-properties.proximityPlacementGroup.id: str", OTHER),
    Difference("vm-get-flexible-member", "-*.windowsConfiguration.patchSettings.*", OTHER),
    Difference("vm-get-flexible-member", "-properties.storageProfile.diskControllerType: str", MODEL),
    Difference("vm-lifecycle-*", "?properties.storageProfile.osDisk.*", "the recorded VM has an unmanaged disk"),
    Difference("vm-lifecycle-*", "-*properties.settings: dict", "the world's extension was made without settings"),
    Difference("vm-list-filtered-by-set", "+value#.properties.additionalCapabilities.*", OTHER),
    Difference("vm-list-filtered-by-set", "-*.enableVMAgentPlatformUpdates: boolean", MODEL),
    Difference("vm-patch", "-identity.*Id: str", "the simulator gives an identity no principal"),
    Difference("vm-simulate-eviction", "-properties.priority: str", "the recorded VM names its priority, Regular"),
]  # fmt: skip

UNUSED_HEADERS = {"x-ms-request-id", "x-ms-correlation-request-id"}
REMOVED_BY_RECORDER = {"retry-after", "x-ms-ratelimit-remaining-subscription-reads"}
LEAVES = {"tags", "settings", "userAssignedIdentities", "data"}
"""Members whose own members are names that a user chose, or rows of a query."""
SKIPPED = ("/networkSecurityGroups/", "/virtualNetworks/myvnet", "/storageAccounts/", "/publicIPAddresses/")
"""Resources that are not simulated, or not made for the replay."""

OF_VM = re.compile(r"/resourceGroups/([^/]+)/providers/Microsoft\.Compute/virtualMachines/([\w.-]+)")
OF_SET = re.compile(r"/resourceGroups/([^/]+)/providers/Microsoft\.Compute/virtualMachineScaleSets/([\w.-]+)")


def shape(value: Any, path: str = "") -> set[str]:
    """Return the places of a body, `#` for any member of a list, with the types that are there."""
    if isinstance(value, dict) and path.rpartition(".")[2] not in LEAVES:
        return {place for name, part in value.items() for place in shape(part, f"{path}.{name}" if path else name)}
    if isinstance(value, list) and value and path.rpartition(".")[2] not in LEAVES:
        return {place for part in value for place in shape(part, f"{path}#")}
    kind = {bool: "boolean", int: "number", float: "number", type(None): "null"}.get(type(value), type(value).__name__)
    return {f"{path}: {kind}"}


def headers_of(headers: dict[str, str], removed: set[str]) -> set[str]:
    """Return what is compared of headers: their names, the seconds of Retry-After and the names of rate limits."""
    found = set()
    for name, value in headers.items():
        lower = name.lower()
        if lower == "x-ms-ratelimit-remaining-resource":
            found |= {f"limit {one.partition(';')[0]}" for one in value.split(",")}
        elif lower == "retry-after":
            found.add(f"{lower} {value}")
        elif lower in {"location", "etag"} or lower.startswith(("azure-", "x-ms-")):
            found.add(lower)
    return {one for one in found if one.partition(" ")[0] not in UNUSED_HEADERS | removed}


VMS: dict[str, dict[str, Any]] = {
    "extension-put-failed": {
        "extensions": [{"name": "OmsAgentForLinux", "publisher": "Microsoft.EnterpriseCloud.Monitoring"}],
    },
    "operation-failed-agent": {"vmAgent": "Not Ready"},
    "vm-after-failed-extension": {
        "vmAgent": "Not Ready",
        "extensions": [{"name": "GuestAttestation", "provisioningState": "Failed"}],
    },
    "perform-maintenance-409": {"maintenanceAllowed": False},
    "vm-start-with-retry-after": {"powerState": "deallocated"},
    "vm-get-flexible-member": {"osType": "Windows"},
    "vm-get-flexible-member-instance-view": {},
    "vm-lifecycle-stop-start-restart-redeploy-deallocate": {"extensions": ["enablevmaccess"]},
}  # fmt: skip
"""What the VMs of a recording are, beyond the usual."""
SPOT = {"priority": "Spot"}
LOAD_BALANCERS: dict[str, Any] = {
    "lb1": {"frontends": ["LoadBalancerFrontEnd"], "backendPools": {"lb1bepool": []}},
    "mylb": {
        "backendPools": {"mylbbepool": [], "bap1": [], "bap2": []},
        "natRules": {name: {"frontendPort": port, "backendPort": port} for name, port in (("rule1", 1), ("rule2", 2))},
    },
}
FAULTS: dict[str, dict[str, Any]] = {
    "extension-put-failed": {"action": "extension-put", "fault": {"kind": "fail"}},
}


class Replay:
    """One recording and the simulator that is asked the same."""

    def __init__(self, arm: Arm, file: Path) -> None:
        self.arm = arm
        self.name = file.stem
        recording = json.loads(file.read_text())
        self.exchanges = [one for one in recording["exchanges"] if not any(p in one["request"]["url"] for p in SKIPPED)]
        self.removed = REMOVED_BY_RECORDER if any("FILTER_HEADERS" in one for one in recording["notes"]) else set()
        self._operation: dict[str, str] = {}
        self._known: dict[str, str] = {}
        arm.sim.reset(self._world())
        arm.sim.configure(retry_after="recorded", retry_after_ms=None, seconds=1)
        if self.name in FAULTS:
            arm.sim.add_fault(FAULTS[self.name])

    def _world(self) -> dict[str, Any]:
        text = unquote(json.dumps([one["request"] for one in self.exchanges]))
        groups: dict[str, Any] = {"rows": {"scaleSets": {"rows": {"instances": 9}}}} if "graph" in self.name else {}
        for group, name in OF_SET.findall(text):
            groups.setdefault(group, {}).setdefault("scaleSets", {})[name] = self._scale_set()
        for group, name in OF_VM.findall(text):
            self._add_vm(groups.setdefault(group, {}), name)
        for group in re.findall(r"/resource[gG]roups/([^/?\"]+)", text):
            groups.setdefault(group, {})
        for group in groups.values():
            group["location"] = "eastus2" if self.name.startswith("nic") else "eastus"
            group.setdefault("virtualMachines", {}).setdefault("cli.lock.rsrc000002", {})
            group["virtualMachines"].setdefault("cli-test", {})
            group["loadBalancers"] = LOAD_BALANCERS
        return {"resourceGroups": groups, "location": "eastus"}

    def _scale_set(self) -> dict[str, Any]:
        text = json.dumps(self.exchanges)
        names = sorted({*re.findall(r"virtualMachines/(vmss\w+)\"", text), *re.findall(r'Ids": \["(\w+)"', text)})
        if self.name.startswith("list-page"):
            return {"mode": "Uniform", "instances": 130}
        return {"instances": names or 2, "overrides": {"*": {"hibernationEnabled": True}}}

    def _add_vm(self, group: dict[str, Any], name: str) -> None:
        given = VMS.get(self.name, {})
        spot = SPOT if re.search(r"eviction[23]$", name) else {}
        member = "flexible-member" in self.name
        if self.name == "vm-404":
            return
        if member:
            group["scaleSets"] = {"vmss1": {"instances": [name], "overrides": {"*": given}}}
        else:
            group.setdefault("virtualMachines", {})[name] = {**given, **spot}

    def steps(self) -> Iterator[tuple[str, dict[str, Any], Any]]:
        """Yield each exchange: its place, what was recorded and what the simulator answers."""
        for number, exchange in enumerate(self.exchanges):
            yield f"{number}", exchange["response"], self._ask(exchange)

    def _ask(self, exchange: dict[str, Any]) -> Any:
        request, recorded = exchange["request"], exchange["response"]
        if "/operations/" in request["url"]:
            return self._poll(request["url"], recorded)
        if "ComputeSchedule" not in request["url"]:
            self.arm.sim.advance(END)
        url = self._translated(request["url"].removeprefix("https://management.azure.com"))
        if self.name == "lb-put-429":
            self.arm("PUT", *self._translated_put(url))
            return self.arm("PUT", *self._translated_put(url))
        answer = self.arm(request["method"], url, self._body(request["body"]))
        self._operation = dict(answer.headers) if "Azure-AsyncOperation" in answer.headers else self._operation
        self._learn(recorded["body"], answer)
        return answer

    def _poll(self, url: str, recorded: dict[str, Any]) -> Any:
        body = recorded["body"]
        if body is None or body.get("status") != "InProgress":
            self.arm.sim.advance(END)
        monitors = "monitor=true" in url
        here = {name.lower(): value for name, value in self._operation.items()}
        return self.arm.session.get(here["location" if monitors else "azure-asyncoperation"])

    def _translated(self, text: str) -> str:
        text = text.replace("00000000-0000-0000-0000-000000000000", self.arm.sim.subscription)
        text = text.replace(
            "/Microsoft.Network/virtualNetworks/cli.lock", "/Microsoft.Compute/virtualMachines/cli.lock"
        )
        text = text.replace("virtualMachinesSubmitDeallocate", "virtualMachinesExecuteDeallocate")
        text = text.replace("eastus2euap", "eastus")
        for theirs, ours in self._known.items():
            text = text.replace(theirs, ours)
        return text

    def _translated_put(self, url: str) -> tuple[str, Any]:
        return url, self.arm.get(url).json()

    def _body(self, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        body = json.loads(self._translated(json.dumps(body)))
        body.pop("schedule", None)
        if "query" in body:
            body["subscriptions"] = [self.arm.sim.subscription]
            body["options"].pop("allowPartialScopes")
        return body

    def _learn(self, recorded: Any, answer: Any) -> None:
        """Record which of our operation ids stand for theirs."""
        pattern = r'"operationId": ?"([^"]+)"'
        theirs, ours = (re.findall(pattern, json.dumps(one)) for one in (recorded, _json(answer)))
        self._known |= dict(zip(theirs, ours, strict=False))


def accepts(known: Difference, found: str) -> bool:
    """Return whether an accepted difference is about a place, which begins with the number of the exchange."""
    return fnmatchcase(found.partition(" ")[2], known.place)


def _json(answer: Any) -> Any:
    return answer.json() if answer.content else None


def differences(replay: Replay) -> Iterator[str]:
    """Yield every place where an answer is not as recorded: `-` for what is missing, `+` for what is added."""
    for number, recorded, answer in replay.steps():
        if answer.status_code != recorded["status"]:
            yield f"{number} status {recorded['status']} {answer.status_code} {answer.text[:300]}"
            continue
        theirs = headers_of(recorded["headers"], replay.removed) | shape(recorded["body"])
        ours = headers_of(dict(answer.headers), replay.removed) | shape(_json(answer))
        yield from sorted({f"{number} -{one}" for one in theirs - ours} | {f"{number} +{one}" for one in ours - theirs})


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_simulator_answers_as_recorded(arm: Arm, file: Path) -> None:
    known = [one for one in ACCEPTED if fnmatchcase(file.stem, one.files)]
    found = list(differences(Replay(arm, file)))
    assert [one for one in found if not any(accepts(difference, one) for difference in known)] == []


def test_every_accepted_difference_is_there(arm: Arm) -> None:
    found = [(file.stem, one) for file in FILES for one in differences(Replay(arm, file))]
    unused = [
        known
        for known in ACCEPTED
        if not any(fnmatchcase(name, known.files) and accepts(known, one) for name, one in found)
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("name", "settings", "found"),
    [
        ("vm-start-with-retry-after", {"retry_after": "none"}, "-retry-after 10"),
        ("vm-list-filtered-by-set", {"list_etags": True}, "+value#.etag: str"),
        ("set-thin-list", {"instances_page_size": 1}, "+nextLink: str"),
    ],
)
def test_a_simulator_that_is_set_otherwise_is_found_out(
    arm: Arm, name: str, settings: dict[str, Any], found: str
) -> None:
    replay = Replay(arm, RECORDED / f"{name}.json")
    arm.sim.configure(**settings)
    assert found in [one.partition(" ")[2] for one in differences(replay)]

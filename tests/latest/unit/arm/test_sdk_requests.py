"""The requests of the SDK's methods, built once and sent by our own pipeline, against those that the SDK sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from azure.core.exceptions import AzureError

from armsim import Simulator
from azext_flexcompare.arm.calls import send_request
from azext_flexcompare.arm.clients import arm_client, azure_of, compute_client
from azext_flexcompare.arm.sdk_requests import KEPT, _kept, request_of
from azext_flexcompare.instances import ScaleSet
from azext_flexcompare.planning.adapters import arguments_of
from azext_flexcompare.table.entries import operations
from tests.latest.helpers.wire import Sent, wire_of

IDS = {"instanceIds": ["web_1", "web_2"]}
EXTENSION = {"location": "westeurope", "properties": {"publisher": "p", "type": "t", "protectedSettings": {"a": "é"}}}
# What the adapters pass; every other operation passes its options as they are.
ADAPTED: dict[str, dict[str, Any]] = {
    "extension set": {"vm_extension_name": "a b/ü", "extension_parameters": EXTENSION},
    "extension update": {"vm_extension_name": "script", "extension_parameters": EXTENSION},
    "run-command": {"parameters": {"commandId": "RunShellScript", "script": ["echo 'é'"]}},
    "run-command create": {
        "run_command_name": "a b/ü",
        "run_command": {"location": "l", "properties": {"source": {"script": "echo 'é'"}}},
    },
    "update": {"parameters": {"tags": {"a": "b"}}, "if_match": '"7"'},
    "update-instances": {"vm_instance_i_ds": IDS},
}
FLAGS = ("flag", "boolean")
WEB = ("gr(o)up é", "web_1a%2f..b")
VIEW = (*WEB, "web_1")
Case = tuple[str, tuple[str, ...], Mapping[str, Any]]


def arguments(one: Any) -> dict[str, Any]:
    if one.adapter:
        return ADAPTED[one.name]
    return arguments_of(one, {option.dest: True if option.type in FLAGS else "text é" for option in one.options})


def cases() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for one in operations():
        if one.call:
            found[one.name] = one.call, WEB, arguments(one)
        of_set = (one.engines or {}).get("set")
        if of_set:
            found[f"{one.name} of a set"] = of_set["call"], WEB, {of_set.get("body", "vm_instance_i_ds"): IDS}
    view = "virtual_machine_scale_set_vms"
    found["protection show"] = f"{view}.get", VIEW, {}
    found["protection set of a set"] = f"{view}.begin_update", VIEW, {"parameters": {"location": "l"}}
    found["every other read"] = "virtual_machines.get", WEB, {"expand": "instanceView"}
    return found


CASES = cases()


@pytest.fixture
def cli_ctx(cli_ctx: Any) -> Any:
    """The CLI in the middle of a command."""
    headers = {"x-ms-client-request-id": "7e1b0a6c-0000-0000-0000-000000000000"}
    cli_ctx.data |= {"command": "vmss-flex restart", "safe_params": ["-g", "-n"], "completer_active": False}
    cli_ctx.data |= {"headers": headers, "command_extension_name": "flexcompare"}
    return cli_ctx


def directly(client: Any, case: Case) -> None:
    """Let the SDK send a request."""
    call, place, given = case
    group, name = call.split(".")
    with suppress(AzureError):  # not every method takes the answer for its own
        getattr(getattr(client, group), name)(*place, **given, **({"polling": False} if "begin_" in name else {}))


def both(cli_ctx: Any, subscription: str, case: Case) -> tuple[Sent, Sent]:
    client = compute_client(cli_ctx)
    with wire_of(client) as wire:
        directly(client, case)
        group, name, *_ = case[1]
        target = ScaleSet(subscription, group, name, "")  # type: ignore[arg-type]
        send_request(azure_of(cli_ctx), target, case[0], dict(case[2]), place=case[1])
    by_sdk, by_us = wire.sent
    return by_sdk, by_us


@pytest.mark.parametrize("name", CASES)
def test_a_request_is_the_one_that_the_sdk_sends(name: str, cli_ctx: Any, sim: Simulator) -> None:
    by_sdk, by_us = both(cli_ctx, sim.subscription, CASES[name])
    assert by_us == by_sdk
    assert by_us.headers["authorization"].startswith("Bearer ")
    assert by_us.headers["commandname"] == "vmss-flex restart"
    assert by_us.headers["parametersetname"] == "-g -n"
    assert by_us.headers["x-ms-client-request-id"] == cli_ctx.data["headers"]["x-ms-client-request-id"]
    assert "CliExtension/flexcompare" in by_us.headers["user-agent"]


def test_every_call_of_the_table_is_compared() -> None:
    assert {one.name for one in operations() if one.call} <= CASES.keys()
    assert {one.name for one in operations() if one.adapter and one.call} == ADAPTED.keys()


def test_the_sdk_builds_one_request_for_a_thousand_targets(cli_ctx: Any) -> None:
    built: list[str] = []

    class Counting:
        def begin_restart(self, *_: str, raw_request_hook: Callable[[Any], None], **__: Any) -> None:
            built.append("one")
            compute_client(cli_ctx).virtual_machines.begin_restart("a", "b", raw_request_hook=raw_request_hook)

    class Client:
        virtual_machines = Counting()

    client, same = Client(), dict[str, Any]()
    with wire_of(arm_client(cli_ctx)) as wire:
        for number in range(1000):
            request_of(client, "virtual_machines.begin_restart", ("g", f"vm{number}"), same)
    assert (built, wire.sent) == (["one"], [])


def test_other_arguments_have_a_request_of_their_own(cli_ctx: Any) -> None:
    client, call = compute_client(cli_ctx), "virtual_machines.begin_power_off"
    sent = [request_of(client, call, ("g", "n"), {"skip_shutdown": one % 2 == 0}) for one in range(2 * KEPT)]
    assert ["skipShutdown=true" in one.url for one in sent] == [True, False] * KEPT


def test_threads_share_what_is_kept(cli_ctx: Any) -> None:
    client, call = compute_client(cli_ctx), "virtual_machines.begin_power_off"
    arguments = [{"skip_shutdown": one % 2 == 0} for one in range(3 * KEPT)]

    def build(number: int) -> bool:
        return "skipShutdown=true" in request_of(client, call, ("g", "n"), arguments[number % len(arguments)]).url

    with ThreadPoolExecutor(16) as threads:
        numbers = [number * 7 for number in range(20 * KEPT)]
        assert list(threads.map(build, numbers)) == [number % len(arguments) % 2 == 0 for number in numbers]
    assert len(_kept) == KEPT

"""The clients of Azure and their one transport."""

from __future__ import annotations

import logging
import sys
import tracemalloc
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from armsim import Simulator
from azext_flexcompare.arm.clients import (
    Azure,
    EndlessListError,
    arm_client,
    azure_of,
    check_new_page,
    compute_client,
    entries_of,
)
from azext_flexcompare.arm.polling import SteppedPolling
from azext_flexcompare.arm.responses import NO_RETRY
from tests.latest.helpers.wire import wire_of


def test_a_client_owns_the_urls_of_its_own_service_only(azure: Azure, sim: Simulator) -> None:
    arm = azure.arm(sim.subscription)
    assert arm.is_own_url(f"{sim.url.upper().replace('HTTPS', 'https')}/subscriptions/s")
    assert not arm.is_own_url("https://elsewhere.example/subscriptions/s")
    assert not arm.is_own_url(sim.url.replace("https://", "http://"))


def test_a_refused_read_is_raised(azure: Azure, sim: Simulator) -> None:
    with pytest.raises(HttpResponseError):
        azure.arm(sim.subscription).get(f"/subscriptions/{sim.subscription}/nothing?api-version=2024-11-01")


def test_clients_of_a_login_are_made_once_and_share_their_transport(cli_ctx: Any, sim: Simulator) -> None:
    assert compute_client(cli_ctx) is compute_client(cli_ctx, sim.subscription)
    azure = azure_of(cli_ctx)
    assert azure.arm(sim.subscription) is arm_client(cli_ctx)
    transports = {id(one._client._pipeline._transport) for one in (azure.compute(None), azure.arm(None))}
    assert len(transports) == 1


def test_a_list_whose_links_lead_back_ends() -> None:
    seen: set[str] = set()
    check_new_page("https://x/page?1", seen)
    check_new_page("https://x/page?2", seen)
    with pytest.raises(ValueError, match="leads back"):
        check_new_page("https://x/page?1", seen)


def test_a_list_of_the_sdk_is_read_to_its_end_and_no_further(azure: Azure, sim: Simulator) -> None:
    sets = azure.compute(None).virtual_machine_scale_sets
    assert [one.name for one in entries_of(sets.list("rg"))] == [one.name for one in sets.list("rg")]
    link = sim.url + sim.scale_sets["flex"].rpartition("/")[0] + "?api-version=2024-11-01"
    fault = {"kind": "answer", "members": {"value": [], "nextLink": link}}
    sim.add_fault({"action": "listScaleSets", "fault": fault})
    with pytest.raises(EndlessListError, match="leads back"):
        entries_of(sets.list("rg"))


def calls_of(act: Callable[[], object]) -> int:
    """Count the calls of functions of Python: what a request costs, whatever the machine."""
    counted = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal counted
        counted += event == "call"

    logging.disable()  # the handlers of the tests hear everything
    act()
    sys.setprofile(count)
    try:
        act()
    finally:
        sys.setprofile(None)
        logging.disable(logging.NOTSET)
    return counted


def test_a_poll_costs_far_fewer_calls_than_a_request_of_the_sdk(cli_ctx: Any, sim: Simulator) -> None:
    cli_ctx.data |= {"command": "vmss-flex restart", "headers": {"x-ms-client-request-id": "x"}}
    cli_ctx.data |= {"safe_params": [], "completer_active": False}
    machines, arm = compute_client(cli_ctx).virtual_machines, arm_client(cli_ctx)
    url = f"{sim.url}/subscriptions/{sim.subscription}/operations/1?api-version=1"
    with wire_of(arm):
        by_sdk = calls_of(lambda: machines.begin_restart("rg", "vm", polling=False))
        by_us = calls_of(lambda: arm.get_answer(url, **NO_RETRY))
    assert by_us < 400
    assert by_us < 0.7 * by_sdk


def test_an_operation_in_progress_takes_little_more_than_its_url() -> None:
    many, length = 200, 3000

    class Answer:
        status_code = 202

        def __init__(self, number: int) -> None:
            self.headers = {"Azure-AsyncOperation": f"https://x/{number:0{length}}", "Retry-After": "10"}

        def text(self) -> str:
            return ""

    arm = SimpleNamespace(is_own_url=lambda _: True)
    tracemalloc.start()
    try:
        found = [SteppedPolling.begun(arm, Answer(number)) for number in range(many)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found) == many
    assert taken / many < length + 1500

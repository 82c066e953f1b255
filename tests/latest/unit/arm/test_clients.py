"""The clients of Azure and their one transport."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import AzureError, HttpResponseError

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure, _refuse_other_path, arm_client, azure_of, compute_client


@pytest.mark.parametrize("path", ["/subscriptions/../x", "/a/%2e%2e/b", "/a/./b", "/a/.."])
def test_a_path_that_leads_elsewhere_is_not_sent(path: str) -> None:
    request = SimpleNamespace(http_request=SimpleNamespace(url=f"https://x{path}?y=.."))
    with pytest.raises(AzureError, match="leads to another resource; no request was sent"):
        _refuse_other_path(request)


@pytest.mark.parametrize("path", ["/subscriptions/a..b/x", "/a/...", "/a?x=/../"])
def test_a_straight_path_is_sent(path: str) -> None:
    _refuse_other_path(SimpleNamespace(http_request=SimpleNamespace(url=f"https://x{path}")))


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

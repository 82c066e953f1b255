"""Fixtures of the unit tests that need a service: clients of the simulated Azure, and a CLI that is logged in to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.cli.core import AzCli, MainCommandsLoader, cloud
from azure.cli.core._help import AzCliHelp
from azure.cli.core._output import AzOutputProducer
from azure.cli.core.azlogging import AzCliLogging
from azure.cli.core.commands import AzCliCommandInvoker
from azure.cli.core.parser import AzCliCommandParser
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.mgmt.compute.v2024_11_01 import ComputeManagementClient

from armsim import Simulator
from azext_flexcompare.arm.clients import ArmClient, Azure
from azext_flexcompare.arm.scale_sets import Reader, list_members
from azext_flexcompare.instances import Instance, ScaleSet
from tests.latest.helpers.clouds import Credential


class Login(SansIOHTTPPolicy[Any, Any]):
    """Logs in to the simulator, which asks for no more than a token of its own."""

    def __init__(self, token: str = "") -> None:
        self.token = token

    def on_request(self, request: Any) -> None:
        request.http_request.headers["Authorization"] = f"Bearer {self.token}"


@pytest.fixture
def azure(sim: Simulator) -> Iterator[Azure]:
    """The clients of the simulated subscription."""
    credential = Credential(sim)
    with requests.Session() as session:
        session.verify, session.trust_env = str(sim.ca_file), False
        options = {
            "user_agent_policy": SansIOHTTPPolicy(),
            "logging_policy": SansIOHTTPPolicy(),
            "raw_request_hook": None,
        }
        transport = RequestsTransport(session=session, session_owner=False, connection_verify=str(sim.ca_file))
        login = Login(credential.get_token().token)
        arm = ArmClient(None, "", sim.url, authentication_policy=login, transport=transport, **options)
        compute = ComputeManagementClient(
            credential,
            sim.subscription,
            base_url=sim.url,
            credential_scopes=[f"{sim.url}/.default"],
            connection_verify=str(sim.ca_file),
            transport=transport,
        )
        yield Azure({sim.subscription: compute, None: compute}.__getitem__, {sim.subscription: arm}.__getitem__)


@pytest.fixture
def flex(sim: Simulator) -> ScaleSet:
    """The scale set `flex`."""
    return ScaleSet(sim.subscription, "rg", "flex", sim.scale_sets["flex"], balanced=True)


@pytest.fixture
def members(azure: Azure, flex: ScaleSet) -> Callable[[], list[Instance]]:
    """List the instances of `flex` as they are now."""
    return lambda: list_members(Reader(azure.compute, "list-instances"), flex)


@pytest.fixture
def cli_ctx(sim: Simulator, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> AzCli:  # noqa: ARG001
    """The CLI in this process, logged in to the simulated Azure."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    folder = environment["AZURE_CONFIG_DIR"]
    monkeypatch.setattr(cloud, "GLOBAL_CONFIG_DIR", folder)  # both were read when it was imported
    monkeypatch.setattr(cloud, "CLOUD_CONFIG_FILE", str(Path(folder, "clouds.config")))
    return AzCli(
        cli_name="az",
        config_dir=folder,
        config_env_var_prefix="AZURE",
        commands_loader_cls=MainCommandsLoader,
        invocation_cls=AzCliCommandInvoker,
        parser_cls=AzCliCommandParser,
        logging_cls=AzCliLogging,
        output_cls=AzOutputProducer,
        help_cls=AzCliHelp,
    )

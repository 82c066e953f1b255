"""How is Azure asked? With the user's own login, one request at a time, none of them ever repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from azure.cli.core.azclierror import AzureConnectionError, HTTPError

MICROSOFTS = ("management.azure.com", "management.chinacloudapi.cn", "management.usgovcloudapi.net")


class Answer(NamedTuple):
    """What came back: headers by their names in small letters, and the body if it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


Ask = Callable[[str, str, Any], Answer]
"""Sends a method, a path or URL, and a body."""


class Login(NamedTuple):
    """Who asks, and whom: whether that is Microsoft's cloud and not another one."""

    ask: Ask
    subscription: str
    is_azure: bool
    version: str


def log_in(subscription: str | None) -> Login:
    """Take the login of the Azure CLI; raises CLIError where there is none."""
    from azure.cli.core import __version__, get_default_cli
    from azure.cli.core._profile import Profile

    cli = get_default_cli()
    cli.data["command"] = "live-check"  # is sent along, as the CLI does with every command
    account = Profile(cli_ctx=cli).get_subscription(subscription)
    host = urlsplit(cli.cloud.endpoints.resource_manager).hostname
    return Login(_asker(cli), account["id"], host in MICROSOFTS, __version__)


def _asker(cli: Any) -> Ask:
    from azure.cli.core.util import send_raw_request
    from requests import RequestException

    def ask(method: str, path: str, body: Any = None) -> Answer:
        try:
            found = send_raw_request(cli, method, path, body=None if body is None else json.dumps(body))
        except HTTPError as error:
            found = error.response
        except RequestException as error:
            raise AzureConnectionError(
                f"Azure did not answer ({type(error).__name__}).", recommendation="Check the network, and try again."
            ) from error
        headers = {name.lower(): value for name, value in found.headers.items()}
        return Answer(found.status_code, headers, _json(found))

    return ask


def _json(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None

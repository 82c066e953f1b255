"""Requests to Azure with the user's own login, one at a time and never repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from azure.cli.core.azclierror import AzureConnectionError, HTTPError

MICROSOFTS = ("management.azure.com", "management.chinacloudapi.cn", "management.usgovcloudapi.net")


class Answer(NamedTuple):
    """An answer: its status, its headers by lowercase names, and its body if it is JSON."""

    status: int
    headers: dict[str, str]
    body: Any


Send = Callable[[str, str, Any], Answer]
"""A function that sends a method, a path or URL, and a body."""


class Login(NamedTuple):
    """A login of the Azure CLI; `is_azure` is whether it is on Microsoft's cloud."""

    send: Send
    subscription: str
    is_azure: bool
    version: str


def log_in(subscription: str | None) -> Login:
    """Return the login of the Azure CLI; raise CLIError if there is none."""
    from azure.cli.core import __version__, get_default_cli
    from azure.cli.core._profile import Profile

    cli = get_default_cli()
    cli.data["command"] = "live-check"  # sent along, as the CLI does with every command
    account = Profile(cli_ctx=cli).get_subscription(subscription)
    host = urlsplit(cli.cloud.endpoints.resource_manager).hostname
    return Login(_sender(cli), account["id"], host in MICROSOFTS, __version__)


def _sender(cli: Any) -> Send:
    from azure.cli.core.util import send_raw_request
    from requests import RequestException

    def send(method: str, path: str, body: Any = None) -> Answer:
        try:
            found = send_raw_request(cli, method, path, body=None if body is None else json.dumps(body))
        except HTTPError as error:
            found = error.response
        except RequestException as error:
            raise AzureConnectionError(
                f"Azure did not answer ({type(error).__name__}).", recommendation="Check the network and try again."
            ) from error
        headers = {name.lower(): value for name, value in found.headers.items()}
        return Answer(found.status_code, headers, _json(found))

    return send


def _json(answer: Any) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None

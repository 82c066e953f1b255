"""The clients of Azure: one of the compute SDK, and one of Azure Resource Manager, created at the first request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from azure.cli.core._profile import Profile
from azure.core.exceptions import AzureError

from azext_flexcompare.arm.rate_limits import CONNECTIONS


@lru_cache(maxsize=1)
def _transport() -> Any:
    """Return the transport that the clients of all subscriptions share, with one pool of connections."""
    import requests
    from azure.core.pipeline.transport import RequestsTransport

    session = requests.Session()
    session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))
    return RequestsTransport(session=session, session_owner=False)


def compute_client(cli_ctx: Any, subscription: str | None = None) -> Any:
    """Return the SDK's compute client of a subscription; None is the default subscription."""
    from azure.cli.core.profiles import ResourceType

    return _client(cli_ctx, ResourceType.MGMT_COMPUTE, subscription)


def arm_client(cli_ctx: Any, subscription: str | None = None) -> ArmClient:
    """Return a client of Azure Resource Manager, configured by the CLI as any other client."""
    client: ArmClient = _client(cli_ctx, ArmClient, subscription)
    return client


def _client(cli_ctx: Any, kind: Any, subscription: str | None) -> Any:
    from azure.cli.core.commands.client_factory import get_subscription_id

    return _create(cli_ctx, kind, subscription or get_subscription_id(cli_ctx))


@cache
def _create(cli_ctx: Any, kind: Any, subscription: str) -> Any:
    from azure.cli.core.commands.client_factory import get_mgmt_service_client

    credential = _credential(cli_ctx, subscription)
    return get_mgmt_service_client(
        cli_ctx,
        kind,
        subscription_id=subscription,
        credential=credential,
        transport=_transport(),
        raw_request_hook=_refuse_other_path,
    )


def _refuse_other_path(request: Any) -> None:
    """Raise AzureError where `..` would lead to another resource than the intended one."""
    path = urlsplit(request.http_request.url).path
    if {".", ".."} & set(unquote(path).split("/")):
        raise AzureError(f"A name in {path} leads to another resource; no request was sent.")


@cache
def _credential(cli_ctx: Any, subscription: str) -> Any:
    """Return the credential that all clients of a subscription share, so that a run requests one token."""
    return Profile(cli_ctx=cli_ctx).get_login_credentials(subscription_id=subscription)[0]


class ArmClient:
    """A client of Azure Resource Manager, for what azure-mgmt-compute does not cover."""

    def __init__(self, credential: Any, subscription_id: str, base_url: str, **kwargs: Any) -> None:
        from azure.core import PipelineClient
        from azure.core.pipeline import policies

        del credential, subscription_id  # the CLI has put both into the authentication policy and the paths
        self._client = PipelineClient(
            base_url,
            policies=[
                policies.RequestIdPolicy(),
                policies.HeadersPolicy(kwargs.get("headers")),
                kwargs["user_agent_policy"],
                policies.CustomHookPolicy(raw_request_hook=kwargs["raw_request_hook"]),
                policies.RetryPolicy(),
                kwargs["authentication_policy"],
                kwargs["logging_policy"],
            ],
            transport=kwargs["transport"],
        )

    def post(self, path: str, body: Any) -> Any:
        """Send a POST and return the answer's body; raises HttpResponseError if refused, as every method does."""
        return self._send("POST", path, json=body).json()

    def post_answer(self, path: str, body: Any, **options: Any) -> Any:
        """Send a POST and return the whole answer, with its headers; `options` are those of the pipeline."""
        return self._send("POST", path, json=body, _return_pipeline_response=True, **options)

    def get(self, path: str, **options: Any) -> Any:
        """Read a resource; `options` are those of the pipeline."""
        return self._send("GET", path, **options).json()

    def get_answer(self, url: str, **options: Any) -> Any:
        """Send a GET and return the whole answer, whatever its status."""
        from azure.core.rest import HttpRequest

        return self._client.send_request(HttpRequest("GET", url), _return_pipeline_response=True, **options)

    def is_own_url(self, url: str) -> bool:
        """Check whether a URL is one of this service, to which the token may be sent."""
        here, there = urlsplit(self._client.format_url("/")), urlsplit(url)
        return (here.scheme, here.netloc.lower()) == (there.scheme, there.netloc.lower())

    def pages(self, path: str) -> list[Any]:
        """Read a list, following every nextLink."""
        found: list[Any] = []
        while path:
            page = self.get(path)
            found += page["value"]
            path = page.get("nextLink") or ""
        return found

    def put(self, path: str, body: Any, **options: Any) -> Mapping[str, str]:
        """Write a resource, and return the answer's headers; `options` are those of the pipeline."""
        headers: Mapping[str, str] = self._send("PUT", path, json=body, **options).headers
        return headers

    def begin_put(self, path: str, body: Any, polling: Any, etag: str | None, **options: Any) -> None:
        """Write a resource if it still has this etag, and initialize a PollingMethod with the answer."""
        headers = {"If-Match": etag} if etag else None
        answer = self._send("PUT", path, json=body, headers=headers, _return_pipeline_response=True, **options)
        polling.initialize(self._client, answer, lambda one: one)

    def delete(self, path: str, **options: Any) -> Mapping[str, str]:
        """Delete a resource, and return the answer's headers; `options` are those of the pipeline."""
        headers: Mapping[str, str] = self._send("DELETE", path, **options).headers
        return headers

    def _send(self, method: str, path: str, json: Any = None, headers: Any = None, **options: Any) -> Any:
        from azure.core.rest import HttpRequest

        request = HttpRequest(method, self._client.format_url(path), json=json, headers=headers)
        answer = self._client.send_request(request, **options)
        getattr(answer, "http_response", answer).raise_for_status()
        return answer


class Azure(NamedTuple):
    """The clients of a subscription: the SDK's for compute, and one of Azure Resource Manager for the rest."""

    compute: Callable[[str | None], Any]
    arm: Callable[[str | None], Any]


def azure_of(cli_ctx: Any) -> Azure:
    """Return the clients of the CLI's login, created at their first request."""
    return Azure(partial(compute_client, cli_ctx), partial(arm_client, cli_ctx))

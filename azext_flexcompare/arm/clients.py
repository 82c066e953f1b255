"""The clients of Azure: one of the compute SDK, and one of Azure Resource Manager, created at the first request."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache, lru_cache, partial
from http import HTTPStatus
from typing import Any, NamedTuple

from azure.cli.core._profile import Profile
from azure.core.exceptions import HttpResponseError

from azext_flexcompare.arm.login import RenewableCredential, TokenGuard, is_own_url
from azext_flexcompare.arm.responses import json_of
from azext_flexcompare.arm.sdk_requests import Request
from azext_flexcompare.arm.service_clock import ServiceClock

MANY_PAGES = 10_000  # of a list; more are taken for a list without an end
ANSWERED = (HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)


@lru_cache(maxsize=1)
def _transport() -> Any:
    """Return the transport that the clients of all subscriptions share, with one pool of connections."""
    from azure.cli.core.util import should_disable_connection_verify
    from azure.core.pipeline.transport import RequestsTransport

    from azext_flexcompare.arm.transport import DirectSession

    verify = not should_disable_connection_verify()
    return RequestsTransport(session=DirectSession(), session_owner=False, connection_verify=verify)


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
        per_retry_policies=[TokenGuard(cli_ctx.cloud.endpoints.resource_manager, credential, _clock(cli_ctx))],
        permit_redirects=False,
    )


@cache
def _clock(cli_ctx: Any) -> ServiceClock:
    """Return the service's clock that all clients of a login share."""
    del cli_ctx
    return ServiceClock()


@cache
def _credential(cli_ctx: Any, subscription: str) -> RenewableCredential:
    """Return the credential that all clients of a subscription share, so that a run requests one token."""
    return RenewableCredential(Profile(cli_ctx=cli_ctx).get_login_credentials(subscription_id=subscription)[0])


class ArmClient:
    """A client of Azure Resource Manager, for what azure-mgmt-compute does not cover."""

    def __init__(self, credential: Any, subscription_id: str, base_url: str, **kwargs: Any) -> None:
        from azure.core import PipelineClient
        from azure.core.pipeline import policies

        from azext_flexcompare.arm.policies import LogIfHeard, OptionalRetry

        del credential, subscription_id  # the CLI has put both into the authentication policy and the paths
        guards = kwargs.get("per_retry_policies", ())
        self.clock = next((one.clock for one in guards if isinstance(one, TokenGuard)), ServiceClock())
        self._client = PipelineClient(
            base_url,
            policies=[
                policies.RequestIdPolicy(**{name: kwargs[name] for name in ("request_id",) if name in kwargs}),
                policies.HeadersPolicy(kwargs.get("headers")),
                kwargs["user_agent_policy"],
                OptionalRetry(),
                *guards,
                kwargs["authentication_policy"],
                kwargs.get("custom_hook_policy"),  # where the command has `--acquire-policy-token`
                LogIfHeard(kwargs["logging_policy"]),
            ],
            transport=kwargs["transport"],
        )

    def post(self, path: str, body: Any) -> Any:
        """Send a POST and return the answer's body; raises HttpResponseError if refused, as every method does."""
        return self._send("POST", path, json=body).json()

    def post_answer(self, path: str, body: Any, **options: Any) -> Any:
        """Send a POST and return the whole answer, with its headers; `options` are those of the pipeline."""
        return self._send("POST", path, json=body, **options)

    def get(self, path: str, **options: Any) -> Any:
        """Read a resource; `options` are those of the pipeline."""
        return self._send("GET", path, **options).json()

    def get_page(self, path: str) -> Any:
        """Read a page of a list and return the whole answer, with its headers."""
        return self._send("GET", path)

    def get_answer(self, url: str, **options: Any) -> Any:
        """Send a GET and return the whole answer, whatever its status."""
        from azure.core.rest import HttpRequest

        return self._client.send_request(HttpRequest("GET", url), **options)

    def send(self, request: Request, **options: Any) -> Any:
        """Send a request that the SDK has built, and return the whole answer; raises HttpResponseError if refused."""
        method, url, headers, content = request
        return self._send(method, url, content=content, headers=headers, **options)

    def is_own_url(self, url: str) -> bool:
        """Check whether a URL is one of this service, to which the token may be sent."""
        return is_own_url(self._client.format_url("/"), url)

    def each_page(self, path: str, **options: Any) -> Iterator[Any]:
        """Read the pages of a list one by one; raises ValueError where a link leads back, or leads on for ever."""
        seen: set[str] = set()
        while path:
            check_new_page(path, seen)
            page = self.get(path, **options)
            yield page
            path = page.get("nextLink") or ""

    def put(self, path: str, body: Any, **options: Any) -> Mapping[str, str]:
        """Write a resource, and return the answer's headers; `options` are those of the pipeline."""
        return _checked_headers(self._send("PUT", path, json=body, **options))

    def put_answer(self, path: str, body: Any, etag: str | None, **options: Any) -> Any:
        """Write a resource if it still has this etag, and return the whole answer."""
        return self._send("PUT", path, json=body, headers={"If-Match": etag} if etag else None, **options)

    def delete(self, path: str, **options: Any) -> Mapping[str, str]:
        """Delete a resource, and return the answer's headers; `options` are those of the pipeline."""
        return _checked_headers(self._send("DELETE", path, **options))

    def _send(
        self, method: str, path: str, json: Any = None, headers: Any = None, content: Any = None, **options: Any
    ) -> Any:
        from azure.core.rest import HttpRequest

        url = self._client.format_url(path)
        answer = self._client.send_request(
            HttpRequest(method, url, json=json, content=content, headers=headers), **options
        )
        answer.raise_for_status()
        if answer.status_code not in ANSWERED:  # a redirect is no answer, and is not followed
            raise HttpResponseError(response=answer)
        return answer


def _checked_headers(answer: Any) -> Mapping[str, str]:
    """Return the headers of an answer; raises HttpResponseError where its body is not JSON of Azure."""
    checked_body(answer)
    headers: Mapping[str, str] = answer.headers
    return headers


def checked_body(answer: Any) -> dict[str, Any] | None:
    """Return the body of an answer, None where it is empty; raises HttpResponseError where it is not JSON of Azure."""
    try:
        body = json_of(answer)
    except ValueError:
        body = ""
    if body is not None and not isinstance(body, dict):
        raise HttpResponseError("The answer is not JSON of Azure.", response=answer)
    return body


class EndlessListError(ValueError):
    """A list whose pages have no end."""


def check_new_page(link: str, seen: set[str]) -> None:
    """Record the link of a page; raises EndlessListError where it leads back, or leads on for ever."""
    if link in seen or len(seen) >= MANY_PAGES:
        raise EndlessListError("the link to the next page leads back to a page of the same list")
    seen.add(link)


def entries_of(paged: Any) -> list[Any]:
    """List the entries of all pages of a list of the SDK; raises EndlessListError for one without an end."""
    pages, seen, found = paged.by_page(), set[str](), list[Any]()
    for page in pages:
        found += page
        if pages.continuation_token:
            check_new_page(pages.continuation_token, seen)
    return found


class Azure(NamedTuple):
    """The clients of a subscription: the SDK's for compute, and one of Azure Resource Manager for the rest."""

    compute: Callable[[str | None], Any]
    arm: Callable[[str | None], Any]

    def now(self, subscription: str) -> datetime | None:
        """Return a time that the service has reached, by its own clock, or None before its first answer."""
        clock = getattr(self.arm(subscription), "clock", None)
        found: datetime | None = clock and clock.now()
        return found


def azure_of(cli_ctx: Any) -> Azure:
    """Return the clients of the CLI's login, created at their first request."""
    return Azure(partial(compute_client, cli_ctx), partial(arm_client, cli_ctx))

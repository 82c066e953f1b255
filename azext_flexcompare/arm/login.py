"""The login: where its token may be sent, and a new token where the service refuses the one it has."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from time import monotonic
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from azure.core.credentials import AccessTokenInfo
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import SansIOHTTPPolicy

from azext_flexcompare.arm.service_clock import ServiceClock

HTTPS = 443
PLACES = 64  # scheme, host and port of URLs, whose verdicts are kept
RENEWAL_GAP = 60.0  # seconds between two tokens that are requested because the service refused the one before
# A claim that asks for nothing: with any claim, a token is requested from Entra ID instead of read from a cache.
ANY_CLAIM = '{"access_token": {}}'


class NoTokenError(ClientAuthenticationError):
    """No token could be obtained, so that a request was not sent; the SDK tries no such request again by itself."""


class NotOwnUrlError(AzureError):
    """A URL that leads away from the cloud's Resource Manager; no request was sent."""


def is_own_url(endpoint: str, url: object) -> bool:
    """Check whether a URL is one of the cloud's Resource Manager, to which the token may be sent.

    The host is that of the endpoint, or the same with the name of a region before it, as in
    `https://eastus.management.azure.com`. Documented in an example of another service (Microsoft, Azure Operator Nexus,
    Disable the Border Gateway Protocol neighbors, 2024-05-03); unverified for Microsoft.Compute.
    """
    text = str(url)
    end = text.find("/", len("https://"))
    return _is_own_place(endpoint, text if end < 0 else text[:end])


@lru_cache(maxsize=PLACES)
def _is_own_place(endpoint: str, place: str) -> bool:
    """Check a URL without its path: scheme, host and port."""
    try:
        here, there = urlsplit(endpoint), urlsplit(place)
        own, found = (here.hostname or "").lower(), (there.hostname or "").lower()
        plain = there.scheme == "https" and _port(here) == _port(there) and not (there.username or there.password)
    except ValueError:  # a port that is no number, or half a bracket
        return False
    region, _, parent = found.partition(".")
    return plain and bool(own) and (found == own or (parent == own and region.isalnum()))


def check_url(endpoint: str, url: str) -> None:
    """Raise NotOwnUrlError for a URL of another host, and where `..` would lead to another resource."""
    if not is_own_url(endpoint, url):
        shown = urlsplit(url)
        raise NotOwnUrlError(f"{shown.scheme}://{shown.netloc} is not Azure Resource Manager; no request was sent.")
    shown = urlsplit(url)
    if {".", ".."} & set(unquote(shown.path).split("/")):
        raise NotOwnUrlError(f"A name in {shown.path} leads to another resource; no request was sent.")


class RenewableCredential:
    """The credential of a login, which requests a new token once the service has refused the one that it gave."""

    def __init__(self, credential: Any) -> None:
        self._credential, self._lock = credential, threading.Lock()
        self._latest: str | None = None
        self._refused: str | None = None
        self._renewed: float | None = None

    def refuse(self, token: str) -> None:
        """Record that the service refused a token."""
        with self._lock:
            if token == self._latest:
                self._refused = token

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """Return a token (azure.core.credentials.TokenCredential)."""
        with self._lock, self._errors():
            return self._noted(self._credential.get_token(*scopes, **{**options, **self._renewal()}))

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """Return a token (azure.core.credentials.SupportsTokenInfo)."""
        if not hasattr(self._credential, "get_token_info"):  # an older CLI
            found = self.get_token(*scopes, **(options or {}))
            return AccessTokenInfo(found.token, found.expires_on)
        with self._lock, self._errors():
            return self._noted(self._credential.get_token_info(*scopes, options={**(options or {}), **self._renewal()}))

    def __getattr__(self, name: str) -> Any:
        """Return what else the CLI's credential has."""
        return getattr(self._credential, name)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise NoTokenError where no token could be obtained.

        The CLI's own error stays while there was no token yet: it says how to log in.
        """
        from azure.cli.core.azclierror import AzCLIError
        from requests.exceptions import RequestException

        try:
            yield
        except RequestException as error:
            raise NoTokenError(f"No token could be obtained: {error}", error=error) from error
        except AzCLIError as error:
            if self._latest is None:
                raise
            raise NoTokenError(f"No token could be obtained: {error}", error=error) from error

    def _renewal(self) -> dict[str, str]:
        if self._latest is None or self._latest != self._refused:
            return {}
        if self._renewed is not None and monotonic() - self._renewed < RENEWAL_GAP:
            return {}
        self._renewed = monotonic()
        return {"claims": ANY_CLAIM}

    def _noted(self, found: Any) -> Any:
        self._latest = found.token
        return found


class TokenGuard(SansIOHTTPPolicy[Any, Any]):
    """The policy of every client before the one that adds the token: it stops requests to other hosts.

    It also sees every answer, and learns the service's clock from it.
    """

    def __init__(self, endpoint: str, credential: RenewableCredential, clock: ServiceClock) -> None:
        self._endpoint, self._credential, self.clock = endpoint, credential, clock

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Raise NotOwnUrlError for a request that must not have the token."""
        check_url(self._endpoint, request.http_request.url)

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Record a token that the service refused, and the service's time."""
        self.clock.learn(response.http_response.headers)
        if response.http_response.status_code == 401:  # Unauthorized
            _, _, token = request.http_request.headers.get("Authorization", "").partition(" ")
            self._credential.refuse(token)


def _port(parts: SplitResult) -> int:
    return HTTPS if parts.port is None else parts.port

"""The hosts that get the token, and the token after the service refused one."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from azure.cli.core.azclierror import AuthenticationError
from azure.core.credentials import AccessToken

from azext_flexcompare.arm.login import NoTokenError, NotOwnUrlError, RenewableCredential, check_url, is_own_url

PUBLIC = "https://management.azure.com/"
LOCAL = "https://localhost:4443"


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (PUBLIC, "https://management.azure.com/subscriptions/s"),
        (PUBLIC, "https://MANAGEMENT.azure.com:443/subscriptions/s"),
        (PUBLIC, "https://westeurope.management.azure.com/subscriptions/s"),
        (LOCAL, "https://localhost:4443/subscriptions/s"),
    ],
)
def test_the_resource_manager_and_its_regional_forms_are_own(endpoint: str, url: str) -> None:
    assert is_own_url(endpoint, url)


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (PUBLIC, "http://management.azure.com/subscriptions/s"),
        (PUBLIC, "https://management.azure.com.evil.example/s"),
        (PUBLIC, "https://evilmanagement.azure.com/s"),
        (PUBLIC, "https://a.b.management.azure.com/s"),
        (PUBLIC, "https://.management.azure.com/s"),
        (PUBLIC, "https://management.azure.com@evil.example/s"),
        (PUBLIC, "https://evil.example@management.azure.com/s"),
        (PUBLIC, "https://management.azure.com:8443/s"),
        (PUBLIC, "https://management.azure.com:port/s"),
        (PUBLIC, "/subscriptions/s"),
        (PUBLIC, None),
        (LOCAL, "https://localhost/subscriptions/s"),
        (LOCAL, "https://127.0.0.1:4443/subscriptions/s"),
    ],
)
def test_every_other_host_is_foreign(endpoint: str, url: Any) -> None:
    assert not is_own_url(endpoint, url)


@pytest.mark.parametrize("path", ["/subscriptions/../x", "/a/%2e%2e/b", "/a/./b", "/a/.."])
def test_a_path_that_leads_elsewhere_is_not_sent(path: str) -> None:
    with pytest.raises(NotOwnUrlError, match="leads to another resource; no request was sent"):
        check_url(PUBLIC, f"https://management.azure.com{path}?y=..")


@pytest.mark.parametrize("path", ["/subscriptions/a..b/x", "/a/...", "/a?x=/../"])
def test_a_straight_path_is_sent(path: str) -> None:
    check_url(PUBLIC, f"https://management.azure.com{path}")


class Source:
    """A credential with a cache, which any claim passes by."""

    def __init__(self) -> None:
        self.requested = 1

    def get_token(self, *_: str, **options: Any) -> AccessToken:
        self.requested += bool(options.get("claims"))
        return AccessToken(f"token {self.requested}", 0)


def test_a_refused_token_is_replaced_once_for_all() -> None:
    source = Source()
    credential = RenewableCredential(source)
    assert credential.get_token("s").token == "token 1"
    for _ in range(9):
        credential.refuse("token 1")
    assert [credential.get_token("s").token for _ in range(9)] == ["token 2"] * 9
    credential.refuse("token 1")  # an answer that was late
    assert credential.get_token_info("s").token == "token 2"


def test_a_login_that_is_refused_altogether_requests_no_token_for_each_request() -> None:
    source = Source()
    credential = RenewableCredential(source)
    for _ in range(9):
        credential.refuse(credential.get_token("s").token)
    assert source.requested == 2


class Fails:
    """A credential that fails, after one token where `first` is set."""

    def __init__(self, error: Exception, first: str | None = None) -> None:
        self.error, self.first = error, first

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        if self.first:
            token, self.first = self.first, None
            return AccessToken(token, 0)
        raise self.error


def test_a_login_that_cannot_be_reached_is_no_request() -> None:
    with pytest.raises(NoTokenError, match="No token could be obtained: dead proxy"):
        RenewableCredential(Fails(requests.exceptions.ProxyError("dead proxy"))).get_token("scope")


def test_the_error_of_the_cli_stays_until_there_was_a_token() -> None:
    error = AuthenticationError("It has expired.", recommendation="az login")
    with pytest.raises(AuthenticationError):
        RenewableCredential(Fails(error)).get_token("scope")
    later = RenewableCredential(Fails(error, "first"))
    assert later.get_token("scope").token == "first"
    with pytest.raises(NoTokenError, match=r"It has expired\."):
        later.get_token("scope")

"""The transport that all clients share: what it adds to a request, and what of the environment it honours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest

from armsim import Simulator
from azext_flexcompare.arm.clients import _transport
from azext_flexcompare.arm.transport import HTTPS, DirectSession
from tests.latest.helpers.wire import Sent, Wire

URL = "https://management.azure.com/subscriptions/s?api-version=1"


def sent_by(request: HttpRequest) -> tuple[Sent, dict[str, Any]]:
    session, wire = DirectSession(), Wire()
    session.mount(HTTPS, wire)
    with RequestsTransport(session=session) as transport:
        transport.send(request)
    [one], [options] = wire.sent, wire.options
    return one, options


def test_a_request_is_sent_as_it_was_prepared() -> None:
    request = HttpRequest("POST", URL, json={"a": "é"}, headers={"Authorization": "Bearer x"})
    one, _ = sent_by(request)
    assert (one.method, one.url, one.body) == ("POST", URL, {"a": "é"})
    assert one.headers["authorization"] == "Bearer x"
    assert one.headers["content-length"] == str(len(request.content.encode()))


@pytest.mark.parametrize(("method", "length"), [("GET", None), ("POST", "0")])
def test_a_request_without_a_body_says_so(method: str, length: str | None) -> None:
    one, _ = sent_by(HttpRequest(method, URL))
    assert one.headers.get("content-length") == length


@pytest.mark.parametrize(
    ("given", "sent"), [("?sig=a%2Bb%3d~", "?sig=a%2Bb%3d~"), ("?name=a b", "?name=a%20b"), ("?name=é", "?name=%C3%A9")]
)
def test_a_url_is_changed_only_where_it_could_not_be_sent(given: str, sent: str) -> None:
    one, _ = sent_by(HttpRequest("GET", f"{URL}{given}"))
    assert one.url == f"{URL}{sent}"


def test_a_password_of_a_netrc_file_does_not_replace_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("default login somebody password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    one, _ = sent_by(HttpRequest("GET", URL, headers={"Authorization": "Bearer x"}))
    assert one.headers["authorization"] == "Bearer x"


def test_a_request_has_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert sent_by(HttpRequest("GET", URL))[1]["proxies"]["https"] == "http://proxy.example:3128"
    monkeypatch.setenv("NO_PROXY", "management.azure.com")
    assert "https" not in sent_by(HttpRequest("GET", URL))[1]["proxies"]


@pytest.mark.parametrize(
    ("variable", "trusted"),
    [(None, False), ("REQUESTS_CA_BUNDLE", True), ("AZURE_CLI_DISABLE_CONNECTION_VERIFICATION", True)],
)
@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_certificate_is_verified_as_the_environment_says(
    variable: str | None, trusted: bool, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(sim.ca_file) if "BUNDLE" in variable else "1")
    with _transport.__wrapped__() as transport:
        if trusted:
            assert (
                transport.send(HttpRequest("GET", f"{sim.url}/subscriptions?api-version=2022-12-01")).status_code == 401
            )
            return
        with pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"):
            transport.send(HttpRequest("GET", f"{sim.url}/x"))

"""Tokens and login."""

from __future__ import annotations

import base64
import json

import pytest
import requests

from armsim.tests.client import Arm, code_of


def claims_of(token: str) -> dict[str, object]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_the_token_is_a_json_web_token_with_real_times(arm: Arm) -> None:
    arm.sim.configure(token_lifetime=600)
    arm.login()
    claims = claims_of(arm.session.headers["Authorization"].split()[1])
    assert claims["aud"] == "x"
    assert claims["exp"] - claims["iat"] == 600
    assert claims["nbf"] == claims["iat"]


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "AuthenticationFailed"),
        ("Basic eDp5", "AuthenticationFailedInvalidHeader"),
        ("Bearer garbage", "InvalidAuthenticationToken"),
        ("Bearer e30.e30.e30", "InvalidAuthenticationToken"),
    ],
)
def test_other_credentials_get_a_401_with_a_challenge(arm: Arm, authorization: str | None, code: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    url = f"{arm.sim.url}{arm.group()}?api-version=2022-09-01"
    answer = requests.get(url, headers=headers, verify=str(arm.sim.ca_file), timeout=10)
    assert (answer.status_code, code_of(answer)) == (401, code)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_token_expires(arm: Arm) -> None:
    arm.sim.configure(token_lifetime=3600)
    arm.login()
    assert arm.get(arm.group()).status_code == 200
    arm.sim.advance(3601)
    assert code_of(arm.get(arm.group())) == "ExpiredAuthenticationToken"
    arm.login()
    assert arm.get(arm.group()).status_code == 200


def test_every_token_can_expire_in_the_midst_of_things(arm: Arm, vm: str) -> None:
    answer = arm.act(vm, "restart")
    arm.sim.expire_tokens()
    assert code_of(arm.follow(answer)) == "ExpiredAuthenticationToken"
    arm.login()
    assert arm.follow(answer).json()["status"] == "InProgress"
    arm.session.delete(f"{arm.sim.url}/_sim/tokens")
    assert arm.follow(answer).status_code == 401


def test_a_reset_keeps_tokens(arm: Arm) -> None:
    arm.sim.reset()
    assert arm.get(arm.group()).status_code == 200


def test_the_identity_endpoint_wants_its_header(arm: Arm) -> None:
    assert arm.get("/msi/token", resource="x").status_code == 401


def test_a_service_principal_finds_its_token(arm: Arm) -> None:
    metadata = arm.get("/metadata/endpoints").json()
    tenant = arm.get("/tenants").json()["value"][0]["tenantId"]
    base = metadata["authentication"]["loginEndpoint"]
    configuration = arm.session.get(f"{base}/{tenant}/v2.0/.well-known/openid-configuration").json()
    form = {"grant_type": "client_credentials", "scope": f"{metadata['authentication']['audiences'][0]}/.default"}
    token = arm.session.post(configuration["token_endpoint"], data=form).json()
    arm.session.headers["Authorization"] = f"Bearer {token['access_token']}"
    assert claims_of(token["access_token"])["aud"] == f"{arm.sim.url}/"
    assert arm.get("/subscriptions").json()["value"][0]["subscriptionId"] == arm.sim.subscription


def test_no_other_grant_is_known(arm: Arm) -> None:
    answer = arm.session.post(f"{arm.sim.url}/t/oauth2/v2.0/token", data={"grant_type": "password"})
    assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_the_log_keeps_login_apart(arm: Arm) -> None:
    arm.get("/subscriptions")
    arm.get(arm.group())
    assert [entry["action"] for entry in arm.sim.requests()] == ["group"]
    assert [entry["action"] for entry in arm.sim.requests(login=True)][-2:] == ["listSubscriptions", "group"]

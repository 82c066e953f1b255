"""The token of the login goes to Azure Resource Manager alone, whatever an answer or a log links to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from armsim import Simulator
from armsim.messages import Request, Response
from tests.latest.helpers.az import FLEX, WarmAz
from tests.latest.helpers.rewriting import Stranger, rewriting, stranger_beside
from tests.latest.helpers.worlds import changes

ALL = (*FLEX, "--instance-ids", "*")


@pytest.fixture
def stranger(sim: Simulator) -> Iterator[Stranger]:
    with stranger_beside(sim) as found:
        yield found


def linked(response: Response, url: str, *names: str) -> Response:
    """Point the links that an answer has to a URL."""
    held = {name: url for name in response.headers if name.lower() in names}
    return response._replace(headers={**response.headers, **held})


def rows_of(warm: WarmAz, *arguments: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(warm.run(*arguments).stdout)
    return rows


def test_the_stranger_would_get_what_is_sent(sim: Simulator, stranger: Stranger) -> None:
    import requests

    assert requests.get(stranger.url, verify=str(sim.ca_file), timeout=9).json()["status"] == "Succeeded"
    assert len(stranger.requests) == 1


@pytest.mark.parametrize("names", [("azure-asyncoperation", "location"), ("azure-asyncoperation",), ("location",)])
def test_no_link_of_an_acceptance_takes_the_token_elsewhere(
    names: tuple[str, ...], warm: WarmAz, sim: Simulator, stranger: Stranger
) -> None:
    def change(request: Request, response: Response) -> Response:
        return linked(response, stranger.url, *names) if request.method == "POST" else response

    with rewriting(sim, change):
        rows = rows_of(warm, "restart", *ALL)
    assert stranger.requests == []
    assert [row["status"] for row in rows] == ["Succeeded"] * len(rows)
    assert set(sim.accepted().values()) == {1}


def test_no_link_to_a_result_takes_the_token_elsewhere(warm: WarmAz, sim: Simulator, stranger: Stranger) -> None:
    def change(request: Request, response: Response) -> Response:
        return linked(response, stranger.url, "location") if request.method == "POST" else response

    with rewriting(sim, change):
        rows = rows_of(warm, "run-command", *ALL, "--command-id", "RunShellScript", "--scripts", "echo hello")
    assert stranger.requests == []
    assert all("hello" in row["output"] for row in rows)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(status: int, warm: WarmAz, sim: Simulator, stranger: Stranger) -> None:
    def change(request: Request, response: Response) -> Response:
        return Response(status, None, {"Location": stranger.url}) if "restart" in request.path else response

    with rewriting(sim, change):
        rows = rows_of(warm, "restart", *ALL, "--timeout", "9")
    assert stranger.requests == []
    assert {row["status"] for row in rows} == {"Succeeded"}  # the instances show it, and none was sent a second time
    assert set(sim.accepted().values()) == {1}


def paged(url: str, where: Callable[[Request], bool]) -> Callable[[Request, Response], Response]:
    def change(request: Request, response: Response) -> Response:
        if response.status == 200 and where(request) and isinstance(response.body, dict) and "value" in response.body:
            return response._replace(body={**response.body, "nextLink": f"{url}/more"})
        return response

    return change


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (("restart", *ALL), "/virtualmachines"),
        (("list-instances", *FLEX), "/virtualmachines"),
        (("protection", "show", *ALL), "/locks"),
        (("nat-rule", "list", "-g", "rg", "--vmss-name", "flex"), "/networkinterfaces"),
    ],
    ids=lambda one: one if isinstance(one, str) else " ".join(one[:2]),
)
def test_no_next_page_is_read_elsewhere(
    command: tuple[str, ...], what: str, warm: WarmAz, sim: Simulator, stranger: Stranger
) -> None:
    with rewriting(sim, paged(stranger.url, lambda request: request.path.lower().endswith(what))):
        done = warm.run(*command)
    assert stranger.requests == []
    assert (done.exit, done.stdout, changes(sim)) == (1, "", [])
    assert "is not Azure Resource Manager" in done.stderr


def test_no_next_page_of_a_listing_in_mid_run_is_read_elsewhere(
    warm: WarmAz, sim: Simulator, stranger: Stranger
) -> None:
    sim.configure(seconds=3)
    listed: list[Request] = []

    def where(request: Request) -> bool:
        in_mid_run = request.path.lower().endswith("/virtualmachines") and bool(sim.accepted())
        listed.extend([request] * in_mid_run)
        return in_mid_run

    with rewriting(sim, paged(stranger.url, where)):
        rows = rows_of(warm, "restart", *ALL)
    assert listed
    assert stranger.requests == []
    assert {row["status"] for row in rows} == {"Succeeded"}


def test_no_url_of_a_log_takes_the_token_elsewhere(
    warm: WarmAz, sim: Simulator, stranger: Stranger, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    warm.run("restart", *ALL, "--no-wait", "--job-log", str(log))
    log.write_text(log.read_text("utf-8").replace(sim.url, stranger.url), "utf-8")
    rows = rows_of(warm, "wait", "--job-log", str(log))
    assert stranger.requests == []
    assert {row["status"] for row in rows} == {"Succeeded"}

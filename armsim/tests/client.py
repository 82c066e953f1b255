"""HTTP client of the tests, without retries or polling of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import requests

if TYPE_CHECKING:
    from armsim import Simulator

VERSION = "2024-03-01"
TAG = {"VirtualMachineProfileTimeCreated": "1/5/2026 6:00:00 AM +00:00"}
"""What a Flexible set writes on the instances that it creates."""


class Arm:
    """A session with a token. Called with a method and a path, it adds the api-version unless the query has one."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = str(sim.ca_file)
        self.login()

    def login(self) -> None:
        answer = self.session.get(
            f"{self.sim.url}/msi/token", params={"resource": "x"}, headers={"X-IDENTITY-HEADER": "y"}
        )
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def __call__(self, method: str, path: str, json: Any = None, **query: str) -> requests.Response:
        parts = urlsplit(path)
        params = {"api-version": VERSION, **dict(parse_qsl(parts.query)), **query}
        return self.session.request(method, f"{self.sim.url}{parts.path}", params=params, json=json)

    def get(self, path: str, **query: str) -> requests.Response:
        return self("GET", path, **query)

    def group(self, tail: str = "", group: str = "rg") -> str:
        return f"/subscriptions/{self.sim.subscription}/resourceGroups/{group}{tail}"

    def vms(self, group: str = "rg") -> str:
        return self.group("/providers/Microsoft.Compute/virtualMachines", group)

    def act(self, name: str, action: str, json: Any = None, **query: str) -> requests.Response:
        if action == "delete":
            return self("DELETE", self.sim.vm_id(name), **query)
        return self("POST", f"{self.sim.vm_id(name)}/{action}", json, **query)

    def follow(self, answer: requests.Response, header: str = "Azure-AsyncOperation") -> requests.Response:
        return self.session.get(answer.headers[header])

    def ask(self, query: str, **options: Any) -> requests.Response:
        body = {"query": query, "subscriptions": [self.sim.subscription], "options": options}
        version = {"api-version": "2022-10-01"}
        return self("POST", "/providers/Microsoft.ResourceGraph/resources", body, **version)


def code_of(answer: requests.Response) -> str:
    return str(answer.json()["error"]["code"])

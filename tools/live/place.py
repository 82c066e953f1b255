"""Which scale set is asked about, what are its instances, and which one is operated on?"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from azure.cli.core.azclierror import (
    AzureResponseError,
    InvalidArgumentValueError,
    ResourceNotFoundError,
    ValidationError,
)

from tools.live.asking import Answer, Ask
from tools.live.claims import written


class Place(NamedTuple):
    """A scale set, and one of its instances; ids are as the service writes them."""

    subscription: str
    group: str
    scale_set: str
    set_id: str
    location: str
    instance: str
    vm_id: str
    members: tuple[str, ...]

    def fill(self, text: str) -> str:
        """Put the ids into a path, or whatever else is asked."""
        values = {
            "{subscription}": self.subscription,
            "{group}": f"/subscriptions/{self.subscription}/resourceGroups/{self.group}",
            "{set}": self.set_id,
            "{vm}": self.vm_id,
            "{instance}": self.instance,
            "{location}": self.location,
        }
        for name, value in values.items():
            text = text.replace(name, value)
        return text

    def fill_all(self, value: Any) -> Any:
        """Put the ids into every text of a body."""
        if isinstance(value, dict):
            return {key: self.fill_all(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill_all(each) for each in value]
        return self.fill(value) if isinstance(value, str) else value

    def names(self) -> dict[str, str]:
        """Say what to call each name that must not be told."""
        named = dict.fromkeys(self.members, "<instance>")
        return {**named, self.scale_set: "<set>", self.group: "<group>", self.subscription: "<subscription>"}


def find_place(ask: Ask, subscription: str, group: str, scale_set: str, instance: str | None) -> Place:
    """Read a Flexible scale set and choose the instance named, or the first that runs, or the first of all.

    Raises ResourceNotFoundError, ValidationError for a Uniform or an empty set, InvalidArgumentValueError for an
    instance that it has not.
    """
    path = f"/subscriptions/{subscription}/resourceGroups/{quote(group)}/providers/Microsoft.Compute"
    answer = ask("GET", address(f"{path}/virtualMachineScaleSets/{quote(scale_set)}"), None)
    found = _body_of(answer, f"scale set {scale_set} in resource group {group}")
    if found["properties"].get("orchestrationMode") != "Flexible":
        raise ValidationError(
            f"{scale_set} is a Uniform scale set, and the claims are about Flexible ones.",
            recommendation="Name a Flexible scale set.",
        )
    members = _members(ask, path, found["id"])
    if not members:
        raise ValidationError(
            f"{scale_set} has no instances, so there is nothing to compare.",
            recommendation="`az vmss scale` gives it some.",
        )
    chosen = _choose(members, scale_set, instance)
    _, _, _, _, group, *_ = found["id"].split("/")
    names = tuple(member["name"] for member in members)
    vm_id = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{chosen}"
    return Place(subscription, group, found["name"], found["id"], found["location"], chosen, vm_id, names)


def address(path: str, query: dict[str, str] | None = None) -> str:
    """Write a path with its query, of the usual api-version unless it names one."""
    return f"{path}?{urlencode({'api-version': written()['apiVersion'], **(query or {})}, quote_via=quote)}"


def power_of(view: dict[str, Any]) -> str | None:
    """Find the power state in an instance view, such as `running`."""
    codes = [status.get("code", "") for status in view.get("statuses", ())]
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), None)


def _members(ask: Ask, path: str, set_id: str) -> list[dict[str, Any]]:
    query = {"$filter": f"'virtualMachineScaleSet/id' eq '{set_id}'", "$expand": "instanceView"}
    following = address(f"{path}/virtualMachines", query)
    members: list[dict[str, Any]] = []
    while following:
        page = _body_of(ask("GET", following, None), "the instances of the scale set")
        members += page["value"]
        following = page.get("nextLink", "")
    return members


def _choose(members: list[dict[str, Any]], scale_set: str, instance: str | None) -> str:
    names = {member["name"].lower(): str(member["name"]) for member in members}
    if instance:
        if instance.lower() not in names:
            raise InvalidArgumentValueError(
                f"{scale_set} has no instance {instance}.",
                recommendation="`az vmss-flex list-instances` lists those that it has.",
            )
        return names[instance.lower()]
    running = [one["name"] for one in members if power_of(one["properties"].get("instanceView", {})) == "running"]
    return str((running or list(names.values()))[0])


def _body_of(answer: Answer, what: str) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    if answer.status == 200:
        return body
    error = body.get("error", {})
    told = f"{error.get('code', 'no code')}: {error.get('message', 'no message')}"
    if answer.status == 404:
        raise ResourceNotFoundError(f"There is no {what}: {told}", recommendation="Check RG and VMSS.")
    raise AzureResponseError(
        f"Azure answers {answer.status} for {what}: {told}", recommendation="Check what the login may read."
    )

"""The scale set that is checked, its instances, and the one that is operated on."""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from azure.cli.core.azclierror import (
    AzureResponseError,
    InvalidArgumentValueError,
    ResourceNotFoundError,
    ValidationError,
)

from tools.live.claims import claims_file
from tools.live.client import Answer, Send


class Target(NamedTuple):
    """A scale set and one of its instances; ids are spelled as the service spells them."""

    subscription: str
    group: str
    scale_set: str
    set_id: str
    location: str
    instance: str
    vm_id: str
    members: tuple[str, ...]

    def fill(self, text: str) -> str:
        """Replace the placeholders in a path or other text by the ids."""
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
        """Replace the placeholders in every text of a body."""
        if isinstance(value, dict):
            return {key: self.fill_all(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.fill_all(each) for each in value]
        return self.fill(value) if isinstance(value, str) else value

    def names(self) -> dict[str, str]:
        """Return the placeholder for each name that must not be written."""
        named = dict.fromkeys(self.members, "<instance>")
        return {**named, self.scale_set: "<set>", self.group: "<group>", self.subscription: "<subscription>"}


def find_target(send: Send, subscription: str, group: str, scale_set: str, instance: str | None) -> Target:
    """Read a Flexible scale set and choose the instance named, or the first that runs, or the first of all.

    Raises ResourceNotFoundError, ValidationError for a Uniform or an empty scale set, and InvalidArgumentValueError
    for an unknown instance.
    """
    path = f"/subscriptions/{subscription}/resourceGroups/{quote(group)}/providers/Microsoft.Compute"
    answer = send("GET", address(f"{path}/virtualMachineScaleSets/{quote(scale_set)}"), None)
    found = _body_of(answer, f"scale set {scale_set} in resource group {group}")
    if found["properties"].get("orchestrationMode") != "Flexible":
        raise ValidationError(
            f"{scale_set} is a Uniform scale set. The claims are about Flexible ones.",
            recommendation="Name a Flexible scale set.",
        )
    members = _members(send, path, found["id"])
    if not members:
        raise ValidationError(
            f"{scale_set} has no instances to compare.",
            recommendation="Add some with `az vmss scale`.",
        )
    chosen = _choose(members, scale_set, instance)
    _, _, _, _, group, *_ = found["id"].split("/")
    names = tuple(member["name"] for member in members)
    vm_id = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/virtualMachines/{chosen}"
    return Target(
        subscription,
        group,
        found["name"],
        found["id"],
        location=found["location"],
        instance=chosen,
        vm_id=vm_id,
        members=names,
    )


def address(path: str, query: dict[str, str] | None = None) -> str:
    """Build a path with its query; the default api-version is that of the claims."""
    return f"{path}?{urlencode({'api-version': claims_file()['apiVersion'], **(query or {})}, quote_via=quote)}"


def power_of(view: dict[str, Any]) -> str | None:
    """Find the power state in an instance view, such as `running`."""
    codes = [status.get("code", "") for status in view.get("statuses", ())]
    return next((code.partition("/")[2] for code in codes if code.startswith("PowerState/")), None)


def _members(send: Send, path: str, set_id: str) -> list[dict[str, Any]]:
    query = {"$filter": f"'virtualMachineScaleSet/id' eq '{set_id}'", "$expand": "instanceView"}
    following = address(f"{path}/virtualMachines", query)
    members: list[dict[str, Any]] = []
    while following:
        page = _body_of(send("GET", following, None), "the instances of the scale set")
        members += page["value"]
        following = page.get("nextLink", "")
    return members


def _choose(members: list[dict[str, Any]], scale_set: str, instance: str | None) -> str:
    names = {member["name"].lower(): str(member["name"]) for member in members}
    if instance:
        if instance.lower() not in names:
            raise InvalidArgumentValueError(
                f"{scale_set} has no instance {instance}.",
                recommendation="List its instances with `az vmss-flex list-instances`.",
            )
        return names[instance.lower()]
    running = [one["name"] for one in members if power_of(one["properties"].get("instanceView", {})) == "running"]
    return str((running or list(names.values()))[0])


def _body_of(answer: Answer, what: str) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    if answer.status == 200:
        return body
    error = body.get("error", {})
    reason = f"{error.get('code', 'no code')}: {error.get('message', 'no message')}"
    if answer.status == 404:
        raise ResourceNotFoundError(f"There is no {what}: {reason}", recommendation="Check RG and VMSS.")
    raise AzureResponseError(
        f"Azure answers {answer.status} for {what}: {reason}", recommendation="Check what the login may read."
    )

"""ARM's error envelope and its common refusals."""

from __future__ import annotations

from typing import Any


class ArmError(Exception):
    """A refusal, with the status, code and message of ARM's error envelope."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: list[dict[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers = headers or {}
        self.extra: dict[str, Any] = {}
        """Further members of the error: details, innererror."""
        self.layer = ""
        """Which counter threw a 429, where one did."""

    def body(self) -> dict[str, Any]:
        """Return the error envelope."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details is not None:
            error["details"] = self.details
        return {"error": error | self.extra}


def not_modelled(what: str) -> ArmError:
    """Return the refusal of something that Azure may well know and this simulator does not."""
    return ArmError(501, "NotSimulated", f"armsim does not simulate {what}.")


def subscription_not_found(subscription: str) -> ArmError:
    """Return ARM's 404 of an unknown subscription."""
    message = f"The subscription '{subscription}' could not be found."
    return ArmError(404, "SubscriptionNotFound", message)


def group_not_found(group: str) -> ArmError:
    """Return ARM's 404 of an unknown resource group."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.")


def resource_not_found(kind: str, name: str, group: str) -> ArmError:
    """Return ARM's 404 of an unknown resource; `kind` is like Microsoft.Compute/virtualMachines."""
    message = (
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return ArmError(404, "ResourceNotFound", message, headers={"x-ms-failure-cause": "gateway"})

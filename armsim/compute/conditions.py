"""Conditional writes: If-Match and If-None-Match."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armsim.arm.errors import ArmError

if TYPE_CHECKING:
    from armsim.arm.router import Call


def check_condition(call: Call, etag: str) -> None:
    """Raise 412 unless If-Match and If-None-Match allow a write to a resource that exists with this etag."""
    wanted, unwanted = call.request.headers.get("if-match"), call.request.headers.get("if-none-match")
    if unwanted is not None and unwanted != "*":
        raise ArmError(400, "InvalidParameter", "The only value allowed for the If-None-Match header is '*'.")
    if unwanted == "*" or wanted not in {None, "*", etag}:
        message = "The condition specified using HTTP conditional header(s) is not met."
        raise ArmError(412, "ConditionNotMet", message)

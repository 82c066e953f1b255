"""Settings of the simulated cloud."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Settings:
    """The settings, all changeable while the simulator runs; times are in seconds unless the name says otherwise."""

    seconds: float = 5.0
    """How long an operation of duration 1.0 (lifecycle.json) takes."""
    page_size: int = 50
    """Items of a list page; the instances of a scale set have their own."""
    instances_page_size: int = 120
    """Items of a page of the instances of a scale set."""
    retry_after: str | int = "recorded"
    """Retry-After of acceptances and running operations: "recorded" (by operation), "none" or a number for all."""
    retry_after_scale: float = 1.0
    """What every Retry-After is multiplied with, so that hints can be as short as operations are."""
    retry_after_ms: int | None = None
    """retry-after-ms of the same answers, which azure-core reads where there is no Retry-After."""
    url_length: int = 3000
    """Length of the signed URLs of operations; below 700 they are unsigned and short."""
    report_after: float = 3.0
    """When a guest that booted reports again, after its operation's end and in units of `seconds`."""
    unresponsive_after: float = 720.0
    """When the agent of a stopped VM becomes Not Ready; until then its last report stays."""
    list_etags: bool = False
    """Whether VMs have an etag in lists, too."""
    token_lifetime: int = 3600
    """Validity of the next access token."""
    clock_skew: float = 0.0
    """Offset of the service's clock from the true time; tokens use the true time."""
    staleness: float = 0.0
    """How far Resource Graph lags behind the provider."""
    latency: float = 0.0
    """What every ARM answer takes longer."""
    batch_fails: bool = True
    """Whether a batch call to a scale set ends Failed where one of its VMs did; Azure's way is not known."""
    bulk_regions: list[str] | None = None
    """Where the bulk service of Microsoft.Compute is registered; None is everywhere."""
    schedule_regions: list[str] | None = None
    """Where Microsoft.ComputeSchedule is registered; None is everywhere."""
    bulk_results: bool = True
    """Whether the bulk service of Microsoft.Compute lists `results` in its acceptances, which it need not."""
    batch_delay: float = 0.0
    """How much later the VMs of a batch call to a scale set begin than the call is accepted."""
    bulk_delay: float = 0.0
    """How much longer an operation of a bulk service waits before it executes."""
    bulk_executing: int | None = None
    """How many operations of these two may execute at once; None is any number."""
    limits: bool = False
    """Whether requests are counted and throttled as documented (arm/limits.json)."""
    limits_capacity: float = 1.0
    """What every bucket holds, as a share of the documented; at least one request."""
    limits_refill: float = 1.0
    """How fast every bucket fills, as a share of the documented."""
    capital_groups: bool = True
    """Whether ids in VM lists carry the resource group in capitals, as recorded."""

    def changed(self, changes: dict[str, Any]) -> Settings:
        """Return the settings with some changed, or raise ValueError naming what is wrong."""
        for name, value in changes.items():
            _check(name, value)
        return replace(self, **changes)


_LISTS = {"bulk_regions", "schedule_regions"}
_OPTIONAL = {"retry_after_ms", "bulk_executing", *_LISTS}
_KINDS = {field.name: type(field.default) for field in fields(Settings)}
_POSITIVE = {"page_size", "instances_page_size", "bulk_executing"}
_SIGNED = {"clock_skew"}
_RETRY_AFTER = ("recorded", "none")
_SCALES = {"limits_capacity", "limits_refill", "retry_after_scale"}


def _check(name: str, value: Any) -> None:
    if name not in _KINDS:
        raise ValueError(f"unknown setting '{name}'; there are {', '.join(sorted(_KINDS))}")
    if (value is None and name in _OPTIONAL) or (name == "retry_after" and value in _RETRY_AFTER):
        return
    if not (_is_list(value) if name in _LISTS else _fits(_KINDS[name], value, name in _SIGNED)):
        raise ValueError(f"setting '{name}' cannot be {value!r}")
    if name in _POSITIVE and value < 1:
        raise ValueError(f"setting '{name}' must be at least 1")
    if name == "retry_after" and value < 1:
        raise ValueError(f"setting '{name}' must be at least 1: clients take a Retry-After of 0 for none")
    if name in _SCALES and value == 0:
        raise ValueError(f"setting '{name}' must be more than 0")


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _fits(kind: type, value: Any, signed: bool) -> bool:
    if kind is bool:
        return isinstance(value, bool)
    numbers = (int, float) if kind is float else (int,)
    return isinstance(value, numbers) and not isinstance(value, bool) and (signed or value >= 0)

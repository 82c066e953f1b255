"""`set-orchestration-service-state`: the call of scale sets that Flexible sets have kept."""

from __future__ import annotations

from functools import partial
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.arm.calls import call_sdk
from azext_flexcompare.arm.clients import azure_of, compute_client
from azext_flexcompare.arm.rate_limits import CHANGES, limits, rate_limit_key
from azext_flexcompare.arm.scale_sets import Reader
from azext_flexcompare.arm.typed import typed
from azext_flexcompare.instances import ScaleSet
from azext_flexcompare.output import rows
from azext_flexcompare.output.conclusion import conclude_counted
from azext_flexcompare.output.query import printable, require_query
from azext_flexcompare.scheduler.interruption import interruptible
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Outcome, Status
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.selection.members import read_scale_sets
from azext_flexcompare.selection.selection import Choice

SET_STATE = "virtual_machine_scale_sets.begin_set_orchestration_service_state"


def set_service_state(
    cli_ctx: Any, choice: Choice, service: str, action: str, timeout: int, wait: bool = True
) -> list[dict[str, Any]]:
    """Suspend or resume a service of each named set, such as automatic repairs; return a row for each set.

    Raises InvalidArgumentValueError for ids of VMs, which have no such service.
    """
    name = "set-orchestration-service-state"
    sets, vms = read_scale_sets(Reader(partial(compute_client, cli_ctx), name, typed(cli_ctx)), choice)
    if vms:
        raise InvalidArgumentValueError(
            f"{name} acts on scale sets, and these are ids of virtual machines: {', '.join(vms)}",
            recommendation="Use the ids of scale sets, or --resource-group and --name.",
        )
    expected = [Outcome(one, Status.SUCCEEDED, seconds=0.0, url="https://") for one in sets]
    require_query(cli_ctx, [rows.set_row(name, one) for one in expected])
    arguments = {"parameters": {"serviceName": service, "action": action}}
    with interruptible() as interrupted:
        outcomes = send_and_poll(
            sets,
            lambda each: call_sdk(azure_of(cli_ctx), each, SET_STATE, arguments),
            limits(timeout, sends=CHANGES, wait=wait),
            Observer(interrupted),
            service=Service[ScaleSet](rate_limit_key),
        )
    conclude_counted(cli_ctx, outcomes, "scale set")
    return printable(cli_ctx, [rows.set_row(name, outcome) for outcome in outcomes])

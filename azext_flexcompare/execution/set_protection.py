"""Instances that are protected from scale set actions, which a run leaves out unless they were chosen by their name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

from knack.log import get_logger

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.arm.rate_limits import READS, limits, rate_limit_key
from azext_flexcompare.arm.responses import NO_RETRY, poll_errors
from azext_flexcompare.instances import Instance, last_name
from azext_flexcompare.planning.engines import VM
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Call, Prepare, Skip, Work
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Status
from azext_flexcompare.scheduler.poller import Departed, Failure, Poller, Throttled, Unanswered
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service
from azext_flexcompare.table.entries import Operation

PROTECTED = "It is protected from scale set actions; --include-protected acts on it."
READ_TIMEOUT = 60  # seconds
NOT_FOUND = ("ResourceNotFound", "NotFound", "ParentResourceNotFound")
GLOB = re.compile(r"[*?\[]")


class Protection:
    """The protection policies of instances, each read from the scale set's view of the instance."""

    def __init__(self, azure: Azure, is_named: Callable[[Instance], bool] = lambda _: False) -> None:
        self.azure, self.is_named = azure, is_named
        self.warn = cache(get_logger(__name__).warning)  # once for each scale set

    def reason(self, instance: Instance) -> str | None:
        """Return why an instance is left out, or None; raises Throttled where that could not be read for a moment."""
        machines = self.azure.compute(instance.subscription).virtual_machine_scale_set_vms
        try:
            with poll_errors():
                view = machines.get(instance.resource_group, instance.scale_set.name, instance.name, **NO_RETRY)
        except Unanswered as unanswered:
            raise Throttled from unanswered  # nothing was sent, so that it is sent later
        except Failure as failure:
            if failure.error.code not in NOT_FOUND:
                self.warn(
                    "The protection policies of %s cannot be read: %s", instance.scale_set.name, failure.error.code
                )
            return None
        policy = view.protection_policy
        return PROTECTED if policy and policy.protect_from_scale_set_actions else None

    def reasons(self, instances: Iterable[Instance]) -> dict[str, str]:
        """Return why instances that were not chosen by their name are left out, by id."""
        unnamed = [one for one in instances if not self.is_named(one)]
        reads = limits(READ_TIMEOUT, sends=READS)
        service = Service[Instance](rate_limit_key)
        outcomes = send_and_poll(unnamed, self._read, reads, Observer(), service=service)
        return {one.target.id: str(one.result) for one in outcomes if one.status == Status.SUCCEEDED and one.result}

    def guard(self, work: Work) -> Work:
        """Return a call that reads the policy of its one instance before it sends anything."""
        if isinstance(work.call, Skip) or len(work.instances) != 1 or self.is_named(work.instances[0]):
            return work
        return work._replace(call=partial(self._call, work.instances[0], work.call))

    def _call(self, instance: Instance, call: Call) -> Poller:
        reason = self.reason(instance)
        if reason:
            raise Departed(reason)
        return call()

    def _read(self, instance: Instance) -> Poller:
        return Completed(self.reason(instance))


def protecting(
    azure: Azure,
    operation: Operation,
    run_options: RunOptions,
    prepare: Prepare,
    *,
    choice: Mapping[str, Any],
    resumed: bool = False,
) -> Prepare:
    """Return what prepares calls that leave out protected instances, unless these are to be included.

    The policies are read before the plan where it shows or asks how many instances it has, and where one call is for
    many; else just before each request. In a `resumed` run a call that may have been sent already is left as it is.
    """
    if run_options.include_protected or operation.target == "lock":
        return prepare
    asks = operation.confirm and not run_options.yes
    ahead = run_options.engine != VM or run_options.dry_run or asks
    return partial(_prepare, Protection(azure, partial(is_named, choice)), prepare, ahead, resumed)


def _prepare(
    protection: Protection, prepare: Prepare, ahead: bool, resumed: bool, instances: list[Instance]
) -> list[Work]:
    reasons = protection.reasons(instances) if ahead and not (resumed and len(instances) == 1) else {}
    left = [one for one in instances if one.id not in reasons]
    skipped = [Work([one], Skip(reasons[one.id])) for one in instances if one.id in reasons]
    return [*skipped, *(protection.guard(work) for work in (prepare(left) if left else ()))]


def is_named(choice: Mapping[str, Any], instance: Instance) -> bool:
    """Check whether a choice has an instance by its name or id, and not by a pattern, a filter or its scale set."""
    given: Sequence[str] = [*(choice.get("names") or ()), *(choice.get("ids") or ())]
    return any(_names(one, instance) for one in given if isinstance(one, str))


def _names(given: str, instance: Instance) -> bool:
    kind = given.rstrip("/").lower().split("/")[-2:-1]
    if kind and kind != ["virtualmachines"]:
        return False  # the id of a scale set
    return not GLOB.search(given) and last_name(given).lower() == instance.name.lower()

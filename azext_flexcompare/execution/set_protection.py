"""Instances that are protected from scale set actions, which a run leaves out unless they were chosen by their name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.protection_policy import ProtectionPolicies, require_present
from azext_flexcompare.instances import Instance, last_name
from azext_flexcompare.output.messages import first_names
from azext_flexcompare.planning.engines import SET, VM
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.planning.work import Call, Prepare, Skip, Work
from azext_flexcompare.scheduler.poller import Departed, Poller
from azext_flexcompare.table.entries import Operation

PROTECTED = "It is protected from scale set actions; --include-protected acts on it."
OUT_OF_REACH = "It is protected from scale set actions; --engine vm acts on it, and --engine set does not."
GLOB = re.compile(r"[*?\[]")


class Protection:
    """Which instances of a run are left out because they are protected."""

    def __init__(self, azure: Azure, chosen_by_name: Callable[[Instance], bool] = lambda _: False) -> None:
        self.policies, self.chosen_by_name = ProtectionPolicies(azure), chosen_by_name

    def reasons(self, instances: Sequence[Instance]) -> dict[str, str]:
        """Return why instances that were not chosen by their name are left out, by id."""
        protected = self.policies.protected(one for one in instances if not self.chosen_by_name(one))
        return {one.id: PROTECTED for one in instances if one.id in protected}

    def guard(self, work: Work) -> Work:
        """Return a call that reads its one instance, or its policy, before it sends anything.

        So that nothing is sent to another machine that took the name since the instances were listed.
        """
        if isinstance(work.call, Skip) or len(work.instances) != 1:
            return work
        return work._replace(call=partial(self._call, work.instances[0], work.call), reads=1)

    def _call(self, instance: Instance, call: Call) -> Poller:
        if self.chosen_by_name(instance):
            require_present(self.policies.azure, instance)
        elif self.policies.protects(instance):
            raise Departed(PROTECTED)
        return call()


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
    if operation.target == "lock":
        return prepare
    protection = Protection(azure, by_name(choice))
    if run_options.engine == SET:
        prepare = _within_reach(protection.policies, prepare, resumed)
    if run_options.include_protected:
        return prepare
    asks = operation.confirm and not run_options.yes
    ahead = operation.target == "set" or run_options.engine != VM or run_options.dry_run or asks
    return partial(_prepare, protection, prepare, ahead, resumed)


def _within_reach(policies: ProtectionPolicies, prepare: Prepare, resumed: bool) -> Prepare:
    """Return what prepares the calls of a scale set, which leaves out protected instances even if they are named.

    A new run is refused before anything is sent; a resumed one leaves them out as well, and says so.
    """

    def prepare_within_reach(instances: list[Instance]) -> list[Work]:
        found = set() if resumed and len(instances) == 1 else policies.protected(instances)
        outside = [one for one in instances if one.id in found]
        if outside and not resumed:
            raise InvalidArgumentValueError(
                "--engine set does not act on instances that are protected from scale set actions: "
                f"{first_names([one.name for one in outside])}.",
                recommendation="Use --engine vm, or leave them out with --exclude.",
            )
        left = [one for one in instances if one.id not in found]
        return [*(Work([one], Skip(OUT_OF_REACH)) for one in outside), *(prepare(left) if left else ())]

    return prepare_within_reach


def policy_reader(
    operation: Operation, run_options: RunOptions, choice: Mapping[str, Any]
) -> Callable[[Instance], bool]:
    """Return what checks whether a run reads the protection policy of an instance before its request."""
    never = operation.target == "lock" or (run_options.engine != SET and run_options.include_protected)
    if never or run_options.engine == SET:
        return lambda _: not never
    named = by_name(choice)
    return lambda instance: not named(instance)


def _prepare(
    protection: Protection, prepare: Prepare, ahead: bool, resumed: bool, instances: list[Instance]
) -> list[Work]:
    reasons = protection.reasons(instances) if ahead and not (resumed and len(instances) == 1) else {}
    left = [one for one in instances if one.id not in reasons]
    skipped = [Work([one], Skip(reasons[one.id])) for one in instances if one.id in reasons]
    return [*skipped, *(protection.guard(work) for work in (prepare(left) if left else ()))]


def by_name(choice: Mapping[str, Any]) -> Callable[[Instance], bool]:
    """Return what checks whether a choice has an instance by its name or id.

    Not by a pattern, a filter or its scale set.
    """
    given: Sequence[str] = [*(choice.get("names") or ()), *(choice.get("ids") or ())]
    names = {last_name(one).lower() for one in given if isinstance(one, str) and _is_name(one)}
    return lambda instance: instance.name.lower() in names


def _is_name(given: str) -> bool:
    kind = given.rstrip("/").lower().split("/")[-2:-1]
    return (not kind or kind == ["virtualmachines"]) and not GLOB.search(given)  # no id of a scale set, no pattern

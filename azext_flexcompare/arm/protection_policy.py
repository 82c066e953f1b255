"""The protection policy of instances, which keeps them from the actions of their scale set."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from knack.log import get_logger

from azext_flexcompare.arm.calls import read_view
from azext_flexcompare.arm.clients import Azure, checked_body
from azext_flexcompare.arm.instance_polling import read_instance
from azext_flexcompare.arm.polling import Completed
from azext_flexcompare.arm.rate_limits import READS, limits, rate_limit_key
from azext_flexcompare.arm.responses import object_in, poll_errors, remaining
from azext_flexcompare.instances import Instance, is_replaced
from azext_flexcompare.scheduler.observer import Observer
from azext_flexcompare.scheduler.outcome import Status
from azext_flexcompare.scheduler.poller import Departed, Failure
from azext_flexcompare.scheduler.scheduler import send_and_poll
from azext_flexcompare.scheduler.service import Service

READ_TIMEOUT = 60  # seconds
NOT_FOUND = ("ResourceNotFound", "NotFound", "ParentResourceNotFound")


def require_present(azure: Azure, instance: Instance) -> None:
    """Raise Departed where the instance is gone or another machine has its name, Unanswered where it is read later.

    An instance that may not be read is taken for present.
    """
    try:
        reading = read_instance(azure, instance)
    except Failure:
        return
    if reading.instance is None:
        raise Departed(reading.absence)


class Protected(NamedTuple):
    """Whether an instance is protected from scale set actions, and the machine that the scale set shows there."""

    protected: bool = False
    vm_id: str | None = None


class ProtectionPolicies:
    """The protection policies of instances, each read from the scale set's view of the instance."""

    def __init__(self, azure: Azure) -> None:
        self.azure = azure
        self.warn = cache(get_logger(__name__).warning)  # once for each scale set
        self.known: dict[str, bool] = {}  # policies that were read for many instances, by id

    def protects(self, instance: Instance) -> bool:
        """Read whether an instance is protected from scale set actions.

        Raises Departed where another machine has its name, Throttled or Unanswered where the policy is read later.
        A policy that may not be read protects nothing.
        """
        found: Protected = self._read(instance).result
        if is_replaced(instance.vm_id, found.vm_id):  # no source says that the scale set's view has the id of the VM
            require_present(self.azure, instance)
        return found.protected

    def protected(self, instances: Iterable[Instance]) -> set[str]:
        """Return the ids of the instances that are protected; the policy of each is read once."""
        wanted = list(instances)
        unread = [one for one in wanted if one.id not in self.known]
        reads, service = limits(READ_TIMEOUT, sends=READS), Service[Instance](rate_limit_key)
        outcomes = send_and_poll(unread, self._read, reads, Observer(), service=service)
        self.known.update({one.target.id: one.result.protected for one in outcomes if one.status == Status.SUCCEEDED})
        return {one.id for one in wanted if self.known.get(one.id)}

    def _read(self, instance: Instance) -> Completed:
        try:
            with poll_errors():
                answer = read_view(self.azure, instance)
                view = object_in(checked_body(answer), "properties")
        except Failure as failure:
            if failure.error.code not in NOT_FOUND:
                set_name, code = instance.scale_set.name, failure.error.code
                self.warn("The protection policies of %s cannot be read: %s", set_name, code)
            return Completed(Protected())
        policy = object_in(view, "protectionPolicy")
        found = Protected(bool(policy.get("protectFromScaleSetActions")), view.get("vmId"))
        return Completed(found, remaining(answer.headers))

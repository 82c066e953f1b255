"""The list of a scale set's instances at the end of a call to the set.

The thread that sees the end reads it, so that the sets of a run are listed side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from azure.cli.core.azclierror import AzCLIError

from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.instances import Instance, ResourceId
from azext_flexcompare.planning.refused_call import read_members
from azext_flexcompare.scheduler.poller import Acceptance, Failure, OutcomeUnknown, Poll, Poller
from azext_flexcompare.table.entries import Operation


class ListedEnd:
    """The end of a call to the scale set of an instance."""

    def __init__(self, operation: Operation, azure: Azure, instance: Instance) -> None:
        self.operation, self.azure, self.instance = operation, azure, instance
        self._members: Mapping[ResourceId, Instance] | None = None
        self._refused: AzCLIError | None = None

    def watch(self, poller: Poller) -> Poller:
        """Return the poller of the call, which lists the instances as soon as it sees the end."""
        return _Watched(poller, self)

    def members(self) -> Mapping[ResourceId, Instance]:
        """Return the instances at the end, by id; raises AzCLIError where they may not be listed."""
        if self._members is None and self._refused is None:
            self.read()
        if self._refused:
            raise self._refused
        return self._members or {}

    def read(self) -> None:
        """List the instances, or keep why that was refused."""
        try:
            self._members = read_members(self.operation, self.azure, self.instance)
        except AzCLIError as error:
            self._refused = error


@dataclass(eq=False)
class _Watched:
    """A poller that lists the instances once its operation has ended."""

    poller: Poller
    end: ListedEnd

    @property
    def acceptance(self) -> Acceptance:
        """Return what the answer that accepted the operation says."""
        return self.poller.acceptance

    def poll(self) -> Poll:
        """Poll the operation; see Poller."""
        try:
            found = self.poller.poll()
        except OutcomeUnknown:
            raise
        except Failure:
            self.end.read()
            raise
        if found.done:
            self.end.read()
        return found

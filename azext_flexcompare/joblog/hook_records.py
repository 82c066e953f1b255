"""What a job log says of the hooks of its run, and of turns that ended."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.replay import LoggedRun
from azext_flexcompare.joblog.values import read_text, read_whole

Key = tuple[str, int, ResourceId]  # the hook, the batch, and the instance that had a turn of its own


class HookRecords(NamedTuple):
    """The hooks that began, those of them that succeeded, and the instances whose own turns ended."""

    all_begun: Collection[Key] = ()
    all_ended: Collection[Key] = ()
    turns: Collection[ResourceId] = ()

    def begun(self, hook: str, batch: int, instance: str | None = None) -> bool:
        """Check whether a hook began for a batch, or for one instance of it."""
        return (hook, batch, ResourceId(instance or "")) in self.all_begun

    def ended(self, hook: str, batch: int, instance: str | None = None) -> bool:
        """Check whether a hook succeeded."""
        return (hook, batch, ResourceId(instance or "")) in self.all_ended


def read_hooks(logged_run: LoggedRun) -> HookRecords:
    """Read which hooks ran, and which turns ended."""
    begun, ended = set[Key](), set[Key]()
    for one in logged_run.of_kind("hook"):
        key = (read_text(one.get("hook")) or "", read_whole(one.get("batch")) or 0, _instance(one.get("instance")))
        if one.get("state") == "begun":
            begun.add(key)
        elif one.get("exit") == 0:
            ended.add(key)
    turns = {_instance(one.get("instance")) for one in logged_run.of_kind("turn") if one.get("state") == "ended"}
    return HookRecords(begun, ended, turns)


def _instance(value: object) -> ResourceId:
    return ResourceId(read_text(value) or "")

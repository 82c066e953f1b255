"""The hooks of a run, as they are recorded and stop it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azext_flexcompare.execution.hooks import AFTER, BEFORE, HookCall, Hooks
from azext_flexcompare.execution.monitor import Monitor
from azext_flexcompare.execution.user_command import Shell
from azext_flexcompare.instances import ResourceId
from azext_flexcompare.joblog.hook_records import HookRecords
from tests.latest.helpers.factories import instance
from tests.latest.helpers.worlds import OPERATIONS

SHELL = Shell(str, lambda: False)


class Kept:
    """A recorder that keeps what is written."""

    required = False

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []

    def write(self, written: Any) -> None:
        self.records += written

    def sync(self) -> None:
        return

    def close(self) -> None:
        return


def hooks_of(before: str | None, **more: Any) -> tuple[Hooks, Kept]:
    kept, monitor = Kept(), Monitor(OPERATIONS["restart"], lambda: False)
    monitor.recorders.append(kept)
    return Hooks(monitor, SHELL, {BEFORE: before, AFTER: None}, timeout=60, **more), kept


def test_without_a_command_nothing_runs() -> None:
    hooks, kept = hooks_of(None)
    assert hooks.run(HookCall(BEFORE, 1, [instance()]))
    assert kept.records == []


def test_a_hook_of_one_instance_has_its_variables_and_is_recorded_with_it(tmp_path: Path) -> None:
    hooks, kept = hooks_of(f"echo $VMSS_FLEX_INSTANCE $VMSS_FLEX_HOOK > {tmp_path}/seen; exit 2")
    one = instance("web_1")
    assert not hooks.run(HookCall(BEFORE, 1, [one], alone=one))
    assert (tmp_path / "seen").read_text() == "web_1 before-batch\n"
    assert hooks.monitor.stopped == "Stopped by --before-batch: web_1: It exited with status 2."
    begun, ended, _ = kept.records
    assert (begun["record"], begun["state"], begun["instance"]) == ("hook", "begun", one.id)
    assert (ended["state"], ended["exit"]) == ("ended", 2)


def test_what_a_log_has_of_a_hook_is_known() -> None:
    hooks, _ = hooks_of("true", earlier=HookRecords((), {(BEFORE, 1, ResourceId(""))}))
    assert hooks.ended(HookCall(BEFORE, 1, []))
    assert not hooks.ended(HookCall(BEFORE, 2, []))
    assert not hooks.ended(HookCall(BEFORE, 1, [], alone=instance()))

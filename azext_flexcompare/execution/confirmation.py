"""The questions before an operation that cannot be undone, and between batches."""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable

from azure.cli.core.azclierror import (
    ManualInterrupt,
    NoTTYError,
)
from knack.prompting import NoTTYException, prompt_y_n

from azext_flexcompare.execution.turn import Batch, Rollout
from azext_flexcompare.instances import Instance, describe
from azext_flexcompare.joblog import records
from azext_flexcompare.output.progress import ERASE
from azext_flexcompare.output.text import show_invisible
from azext_flexcompare.planning.run_options import RunOptions
from azext_flexcompare.table.entries import Operation
from azext_flexcompare.times import count

TICK = 0.1  # seconds between checks for an interruption
ANSWERS = {"y": True, "yes": True, "n": False, "no": False}


def ask(operation: Operation, instances: list[Instance]) -> None:
    """Ask you to confirm an operation on so many instances of which sets; raises where you do not, or cannot."""
    sets = describe(instance.scale_set for instance in instances)
    chosen = f"{count(len(instances), 'instance')} of {sets}"
    try:
        agreed = prompt_y_n(show_invisible(f"{operation.name}: {chosen}. {operation.risk} Continue?"))
    except NoTTYException as error:
        raise NoTTYError(
            f"{operation.name} needs your confirmation to act on {chosen}, and there is no terminal to ask on.",
            recommendation="Use --yes to confirm.",
        ) from error
    if not agreed:
        raise ManualInterrupt("Operation cancelled; nothing was sent.")


def question_before(run_options: RunOptions, batch: Batch) -> str | None:
    """Return the option that asks before a batch, unless it is the first or has begun."""
    if batch.number == 1 or batch.ended or not batch.work or any(work.sent for work in batch.work):
        return None
    after = run_options.confirm_after
    if after == batch.number - 1:
        return f"--confirm-after {after}"
    return "--confirm-each" if run_options.confirm_each else None


def require_terminal(run_options: RunOptions, batches: Iterable[Batch]) -> None:
    """Raise where there is something to ask between batches, and no terminal to ask on."""
    asked = next((option for one in batches if (option := question_before(run_options, one))), None)
    if asked and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NoTTYError(
            f"{asked} asks you between batches, and there is no terminal to ask on.",
            recommendation="Use --batch-pause to wait between batches, or a command of --before-batch that decides.",
        )


def confirm_batch(rollout: Rollout, batch: Batch, last: int) -> None:
    """Ask before a batch where an option wants it, and stop the run where the answer is no."""
    option, monitor = rollout.policy.question_before(batch), rollout.monitor
    if option is None or rollout.over:
        return
    what = f"batch {batch.number} of {last}"
    agreed = _ask_on_terminal(f"Continue with {what}, {count(len(batch.instances), 'instance')}?", lambda: rollout.over)
    if agreed is None:
        return
    monitor.write(records.record("confirm", batch=batch.number, agreed=agreed))
    if not agreed:
        monitor.stop(f"Stopped by you before {what} ({option}).")


def _ask_on_terminal(question: str, over: Callable[[], bool]) -> bool | None:
    """Return the answer, no at the end of the input, or None where the run is over before there is one."""
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    while True:
        sys.stderr.write(f"{ERASE}{show_invisible(question)} (y/n): ")
        sys.stderr.flush()
        # In a thread, since a read would go on after Ctrl-C; not through sys.stdin, whose lock it would keep.
        threading.Thread(target=lambda: lines.put(os.read(sys.stdin.fileno(), 1024)), daemon=True).start()
        while True:
            if over():
                return None
            try:
                line = lines.get(timeout=TICK)
                break
            except queue.Empty:
                continue
        answer = ANSWERS.get(line.decode(errors="replace").strip().lower())
        if answer is not None or not line:
            return bool(answer)

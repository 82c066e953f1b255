"""`report --watch`: the page of a run, renewed while the run is in progress in another process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import sleep
from typing import Any

from azext_flexcompare.html_report.page import find_logs, write_page
from azext_flexcompare.joblog.liveness import is_written
from azext_flexcompare.scheduler.interruption import interruptible

INTERVAL = 2.0  # seconds between two looks at the log
STEP = 0.1  # seconds between two looks for Ctrl-C


def write_live_report(job_logs: Sequence[str], file: str) -> dict[str, Any]:
    """Write the page again whenever a log has grown, until the runs end or you press Ctrl-C.

    The last page no longer reloads itself.
    """
    logs, size = find_logs(job_logs), -1
    paths = [Path(log) for log in logs]
    with interruptible() as interrupted:
        while any(map(is_written, paths)) and not interrupted():
            now = sum(path.stat().st_size for path in paths)
            if now != size:
                size = now
                write_page(logs, file, live=True)
            for _ in range(round(INTERVAL / STEP)):
                if not interrupted():
                    sleep(STEP)
        return write_page(logs, file, live=False)

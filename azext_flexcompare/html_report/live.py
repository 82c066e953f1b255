"""`report --watch`: the page of a run, renewed while the run is in progress in another process."""

from __future__ import annotations

from pathlib import Path
from time import sleep
from typing import Any

from azext_flexcompare.html_report.page import write_page
from azext_flexcompare.joblog.jobs import find_log
from azext_flexcompare.joblog.liveness import is_written
from azext_flexcompare.scheduler.interruption import interruptible

INTERVAL = 2.0  # seconds between two looks at the log
STEP = 0.1  # seconds between two looks for Ctrl-C


def write_live_report(job_log: str, file: str) -> dict[str, Any]:
    """Write the page again whenever the log has grown, until the run ends or you press Ctrl-C.

    The last page no longer reloads itself.
    """
    log, size = find_log(job_log), -1
    with interruptible() as interrupted:
        while is_written(Path(log)) and not interrupted():
            if Path(log).stat().st_size != size:
                size = Path(log).stat().st_size
                write_page(log, file, live=True)
            for _ in range(round(INTERVAL / STEP)):
                if not interrupted():
                    sleep(STEP)
        return write_page(log, file, live=False)

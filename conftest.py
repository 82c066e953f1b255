"""The number of tests that run in parallel: more than processors, since most wait for a process or simulated time."""

from __future__ import annotations

import os

WORKERS = 2  # for each processor


def pytest_xdist_auto_num_workers() -> int:
    """Return the number of workers for `-n auto`."""
    return WORKERS * (os.cpu_count() or 1)

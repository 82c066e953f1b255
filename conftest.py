"""How many tests run at once? More than there are processors, since most wait for a process or for simulated time."""

from __future__ import annotations

import os

WORKERS = 2  # for each processor


def pytest_xdist_auto_num_workers() -> int:
    """Say what `-n auto` stands for."""
    return WORKERS * (os.cpu_count() or 1)

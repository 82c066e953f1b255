"""Files that only their owner may read: job logs, events and reports have names, errors and output in them."""

from __future__ import annotations

import os
import stat
from contextlib import suppress

OWNER_ONLY = 0o600


def open_private(path: str, flags: int) -> int:
    """Open a file and return its descriptor; only the owner may read a regular file, even one that existed before."""
    descriptor = os.open(path, flags, OWNER_ONLY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        with suppress(OSError, AttributeError):  # a system or a file system without rights, or a file of another user
            os.fchmod(descriptor, OWNER_ONLY)
    return descriptor

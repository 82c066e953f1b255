"""Faults of the simulated Azure that several tests use."""

from __future__ import annotations

FAILS = {"kind": "fail", "code": "AllocationFailed", "message": "No room."}
NO_CAPACITY = {"kind": "fail", "code": "AllocationFailed", "message": "There is no capacity for it just now."}

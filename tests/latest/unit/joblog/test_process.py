"""The process as a job log names it."""

from __future__ import annotations

import os
import platform

import pytest

from azext_flexcompare.joblog.process import process_fields


def test_the_process_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ops")
    found = process_fields("az vmss-flex start")
    assert (found["commandLine"], found["user"]) == ("az vmss-flex start", "ops")
    assert (found["host"], found["processId"]) == (platform.node(), os.getpid())


def test_a_user_without_a_name_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    assert process_fields("")["user"] is None
    assert process_fields("")["commandLine"] is None

"""The policies of the pipeline, and the work that they do not do."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from azure.cli.core.sdk.policies import SafeNetworkTraceLoggingPolicy
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline import PipelineContext, PipelineRequest, PipelineResponse
from azure.core.rest import HttpRequest

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.policies import CLI_LOGGER, LogIfHeard, is_heard
from azext_flexcompare.arm.responses import NO_RETRY


class Heard(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture
def loggers(monkeypatch: pytest.MonkeyPatch) -> tuple[logging.Logger, logging.Logger]:
    """The logger of the CLI's policy, as the CLI sets it: it takes everything, and its handlers decide."""
    of_cli, of_policy = logging.getLogger("cli"), logging.getLogger(CLI_LOGGER)
    monkeypatch.setattr(of_cli, "handlers", [])
    monkeypatch.setattr(of_cli, "propagate", False)
    monkeypatch.setattr(of_cli, "level", logging.DEBUG)
    of_policy.manager._clear_cache()  # type: ignore[attr-defined]
    return of_cli, of_policy


@pytest.mark.parametrize("level", [logging.DEBUG, logging.WARNING])
def test_a_request_is_logged_where_somebody_listens(level: int, loggers: Any) -> None:
    handler = Heard(level)
    loggers[0].addHandler(handler)
    request = HttpRequest("GET", "https://x/y", headers={"Authorization": "Bearer secret"})
    in_pipeline = PipelineRequest(request, PipelineContext(None))
    policy = LogIfHeard(SafeNetworkTraceLoggingPolicy())
    policy.on_request(in_pipeline)
    policy.on_response(in_pipeline, PipelineResponse(request, request, in_pipeline.context))
    assert ("Request URL: 'https://x/y'" in handler.lines) is (level == logging.DEBUG)
    assert bool(handler.lines) is (level == logging.DEBUG)
    assert "secret" not in "".join(handler.lines)


def test_a_logger_that_takes_nothing_is_not_heard(loggers: Any) -> None:
    loggers[0].addHandler(Heard(logging.DEBUG))
    assert is_heard(loggers[1])
    loggers[1].setLevel(logging.WARNING)
    try:
        assert not is_heard(loggers[1])
    finally:
        loggers[1].setLevel(logging.NOTSET)


@pytest.mark.parametrize(("options", "requests"), [(NO_RETRY, 1), ({"retry_backoff_factor": 0.001}, 4)])
def test_a_request_is_repeated_only_where_that_is_wanted(
    options: dict[str, Any], requests: int, azure: Azure, sim: Simulator
) -> None:
    sim.add_fault({"action": "get", "fault": {"status": 503}})
    vm = sim.vm_id(sim.names("flex")[0])
    with pytest.raises(HttpResponseError):
        azure.arm(sim.subscription).get(f"{vm}?api-version=2024-11-01", **options)
    assert len(sim.requests()) == requests

"""Policies of the client's pipeline that cost nothing where they have nothing to do."""

from __future__ import annotations

import logging
from typing import Any

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import RetryPolicy, SansIOHTTPPolicy

CLI_LOGGER = "cli.azure.cli.core.sdk.policies"  # of the policy that the CLI gives each client
LOGGED = "is_logged"


class OptionalRetry(RetryPolicy):
    """The retries of azure-core, for the requests that are not sent with `retry_total=0`."""

    def send(self, request: PipelineRequest[Any]) -> Any:
        """Send a request, again and again only where that is wanted."""
        if request.context.options.get("retry_total") == 0:
            del request.context.options["retry_total"]
            return self.next.send(request)
        return super().send(request)


class LogIfHeard(SansIOHTTPPolicy[Any, Any]):
    """The logging of the CLI, while a handler writes what it logs: with `--debug`, or to a log file."""

    def __init__(self, policy: Any) -> None:
        super().__init__()
        self._policy, self._logger = policy, logging.getLogger(CLI_LOGGER)

    def on_request(self, request: PipelineRequest[Any]) -> None:
        """Log a request."""
        request.context[LOGGED] = is_heard(self._logger)
        if request.context[LOGGED]:
            self._policy.on_request(request)

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        """Log the answer to a request that was logged."""
        if request.context.get(LOGGED):
            self._policy.on_response(request, response)


def is_heard(logger: logging.Logger, level: int = logging.DEBUG) -> bool:
    """Check whether any handler takes records of a logger at this level."""
    at: logging.Logger | None = logger
    if not logger.isEnabledFor(level):
        return False
    while at is not None:
        if any(one.level <= level for one in at.handlers):
            return True
        at = at.parent if at.propagate else None
    return False

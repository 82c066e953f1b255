"""Properties of managed run commands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)

SOURCES = {"script": "script", "script_uri": "scriptUri", "command_id": "commandId"}
PLAIN = {
    "async_execution": "asyncExecution",
    "run_as_user": "runAsUser",
    "run_as_password": "runAsPassword",
    "output_blob_uri": "outputBlobUri",
    "error_blob_uri": "errorBlobUri",
}


def command_properties(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties of a managed run command; raises for what cannot be one."""
    found = {
        "source": _source(options),
        "parameters": name_parameters(options["parameters"]),
        "protectedParameters": name_parameters(options["protected_parameters"]),
        "timeoutInSeconds": _seconds(options["timeout_in_seconds"]),
        **{name: options[option] for option, name in PLAIN.items()},
    }
    return {name: value for name, value in found.items() if value not in (None, [])}


def name_parameters(pairs: list[str] | None) -> list[dict[str, str]]:
    """Return parameters by name; those without one are arg1, arg2 and so on, as in `az vmss run-command create`."""
    parameters, unnamed = [], 0
    for name, equals, value in (pair.partition("=") for pair in pairs or ()):
        unnamed += not equals
        parameters.append({"name": name, "value": value} if equals else {"name": f"arg{unnamed}", "value": name})
    return parameters


def _source(options: Mapping[str, Any]) -> dict[str, str]:
    given = {name: options[option] for option, name in SOURCES.items() if options[option]}
    if not given:
        raise RequiredArgumentMissingError(
            "run-command create has no script to run.", recommendation="Specify --script, --script-uri or --command-id."
        )
    if len(given) > 1:
        raise MutuallyExclusiveArgumentError(
            "--script, --script-uri and --command-id cannot be combined.", recommendation="Specify one of them."
        )
    return given


def _seconds(text: str | None) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or int(text) == 0:
        raise InvalidArgumentValueError(
            f"--timeout-in-seconds is not a number of seconds: {text}", recommendation="Specify a number from 1 on."
        )
    return int(text)

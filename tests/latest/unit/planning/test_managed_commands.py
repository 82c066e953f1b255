"""Properties of managed run commands."""

from __future__ import annotations

from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError

from azext_flexcompare.planning.managed_commands import command_properties, name_parameters
from tests.latest.helpers.worlds import OPERATIONS

NONE: dict[str, Any] = {one.dest: None for one in OPERATIONS["run-command create"].options}


def test_only_what_was_given_is_sent() -> None:
    assert command_properties({**NONE, "script": "true"}) == {"source": {"script": "true"}}
    given = {
        "command_id": "ifconfig", "async_execution": False, "timeout_in_seconds": "60", "run_as_user": "me",
        "run_as_password": "secret", "output_blob_uri": "https://a", "error_blob_uri": "https://b",
        "protected_parameters": ["key=value"],
    }  # fmt: skip
    assert command_properties({**NONE, **given}) == {
        "source": {"commandId": "ifconfig"},
        "protectedParameters": [{"name": "key", "value": "value"}],
        "timeoutInSeconds": 60,
        "asyncExecution": False,
        "runAsUser": "me",
        "runAsPassword": "secret",
        "outputBlobUri": "https://a",
        "errorBlobUri": "https://b",
    }


def test_parameters_without_a_name_are_numbered_by_themselves() -> None:
    names = [one["name"] for one in name_parameters(["a", "key=b=c", "d"])]
    assert names == ["arg1", "key", "arg2"]
    assert name_parameters(["key=b=c"]) == [{"name": "key", "value": "b=c"}]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "--script"),
        ({"script": "a", "script_uri": "https://b"}, "--script-uri"),
        ({"script": "a", "timeout_in_seconds": "soon"}, "--timeout-in-seconds"),
        ({"script": "a", "timeout_in_seconds": "0"}, "--timeout-in-seconds"),
    ],
)
def test_what_cannot_be_a_run_command_is_refused(given: dict[str, str], named: str) -> None:
    with pytest.raises(AzCLIError) as caught:
        command_properties({**NONE, **given})
    assert named in f"{caught.value} {caught.value.recommendations}"

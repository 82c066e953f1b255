"""The command line as a job log keeps it."""

from __future__ import annotations

import pytest

from azext_flexcompare.execution.logged_command import logged_command
from azext_flexcompare.output.masking import make_masker, no_mask
from tests.latest.helpers.worlds import OPERATIONS


@pytest.mark.parametrize(
    ("operation", "words", "kept"),
    [
        ("restart", ["restart", "-n", "a b"], "restart -n 'a b'"),
        ("run-command", ["--scripts", "a=SECRET", "-e SECRET", "--no-wait"], "--scripts '***' '***' --no-wait"),
        ("run-command", ["--parameters=k=SECRET", "-n", "web"], "'--parameters=***' -n web"),
        ("run-command", ["--scripts", "x", "-D=my SECRET", "--yes"], "--scripts '***' '***' --yes"),
        ("run-command", ["--scripts", "a", "--parameters=b SECRET"], "--scripts '***' '--parameters=***'"),
        ("update", ["--set", "tags.k=SECRET", "-n", "web"], "--set '***' -n web"),
        ("extension set", ["--settings", "shown", "--protected-settings", "@SECRET"], None),
    ],
)
def test_values_that_may_be_secrets_are_left_out(operation: str, words: list[str], kept: str | None) -> None:
    found = logged_command(["vmss-flex", *words], OPERATIONS[operation], no_mask)
    assert "SECRET" not in found
    assert kept is None or found == f"az vmss-flex {kept}"


def test_a_secret_is_masked_wherever_it_stands() -> None:
    mask = make_masker(["hunter2 is mine"])
    found = logged_command(["--notes", "hunter2 is mine, too"], OPERATIONS["restart"], mask)
    assert found == "az --notes '***, too'"


def test_names_of_a_whole_file_are_cut() -> None:
    found = logged_command(["--instance-ids", "web " * 10_000], OPERATIONS["restart"], no_mask)
    assert len(found) < 11_000
    assert found.startswith("az --instance-ids 'web web")

"""Calls that are checked against the table."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.bash import parse_script
from azext_flexcompare.translation.calls import check_command, redefines_az
from azext_flexcompare.translation.findings import Finding


def checked(script: str) -> Finding | None:
    return check_command(parse_script(script).commands[-1], redefined=False)


def test_a_call_that_works_is_kept_with_its_command() -> None:
    found = checked("az vmss list")
    assert found
    assert (found.command, found.support, found.reason, found.edits) == ("list", "works", "", ())


@pytest.mark.parametrize("script", ["echo x", "az vm list", "az vmss", "az vmss nic --help"])
def test_another_command_is_no_call(script: str) -> None:
    assert checked(script) is None


def test_support_is_that_of_the_options() -> None:
    found = checked("az vmss stop -g rg -n web --instance-ids=a")
    assert found
    assert (found.command, found.support, found.instead) == ("stop", "unknown", "az vmss-flex stop")


@pytest.mark.parametrize(
    ("script", "advised"),
    [
        ("for i in a b; do az vmss stop -g rg -n web --instance-ids $i; done", True),
        ("while read i; do az vmss stop -g rg -n web --instance-ids $i | cat; done", True),
        ('until x; do az vmss run-command invoke --ids "$i" --command-id x; done', True),
        ("for i in a b; do az vmss delete-instances -g rg -n web --instance-ids $i; done", True),
        ("cat x | xargs -n1 az vmss stop -g rg -n web --instance-ids", True),
        ("cat x | xargs az vmss stop -g rg -n web --instance-ids", False),
        ("for i in a b; do az vmss stop -g $i -n web --instance-ids a; done", False),
        ("for i in $(az vmss stop -g rg -n web --instance-ids $i -o none); do :; done", False),
        ("for i in a b; do :; done; az vmss stop -g rg -n web --instance-ids $i", False),
        ("for i in a b; do az vmss run-command update -g rg --vmss-name w --instance-id $i; done", False),
    ],
)
def test_a_call_of_one_instance_in_a_loop_is_advised_to_be_one_for_all(script: str, advised: bool) -> None:
    found = [check_command(command, redefined=False) for command in parse_script(script).commands]
    assert any(one.advice for one in found if one) == advised


def test_another_az_is_noticed() -> None:
    assert redefines_az(parse_script("alias az=echo").commands[0])
    assert redefines_az(parse_script("az() { echo; }").commands[0])
    assert not redefines_az(parse_script("alias a=az").commands[0])
    found = check_command(parse_script("az vmss deallocate -g rg -n web").commands[0], redefined=True)
    assert found
    assert "alias" in found.reason

"""Mentions of `az vmss` that may be calls."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.bash import parse_script
from azext_flexcompare.translation.mentions import find_mentions, find_suspects, reason_for_mention

WHY = "Because."


@pytest.mark.parametrize(
    ("text", "support", "reported"),
    [
        ("az vmss list", "works", False),
        ("az vmss show -g rg", "works", False),
        ("az vmss show --instance-id 1", "differs", True),
        ("az vmss show --instance-id=1", "differs", True),
        ("az vmss show `\r\n  --instance-id 1", "differs", True),
        ("az vmss show ^\n  --instance-id 1", "differs", True),
        ("az vmss show\n  --instance-id 1", "works", False),
        ("'az', 'vmss', 'show', x", "unknown", True),
        ("az vmss show @options", "unknown", True),
        ("az vmss create --orchestration-mode Uniform", "differs", True),
        ("az vmss deallocate -g rg", "differs", True),
        ("az vmss nonsense", "unknown", True),
    ],
)
def test_a_mention_is_judged_by_its_command_and_options(text: str, support: str, reported: bool) -> None:
    (found,) = find_mentions(f"x {text}", lambda _: WHY)
    assert (found.support, WHY in found.reason) == (support, reported)


def test_a_mention_without_a_reason_is_none() -> None:
    assert list(find_mentions("az vmss deallocate", lambda _: None)) == []


def test_words_that_may_be_a_call_at_run_time_are_suspects() -> None:
    assert [one.start for one in find_suspects("az $x; $y vmss; az x", WHY)] == [0, 7]


@pytest.mark.parametrize(
    ("script", "reported"),
    [
        ("# az vmss stop", False),
        ("echo az vmss stop", False),
        ("az vmss stop", False),
        ("echo az vmss stop | sh", True),
        ("ssh x az vmss stop", True),
        ("cat <<E\naz vmss stop\nE", False),
        ("cat <<E | sh\naz vmss stop\nE", True),
        ("cat - <<E\naz vmss stop\nE", True),
        ("x=$(cat <<E\naz vmss stop\nE\n)", True),
    ],
)
def test_what_a_script_only_shows_has_no_reason(script: str, reported: bool) -> None:
    reason = reason_for_mention(parse_script(script), script.index("az vmss"))
    assert bool(reason) == reported

"""The sessions in documents, run as they are printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from armsim import Simulator
from tests.latest.helpers.warm_shell import WarmShell
from tools.documents import NAMED, Session, sessions, stories
from tools.sessions import normal, play, with_output

SHORT = 0.05  # seconds that an operation lasts
STORIES = [
    pytest.param(story, id=f"{path.stem}: {story[0].name[:60]}")
    for path in NAMED.values()
    for story in stories(path.read_text("utf-8"))
]


@pytest.mark.parametrize("story", STORIES)
def test_a_session_shows_what_happens(story: list[Session], sim: Simulator, shell: WarmShell) -> None:
    played = play(story, sim, shell.environment, seconds=SHORT, retry_after="none")
    for session, came in zip(story, played, strict=True):
        for (shown, told), (_, really) in zip(session.steps, came.steps, strict=True):
            assert normal(told) == normal(really), f"{shown}\n{really}\nTo update it: make sessions"
            assert max(map(len, (shown + told).splitlines())) <= 80


@pytest.mark.parametrize("path", NAMED.values(), ids=lambda path: path.name)
def test_every_session_of_a_document_is_played(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.count("```console\n") == sum(map(len, stories(text))) > 2


def test_an_output_that_differs_only_in_times_is_kept_and_another_one_is_replaced() -> None:
    text = "<!-- session {} -->\n```console\n$ true\n4.242 s 20261125T090000.125Z\n```\n"
    (session,) = stories(text)[0]
    again = session._replace(steps=[("$ true\n", "3.15 s 20261126T101112.001Z\n")])
    rounded = session._replace(steps=[("$ true\n", "3.1 s 20261126T101112.001Z\n")])
    other = session._replace(steps=[("$ true\n", "failed 20261126T101112.001Z\n")])
    assert with_output(text, [again]) == text
    assert "3.1 s 20261125T090000.125Z" in with_output(text, [rounded])
    assert "failed 20261125T090000.125Z" in with_output(text, [other])


def test_each_symptom_of_the_night_has_a_session_and_a_line_in_the_list() -> None:
    head, *sections = NAMED["3am"].read_text("utf-8").split("\n## ")
    titles = [section.partition("\n")[0] for section in sections]
    assert re.findall(r"\[([^]]+)\]\(#", head) == titles
    assert len(titles) == 6
    assert all(list(sessions(section)) for section in sections)

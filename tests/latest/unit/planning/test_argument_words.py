"""Words of the command line that a shell or an editor of Windows has changed."""

from __future__ import annotations

import pytest

from azext_flexcompare.planning.argument_words import is_text, rewritten_id, strip_returns

ID = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/a"


def test_a_carriage_return_is_removed_at_the_end_of_a_word_alone() -> None:
    words = ["restart\r", "-n", "web", "a\r\nb\r", "\r"]
    strip_returns(words)
    assert words == ["restart", "-n", "web", "a\r\nb", ""]


@pytest.mark.parametrize(
    "word", [f"C:/Program Files/Git{ID}", f"d:{ID}", f"--ids=C:/Git{ID}", "C:\\Git" + ID.replace("/", "\\")]
)
def test_an_id_that_was_made_a_path_is_found_as_it_was_typed(word: str) -> None:
    assert rewritten_id(["restart", word]) == ID


@pytest.mark.parametrize("word", [ID, f"--ids={ID}", "C:/scripts/restart.sh", f"echo C:/Git{ID}", "C:/subscriptions/x"])
def test_no_other_word_is_taken_for_one(word: str) -> None:
    assert rewritten_id(["restart", word]) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("\u00e9", True), (["a", "\udcff"], False), ("\udcc3\udca9", False), (None, True), (3, True), ([["a"]], True)],
)
def test_bytes_that_are_no_text_are_found(value: object, text: bool) -> None:
    assert is_text(value) is text

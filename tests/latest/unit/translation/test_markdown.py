"""The fenced blocks of a Markdown document."""

from __future__ import annotations

import pytest

from azext_flexcompare.translation.markdown import find_parts


@pytest.mark.parametrize(
    ("document", "texts"),
    [
        ("```bash\na\nb\n```\nc\n", ["a\nb\n"]),
        ("````sh\n```\na\n````\n", ["```\na\n"]),
        ("- ~~~\n  a\n    b\n  ~~~\n", ["a\n  b\n"]),
        ("> ```shell title\n> a\n> ```\n", ["a\n"]),
        ("```{.bash}\na\n```\n", ["a\n"]),
        ("```python\na\n```\n```bash\nb", ["b"]),
        ("```console\n$ a \\\n b\nout\n$ c\n```\n", ["a \\\n b\n", "c\n"]),
        ("`a` ``` b\n", []),
    ],
)
def test_the_shell_of_a_document_is_that_of_its_blocks(document: str, texts: list[str]) -> None:
    parts = find_parts(document)
    assert [one.text for one in parts.fragments] == texts
    for one in parts.fragments:
        assert document[one.place(0)] == one.text[0]


def test_placeholders_are_variables() -> None:
    (fragment,) = find_parts("```sh\na <my-rg> '<x>' <in >out\n```\n").fragments
    assert fragment.text == "a ${____} '$__' <in >out\n"

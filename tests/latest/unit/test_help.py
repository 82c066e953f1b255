"""The help of the commands, as the CLI reads it."""

from __future__ import annotations

import yaml
from knack.help_files import helps

from azext_flexcompare import _help
from azext_flexcompare.table.example_lines import lines_of
from azext_flexcompare.table.help_pages import Page, group_pages, pages


def test_every_page_is_registered_under_its_command() -> None:
    for page in pages():
        entry = yaml.safe_load(helps[f"vmss-flex {page.name}"])
        assert (entry["type"], entry["short-summary"]) == ("command", page.summary)
        assert [(one["name"], one["text"]) for one in entry["examples"]] == [
            (purpose, lines_of(command)) for purpose, command in page.examples
        ]


def test_every_group_is_registered() -> None:
    assert {yaml.safe_load(helps[f"vmss-flex {page.name}".strip()])["type"] for page in group_pages()} == {"group"}


def test_no_text_of_the_table_is_taken_for_yaml() -> None:
    page = Page("x", "a: b # c", [("- 'd'", "%e: f")], [("f: g", "az x --h {i: j}")])
    entry = yaml.safe_load(_help._as_entry(page, "command"))
    assert (entry["short-summary"], entry["long-summary"]) == ("a: b # c", page.text)
    assert entry["examples"] == [{"name": "f: g", "text": "az x --h {i: j}"}]

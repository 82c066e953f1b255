"""The help pages, in the format of the CLI."""

from __future__ import annotations

import json

from knack.help_files import helps

from azext_flexcompare.table.example_lines import lines_of
from azext_flexcompare.table.help_pages import Page, group_pages, pages


def _as_entry(page: Page, kind: str) -> str:
    # JSON is YAML, and quotes every character of the table.
    return json.dumps(
        {
            "type": kind,
            "short-summary": page.summary,
            "long-summary": page.text,
            "examples": [{"name": purpose, "text": lines_of(command)} for purpose, command in page.examples],
        }
    )


helps.update({f"vmss-flex {page.name}".strip(): _as_entry(page, "group") for page in group_pages()})
helps.update({f"vmss-flex {page.name}": _as_entry(page, "command") for page in pages()})

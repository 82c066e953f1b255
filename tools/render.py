"""The documents that are generated from the table, the help and the code.

Writes docs/equivalence.md, docs/commands.md, docs/roles/, docs/schemas/ and parts of docs/performance.md,
docs/permissions.md and docs/reliability.md.
`python -m tools.render --check` writes nothing and fails if a file is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from typing import Any

import yaml
from knack.help_files import helps

from azext_flexcompare import _help  # noqa: F401  (importing it registers the help texts)
from azext_flexcompare._params import load_arguments
from azext_flexcompare.planning.engines import ENGINES
from azext_flexcompare.table.comparison import compare_rows
from azext_flexcompare.table.entries import cite, facts, operations
from tools import faults, fleet, permissions, schemas

ROOT = Path(__file__).parent.parent
EQUIVALENCE, COMMANDS = ROOT / "docs" / "equivalence.md", ROOT / "docs" / "commands.md"
PERFORMANCE, RELIABILITY = ROOT / "docs" / "performance.md", ROOT / "docs" / "reliability.md"
PERMISSIONS, ROLES = ROOT / "docs" / "permissions.md", ROOT / "docs" / "roles"
READER, OPERATOR = ROLES / "reader.json", ROLES / "operator.json"
GENERATED = (
    *(EQUIVALENCE, COMMANDS, PERFORMANCE, RELIABILITY, PERMISSIONS, READER, OPERATOR),
    *(schemas.README, *schemas.GENERATED),
)
GROUP = "vmss-flex"


def table(headings: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Format a Markdown table."""
    names = list(headings)
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines) + "\n"


def equivalence() -> str:
    """Format the whole table as a page."""
    page = facts()["page"]
    return "\n".join(
        [
            "# APIs of Uniform scale sets on Flexible ones",
            "",
            "Generated from `azext_flexcompare/table/equivalence.json` by `make table`; do not edit.",
            "",
            f"The page is Microsoft's *{page['title']}*, edition {page['edition']}.",
            f"Newer facts were checked on {page['checked']}. This project has tried none of them on Azure.",
            "",
            *_vocabulary(),
            "## Rows of the page",
            "",
            *(_api(api) for api in compare_rows(None, None, None)),
            "## Operations",
            "",
            "Each sends one call for each selected instance.",
            "",
            _operations(),
            "### Other engines",
            "",
            "The calls that `--engine set` and `--engine bulk` send instead.",
            "",
            _engines(),
            "## Commands of `az vmss`",
            "",
            "Every command of azure-cli 2.91.0, and what it does on a Flexible scale set.",
            "",
            _commands(),
        ]
    )


def performance_tables() -> dict[str, str]:
    """Format the generated parts of docs/performance.md, each under its name."""
    engines = (heading for engine in ENGINES for heading in (_code(engine), "at least"))
    principals = (f"{count} principal{'s' * (count > 1)}" for count in fleet.PRINCIPALS)
    spread = ("VMs", "Scale sets", "Subscriptions", "Regions of each", "Pages before")
    return {
        "dry run": fleet.dry_run(),
        "limits": table(("Requests", "Counted for", "At once", "Then per second", "Source"), fleet.limits()),
        "fleets": table((*spread, *engines), fleet.fleets()),
        "principals": table(("VMs", *principals), fleet.principals()),
    }


def reliability_tables() -> dict[str, str]:
    """Format the table of docs/reliability.md, under its name."""
    return {"matrix": table(faults.HEADINGS, faults.table_rows())}


def schema_tables() -> dict[str, str]:
    """Format the table of docs/schemas/README.md, under its name."""
    return {"list": table(("Schema", "What follows it"), schemas.table_rows())}


def permission_tables() -> dict[str, str]:
    """Format the tables of docs/permissions.md, each under its name."""
    return {
        "commands": table(("Command", "Beyond selecting instances"), permissions.command_rows()),
        "options": table(("Option", "Of", "More"), permissions.option_rows()),
    }


def role(path: Path) -> str:
    """Format the definition of a role as `az role definition create` reads it."""
    return json.dumps(permissions.role(path.stem), indent=2) + "\n"


PARTS = {
    PERFORMANCE: performance_tables,
    RELIABILITY: reliability_tables,
    PERMISSIONS: permission_tables,
    schemas.README: schema_tables,
}


class Arguments:
    """A stand-in for the CLI's loader that keeps the options of each scope."""

    def __init__(self) -> None:
        self.scopes: dict[str, dict[str, tuple[list[str], str]]] = {}

    @contextmanager
    def argument_context(self, scope: str) -> Iterator[Arguments]:
        """Open a scope: a command, a group, or all commands."""
        self._told = self.scopes.setdefault(scope, {})
        yield self

    def argument(self, dest: str, *_: Any, **settings: Any) -> None:
        """Add an option, with its names and its help."""
        names = settings.get("options_list") or [f"--{dest.replace('_', '-')}"]
        if "help" in settings:
            self._told[dest] = (names, settings["help"])

    def positional(self, dest: str, *_: Any, **settings: Any) -> None:
        """Add a positional argument, as the help shows it."""
        self._told[dest] = ([f"<{dest.upper()}>"], settings["help"])

    def rows(self, scope: str) -> list[tuple[str, str]]:
        """List the options of a scope and their help."""
        return [(_code(" ".join(names)), help_) for names, help_ in self.scopes.get(scope, {}).values()]


def commands() -> str:
    """Format the help of every command as a page."""
    arguments = Arguments()
    load_arguments(arguments, "")
    return "\n".join(
        [
            "# Commands",
            "",
            "Generated from the help by `make table`; do not edit. `az vmss-flex NAME -h` shows the same, with the",
            "values and the default of every option.",
            "",
            *(_page(name, yaml.safe_load(helps[name]), arguments) for name in sorted(helps) if name.startswith(GROUP)),
        ]
    )


def content_of(path: Path) -> str:
    """Return what a file should contain; parts written by hand stay as they are."""
    if path in (EQUIVALENCE, COMMANDS):
        return equivalence() if path == EQUIVALENCE else commands()
    if path in schemas.GENERATED:
        return schemas.content_of(path)
    if path.parent == ROLES:
        return role(path)
    text = path.read_text(encoding="utf-8")
    for name, part in PARTS[path]().items():
        begin, end = f"<!-- the {name} begins: `make table` writes it -->", f"<!-- the {name} ends -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n\n{part}\n{end}{rest.partition(end)[2]}"
    return text


def main() -> int:
    """Write the files, or with --check compare them; return 1 if one is stale."""
    stale = [path for path in GENERATED if not path.exists() or path.read_text("utf-8") != content_of(path)]
    for path in stale:
        if "--check" in sys.argv:
            print(f"{path.relative_to(ROOT)} is stale: run `make table`")
        else:
            path.write_text(content_of(path), encoding="utf-8")
    return int("--check" in sys.argv and bool(stale))


def _vocabulary() -> Iterable[str]:
    schema = json.loads((ROOT / "azext_flexcompare" / "table" / "equivalence.schema.json").read_text("utf-8"))
    for word in ("support", "evidence", "onFlexible"):
        meaning, *values = schema["$defs"][word]["description"].split(". ")
        yield f"**{word}**: {'. '.join([meaning, *values])}\n"


def _page(name: str, entry: dict[str, Any], arguments: Arguments) -> str:
    own = arguments.rows(name)
    examples = [f"{one['name']}\n\n{indent(one['text'], '    ')}\n" for one in entry.get("examples", ())]
    options = [table(("Options of most commands" if name == GROUP else "Options", "Description"), own)] if own else []
    text = f"```text\n{entry['long-summary'].strip()}\n```\n"
    return "\n".join([f"## az {name}", "", f"{entry['short-summary']}\n", text, *options, *examples])


def _api(api: dict[str, Any]) -> str:
    rows = [
        ("Page", api["flexible"]),
        ("Today", api["today"] or "as on the page"),
        ("Command", _code(api["azVmssFlex"]) or "none yet"),
        ("`az vmss`", ", ".join(_code(name) for name in api["azVmss"]) or "no command"),
        ("Support", api["support"]),
        ("Evidence", f"{api['evidence']}: {api['source']}"),
        *([("Notes", api["notes"])] if api["notes"] else []),
    ]
    return f"### {api['section']}: {api['uniform']}\n\n`{api['uniformApi']}`\n\n{table(('', ''), rows)}"


def _operations() -> str:
    rows = (
        (_code(f"az vmss-flex {one.name}"), _code(one.request.replace("{vm}", "virtualMachines/NAME")), one.summary,
         one.risk, f"{one.evidence}: {cite(one.source)}")
        for one in operations()
    )  # fmt: skip
    return table(("Command", "Sends", "Summary", "Risk", "Evidence"), rows)


def _engines() -> str:
    rows = (
        (_code(f"az vmss-flex {one.name} --engine {name}"), _code(way.get("request") or way["verb"]),
         f"{way['evidence']}: {cite(way['source'])}")
        for one in operations() for name, way in (one.engines or {}).items()
    )  # fmt: skip
    return table(("Command", "Sends", "Evidence"), rows)


def _commands() -> str:
    rows = (
        (_code(f"az vmss {one['name']}"), one["onFlexible"], one["today"], _code(one["instead"]),
         f"{one['evidence']}: {cite(one['source'])}")
        for one in facts()["commands"]
    )  # fmt: skip
    return table(("Command", "On Flexible", "What it does", "Use instead", "Evidence"), rows)


def _code(text: str | None) -> str:
    return f"`{text}`" if text else ""


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())

"""What does the help of each command say? Every page is put together from the table."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill
from typing import Any, NamedTuple

from azext_flexcompare.table.entries import Operation, Other, Refusal, facts, operations, others, refusals, rows_served

TOPICS = ("Learn", "Look", "Power", "Repair", "Change", "Extend", "Reach", "Protect", "Remove")
WIDTH = 72  # a terminal has 80 columns, and the CLI indents by 8
LABEL = 9
UNBROKEN = "\xa0"
GRADES = {
    "recorded": "seen in recorded Azure traffic",
    "documented": "documented by Microsoft",
    "reported": "reported by users of Azure",
    "unverified": "not verified by anybody",
}
INTRODUCTION = (
    "Each chosen instance is sent its call, watched to its end, and has an outcome of its own. Instances are chosen by "
    "-g and -n, or --ids, and narrowed by --instance-ids, --zone, --tag and others; --dry-run tells what an operation "
    "would do."
)
EXITS = (
    "0 all is well; 1 refused before anything was sent; 2 wrong usage; 3 no such scale set; 4 some instances failed; "
    "5 stopped early; 130 interrupted."
)
FIRST = "first the set and its VMs are read"


class Page(NamedTuple):
    """One page of help; `told` is what it says under which label, and examples are pairs of purpose and command."""

    name: str
    summary: str
    told: list[tuple[str, str]]
    examples: list[tuple[str, str]]

    @property
    def text(self) -> str:
        """Lay out what is told in the columns of a narrow terminal."""
        return "\n".join(_labelled(label, text) for label, text in self.told if text).replace(UNBROKEN, " ")


def pages() -> list[Page]:
    """List the pages of all commands."""
    return [
        *(_of_operation(one) for one in operations()),
        *(_of_other(one) for one in others()),
        *(_of_refusal(one) for one in refusals()),
    ]


def group_pages() -> list[Page]:
    """List the pages of the groups: first that of `az vmss-flex`, which is a map of the commands."""
    below = [Page(one["name"], one["summary"], [("", one["notes"])], []) for one in facts()["groups"]]
    return [Page("", "Do to a Flexible scale set what `az vmss` does to a Uniform one.", _map(), []), *below]


def _map() -> list[tuple[str, str]]:
    names: dict[str, list[str]] = {topic: [] for topic in TOPICS}
    for name, topic in [*((one.name, one.topic) for one in operations()), *((one.name, one.topic) for one in others())]:
        names[topic].append(_unbroken(name))
    return [
        ("", INTRODUCTION),
        *((topic, ", ".join(sorted(found))) for topic, found in names.items()),
        ("Refused", ", ".join(one.name for one in refusals()) + "; each says why"),
        ("Exit", EXITS),
        (
            "Known",
            "Built without an Azure subscription: `az vmss-flex compare` grades what is known of each operation.",
        ),
    ]


def _unbroken(name: str) -> str:
    return name.replace(" ", UNBROKEN)


def _of_operation(operation: Operation) -> Page:
    told = [
        ("Sends", _request(operation.request)),
        ("Calls", _calls(operation)),
        *_engines(operation),
        ("Acts on", _scope(operation)),
        ("At risk", operation.risk),
        ("Note", operation.notes or ""),
        ("Known", f"That Azure takes this call for a Flexible instance is {GRADES[operation.evidence]}."),
        ("Page", _rows(operation.name)),
    ]
    everyone = "" if operation.everyInstance else "--instance-ids '*'"
    fixed = ["{set}", operation.example]
    examples = [
        {"name": "Act on two instances.", "text": " ".join(filter(None, [*fixed, "--instance-ids web_1a2b web_3c4d"]))},
        {"name": "See which instances of zone 1 it would act on.",
         "text": " ".join(filter(None, [*fixed, everyone, "--zone 1 --dry-run"]))},
        *operation.examples,
    ]  # fmt: skip
    return Page(operation.name, operation.summary, told, _examples(operation.name, examples))


def _of_other(other: Other) -> Page:
    told = [
        ("Sends", other.sends),
        ("Calls", other.calls),
        ("At risk", other.risk),
        ("Note", other.notes or ""),
        ("Page", "Every row." if other.name == "compare" else _rows(other.name)),
    ]
    return Page(other.name, other.summary, told, _examples(other.name, other.examples))


def _of_refusal(refusal: Refusal) -> Page:
    told = [
        ("Sends", "Nothing."),
        ("Calls", "None; it exits with 1 and says why."),
        ("Why", refusal.because),
        ("Instead", refusal.instead),
        ("At risk", "Nothing is changed."),
        ("Page", _rows(refusal.name)),
    ]
    examples = [
        {"name": "Read why not.", "text": "{set}"},
        {"name": "It takes the options of an operation, so that a script gets the reason.",
         "text": "{set} --instance-ids '*'"},
    ]  # fmt: skip
    return Page(refusal.name, refusal.summary, told, _examples(refusal.name, examples))


def _request(request: str) -> str:
    return request.replace("{vm}", "virtualMachines/VM").replace("{set}", "virtualMachineScaleSets/SET")


def _calls(operation: Operation) -> str:
    each = "One for each scale set, naming its instances" if operation.target == "set" else "One for each instance"
    return f"{each}{', and a few to see it end' if operation.is_long else ''}; {FIRST}."


def _scope(operation: Operation) -> str:
    whole = (
        "Every instance, unless --instance-ids or a filter says which."
        if operation.everyInstance
        else "What --instance-ids names; `*` is every instance."
    )
    return f"{whole} It asks first, unless --yes is given." if operation.confirm else whole


def _engines(operation: Operation) -> list[tuple[str, str]]:
    told = {
        "set": "With --engine set, one call for each scale set: {request}",
        "bulk": "With --engine bulk, a call for each 100 instances, by Azure's bulk operations: {verb}",
    }
    return [
        ("Or", _request(told[name].format(**way)) + f"; that is {GRADES[way['evidence']]}.")
        for name, way in (operation.engines or {}).items()
    ]


def _rows(command: str) -> str:
    served = [f"{api['section']}: {api['uniform']} ({api['support']})" for api in rows_served(command)]
    return f"{'; '.join(served) or 'No row'}."


def _examples(command: str, examples: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    option = "--vmss-name" if command.startswith("extension ") else "-n"  # as in `az vmss extension`
    chosen = f"-g rg {option} web"
    return [(one["name"], f"az vmss-flex {command} {one['text'].replace('{set}', chosen)}") for one in examples]


def _labelled(label: str, text: str) -> str:
    first, later = (label.ljust(LABEL), " " * LABEL) if label else ("", "")
    laid_out = fill(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False, break_long_words=False
    )
    return laid_out if label else f"{laid_out}\n"

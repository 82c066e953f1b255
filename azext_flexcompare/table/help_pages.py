"""The help of every command and group, composed from the entries of the table."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill
from typing import Any, NamedTuple

from azext_flexcompare.table.entries import Operation, Other, Refusal, facts, operations, others, refusals, rows_served

TOPICS = ("Migrate", "Inspect", "Power", "Repair", "Update", "Extend", "Connect", "Protect", "Delete")
WIDTH = 72  # a terminal has 80 columns, and the CLI indents by 8
LABEL = 9
UNBROKEN = "\xa0"
GRADES = {
    "recorded": "seen in recorded Azure traffic",
    "documented": "documented by Microsoft",
    "reported": "reported by users of Azure",
    "unverified": "not verified",
}
INTRODUCTION = (
    "Each selected instance gets its own request, is polled until it ends, and has its own outcome. Select instances "
    "with -g and -n, or --ids, and narrow the selection with --instance-ids, --zone, --tag and others. --dry-run "
    "shows what an operation would do."
)
EXITS = (
    "0: success. 1: refused before any change. 2: wrong usage. 3: scale set not found. 4: some instances failed. "
    "5: stopped early. 130: interrupted."
)
NAMED = ("extension ", "nic show", "run-command ")  # whose --name is of something else, as in `az vmss`
PRINTS = "An object for each instance, in the order selected: status, error, time and others"
READS_FIRST = "the set and its VMs are read first"


class Page(NamedTuple):
    """One page of help: paragraphs, each with its label, and examples, each a purpose and a command."""

    name: str
    summary: str
    paragraphs: list[tuple[str, str]]
    examples: list[tuple[str, str]]

    @property
    def text(self) -> str:
        """Return the paragraphs in the columns of a narrow terminal."""
        return "\n".join(_labelled(label, text) for label, text in self.paragraphs if text).replace(UNBROKEN, " ")


def pages() -> list[Page]:
    """List the pages of all commands."""
    return [
        *(_of_operation(one) for one in operations()),
        *(_of_other(one) for one in others()),
        *(_of_refusal(one) for one in refusals()),
    ]


def group_pages() -> list[Page]:
    """List the pages of the groups; the first is that of `az vmss-flex`, with the commands by topic."""
    below = [Page(one["name"], one["summary"], [("", one["notes"])], []) for one in facts()["groups"]]
    summary = "Manage instances of Flexible scale sets, as `az vmss` does for Uniform ones."
    return [Page("", summary, _map(), []), *below]


def _map() -> list[tuple[str, str]]:
    names: dict[str, list[str]] = {topic: [] for topic in TOPICS}
    for name, topic in [
        *((one.words, one.topic) for one in operations()),
        *((one.name, one.topic) for one in others()),
    ]:
        names[topic].append(_unbroken(name))
    return [
        ("", INTRODUCTION),
        *((topic, ", ".join(sorted(found))) for topic, found in names.items()),
        ("Refused", ", ".join(one.name for one in refusals())),
        ("Exit", EXITS),
        (
            "Evidence",
            "Developed without an Azure subscription. `az vmss-flex compare` shows the evidence for each operation.",
        ),
    ]


def _unbroken(name: str) -> str:
    return name.replace(" ", UNBROKEN)


def _of_operation(operation: Operation) -> Page:
    paragraphs = [
        ("Requests", _requests(operation)),
        ("Risk", operation.risk),
        ("Scope", _scope(operation)),
        *_engines(operation),
        ("Output", f"{PRINTS}{', and output' if operation.returns else ''}."),
        ("Notes", operation.notes or ""),
        ("Evidence", f"For an instance of a Flexible set the request is {GRADES[operation.evidence]}."),
        ("Page", _rows(operation.name)),
    ]
    everyone = "" if operation.everyInstance else "--instance-ids '*'"
    fixed = ["{set}", operation.example]
    result = "output" if operation.returns else "outcome"
    plan = operation.does.format(instances="the instances in zone 1")
    examples = [
        {"name": f"{operation.does.format(instances='two instances')}, and print each {result}.",
         "text": " ".join(filter(None, [*fixed, "--instance-ids web_1a2b web_3c4d"]))},
        {"name": f"Print the plan to {plan[0].lower()}{plan[1:]}.",
         "text": " ".join(filter(None, [*fixed, everyone, "--zone 1 --dry-run"]))},
        *operation.examples,
    ]  # fmt: skip
    return Page(operation.words, operation.summary, paragraphs, _examples(operation.words, examples))


def _of_other(other: Other) -> Page:
    paragraphs = [
        ("Requests", other.requests),
        ("Risk", other.risk),
        ("Output", other.prints),
        ("Notes", other.notes or ""),
        ("Page", "Every row." if other.name == "compare" else _rows(other.name)),
    ]
    return Page(other.name, other.summary, paragraphs, _examples(other.name, other.examples))


def _of_refusal(refusal: Refusal) -> Page:
    paragraphs = [
        ("Requests", "None. The command fails with exit status 1 and explains why."),
        ("Risk", "None. Nothing is changed."),
        ("Output", "Nothing."),
        ("Reason", refusal.because),
        ("Instead", refusal.instead),
        ("Page", _rows(refusal.name)),
    ]
    examples = [
        {"name": "Print the reason as an error.", "text": "{set}"},
        {"name": "Print the reason in a script that selects instances.", "text": "{set} --instance-ids '*'"},
    ]
    return Page(refusal.name, refusal.summary, paragraphs, _examples(refusal.name, examples))


def _request(request: str) -> str:
    return request.replace("{vm}", "virtualMachines/VM").replace("{set}", "virtualMachineScaleSets/SET")


def _requests(operation: Operation) -> str:
    each = "scale set" if operation.target == "set" else "instance"
    polls = ", and a few polls" if operation.is_long else ""
    return f"One {_request(operation.request)} for each {each}{polls}; {READS_FIRST}."


def _scope(operation: Operation) -> str:
    scope = (
        "All instances, unless you use --instance-ids or a filter."
        if operation.everyInstance
        else "The instances in --instance-ids; `*` selects all."
    )
    return f"{scope} Prompts for confirmation, unless you use --yes." if operation.confirm else scope


def _engines(operation: Operation) -> list[tuple[str, str]]:
    texts = {
        "set": "--engine set sends one {request} for each scale set",
        "bulk": "--engine bulk sends one bulk request ({verb}) for each 100 instances",
    }
    return [
        ("Engine", f"{_request(texts[name].format(**way))}: {GRADES[way['evidence']]}.")
        for name, way in (operation.engines or {}).items()
    ]


def _rows(command: str) -> str:
    served = [f"{api['section']}: {api['uniform']} ({api['support']})" for api in rows_served(command)]
    return f"{'; '.join(served) or 'No row'}."


def _examples(command: str, examples: Iterable[dict[str, Any]]) -> list[tuple[str, str]]:
    option = "--vmss-name" if command.startswith(NAMED) and command != "run-command invoke" else "-n"
    chosen = f"-g rg {option} web"
    return [(one["name"], f"az vmss-flex {command} {one['text'].replace('{set}', chosen)}") for one in examples]


def _labelled(label: str, text: str) -> str:
    first, later = (label.ljust(LABEL), " " * LABEL) if label else ("", "")
    filled = fill(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False, break_long_words=False
    )
    return filled if label else f"{filled}\n"

"""What do the help texts say? Those of the table's commands are put together from the table."""

from __future__ import annotations

import json

from knack.help_files import helps

from azext_flexcompare.table import Operation, Refusal, operations, refusals

FLEX = "-g MyResourceGroup -n MyScaleSet"

GRADES = {
    "recorded": "seen in recorded Azure traffic",
    "documented": "documented by Microsoft",
    "reported": "reported by users of Azure",
    "unverified": "not verified by anybody",
}

helps["vmss-flex"] = """
type: group
short-summary: Operate on the instances of a Flexible virtual machine scale set, as `az vmss` does on a Uniform one.
long-summary: >
    Every operation is sent to each chosen instance and watched to its end; each instance has its own outcome.
    Exit status 0 is all well, 4 that some instances failed, 130 that the run was interrupted.
    Built without an Azure subscription: `az vmss-flex compare` grades what is known of each operation.
"""

helps["vmss-flex compare"] = """
type: command
short-summary: Show what each API of a Uniform scale set becomes on a Flexible one.
long-summary: >
    One row for each API of Microsoft's page "Orchestration modes API comparison": what the page says, what holds today
    where it differs, and how well that is known. Needs no login and no network.
examples:
  - name: Show the whole table.
    text: az vmss-flex compare -o table
  - name: Show what becomes of restarting.
    text: az vmss-flex compare --operation restart
"""

helps["vmss-flex list-instances"] = f"""
type: command
short-summary: List instances with zone, fault domain and power state.
long-summary: >
    Reads the set and its list of virtual machines, two requests and one for each further page.
examples:
  - name: List the instances of a scale set.
    text: az vmss-flex list-instances {FLEX} -o table
  - name: Print the ids of the running ones in zone 1.
    text: az vmss-flex list-instances {FLEX} --zone 1 --power-state running --query [].id -o tsv
"""

helps["vmss-flex show"] = f"""
type: command
short-summary: Show instances whole, as `az vm show` does, with their instance views.
long-summary: >
    Reads the set and its list of virtual machines, two requests and one for each further page.
examples:
  - name: Show one instance.
    text: az vmss-flex show {FLEX} --instance-ids MyScaleSet_1a2b3c4d
  - name: Show the instances of a zone.
    text: az vmss-flex show {FLEX} --zone 2
"""

helps["vmss-flex get-instance-view"] = f"""
type: command
short-summary: Show the instance view of every instance, or of those chosen.
long-summary: >
    Reads the set and its list of virtual machines, two requests and one for each further page; the scale set's own
    instance view is refused by Azure for Flexible sets.
examples:
  - name: Show the power state and agent of every instance.
    text: az vmss-flex get-instance-view {FLEX} -o table
  - name: Show the view of one instance.
    text: az vmss-flex get-instance-view {FLEX} --instance-ids MyScaleSet_1a2b3c4d
"""


def _operation_help(operation: Operation) -> str:
    whole = (
        "Every instance, unless --instance-ids or a filter says which."
        if operation.everyInstance
        else ("--instance-ids must say which; `*` is every instance.")
    )
    long = [
        f"Sends `{operation.request.replace('{vm}', 'virtualMachines/NAME')}` once for each instance and watches it.",
        whole,
        operation.risk,
        *([operation.notes] if operation.notes else []),
        "Asks first, unless --yes is given." if operation.confirm else "",
        f"That Azure takes this call for a Flexible instance is {GRADES[operation.evidence]}.",
    ]
    command, named = f"az vmss-flex {operation.name} {FLEX}", "--instance-ids MyScaleSet_1a2b3c4d MyScaleSet_5e6f7a8b"
    first = {"name": "Act on two instances.", "text": f"{command} {named}"}
    second = {"name": "See which instances of zone 1 it would act on.", "text": f"{command} --zone 1 --dry-run"}
    if not operation.everyInstance:
        second["text"] = f"{command} --instance-ids '*' --zone 1 --dry-run"
    return _text(operation.summary, " ".join(filter(None, long)), [first, second])


def _refusal_help(refusal: Refusal) -> str:
    example = {"name": "Read why not.", "text": f"az vmss-flex {refusal.name} {FLEX}"}
    return _text(refusal.summary, f"{refusal.because} {refusal.instead}", [example])


def _text(summary: str, long: str, examples: list[dict[str, str]]) -> str:
    # JSON is YAML, and quotes whatever the table says.
    return json.dumps({"type": "command", "short-summary": summary, "long-summary": long, "examples": examples})


helps.update({f"vmss-flex {operation.name}": _operation_help(operation) for operation in operations()})
helps.update({f"vmss-flex {refusal.name}": _refusal_help(refusal) for refusal in refusals()})

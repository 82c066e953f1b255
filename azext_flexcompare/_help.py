"""What do the help texts say? Those of the table's commands are put together from the table."""

from __future__ import annotations

import json

from knack.help_files import helps

from azext_flexcompare.table import Operation, Refusal, operations, refusals

FLEX = "-g MyResourceGroup -n MyScaleSet"
NAT = f"{FLEX} --lb-name MyLb --backend-port 22"

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
    With a scale set it checks the rows against it: to how many of its instances each applies now, and why not to the
    others; that reads the set, its list of virtual machines and one list of locks.
examples:
  - name: Show the whole table.
    text: az vmss-flex compare -o table
  - name: Show what becomes of restarting.
    text: az vmss-flex compare --operation restart
  - name: Show what becomes of every `az vmss` command.
    text: az vmss-flex compare --by command -o table
  - name: Check the rows against a scale set.
    text: az vmss-flex compare -g MyResourceGroup -n MyScaleSet -o table
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
    Reads the set and its list of virtual machines, and the scale set's view of each chosen instance. What stands under
    `scaleSetView`, whether the instance is on the latest model and how the set protects it, only the scale set knows;
    all the rest is the VM's own.
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


helps["vmss-flex translate"] = """
type: command
short-summary: Rewrite the `az vmss` calls of a shell script that behave differently on Flexible sets.
long-summary: >
    Prints the script; standard error lists the calls that need a person, and why. What cannot be proven is left as it
    is. `--yes` is added where ours asks first. Exit status 0 is nothing left to do, 4 that a call needs a person.
    Needs no login and no network.
examples:
  - name: See what would change.
    text: az vmss-flex translate --file deploy.sh --diff
  - name: Translate what comes from standard input.
    text: az vmss-flex translate
"""

helps["vmss-flex extension"] = """
type: group
short-summary: Manage VM extensions on the instances themselves; `az vmss extension` edits the model of the set.
"""

helps["vmss-flex extension list"] = """
type: command
short-summary: List the extensions of instances.
long-summary: Reads the set and its list of virtual machines, and one list of extensions for each chosen instance.
examples:
  - name: List what the instances of a scale set have.
    text: az vmss-flex extension list -g MyResourceGroup --vmss-name MyScaleSet -o table
  - name: List what one instance has.
    text: az vmss-flex extension list -g MyResourceGroup --vmss-name MyScaleSet --instance-ids MyScaleSet_1a2b3c4d
"""

helps["vmss-flex extension show"] = """
type: command
short-summary: Show one extension of each instance, with its instance view.
long-summary: >
    Reads the set and its list of virtual machines, and the extension of each chosen instance. Where an instance has
    none of that name, `extension` is null; where no instance has, the exit status is 3.
examples:
  - name: Show the state of an extension on every instance.
    text: az vmss-flex extension show -g MyResourceGroup --vmss-name MyScaleSet -n customScript -o table
  - name: Show it on the instances of a zone.
    text: az vmss-flex extension show -g MyResourceGroup --vmss-name MyScaleSet -n customScript --zone 1
"""

helps["vmss-flex nat-rule"] = """
type: group
short-summary: Manage inbound NAT rules that lead to single instances.
long-summary: >
    Azure has two kinds of them. A rule of its own for each instance is what these commands make: its port stays as it
    is, and it can be for some instances only. A NAT rule v2 is one rule over a whole backend pool, and gives every
    machine in it, later ones too, a port of a range: the better choice where all instances are to be reached and the
    set scales, and what `az vmss create` makes by default. It is made by
    `az network lb inbound-nat-rule create --backend-pool-name --frontend-port-range-start --frontend-port-range-end`.
"""

helps["vmss-flex nat-rule create"] = f"""
type: command
short-summary: Give each instance an inbound NAT rule of its own on a load balancer.
long-summary: >
    Every instance, unless --instance-ids or a filter says which. The load balancer is changed in one PUT for all of
    them, and only if nobody else has changed it since it was read; then the primary network interface of each instance
    refers to its rule, `NAME-PORT`. An instance that has a rule for that port and protocol keeps it, so that the
    command can be repeated. With --no-wait the load balancer is still waited for, and the network interfaces are not.
    Where a NAT rule v2 over a backend pool would serve all the instances, that is said on standard error.
    What is sent is documented by Microsoft; nobody has tried it with this extension.
examples:
  - name: Make port 22 of every instance reachable from port 50000 on.
    text: az vmss-flex nat-rule create {NAT} --frontend-port-start 50000
  - name: See which ports the instances of zone 1 would get.
    text: az vmss-flex nat-rule create {NAT} --frontend-port-start 50000 --zone 1 --dry-run
"""

helps["vmss-flex nat-rule delete"] = f"""
type: command
short-summary: Take away again the NAT rules that `nat-rule create` made.
long-summary: >
    Every instance, unless --instance-ids or a filter says which; asks first, unless --yes is given. The network
    interfaces drop their references, then the load balancer is changed in one PUT. Rules with other names, of other
    machines and over backend pools stay. With --no-wait the network interfaces are still waited for, and the load
    balancer is not.
examples:
  - name: Take away the rules for port 22.
    text: az vmss-flex nat-rule delete {NAT}
  - name: Take away every rule of one instance.
    text: az vmss-flex nat-rule delete {FLEX} --lb-name MyLb --instance-ids MyScaleSet_1a2b3c4d --yes
"""

helps["vmss-flex wait"] = f"""
type: command
short-summary: Wait until instances are in a state, or until the operations of a job log have ended.
long-summary: |-
    Returns one row for each instance: Succeeded once it is as awaited, TimedOut after --timeout, Failed where its
    provisioning failed or it is gone. Only reads. The exit status is that of an operation: 0, or 4.
examples:
  - name: Wait until all are running.
    text: az vmss-flex wait {FLEX} --power-state running
  - name: Wait for what a run with --no-wait has begun.
    text: az vmss-flex wait --job-log restart.jsonl
"""

helps["vmss-flex nat-rule list"] = f"""
type: command
short-summary: List every NAT rule that leads to instances, with the address and port to connect to.
long-summary: >
    Reads the set and its list of virtual machines, one list of network interfaces for each resource group, and each
    load balancer to which they refer, or only --lb-name. Rules over a backend pool are listed too, with `v2` true;
    their port is null where Azure does not tell it with the load balancer, and `az network lb list-mapping` shows it.
examples:
  - name: List how to reach the instances.
    text: az vmss-flex nat-rule list {FLEX} -o table
  - name: Print address and port of each.
    text: az vmss-flex nat-rule list {FLEX} --query "[].[instance,frontendAddress,frontendPort]" -o tsv
"""

helps["vmss-flex protection"] = """
type: group
short-summary: Keep instances from being deleted or changed, by resource locks or by the scale set's own protection.
"""

helps["vmss-flex protection show"] = f"""
type: command
short-summary: Show every lock that holds for instances, inherited ones too, and the scale set's own protection.
long-summary: >
    Reads the set and its list of virtual machines, one list of locks, and the scale set's view of each instance.
examples:
  - name: Show what protects the instances of a scale set.
    text: az vmss-flex protection show {FLEX} -o table
  - name: Print the names of the locked ones.
    text: az vmss-flex protection show {FLEX} --query "[?locks].instance" -o tsv
"""

helps["vmss-flex set-orchestration-service-state"] = f"""
type: command
short-summary: Suspend or resume a service of the scale set, such as automatic repairs.
long-summary: >
    Sends one call of the scale set, `POST setOrchestrationServiceState`, and watches it. Microsoft documents automatic
    repairs for Flexible sets; that this call is taken there is not verified by anybody.
examples:
  - name: Suspend the automatic repairs of a scale set.
    text: az vmss-flex set-orchestration-service-state {FLEX} --service-name AutomaticRepairs --action Suspend
  - name: Resume them.
    text: az vmss-flex set-orchestration-service-state {FLEX} --service-name AutomaticRepairs --action Resume
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
        *_engines(operation),
    ]
    flex = FLEX.replace("-n", "--vmss-name") if "--name" in operation.example else FLEX
    command = " ".join(filter(None, ["az vmss-flex", operation.name, flex, operation.example]))
    named = "--instance-ids MyScaleSet_1a2b3c4d MyScaleSet_5e6f7a8b"
    first = {"name": "Act on two instances.", "text": f"{command} {named}"}
    second = {"name": "See which instances of zone 1 it would act on.", "text": f"{command} --zone 1 --dry-run"}
    if not operation.everyInstance:
        second["text"] = f"{command} --instance-ids '*' --zone 1 --dry-run"
    return _text(operation.summary, " ".join(filter(None, long)), [first, second])


def _engines(operation: Operation) -> list[str]:
    ways = operation.engines or {}
    told = {
        "set": "With --engine set one call of each set, `{request}`, names its instances",
        "bulk": "With --engine bulk Azure's bulk operations take up to 100 instances a call (verb {verb})",
    }
    return [f"{told[name].format(**way)}; that is {GRADES[way['evidence']]}." for name, way in ways.items()]


def _refusal_help(refusal: Refusal) -> str:
    example = {"name": "Read why not.", "text": f"az vmss-flex {refusal.name} {FLEX}"}
    return _text(refusal.summary, f"{refusal.because} {refusal.instead}", [example])


def _text(summary: str, long: str, examples: list[dict[str, str]]) -> str:
    # JSON is YAML, and quotes whatever the table says.
    return json.dumps({"type": "command", "short-summary": summary, "long-summary": long, "examples": examples})


helps.update({f"vmss-flex {operation.name}": _operation_help(operation) for operation in operations()})
helps.update({f"vmss-flex {refusal.name}": _refusal_help(refusal) for refusal in refusals()})

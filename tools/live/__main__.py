"""The commands `python -m tools.live check`, which compares, and `grade`, which reads the file of a check."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from azure.cli.core.azclierror import AzCLIError, NoTTYError, RequiredArgumentMissingError, ValidationError
from knack.util import CLIError

from azext_flexcompare.table.entries import facts
from tools.live import findings, grading
from tools.live.claims import Read, Step, reads, steps
from tools.live.client import Login, log_in
from tools.live.comparison import DIFFERS, NOT_ASKED, Finding, not_asked
from tools.live.masking import make_masker
from tools.live.operations import Context, UnexpectedState, power_now, run_steps
from tools.live.output import COLUMNS, explain, lines_of
from tools.live.reads import read_all
from tools.live.target import Target, find_target

FILE = Path("build/live-check.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its status, 1 with an error in one sentence, or 130 if it was interrupted."""
    typed = _parser().parse_args(arguments)
    try:
        done: int = typed.run(typed)
    except CLIError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        for recommendation in getattr(error, "recommendations", ()):
            print(recommendation, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return done


def check(typed: argparse.Namespace) -> int:
    """Check a scale set; return 1 if the operations were not confirmed or the instance does not run at the end."""
    if not (typed.resource_group and typed.name):
        raise RequiredArgumentMissingError(
            "No scale set is named.", recommendation="make live-check RG=GROUP VMSS=SCALESET"
        )
    if typed.operate and not sys.stdin.isatty():
        raise NoTTYError(
            "Operations need a confirmation, and there is no terminal.",
            recommendation="Leave OPERATE out to read only, or run it in a terminal.",
        )
    login = log_in(typed.subscription)
    target = find_target(login.send, login.subscription, typed.resource_group, typed.name, instance=typed.instance)
    mask = make_masker(target.names())
    context = Context(login.send, time.sleep, target, mask)
    if typed.operate and power_now(context) != "running":
        raise ValidationError(
            f"{target.instance} is not running, and the operations begin with a running instance.",
            recommendation="Start it, or name another one with INSTANCE=NAME.",
        )
    print(f"Reading {target.scale_set} ({len(target.members)} instances) ...", flush=True)
    found = list(read_all(login.send, reads(), target, mask))
    well = _run_operations(context, found) if typed.operate else True
    print("\n".join(["", *lines_of(found, [*reads(), *steps()])]))
    _write(typed.output, login, found)
    return 0 if well else 1


def grade(typed: argparse.Namespace) -> int:
    """Print the evidence in a file; with --write, write it into the table."""
    report = findings.read(typed.file)
    table = facts()
    key, entry = source = grading.source_of(report, typed.url)
    found = grading.grades(report.findings)
    print("\n".join(grading.proposals(found, table)))
    claims: list[Read | Step] = [*reads(), *steps()]
    statements = {claim.id: claim.statement for claim in claims}
    for one in report.findings:
        if one.verdict == DIFFERS:
            print("\n".join(["", *explain(one, statements.get(one.id, "A claim that no longer exists."))]))
    print(f"\nUnder `sources`:\n  {json.dumps(key)}: {json.dumps(entry)}")
    new = grading.graded(table, found, source)
    gone = sorted(set(table["sources"]) - set(new["sources"]))
    if gone:
        print(f"No longer cited, and removed: {', '.join(gone)}")
    if typed.write:
        grading.save(new)
        print("Written to the table. Read `today` and `notes` of what changed, then: make table && make test")
    return 0


def _run_operations(context: Context, found: list[Finding]) -> bool:
    """Run the steps and add their findings; return whether the instance runs at the end."""
    todo = steps()
    if not _confirmed(context.target, todo):
        found += [not_asked(step, "not confirmed") for step in todo]
        print("Not confirmed: nothing was sent.")
        return False
    done: list[Finding] = []
    stopped = "the check was stopped"
    try:
        for finding in run_steps(context, todo):
            print(f"  {finding.id}: {finding.verdict}", flush=True)
            done.append(finding)
    except UnexpectedState as unexpected:
        stopped = f"the check stopped: {unexpected}"
        print(f"Stopped: {unexpected}.", file=sys.stderr)
    except AzCLIError as error:
        stopped = context.mask(f"the check stopped: {error}")
        print(f"Stopped: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
    finally:  # the user must learn the state of the instance in any case
        well = _is_up(context)
    found += [*done, *(not_asked(step, stopped) for step in todo[len(done) :])]
    return well


def _is_up(context: Context) -> bool:
    """Check that the instance runs; if it may not, print the command that starts it."""
    try:
        power = power_now(context)
    except CLIError:
        power = None
    if power == "running":
        return True
    target = context.target
    command = f"az vm start -g {target.group} -n {target.instance} --subscription {target.subscription}"
    print(f"{target.instance} is {power or 'in an unknown state'}. To start it: {command}", file=sys.stderr)
    return False


def _confirmed(target: Target, todo: Iterable[Step]) -> bool:
    sent = ", ".join(step.id for step in todo)
    print(f"\nInstance {target.instance} of {target.scale_set} in {target.group}, subscription {target.subscription}.")
    print("\n".join(textwrap.wrap(f"These are sent to it, one after the other: {sent}.", COLUMNS)))
    print("It is down for minutes at a time, and may move to another host and address.")
    try:
        return input(f"Type the name of the scale set to continue ({target.scale_set}): ").strip() == target.scale_set
    except EOFError:
        return False


def _write(path: Path, login: Login, found: list[Finding]) -> None:
    sent = {step.id for step in steps()}
    operated = any(one.id in sent and one.verdict != NOT_ASKED for one in found)
    date = datetime.now(timezone.utc).date().isoformat()
    findings.write(path, findings.Report(date, login.is_azure, login.version, operated, findings=found))
    print(f"Written to {path}, without ids, names, addresses or tokens.\nIt can be attached to an issue.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.live", description=__doc__)
    commands = parser.add_subparsers(required=True)
    checking = commands.add_parser("check", help="compare the claims with a scale set on Azure")
    checking.add_argument("-g", "--resource-group")
    checking.add_argument("-n", "--name", help="name of the scale set")
    checking.add_argument("--subscription")
    checking.add_argument("--instance", help="the instance to operate on; default: the first that runs")
    checking.add_argument("--operate", action="store_true", help="also operate on one instance, once confirmed")
    checking.add_argument("--output", type=Path, default=FILE, help=f"the file to write ({FILE})")
    checking.set_defaults(run=check)
    grading_ = commands.add_parser("grade", help="print the evidence in a file")
    grading_.add_argument("file", type=Path)
    grading_.add_argument("--url", help="where the file can be found, for the table")
    grading_.add_argument("--write", action="store_true", help="write the evidence into the table")
    grading_.set_defaults(run=grade)
    return parser


if __name__ == "__main__":
    sys.exit(main())

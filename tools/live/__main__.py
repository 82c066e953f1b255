"""How is a check run, and its file read again? `python -m tools.live check` and `python -m tools.live grade`."""

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
from tools.live.asking import Login, log_in
from tools.live.claims import Read, Step, reads, steps
from tools.live.comparing import DIFFERS, NOT_ASKED, Finding, not_asked
from tools.live.masking import make_masker
from tools.live.operating import Field, Surprise, carry_out, power_now
from tools.live.place import Place, find_place
from tools.live.printing import COLUMNS, explain, lines_of
from tools.live.reading import read_all

FILE = Path("build/live-check.json")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; one sentence and 1 where it cannot be done, 130 where it was interrupted."""
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
    """Ask, compare, print and write; returns 1 where the operations were not confirmed or left the instance down."""
    if not (typed.resource_group and typed.name):
        raise RequiredArgumentMissingError(
            "Which scale set is not said.", recommendation="make live-check RG=GROUP VMSS=SCALESET"
        )
    if typed.operate and not sys.stdin.isatty():
        raise NoTTYError(
            "Operations are confirmed on a terminal, and there is none.",
            recommendation="Leave OPERATE out to read only, or run it in a terminal.",
        )
    login = log_in(typed.subscription)
    place = find_place(login.ask, login.subscription, typed.resource_group, typed.name, typed.instance)
    mask = make_masker(place.names())
    field = Field(login.ask, time.sleep, place, mask)
    if typed.operate and power_now(field) != "running":
        raise ValidationError(
            f"{place.instance} does not run, and the operations begin with an instance that does.",
            recommendation="Start it, or name another one by INSTANCE=NAME.",
        )
    print(f"Reading {place.scale_set} ({len(place.members)} instances) ...", flush=True)
    found = list(read_all(login.ask, reads(), place, mask))
    well = _operate(field, found) if typed.operate else True
    print("\n".join(["", *lines_of(found, [*reads(), *steps()])]))
    _write(typed.output, login, found)
    return 0 if well else 1


def grade(typed: argparse.Namespace) -> int:
    """Print what a file is evidence of; with --write, put it into the table."""
    report = findings.read(typed.file)
    table = facts()
    key, entry = source = grading.source_of(report, typed.url)
    found = grading.grades(report.findings)
    print("\n".join(grading.proposals(found, table)))
    claims: list[Read | Step] = [*reads(), *steps()]
    says = {claim.id: claim.says for claim in claims}
    for one in report.findings:
        if one.verdict == DIFFERS:
            print("\n".join(["", *explain(one, says.get(one.id, "A claim that is no more."))]))
    print(f"\nUnder `sources`:\n  {json.dumps(key)}: {json.dumps(entry)}")
    new = grading.graded(table, found, source)
    gone = sorted(set(table["sources"]) - set(new["sources"]))
    if gone:
        print(f"No longer cited, and so to be left out: {', '.join(gone)}")
    if typed.write:
        grading.save(new)
        print("Written to the table. Read `today` and `notes` of what changed, then: make table && make test")
    return 0


def _operate(field: Field, found: list[Finding]) -> bool:
    """Add the findings of the steps; says whether all went so that the instance runs."""
    todo = steps()
    if not _confirmed(field.place, todo):
        found += [not_asked(step, "not confirmed") for step in todo]
        print("Not confirmed: nothing was sent.")
        return False
    done: list[Finding] = []
    stopped = "the check was stopped"
    try:
        for finding in carry_out(field, todo):
            print(f"  {finding.id}: {finding.verdict}", flush=True)
            done.append(finding)
    except Surprise as surprise:
        stopped = f"the check stopped: {surprise}"
        print(f"Stopped: {surprise}.", file=sys.stderr)
    except AzCLIError as error:
        stopped = field.mask(f"the check stopped: {error}")
        print(f"Stopped: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
    finally:  # whatever happened, the user is to know where it leaves the instance
        well = _is_up(field)
    found += [*done, *(not_asked(step, stopped) for step in todo[len(done) :])]
    return well


def _is_up(field: Field) -> bool:
    """Say whether the instance runs, and on standard error how to bring it back where it may not."""
    try:
        power = power_now(field)
    except CLIError:
        power = None
    if power == "running":
        return True
    place = field.place
    command = f"az vm start -g {place.group} -n {place.instance} --subscription {place.subscription}"
    print(f"{place.instance} is {power or 'in an unknown state'}. To bring it back: {command}", file=sys.stderr)
    return False


def _confirmed(place: Place, todo: Iterable[Step]) -> bool:
    sent = ", ".join(step.id for step in todo)
    print(f"\nInstance {place.instance} of {place.scale_set} in {place.group}, subscription {place.subscription}.")
    print("\n".join(textwrap.wrap(f"It is sent, one after the other: {sent}.", COLUMNS)))
    print("It is down for minutes at a time, and may get another host and address.")
    try:
        return input(f"Type the name of the scale set to go on ({place.scale_set}): ").strip() == place.scale_set
    except EOFError:
        return False


def _write(path: Path, login: Login, found: list[Finding]) -> None:
    sent = {step.id for step in steps()}
    operated = any(one.id in sent and one.verdict != NOT_ASKED for one in found)
    date = datetime.now(timezone.utc).date().isoformat()
    findings.write(path, findings.Report(date, login.is_azure, login.version, operated, found))
    print(f"Written to {path}, without ids, names, addresses or tokens.\nIt can be attached to an issue.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.live", description=__doc__)
    commands = parser.add_subparsers(required=True)
    checking = commands.add_parser("check", help="compare what is claimed with a scale set on Azure")
    checking.add_argument("-g", "--resource-group")
    checking.add_argument("-n", "--name", help="name of the scale set")
    checking.add_argument("--subscription")
    checking.add_argument("--instance", help="the instance to operate on; left out, the first that runs")
    checking.add_argument("--operate", action="store_true", help="also operate on one instance, once confirmed")
    checking.add_argument("--output", type=Path, default=FILE, help=f"the file to write ({FILE})")
    checking.set_defaults(run=check)
    grading_ = commands.add_parser("grade", help="say what a file is evidence of")
    grading_.add_argument("file", type=Path)
    grading_.add_argument("--url", help="where the file can be found, for the table")
    grading_.add_argument("--write", action="store_true", help="put the evidence into the table")
    grading_.set_defaults(run=grade)
    return parser


if __name__ == "__main__":
    sys.exit(main())

"""Command line of the simulator: `python -m armsim --vms 40` prints what to paste into a shell."""

from __future__ import annotations

import argparse
import json
import shlex
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armsim.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator until Ctrl-C or SIGTERM."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _simulator(options) as simulator, tempfile.TemporaryDirectory(prefix="armsim-az-") as config:
            for rule in _read(options.faults) or []:
                simulator.add_fault(rule)
            _announce(simulator, config, options.ready_file)
            threading.Event().wait()
    except KeyboardInterrupt:
        pass
    except (OSError, ValueError, TypeError) as error:
        print(f"armsim: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m armsim", description="Simulate Azure Resource Manager.")
    parser.add_argument("--vms", type=int, default=40, help="VMs of the Flexible scale set 'flex' (40)")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of an operation (5)")
    parser.add_argument("--port", type=int, default=0, help="port on the loopback interface (any free one)")
    parser.add_argument("--retry-after-ms", type=int, help="let clients poll this often where there is no Retry-After")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=JSON", help="other settings: limits=true")
    parser.add_argument("--world", type=Path, help="JSON description of another world")
    parser.add_argument("--faults", type=Path, help="JSON list of fault rules")
    parser.add_argument("--record", type=Path, help="append ARM traffic to this file, a line of JSON an exchange")
    parser.add_argument("--ready-file", type=Path, help="write url, ca_file, environment and login here, once serving")
    return parser


def _simulator(options: argparse.Namespace) -> Simulator:
    return Simulator(
        options.vms,
        world=_read(options.world),
        record=options.record,
        port=options.port,
        seconds=options.seconds,
        **{"retry_after_ms": options.retry_after_ms, **_settings(options.set)},
    )


def _settings(assignments: list[str]) -> dict[str, Any]:
    pairs = (assignment.partition("=") for assignment in assignments)
    return {name: json.loads(value) for name, _, value in pairs}


def _read(path: Path | None) -> Any:
    return json.loads(path.read_text()) if path else None


def _announce(simulator: Simulator, config: str, ready_file: Path | None) -> None:
    environment = {"AZURE_CONFIG_DIR": config, **simulator.environment()}
    for name, value in environment.items():
        print(f"export {name}={shlex.quote(value)}")
    for command in simulator.login_commands():
        print(shlex.join(["az", *command]))
    print(f"# serving {simulator.url}; Ctrl-C ends it", flush=True)
    if ready_file:
        ready = {
            "url": simulator.url,
            "ca_file": str(simulator.ca_file),
            "environment": simulator.environment(),
            "login": simulator.login_commands(),
        }
        partial = ready_file.with_suffix(".partial")
        partial.write_text(json.dumps(ready))
        partial.replace(ready_file)


if __name__ == "__main__":
    raise SystemExit(main())

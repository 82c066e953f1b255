"""A demonstration of the extension in a minute, on the embedded Azure Resource Manager."""

from __future__ import annotations

import shlex
import subprocess
import sys

from tools.sandbox import az, sandbox

PROMPT, PLAIN = ("\033[1m$ ", "\033[0m") if sys.stdout.isatty() else ("$ ", "")


def show(environment: dict[str, str], command: str, **how: object) -> subprocess.CompletedProcess[str]:
    """Print a command, run it, and print its exit status."""
    print(f"\n{PROMPT}{command}{PLAIN}", flush=True)
    done = az(environment, *shlex.split(command)[1:], **how)
    print(f"(exit status {done.returncode})", flush=True)
    return done


def main() -> int:
    """Run the demonstration; return 0 if every command exits as expected."""
    print("Starting a simulated Azure with a Flexible scale set of 40 instances, and logging `az` in to it ...")
    with sandbox(vms=40, seconds=3) as (simulator, environment):
        unlucky = simulator.names("flex")[17]
        show(environment, "az vmss-flex compare -o table")
        show(environment, "az vmss-flex list-instances -g rg -n flex -o table")
        simulator.add_fault(
            {
                "vm": unlucky,
                "action": "restart",
                "times": 1,
                "fault": {
                    "kind": "fail",
                    "code": "AllocationFailed",
                    "message": "There is no capacity for it just now.",
                },
            }
        )
        print(f"\n# The next restart of {unlucky} fails; no other does.")
        failed = show(environment, "az vmss-flex restart -g rg -n flex -o table")
        retried = show(environment, f"az vmss-flex restart -g rg -n flex --instance-ids {unlucky} -o table")
    return 0 if (failed.returncode, retried.returncode) == (4, 0) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What does the extension do, told in a minute on the embedded Azure Resource Manager?"""

from __future__ import annotations

import shlex
import subprocess
import sys

from tools.sandbox import az, sandbox

PROMPT, PLAIN = ("\033[1m$ ", "\033[0m") if sys.stdout.isatty() else ("$ ", "")


def told(environment: dict[str, str], command: str, **how: object) -> subprocess.CompletedProcess[str]:
    """Print a command, run it, and say how it exited."""
    print(f"\n{PROMPT}{command}{PLAIN}", flush=True)
    done = az(environment, *shlex.split(command)[1:], **how)
    print(f"(exit status {done.returncode})", flush=True)
    return done


def main() -> int:
    """Tell the story; returns 0 if it went as it should."""
    print("Starting a simulated Azure with a Flexible scale set of 40 instances, and logging `az` in to it ...")
    with sandbox(vms=40, seconds=3) as (simulator, environment):
        unlucky = simulator.names("flex")[17]
        told(environment, "az vmss-flex compare -o table")
        told(environment, "az vmss-flex list-instances -g rg -n flex -o table")
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
        print(f"\n# Something is about to go wrong with {unlucky}, and with nobody else.")
        failed = told(environment, "az vmss-flex restart -g rg -n flex -o table")
        retried = told(environment, f"az vmss-flex restart -g rg -n flex --instance-ids {unlucky} -o table")
    return 0 if (failed.returncode, retried.returncode) == (4, 0) else 1


if __name__ == "__main__":
    sys.exit(main())

"""The picture in the README: the report of a run that restarts 300 instances zone by zone."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from armsim import Simulator
from tools.browser import browser
from tools.sandbox import az, sandbox

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "report.png"
WIDTH, HEIGHT = 1280, 1190
INSTANCES = 300
SCARCE = {"code": "AllocationFailed", "message": "There is no capacity for {vm} just now."}
BROKEN = {"code": "VMStartTimedOut", "message": "{vm} did not start in the allotted time."}
UNLUCKY = {21: SCARCE, 88: SCARCE, 130: SCARCE, 161: SCARCE, 217: SCARCE, 104: BROKEN, 263: BROKEN}
THROTTLED = range(170, 200)


def restart(simulator: Simulator, environment: dict[str, str], folder: Path) -> dict[str, Any]:
    """Restart 300 instances, some of which fail or are throttled; write log and page, return the printed result."""
    names = simulator.names("flex")
    for index, error in UNLUCKY.items():
        said = {**error, "message": error["message"].format(vm=names[index])}
        simulator.add_fault({"vm": names[index], "action": "restart", "times": 1, "fault": {"kind": "fail", **said}})
    for index in THROTTLED:
        refusal = {"status": 429, "retryAfter": 1}
        simulator.add_fault({"vm": names[index], "action": "restart", "times": 1, "fault": refusal})
    log, page = str(folder / "restart.jsonl"), str(folder / "restart.html")
    batches = ["--batch-by", "zone", "--batch-size", "1", "10%", "100%", "--job-log", log]
    ran = az(environment, "vmss-flex", "restart", "-g", "rg", "-n", "flex", *batches, capture_output=True)
    if ran.returncode != 4:  # some failed, as they should
        raise RuntimeError(ran.stderr)
    made = az(environment, "vmss-flex", "report", "--job-log", log, "--file", page, capture_output=True)
    made.check_returncode()
    printed: dict[str, Any] = json.loads(made.stdout)
    return printed


def main() -> int:
    """Make the picture."""
    with sandbox(INSTANCES, seconds=6) as (simulator, environment), tempfile.TemporaryDirectory() as folder:
        print(restart(simulator, environment, Path(folder)))
        with browser() as page:
            page.open(Path(folder) / "restart.html")
            PICTURE.parent.mkdir(exist_ok=True)
            PICTURE.write_bytes(page.screenshot(WIDTH, HEIGHT))
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())

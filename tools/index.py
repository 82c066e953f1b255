"""An index of extensions of your own, from which `az extension add --name flexcompare` installs: `make index URL=...`.

`URL` is where the folder dist/ will be published. The index has every wheel in it, so that earlier versions can be
installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from packaging.version import Version

from tools.release import index_entry, problems, read_wheel
from tools.wheel import ROOT, build_wheel

FORMAT = "1"  # of the index, as the Azure CLI reads it
NAME = "index.json"


def index_of(wheels: Iterable[Path], url: str) -> dict[str, Any]:
    """Build an index of wheels that are published in one folder, with the versions of each extension in their order."""
    extensions: dict[str, list[dict[str, Any]]] = {}
    for wheel in sorted(map(read_wheel, wheels), key=lambda one: (one.name, Version(one.version))):
        extensions.setdefault(wheel.name, []).append(index_entry(wheel, url.rstrip("/")))
    return {"formatVersion": FORMAT, "extensions": extensions}


def write_index(folder: Path, url: str) -> Path:
    """Write the index of the wheels in a folder into it."""
    path = folder / NAME
    path.write_text(json.dumps(index_of(folder.glob("*.whl"), url), indent=4, sort_keys=True) + "\n", "utf-8")
    return path


def main(url: str = "", folder: Path = ROOT / "dist") -> int:
    """Build the wheel, check every wheel in its folder, and write their index; return 1 if something is wrong."""
    if urlsplit(url).scheme not in ("http", "https"):
        print("Specify where the folder will be published: make index URL=https://...", file=sys.stderr)
        return 1
    build_wheel(folder)
    found = [f"{path.name}: {one}" for path in sorted(folder.glob("*.whl")) for one in problems(read_wheel(path))]
    for one in found:
        print(one, file=sys.stderr)
    if found:
        return 1
    path = write_index(folder, url)
    print(f"{path}: publish this folder at {url}, then")
    print(f"  az config set extension.index_url={url.rstrip('/')}/{NAME}")
    print("  az extension add --name flexcompare")
    return 0


if __name__ == "__main__":
    sys.exit(main("".join(sys.argv[1:2])))

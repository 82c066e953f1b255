"""The checks of the index of Azure CLI extensions on a wheel, and its entry there: `make release-check`.

`python -m tools.release --fold` puts the lines of *Pending* in HISTORY.rst under the version in setup.py.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from tools.wheel import ROOT, build_wheel

SETUP = ROOT / "setup.py"
SUMMARY = 140  # characters that fit into the list of extensions
PHRASES = ("an extension", "azure cli")  # redundant in a list of extensions of the Azure CLI
NEEDED = ("Name", "Version", "Summary", "License", "Author", "Author-email", "Home-page", "Classifier")
SETTINGS: dict[str, type] = {
    "azext.minCliCoreVersion": str,
    "azext.maxCliCoreVersion": str,
    "azext.isPreview": bool,
    "azext.isExperimental": bool,
}
VERSION = re.compile(r"\d+\.\d+\.\d+(?P<preview>b[1-9]\d*)?")
CORE_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Wheel:
    """The parts of a wheel that the index checks."""

    path: Path
    files: list[str]
    metadata: Message
    settings: dict[str, Any]  # azext_metadata.json

    @property
    def name(self) -> str:
        """Return the name of the extension."""
        return str(self.metadata["Name"] or "")

    @property
    def version(self) -> str:
        """Return the version of the extension."""
        return str(self.metadata["Version"] or "")


def read_wheel(path: Path) -> Wheel:
    """Read a wheel; a part that it does not have is empty."""
    with ZipFile(path) as opened:
        files = opened.namelist()

        def text(pattern: str) -> str:
            return next((opened.read(name).decode() for name in files if re.fullmatch(pattern, name)), "")

        metadata = message_from_string(text(r"[^/]+\.dist-info/METADATA"))
        return Wheel(path, files, metadata, json.loads(text(r"azext_[^/]+/azext_metadata\.json") or "{}"))


def problems(wheel: Wheel) -> list[str]:
    """List every reason why the index would refuse a wheel."""
    return [problem for check in CHECKS for problem in check(wheel)]


def index_entry(wheel: Wheel, folder: str) -> dict[str, Any]:
    """Build the entry of the index for a wheel that is published in a folder of a website."""
    from azdev.operations.extensions.util import get_ext_metadata

    with tempfile.TemporaryDirectory() as work:
        metadata = get_ext_metadata(work, str(wheel.path), wheel.name)
    return {
        "downloadUrl": f"{folder}/{wheel.path.name}",
        "filename": wheel.path.name,
        "metadata": metadata,
        "sha256Digest": hashlib.sha256(wheel.path.read_bytes()).hexdigest(),
    }


def releases(history: str) -> list[str]:
    """List the headings of a history, newest first."""
    return re.findall(r"^(\S+)\n\++$", history, re.MULTILINE)


def fold(history: str, version: str) -> str:
    """Return a history whose pending lines are under a version: at the end of its section, or as a new one."""
    pending = re.search(r"^Pending\n\++\n\n(?P<lines>(?:[* ] .*\n)*)\n?", history, re.MULTILINE)
    if pending is None:
        return history
    if version not in releases(history):
        return history.replace(pending[0], f"{version}\n{'+' * len(version)}\n\n{pending['lines']}\n")
    rest = history.replace(pending[0], "")
    section = re.search(rf"^{re.escape(version)}\n\++\n\n(?:[* ] .*\n)*", rest, re.MULTILINE)
    return rest.replace(section[0], section[0] + pending["lines"]) if section else history


def _file_name(wheel: Wheel) -> Iterator[str]:
    wanted = f"{wheel.name.replace('-', '_')}-{wheel.version}-py3-none-any.whl"
    if wheel.path.name != wanted:
        yield f"The file is called {wheel.path.name} and must be called {wanted}."


def _packages(wheel: Wheel) -> Iterator[str]:
    tops = {name.split("/")[0] for name in wheel.files if ".dist-info/" not in name}
    packages = sorted(top for top in tops if top.startswith("azext_"))
    if len(packages) != 1:
        yield f"There must be one package called azext_..., and there are {len(packages)}."
    for other in sorted(tops.difference(packages)):
        yield f"{other} would be installed beside the extension."


def _named(wheel: Wheel) -> Iterator[str]:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", wheel.name):
        yield f"The name {wheel.name!r} must consist of lowercase letters, digits and hyphens."


def _versioned(wheel: Wheel) -> Iterator[str]:
    form = VERSION.fullmatch(wheel.version)
    if not form:
        yield f"The version {wheel.version!r} must be MAJOR.MINOR.PATCH, or that and bN for a preview."
        return
    flagged = bool(wheel.settings.get("azext.isPreview"))
    if flagged and not form["preview"]:
        yield f"Version {wheel.version} is a release and has azext.isPreview."
    if form["preview"] and not flagged:
        yield f"Version {wheel.version} is a preview and has no azext.isPreview."
    if wheel.settings.get("azext.isExperimental"):
        yield "azext.isExperimental is no longer used; a preview has azext.isPreview."


def _described(wheel: Wheel) -> Iterator[str]:
    for key in NEEDED:
        if not wheel.metadata.get(key):
            yield f"The metadata has no {key}."
    summary = str(wheel.metadata["Summary"] or "")
    if len(summary) > SUMMARY:
        yield f"The summary has {len(summary)} characters and may have at most {SUMMARY}."
    for phrase in PHRASES:
        if phrase in summary.lower():
            yield f"The summary says {phrase!r}, which is redundant."


def _settled(wheel: Wheel) -> Iterator[str]:
    if "azext.minCliCoreVersion" not in wheel.settings:
        yield "azext_metadata.json does not name the minimum version of the Azure CLI: azext.minCliCoreVersion."
    for name, value in wheel.settings.items():
        kind = SETTINGS.get(name)
        if kind is None:
            yield f"azext_metadata.json has {name}, which the Azure CLI does not know."
        elif not isinstance(value, kind) or (isinstance(value, str) and not CORE_VERSION.fullmatch(value)):
            yield f"azext_metadata.json has {value!r} as {name}."


def _independent(wheel: Wheel) -> Iterator[str]:
    for required in wheel.metadata.get_all("Requires-Dist") or []:
        if re.match(r"azure[-_.]", required, re.IGNORECASE):
            yield f"It requires {required}, which the Azure CLI brings itself."


CHECKS = (_file_name, _packages, _named, _versioned, _described, _settled, _independent)


def main(arguments: list[str]) -> int:
    """Check a wheel, by default that of these sources, and print its entry; return 0 if the index would accept it."""
    if arguments == ["--fold"]:
        history, (version,) = (
            ROOT / "HISTORY.rst",
            re.findall(r'^VERSION = "(.+)"', SETUP.read_text("utf-8"), re.MULTILINE),
        )
        history.write_text(fold(history.read_text("utf-8"), version), "utf-8")
        return 0
    wheel = read_wheel(Path(arguments[0]) if arguments else build_wheel(ROOT / "dist"))
    found = problems(wheel)
    released = releases((ROOT / "HISTORY.rst").read_text("utf-8"))
    if wheel.version not in released:
        found.append(f"HISTORY.rst has no section for version {wheel.version}.")
    elif released[0] != wheel.version:
        print(
            f"HISTORY.rst has {released[0]} above {wheel.version}; release it under a version of its own.",
            file=sys.stderr,
        )
    for problem in found:
        print(problem, file=sys.stderr)
    if found:
        return 1
    folder = f"{wheel.metadata['Home-page']}/releases/download/v{wheel.version}"
    print(json.dumps({wheel.name: [index_entry(wheel, folder)]}, indent=4, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

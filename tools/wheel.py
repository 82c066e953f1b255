"""The wheel, built so that the same sources give the same bytes.

`python -m tools.wheel` builds it into dist/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGED = ("setup.py", "README.md", "HISTORY.rst", "LICENSE", "azext_flexcompare/**/*")
EPOCH = "315532800"  # the first moment that a zip file can name


def build_wheel(into: Path, source: Path = ROOT) -> Path:
    """Build the wheel of a source tree into a folder, independent of time, umask and earlier builds."""
    with tempfile.TemporaryDirectory() as work:
        copy_sources(source, Path(work))
        subprocess.run(
            [sys.executable, "setup.py", "--quiet", "bdist_wheel"],
            cwd=work,
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
            umask=0o022 if os.name == "posix" else -1,
            check=True,
            capture_output=True,
        )
        (built,) = Path(work, "dist").glob("*.whl")
        into.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(built, into / built.name))


def packaged(source: Path) -> list[Path]:
    """List the files that the wheel is built from, in every sub-package."""
    found = (path for pattern in PACKAGED for path in source.glob(pattern))
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)


def copy_sources(source: Path, into: Path) -> None:
    """Copy the files that the wheel is built from, and no others."""
    for path in packaged(source):
        copied = into / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
        copied.chmod(0o644)


if __name__ == "__main__":
    print(build_wheel(ROOT / "dist").relative_to(ROOT))

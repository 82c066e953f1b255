"""Files as text that is written back byte for byte, and the files of a folder."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from azure.cli.core.azclierror import FileOperationError

STANDARD_INPUT = "-"
ENCODINGS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}  # by BOM
ERRORS = {"utf-8": "surrogateescape"}  # others: surrogatepass, so that every byte is printed as it was
PIPELINE_FOLDERS = {".azure-pipelines", ".azuredevops", ".ci", ".circleci", ".github", ".gitlab", ".pipelines"}
# A repository may name a program in its settings, which no listing should run.
LISTING = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard")


class TextFile(NamedTuple):
    """The text of a file, its byte order mark and its encoding."""

    name: str
    text: str
    mark: bytes = b""
    encoding: str = "utf-8"

    def encode(self, text: str) -> bytes:
        """Return the bytes of another text for the same file."""
        return self.mark + text.encode(self.encoding, ERRORS.get(self.encoding, "surrogatepass"))


def read_text(name: str) -> TextFile:
    """Read a file, or standard input by `-`. Raises FileOperationError for a file that cannot be read."""
    data = _read(name)
    mark = next((mark for mark in ENCODINGS if data.startswith(mark)), b"")
    encoding = ENCODINGS.get(mark, "utf-8")
    try:
        text = data.removeprefix(mark).decode(encoding, ERRORS.get(encoding, "surrogatepass"))
    except UnicodeDecodeError as error:
        raise FileOperationError(
            f"Cannot read {name}: it begins like a file in {encoding.upper()}, but is none.",
            recommendation="Convert it to UTF-8.",
        ) from error
    return TextFile(name, text, mark, encoding)


def write_text(file: TextFile, text: str) -> None:
    """Write another text to a file, all or nothing, and keep its mode. Raises FileOperationError if that fails."""
    try:
        target = Path(file.name).resolve(strict=True)
        handle, beside = tempfile.mkstemp(dir=target.parent, prefix=".translate-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(file.encode(text))
            Path(beside).chmod(target.stat().st_mode & 0o7777)
            Path(beside).replace(target)
        except OSError:
            Path(beside).unlink()
            raise
    except OSError as error:
        raise FileOperationError(
            f"Cannot write {file.name}: {error.strerror}.", recommendation="Check the permissions of the file."
        ) from error


def list_files(paths: Iterable[str]) -> list[str]:
    """List files, and the files in folders, each once. Raises FileOperationError for a path that does not exist.

    A file that was given may be a link; a link in a folder is left out, because it may lead out of the folder. What git
    ignores is left out, and without git each folder that begins with a dot and is none of pipelines.
    """
    found: dict[str, None] = {}
    for path in paths:
        if Path(path).is_dir():
            found |= dict.fromkeys(sorted(_files_in(Path(path))))
        elif Path(path).exists():
            found[path] = None
        else:
            raise FileOperationError(f"{path} does not exist.", recommendation="Specify files and folders that exist.")
    return list(found)


def _files_in(folder: Path) -> Iterator[str]:
    resolved = folder.resolve()
    for name in _listed_by_git(folder) or _walk(folder):
        path = folder / name
        if path.is_file() and path.resolve() == resolved / name:  # no link is on the way
            yield str(path)


def _listed_by_git(folder: Path) -> list[str]:
    """List the files of a folder that git does not ignore; none without git or outside of a work tree."""
    try:
        listed = subprocess.run(LISTING, cwd=folder, capture_output=True, check=True).stdout  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return []
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def _walk(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [
            name for name in folders if name in PIPELINE_FOLDERS or not name.startswith((".", "node_modules"))
        ]
        yield from (str((Path(place) / name).relative_to(folder)) for name in names)


def _read(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        raise FileOperationError(
            f"Cannot read {name}: {error.strerror}.",
            recommendation="Specify a shell script, or - for standard input.",
        ) from error

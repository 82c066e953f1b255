"""The kinds of files in which commands stand, by name and first line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple

from azext_flexcompare.translation import jenkins, makefile, markdown, pipelines
from azext_flexcompare.translation.fragments import Parts

NOT_REWRITTEN = "It is in {what}, which is not rewritten."


class Kind(NamedTuple):
    """A kind of file: what it is called, how its shell is found, and what its comments and printed lines begin with.

    `find` is None for a shell script, which is shell as a whole.
    """

    what: str
    find: Callable[[str], Parts] | None = None
    ignored: re.Pattern[str] = re.compile(r"(?!)")


def _foreign(what: str, ignored: str = r"(?!)") -> Kind:
    reason = NOT_REWRITTEN.format(what=what)
    return Kind(what, lambda _: Parts([], [], reason), re.compile(ignored, re.IGNORECASE))


HASH = re.compile(r"#")
SHELL = Kind("a shell script")
MARKDOWN = Kind("a Markdown document", markdown.find_parts)
PIPELINE = Kind("a YAML file", pipelines.find_parts, HASH)
MAKEFILE = Kind("a Makefile", makefile.find_parts, HASH)
JENKINS = Kind("a Jenkins pipeline", jenkins.find_parts, re.compile(r"//|\*|/\*"))
POWERSHELL = _foreign("a PowerShell script", r"#|Write-\w+ |echo ")
BATCH = _foreign("a batch file", r"@?rem\b|::|@?echo ")
PYTHON = _foreign("a Python program", r"#|print\(|(?:log|logger|logging)\.\w+\(")
UNKNOWN = _foreign("a file of another kind", r"#|//")
SHELLS = re.compile(r"(?:ba|da|z|k|a)?sh")
SHEBANG = re.compile(r"#!\s*(?:\S*/)?(?:env\s+(?:-\S+\s+)*)?([\w.+-]+)")
INTERPRETERS = {"python": PYTHON, "pwsh": POWERSHELL, "make": MAKEFILE}
SLASHES = r"//|/?\*"
BY_SUFFIX = {
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".azcli", ".bats"), SHELL),
    **dict.fromkeys((".md", ".markdown", ".mdx"), MARKDOWN),
    **dict.fromkeys((".yml", ".yaml"), PIPELINE),
    **dict.fromkeys((".mk", ".mak"), MAKEFILE),
    **dict.fromkeys((".groovy", ".jenkinsfile", ".jenkins"), JENKINS),
    **dict.fromkeys((".ps1", ".psm1", ".psd1"), POWERSHELL),
    **dict.fromkeys((".bat", ".cmd"), BATCH),
    **dict.fromkeys((".py", ".pyw"), PYTHON),
    **dict.fromkeys((".tf", ".hcl", ".tfvars", ".tftpl"), _foreign("a Terraform configuration", rf"#|{SLASHES}")),
    **dict.fromkeys((".js", ".ts", ".mjs", ".cjs", ".tsx"), _foreign("a JavaScript program", rf"{SLASHES}|console\.")),
    **dict.fromkeys((".html", ".htm", ".rst", ".adoc", ".txt"), _foreign("a document")),
    ".go": _foreign("a Go program", rf"{SLASHES}|(?:fmt|log)\.\w*Print"),
    ".cs": _foreign("a C# program", rf"{SLASHES}|Console\."),
    ".java": _foreign("a Java program", SLASHES),
    ".rs": _foreign("a Rust program", SLASHES),
    ".rb": _foreign("a Ruby program", r"#|puts "),
    ".bicep": _foreign("a Bicep template", SLASHES),
    ".json": _foreign("a JSON file"),
    ".ipynb": _foreign("a notebook"),
}
BY_NAME = {
    **dict.fromkeys(("makefile", "gnumakefile"), MAKEFILE),
    "jenkinsfile": JENKINS,
    "dockerfile": _foreign("a Dockerfile", r"#"),
}


def kind_of(name: str, text: str) -> Kind:
    """Return the kind of a file by its name, or else by its first line."""
    path = PurePath(name)
    known = BY_SUFFIX.get(path.suffix.lower()) or BY_NAME.get(path.name.lower().partition(".")[0])
    if known:
        return known
    shebang = SHEBANG.match(text)
    interpreter = shebang[1] if shebang else ""
    if SHELLS.fullmatch(interpreter):
        return SHELL
    return next((kind for start, kind in INTERPRETERS.items() if interpreter.startswith(start)), UNKNOWN)

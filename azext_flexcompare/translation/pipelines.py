"""The shell in the YAML of GitHub Actions, Azure Pipelines and GitLab CI: the texts of their steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from azext_flexcompare.translation.fragments import Builder, Fragment, Parts, Region

SHELL = re.compile(r"(?:\S*/)?(?:bash|sh|zsh|dash)(?:\s|\Z)")
SHEBANG = re.compile(r"\s*#!(?!\s*(?:\S*/)?(?:env\s+)?(?:bash|sh|zsh|dash)\b)")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")
WINDOWS_AGENT = re.compile(r"windows|win\d", re.IGNORECASE)
OTHER_AGENT = re.compile(r"ubuntu|linux|macos", re.IGNORECASE)
SCRIPTS = ("before_script", "script", "after_script")
POWERSHELLS = ("powershell", "pwsh")
SHELL_TASKS = re.compile(r"(?:Bash|CmdLine|ShellScript)@", re.IGNORECASE)
CLI_TASKS = re.compile(r"AzureCLI@", re.IGNORECASE)

REST = "It is in a part of a YAML file that is no step of a known form, which is not rewritten."
UNPARSED = "The YAML cannot be parsed."
POWERSHELL = "It is in a PowerShell step, which is not rewritten."
OTHER_SHELL = "It is in a step that runs in {shell}, which is not rewritten."
WINDOWS = "It is in a step that may run on Windows, which is not rewritten."
QUOTED = "It is in a folded or an escaped text of YAML, which is not rewritten."

Entries = dict[str, yaml.Node]


class _Context(NamedTuple):
    """What is inherited from the outer mappings: the default shell, and the agent as far as it is known."""

    shell: str = ""
    agent: str = ""


def find_parts(text: str) -> Parts:
    """Find the steps of a pipeline; a file that cannot be parsed has none."""
    found = _Steps(text)
    try:
        for document in yaml.compose_all(text, Loader=yaml.SafeLoader):
            found.visit(document, _Context())
    except (yaml.YAMLError, RecursionError, ValueError):
        return Parts([], [], UNPARSED)
    return Parts(found.fragments, found.regions, REST)


class _Steps:
    """The steps of a pipeline that are found in a walk through its nodes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.windows = bool(WINDOWS_AGENT.search(text))
        self.fragments: list[Fragment] = []
        self.regions: list[Region] = []
        self.seen: set[int] = set()

    def visit(self, node: yaml.Node | None, context: _Context) -> None:
        """Visit a node once, whatever number of aliases it has."""
        if node is None or id(node) in self.seen:
            return
        self.seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self.visit(child, context)
        elif isinstance(node, yaml.MappingNode):
            self.visit_mapping(_entries(node), context)

    def visit_mapping(self, entries: Entries, outer: _Context) -> None:
        """Visit the entries of a mapping, of which some are steps."""
        context = _inner(entries, outer)
        for key, node in entries.items():
            if key == "inputs" and "task" in entries:
                self.visit_task(_text(entries["task"]), node)
            elif key == "with" and "uses" in entries:
                self.visit_action(_text(entries["uses"]), node)
            elif key == "bash":
                self.add(node, None)
            elif key in POWERSHELLS:
                self.add(node, POWERSHELL)
            elif key in ("run", *SCRIPTS) and not isinstance(node, yaml.MappingNode):
                self.add(node, self.foreign(_text(entries.get("shell")) or context.shell, context.agent))
            else:
                self.visit(node, context)

    def visit_task(self, task: str, node: yaml.Node) -> None:
        """Add the script of a task of Azure Pipelines, which the name of the task and its inputs describe."""
        inputs = _entries(node)
        if CLI_TASKS.match(task):
            kind = _text(inputs.get("scriptType"))
            shell = "" if kind.lower() in ("", "bash") else OTHER_SHELL.format(shell=kind)
            self.add(inputs.get("inlineScript"), shell or None)
        elif SHELL_TASKS.match(task):
            bash = task.lower().startswith("bash")
            self.add(inputs.get("script"), None if bash else self.foreign("", ""))
        else:
            self.add_all(inputs, OTHER_SHELL.format(shell=task))

    def visit_action(self, action: str, node: yaml.Node) -> None:
        """Add the script of an action of GitHub that runs the Azure CLI."""
        inputs = _entries(node)
        if re.match(r"azure/cli@", action, re.IGNORECASE):
            self.add(inputs.get("inlineScript"), None)
        else:
            self.add_all(inputs, OTHER_SHELL.format(shell=action))

    def foreign(self, shell: str, agent: str) -> str | None:
        """Return the reason for which a step is not read as shell, if there is one."""
        if shell:
            return None if SHELL.match(shell) else OTHER_SHELL.format(shell=shell)
        windows = WINDOWS_AGENT.search(agent) or (self.windows and not OTHER_AGENT.search(agent))
        return WINDOWS if windows else None

    def add_all(self, inputs: Entries, reason: str) -> None:
        """Add the texts of inputs that are not read as shell."""
        for node in inputs.values():
            self.add(node, reason)

    def add(self, node: yaml.Node | None, reason: str | None) -> None:
        """Add a text or each text of a list, as shell or as a region with a reason."""
        if isinstance(node, yaml.SequenceNode):
            for child in node.value:
                self.add(child, reason)
        elif isinstance(node, yaml.ScalarNode) and id(node) not in self.seen:
            self.seen.add(id(node))
            fragment = None if reason or SHEBANG.match(node.value) else _fragment(self.text, node)
            if fragment:
                self.fragments.append(fragment.masked(EXPRESSION))
            else:
                self.regions.append(Region(node.start_mark.index, node.end_mark.index, reason or QUOTED))


def _entries(node: yaml.Node) -> Entries:
    """Return the entries of a mapping whose keys are texts; those of another node are none."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}


def _text(node: yaml.Node | None) -> str:
    """Return the text of a scalar, or those of a list or a mapping in one."""
    if isinstance(node, yaml.ScalarNode):
        return str(node.value)
    if isinstance(node, yaml.SequenceNode):
        return " ".join(_text(child) for child in node.value)
    return " ".join(_text(child) for child in _entries(node).values()) if node else ""


def _inner(entries: Entries, outer: _Context) -> _Context:
    """Return the context of the entries of a mapping."""
    run = _entries(_entries(entries["defaults"]).get("run", entries["defaults"])) if "defaults" in entries else {}
    agent = entries.get("runs-on") or entries.get("pool") or entries.get("vmImage")
    return _Context(_text(run.get("shell")) or outer.shell, _text(agent) or outer.agent)


def _fragment(text: str, node: yaml.ScalarNode) -> Fragment | None:
    """Build the fragment of a scalar; None if its text does not stand in the file as it is, but for indentation."""
    start, end = node.start_mark.index, node.end_mark.index
    builder = Builder()
    if node.style == "|":
        for line, place in _dedented(text, text.find("\n", start) + 1, end):
            builder.add(line, place)
    elif node.style is None:
        builder.add(text[start:end], start)
    else:
        builder.add(text[start + 1 : end - 1], start + 1)
    fragment = builder.build()
    same = fragment.text.replace("\r\n", "\n").rstrip("\n") == node.value.rstrip("\n")
    return fragment if same else None


def _dedented(text: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """List the lines of a literal text without their common indentation, with their places."""
    lines = re.findall(r"[^\n]*\n|[^\n]+", text[start:end])
    indents = (len(line) - len(line.lstrip(" ")) for line in lines if line.strip())
    indent = next(indents, 0)
    for line in lines:
        taken = min(indent, len(line) - len(line.lstrip(" ")))
        yield line[taken:], start + taken
        start += len(line)

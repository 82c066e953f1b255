"""The commands that run the command that follows them, such as `sudo`, `timeout` and `xargs`."""

from __future__ import annotations

import re

from azext_flexcompare.translation.bash import ASSIGNMENT, Command, Word

# Each runs the command that follows it and nothing else, with the number of words before that command.
RUNNERS = {**dict.fromkeys(("command", "env", "exec", "nohup", "sudo", "time"), 0), "timeout": 1}
RUNNER_FLAGS = {"-E", "-H", "-n", "-p", "--foreground", "--preserve-env", "--preserve-status"}  # without a value
XARGS = "xargs"
SINGLE = re.compile(
    r"-[0rtx]+|-[nPLd].+|--(?:no-run-if-empty|null|verbose)|--(?:max-(?:args|procs|lines)|delimiter)=.+"
)
VALUED = {"-n", "-P", "-L", "-d", "--max-args", "--max-procs", "--max-lines", "--delimiter"}
EACH = re.compile(r" -n ?1(?!\d)| --max-args[= ]1(?!\d)| -L ?1(?!\d)| -I")
REPLACE = re.compile(r"-I(.*)")


def skip_runners(command: Command) -> tuple[Word, ...]:
    """Return the words of the command that is run in the end.

    `xargs` adds words, whose number and values depend on the run, or puts them in place of its replacement text.
    """
    words = command.words
    while words:
        if words[0].value in RUNNERS:
            own, words = RUNNERS[words[0].value], words[1:]
            while words and (words[0].value in RUNNER_FLAGS or ASSIGNMENT.match(words[0].raw)):
                words = words[1:]
            words = words[own:]
        elif words[0].value == XARGS:
            words = _skip_xargs(words)
        else:
            break
    return words


def is_run_for_each(command: Command) -> bool:
    """Check whether `xargs` runs the command once for each word that it reads."""
    texts = [word.value or word.raw for word in command.words]
    if XARGS not in texts:
        return False
    own = " ".join(texts[texts.index(XARGS) :]).partition(" az ")[0]
    return bool(EACH.search(own))


def _skip_xargs(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return the words that `xargs` runs, or none if its own options are not known."""
    replaced, end, words = "", words[-1].end, words[1:]
    while words and words[0].raw.startswith("-"):
        own, following = words[0].raw, words[1].raw if len(words) > 1 else ""
        match = REPLACE.fullmatch(own)
        if match:
            replaced = (match[1] or following).strip("'\"")
        elif own not in VALUED and not SINGLE.fullmatch(own):
            return ()
        words = words[2 if own in (*VALUED, "-I") else 1 :]
    if replaced:
        return tuple(_replaced(word) if replaced in word.raw else word for word in words)
    return (*words, Word(end, end, "$@", None, splits=True, is_list=True)) if words else ()


def _replaced(word: Word) -> Word:
    """Return a word that is one word, whose value depends on the run."""
    return word._replace(value=None, splits=False, is_list=False)

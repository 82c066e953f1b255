"""The release check: refuses a wheel that the index of extensions would refuse, and prints the entry of a good one."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from tools.index import index_of, main
from tools.release import fold, problems, read_wheel, releases
from tools.sandbox import extensions
from tools.wheel import ROOT

Files = dict[str, str]
Change = Callable[[Files], None]


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel of these sources."""
    return next((extensions().parent / "wheel").glob("*.whl"))


def rewritten(wheel: Path, into: Path, change: Change, name: str | None = None) -> Path:
    """Write a wheel anew in which something is otherwise."""
    with ZipFile(wheel) as opened:
        files = {file: opened.read(file).decode() for file in opened.namelist()}
    change(files)
    written = into / (name or wheel.name)
    with ZipFile(written, "w") as opened:
        for file, text in files.items():
            opened.writestr(file, text)
    return written


def metadata(pattern: str, new: str) -> Change:
    """Say something else in the metadata."""

    def change(files: Files) -> None:
        (file,) = [file for file in files if file.endswith("/METADATA")]
        files[file], changed = re.subn(rf"(?m)^{pattern}", new, files[file], count=1)
        assert changed

    return change


def settings(**said: object) -> Change:
    """Say something more in azext_metadata.json."""

    def change(files: Files) -> None:
        file = "azext_flexcompare/azext_metadata.json"
        files[file] = json.dumps(
            {**json.loads(files[file]), **{f"azext.{name}": value for name, value in said.items()}}
        )

    return change


def without(file: str) -> Change:
    """Leave a file out."""
    return lambda files: files.pop(file) and None


def with_file(file: str) -> Change:
    """Put a file in."""
    return lambda files: files.update({file: ""})


WRONG: dict[str, tuple[Change, str]] = {
    "two packages": (with_file("azext_other/__init__.py"), "There must be one package called azext_..."),
    "a package beside": (with_file("azure/mgmt/compute/__init__.py"), "azure would be installed beside"),
    "an underscore in the name": (metadata("Name: .*", "Name: flex_compare"), "The name 'flex_compare'"),
    "a capital in the name": (metadata("Name: .*", "Name: Flexcompare"), "The name 'Flexcompare'"),
    "no name": (metadata("Name: .*\n", ""), "The metadata has no Name."),
    "half a version": (metadata("Version: .*", "Version: 1.0"), "'1.0' must be MAJOR.MINOR.PATCH"),
    "a preview flag on a release": (settings(isPreview=True), "is a release and has azext.isPreview."),
    "a preview without its flag": (metadata("Version: .*", r"\g<0>b1"), "is a preview and has no azext.isPreview."),
    "an experiment": (settings(isExperimental=True), "azext.isExperimental is no longer used"),
    "no summary": (metadata("Summary: .*\n", ""), "The metadata has no Summary."),
    "a long summary": (metadata("Summary: .*", f"Summary: {'a' * 141}"), "The summary has 141 characters"),
    "a summary of platitudes": (metadata("Summary: .*", "Summary: An extension."), "The summary says 'an extension'"),
    "no licence": (metadata("License: .*\n", ""), "The metadata has no License."),
    "no author": (metadata("Author: .*\n", ""), "The metadata has no Author."),
    "no home": (metadata("Home-page: .*\n", ""), "The metadata has no Home-page."),
    "no least version of the CLI": (without("azext_flexcompare/azext_metadata.json"), "azext.minCliCoreVersion."),
    "a least version that is none": (settings(minCliCoreVersion="latest"), "'latest' as azext.minCliCoreVersion"),
    "a flag that is a text": (settings(isPreview="no"), "'no' as azext.isPreview"),
    "an unknown setting": (settings(minCliVersion="2.0.0"), "azext.minCliVersion, which the Azure CLI does not"),
    "a library of Azure": (
        metadata("Requires-Python", "Requires-Dist: Azure_mgmt.compute>=34\nRequires-Python"),
        "It requires Azure_mgmt.compute>=34, which the Azure CLI brings itself.",
    ),
}


def test_the_index_would_take_the_wheel(wheel: Path) -> None:
    assert problems(read_wheel(wheel)) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wheel_is_not_taken_that_has(wrong: str, wheel: Path, tmp_path: Path) -> None:
    change, said = WRONG[wrong]
    found = problems(read_wheel(rewritten(wheel, tmp_path, change)))
    assert any(said in problem for problem in found), found


@pytest.mark.parametrize("name", ["{}-cp311-cp311-linux_x86_64.whl", "{}.1-py3-none-any.whl", "{}-py3-none-any.zip"])
def test_a_wheel_is_not_taken_whose_name_is(name: str, wheel: Path, tmp_path: Path) -> None:
    renamed = tmp_path / name.format(wheel.name.removesuffix("-py3-none-any.whl"))
    shutil.copyfile(wheel, renamed)
    assert problems(read_wheel(renamed)) == [f"The file is called {renamed.name} and must be called {wheel.name}."]


def test_a_preview_with_its_flag_is_taken(wheel: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        metadata("Version: .*", r"\g<0>b2")(files)
        settings(isPreview=True)(files)

    assert problems(read_wheel(rewritten(wheel, tmp_path, change, wheel.name.replace("-py3", "b2-py3")))) == []


def test_each_line_of_a_release_begins_with_the_command_or_the_option() -> None:
    history = (ROOT / "HISTORY.rst").read_text("utf-8").partition("\n0.1.0\n")[0]
    lines = re.findall(r"^\* (.*)$", history, re.MULTILINE)
    assert len(lines) > 100
    assert [line for line in lines if not line.startswith(("``", "Every operation: ", "All commands: "))] == []


def test_pending_lines_are_put_under_the_version() -> None:
    first = "Release History\n\n"
    released, pending = "3.2.1\n+++++\n\n* ``a``: one.\n\n", "Pending\n+++++++\n\n* ``b``: two\n  lines.\n\n"
    old = "0.1.0\n+++++\n\n* Old.\n"
    both = "3.2.1\n+++++\n\n* ``a``: one.\n* ``b``: two\n  lines.\n\n"
    assert fold(first + pending + released + old, "3.2.1") == first + both + old
    assert fold(first + pending + old, "3.2.1") == first + pending.replace("Pending\n+++++++", "3.2.1\n+++++") + old
    assert fold(first + released + old, "3.2.1") == first + released + old


def test_an_index_has_the_versions_in_their_order(wheel: Path, tmp_path: Path) -> None:
    for version in ("0.10.0", "0.9.0"):
        rewritten(
            wheel, tmp_path, metadata("Version: .*", f"Version: {version}"), f"flexcompare-{version}-py3-none-any.whl"
        )
    index = index_of(tmp_path.glob("*.whl"), "https://example.com/files/")
    entries = index["extensions"]["flexcompare"]
    assert [one["metadata"]["version"] for one in entries] == ["0.9.0", "0.10.0"]
    assert [one["downloadUrl"] for one in entries] == [
        f"https://example.com/files/{one['filename']}" for one in entries
    ]
    assert index["formatVersion"] == "1"


def test_no_index_is_written_without_a_place_or_of_a_wheel_that_is_refused(
    wheel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("", tmp_path) == 1
    assert "make index URL=" in capsys.readouterr().err
    rewritten(wheel, tmp_path, metadata("Summary: .*\n", ""), "flexcompare-9.9.9-py3-none-any.whl")
    assert main("https://example.com", tmp_path) == 1
    assert "flexcompare-9.9.9-py3-none-any.whl: The metadata has no Summary." in capsys.readouterr().err
    (tmp_path / "flexcompare-9.9.9-py3-none-any.whl").unlink()
    assert main("https://example.com", tmp_path) == 0
    assert (tmp_path / "index.json").exists()


def test_the_history_names_the_newest_release_first() -> None:
    told = releases((ROOT / "HISTORY.rst").read_text("utf-8"))
    versions = [tuple(map(int, version.split("."))) for version in told if version != "Pending"]
    assert versions
    assert versions == sorted(versions, reverse=True)
    assert "Pending" not in told[1:]


def check(wheel: Path) -> subprocess.CompletedProcess[str]:
    """Run the check as `make release-check` does."""
    command = [sys.executable, "-m", "tools.release", str(wheel)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_check_prints_the_entry_of_a_good_wheel(wheel: Path) -> None:
    done = check(wheel)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "" or "Pending" in (ROOT / "HISTORY.rst").read_text("utf-8")
    (entry,) = json.loads(done.stdout)["flexcompare"]
    assert entry["sha256Digest"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert entry["downloadUrl"].endswith(f"/{entry['filename']}")
    assert entry["metadata"]["azext.minCliCoreVersion"] == read_wheel(wheel).settings["azext.minCliCoreVersion"]
    assert entry["metadata"]["extensions"]["python.details"]["project_urls"]["Home"]


def test_the_check_fails_and_prints_no_entry_where_something_is_wrong(wheel: Path, tmp_path: Path) -> None:
    done = check(rewritten(wheel, tmp_path, settings(isPreview=True)))
    assert (done.returncode, done.stdout) == (1, "")
    assert "isPreview" in done.stderr


def test_the_check_fails_where_the_history_says_nothing_of_the_version(wheel: Path, tmp_path: Path) -> None:
    change = metadata("Version: .*", "Version: 7.7.7")
    done = check(rewritten(wheel, tmp_path, change, "flexcompare-7.7.7-py3-none-any.whl"))
    assert (done.returncode, done.stdout) == (1, "")
    assert "HISTORY.rst has no section for version 7.7.7." in done.stderr

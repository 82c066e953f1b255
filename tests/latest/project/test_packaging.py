"""The wheel: what `az extension add` needs, installed and removed without a trace."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from email import message_from_string
from email.message import Message
from pathlib import Path
from zipfile import ZipFile

import pytest
from filelock import FileLock

from tests.latest.helpers.extension_index import UNPROXIED, of_version, served
from tools.index import write_index
from tools.sandbox import AZ, az
from tools.wheel import ROOT, build_wheel

NAME, PACKAGE = "flexcompare", "azext_flexcompare"
Az = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The wheel, built once whatever the number of processes that test."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "wheel"
    with FileLock(f"{folder}.lock"):
        return next(folder.glob("*.whl"), None) or build_wheel(folder)


@pytest.fixture
def files(wheel: Path) -> Iterator[ZipFile]:
    with ZipFile(wheel) as opened:
        yield opened


@pytest.fixture
def metadata(files: ZipFile) -> Message:
    (name,) = [name for name in files.namelist() if name.endswith(".dist-info/METADATA")]
    return message_from_string(files.read(name).decode())


def test_the_wheel_is_for_every_platform(wheel: Path, files: ZipFile) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    assert [name for name in files.namelist() if name.endswith((".so", ".pyd", ".pyc"))] == []


def test_the_wheel_has_one_package_and_nothing_else(files: ZipFile) -> None:
    tops = {name.split("/")[0] for name in files.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {PACKAGE}
    assert len(tops) == 2


def test_the_wheel_has_every_file_of_the_package(files: ZipFile) -> None:
    source = ROOT / PACKAGE
    wanted = {
        f"{PACKAGE}/{path.relative_to(source).as_posix()}"
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in files.namelist() if name.startswith(f"{PACKAGE}/")} == wanted


@pytest.mark.parametrize("name", ["table/equivalence.json", "table/equivalence.schema.json", "azext_metadata.json"])
def test_the_wheel_has_the_data_that_the_package_reads(name: str, files: ZipFile) -> None:
    assert json.loads(files.read(f"{PACKAGE}/{name}"))


def test_the_wheel_says_from_which_cli_on_it_works(files: ZipFile) -> None:
    said = json.loads(files.read(f"{PACKAGE}/azext_metadata.json"))
    assert tuple(map(int, said["azext.minCliCoreVersion"].split("."))) >= (2, 0, 0)


def test_the_wheel_requires_nothing(metadata: Message) -> None:
    assert metadata.get_all("Requires-Dist") is None


def test_a_link_of_the_description_leads_to_a_file_of_the_release_outside_the_repository_too(metadata: Message) -> None:
    home, tag = metadata["Home-page"], f"v{metadata['Version']}"
    readme, links = (ROOT / "README.md").read_text("utf-8"), re.compile(r"(!?)\[[^]]*\]\((?!#)([^)#]+)")
    described = links.findall(str(metadata.get_payload()))
    assert len(described) >= len(links.findall(readme)) > 10
    for picture, target in described:
        kind, _, path = target.removeprefix(f"{home}/").partition(f"/{tag}/")
        assert target.startswith("https://")
        if path:
            assert (kind, (ROOT / path).exists()) == ("raw" if picture else "blob", True)
    assert f"{home}/raw/{tag}/docs/images/report.png" in [target for picture, target in described if picture]


def test_the_name_is_one_word(metadata: Message) -> None:
    assert metadata["Name"] == NAME
    assert not {"_", "-"} & set(metadata["Name"])


def test_the_version_stands_in_one_place(metadata: Message) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    version = re.compile(rf"(?<![\d.]){re.escape(metadata['Version'])}(?![\w.])")
    saying = [name for name in tracked.splitlines() if version.search((ROOT / name).read_text("utf-8", "ignore"))]
    assert saying == ["HISTORY.rst", "setup.py"]


def test_the_same_sources_give_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    sources = tmp_path / "sources"
    shutil.copytree(ROOT / PACKAGE, sources / PACKAGE, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.py", "README.md", "HISTORY.rst", "LICENSE"):
        shutil.copyfile(ROOT / name, sources / name)
    for path in sources.rglob("*.*"):
        path.chmod(0o600)
        os.utime(path, (0, 0))
    stale = sources / "build" / "lib" / PACKAGE / "gone.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    assert build_wheel(tmp_path / "again", sources).read_bytes() == wheel.read_bytes()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a user who has other things in it."""
    home = tmp_path / "home"
    (home / ".azure").mkdir(parents=True)
    (home / ".azure" / "config").write_text("[core]\noutput = yaml\n")
    return home


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def fresh_az(tmp_path: Path, home: Path) -> Az:
    """Run `az` with folders of its own, and with no other programs that might write to a home."""
    masked_logging = ("AZURE_", "XDG_")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(masked_logging)}
    environment |= {"HOME": str(home), "USERPROFILE": str(home), "AZURE_CORE_COLLECT_TELEMETRY": "no"}
    environment["PATH"] = os.pathsep.join([str(AZ.parent), os.defpath])
    environment |= {"AZURE_CONFIG_DIR": str(tmp_path / "config"), "AZURE_EXTENSION_DIR": str(tmp_path / "extensions")}

    def fresh_az(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = az({**environment, **more}, *arguments, cwd=tmp_path, capture_output=True)
        assert done.returncode == 0, done.stderr
        return done

    return fresh_az


def test_the_extension_comes_works_and_goes_and_leaves_the_users_home_as_it_was(
    fresh_az: Az, wheel: Path, home: Path, tmp_path: Path
) -> None:
    before = contents(home)
    fresh_az("extension", "add", "--yes", "--upgrade", "--source", str(wheel))
    (listed,) = json.loads(fresh_az("extension", "list").stdout)
    shown = json.loads(fresh_az("extension", "show", "--name", NAME).stdout)
    assert listed["name"] == shown["name"] == NAME
    assert len(json.loads(fresh_az("vmss-flex", "compare").stdout)) > 30
    fresh_az("extension", "remove", "--name", NAME)
    assert json.loads(fresh_az("extension", "list").stdout) == []
    assert contents(tmp_path / "extensions") == {}
    assert contents(home) == before


def test_an_index_of_ones_own_installs_and_updates(
    fresh_az: Az, wheel: Path, metadata: Message, tmp_path: Path
) -> None:
    folder, versions = tmp_path / "dist", []
    of_version("0.1.0", folder)
    shutil.copy(wheel, folder)
    with served(folder) as url:
        write_index(folder, url)
        fresh_az("config", "set", f"extension.index_url={url}/index.json", "--only-show-errors")
        for command in (("add", "--version", "0.1.0"), ("update",)):
            fresh_az("extension", *command, "--name", NAME, **UNPROXIED)
            versions += [path.stem for path in (tmp_path / "extensions" / NAME).glob("*.dist-info")]
    assert versions == [f"{NAME}-0.1.0", f"{NAME}-{metadata['Version']}"]


def test_a_wheel_that_is_not_the_one_of_the_index_is_not_installed(fresh_az: Az, wheel: Path, tmp_path: Path) -> None:
    shutil.copy(wheel, tmp_path)
    with served(tmp_path) as url:
        index = json.loads(write_index(tmp_path, url).read_text("utf-8"))
        index["extensions"][NAME][0]["sha256Digest"] = "0" * 64
        (tmp_path / "index.json").write_text(json.dumps(index))
        source = {"AZURE_EXTENSION_INDEX_URL": f"{url}/index.json", **UNPROXIED}
        with pytest.raises(AssertionError, match="checksum of the extension does not match"):
            fresh_az("extension", "add", "--name", NAME, **source)


def test_the_table_of_comparison_fits_its_columns(fresh_az: Az, wheel: Path) -> None:
    fresh_az("extension", "add", "--yes", "--source", str(wheel))
    lines = fresh_az("vmss-flex", "compare", "-o", "table").stdout.splitlines()
    assert len(lines) > 30
    assert max(map(len, lines)) <= 120

"""OpenSSH configurations, of which no name, address or user makes a line of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from azext_flexcompare.nat_rules.addresses import Endpoint
from azext_flexcompare.nat_rules.ssh_config import make_host
from tests.latest.helpers.hostile import hostile

PLAIN = Endpoint("203.0.113.4", 50000, 22)


def test_a_host_has_its_address_its_port_and_its_user() -> None:
    host = make_host("web_1a2b", PLAIN, "ops")
    assert host
    assert host.block() == (
        "Host web_1a2b\n    HostName 203.0.113.4\n    HostKeyAlias web_1a2b\n    Port 50000\n    User ops\n"
    )


@pytest.mark.parametrize("name", ["*", "a*", "a b", "!a", "a,b", 'a"', "a\nb", "", "-a", "a#", "a(b)", "%h", "a\\"])
def test_a_name_that_means_more_than_one_host_is_left_out(name: str) -> None:
    assert make_host(name, PLAIN, "ops") is None


@pytest.mark.parametrize("address", ["", "web.example", "1.2.3.4\nUser root", "1.2.3", "fe80::1%eth0", "-oX"])
def test_an_address_is_an_address(address: str) -> None:
    assert make_host("a", PLAIN._replace(address=address), "ops") is None


@given(hostile, hostile, hostile)
@example("a", "10.0.0.4", "x\n    ProxyCommand touch pwned")
@example("a", "10.0.0.4", "-oProxyCommand=x")
def test_what_is_written_has_the_lines_of_one_host(name: str, address: str, user: str) -> None:
    host = make_host(name, PLAIN._replace(address=address), user)
    if host:
        words = [line.split() for line in host.block().splitlines()]
        assert [word for word, *_ in words] == [
            "Host",
            "HostName",
            "HostKeyAlias",
            "Port",
            *(["User"] * (len(words) - 4)),
        ]
        assert {len(line) for line in words} == {2}


@pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not installed")
@given(st.from_regex(r"\w[\w.-]{0,9}", fullmatch=True), st.from_regex(r"[\w.][\w.@+$-]{0,9}", fullmatch=True))
@example("웹_1", "first.last@corp")
def test_ssh_reads_what_is_written(tmp_path_factory: pytest.TempPathFactory, name: str, user: str) -> None:
    host = make_host(name, PLAIN, user)
    if host is None:
        return
    config = Path(tmp_path_factory.mktemp("ssh"), "config")
    config.write_text(host.block(), encoding="utf-8")
    done = subprocess.run(["ssh", "-G", "-F", config, name], capture_output=True, check=False, timeout=60)
    found = dict(line.split(" ", 1) for line in done.stdout.decode("utf-8").splitlines() if " " in line)
    assert (done.returncode, found.get("port"), found.get("user")) == (0, "50000", user), done.stderr

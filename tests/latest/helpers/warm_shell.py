"""A quick `az` for shell commands: each is a fork of one process that has read the Azure CLI.

A shell finds the client as `az` in its path. The client passes its arguments, folder, environment and standard streams
on, and ends with the exit status of the fork. The fork ends with it: a client that is killed kills its command.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.latest.helpers.az import PATIENCE, ROOT, WarmProcess, put_instead, read_everything

CLIENT = """#!{python} -SE
import json, os, signal, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({path!r})
    signal.signal(signal.SIGINT, lambda *_: server.send(b"i"))
    told = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(server, [len(told).to_bytes(8, "big")], [0, 1, 2])
    server.sendall(told)
    sys.exit(int(server.recv(16) or b"1"))
"""


class WarmShell(WarmProcess):
    """The process that has read the Azure CLI, and the environment in which a shell finds its client."""

    def __init__(self, environment: dict[str, str], folder: Path, instead: dict[str, float]) -> None:
        path, self.client = str(folder / "server"), folder / "az"
        self.client.write_text(CLIENT.format(python=sys.executable, path=path))
        self.client.chmod(0o755)
        self.environment = {**environment, "PATH": f"{folder}{os.pathsep}{environment['PATH']}"}
        command = [sys.executable, "-m", "tests.latest.helpers.warm_shell", json.dumps(instead), path]
        self.process = subprocess.Popen(
            command, env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        assert self.process.stdout.readline() == "ready\n"

    def az(self, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """Run `az` with these arguments to its end."""
        return subprocess.run([str(self.client), *arguments], env=self.environment, text=True, check=False, **how)


def _accept_clients(path: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        print("ready", flush=True)  # noqa: T201
        while sys.stdin not in (found := select.select([server, sys.stdin], [], [])[0]):
            if server in found:
                client, _ = server.accept()
                with client:
                    if not os.fork():
                        _supervise(client)


def _supervise(client: socket.socket) -> None:
    """Run the command of a client in a fork; end it where the client ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, streams, _, _ = socket.recv_fds(client, 8, 3)
    with client.makefile("rb", buffering=0) as file:
        told = b""
        while len(told) < int.from_bytes(size, "big"):
            told += file.read(int.from_bytes(size, "big") - len(told)) or b""
    child = os.fork()
    if not child:
        _run_for_client(*json.loads(told), streams)
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    while ended not in select.select([ended, client], [], [])[0]:
        os.kill(child, signal.SIGINT if client.recv(1) else signal.SIGKILL)
        select.select([ended], [], [], 0.1)
    with suppress(BrokenPipeError):  # the client was killed
        client.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())
    os._exit(0)


def _run_for_client(arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    signal.alarm(PATIENCE)
    sys.argv[1:] = arguments
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor, stream in enumerate(streams):
        os.dup2(stream, descriptor)
    from azure.cli.core import get_default_cli

    sys.exit(get_default_cli().invoke(arguments))


if __name__ == "__main__":
    read_everything()
    put_instead(json.loads(sys.argv[1]))
    _accept_clients(sys.argv[2])

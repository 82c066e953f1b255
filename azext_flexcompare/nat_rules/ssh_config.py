"""`ssh-config`: an OpenSSH configuration for the chosen instances."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError, ResourceNotFoundError
from knack.log import get_logger

from azext_flexcompare.arm.clients import azure_of
from azext_flexcompare.nat_rules.addresses import SSH, Endpoint, reach_of
from azext_flexcompare.nat_rules.interfaces import keys_of
from azext_flexcompare.nat_rules.surroundings import COMPUTE, choose_around, read_surroundings
from azext_flexcompare.output.messages import first_names
from azext_flexcompare.output.standard_streams import write_output
from azext_flexcompare.selection.selection import Choice

# What these texts cannot contain needs no quotes: blanks, quotes, patterns, tokens of ssh_config(5), and line ends.
SAFE_NAME = re.compile(r"\w[\w.-]*")
SAFE_USER = re.compile(r"[\w.][\w.@+$-]*")


class SshOptions(NamedTuple):
    """The user to log in as, the port of the SSH server, which address comes first, and what is read."""

    user: str | None = None
    port: int = SSH
    prefer_private: bool = False
    source: str = COMPUTE


class Host(NamedTuple):
    """One host of a configuration."""

    name: str
    endpoint: Endpoint
    user: str | None

    def block(self) -> str:
        """Format the block of the host."""
        lines = [
            f"Host {self.name}",
            f"    HostName {self.endpoint.address}",
            f"    HostKeyAlias {self.name}",
            f"    Port {self.endpoint.port}",
            *([f"    User {self.user}"] if self.user else []),
        ]
        return "\n".join(lines) + "\n"


def write_config(cli_ctx: Any, choice: Choice, options: SshOptions, file: str | None) -> dict[str, Any] | None:
    """Write the configuration to a file, or as text to standard output.

    Raises InvalidArgumentValueError for a user that ssh would not take as one word, ResourceNotFoundError where no
    instance has an address.
    """
    if options.user is not None and not SAFE_USER.fullmatch(options.user):
        raise InvalidArgumentValueError(
            f"--user {options.user!r} cannot be the name of a user in an SSH configuration.",
            recommendation="Specify a name without blanks, quotes and slashes.",
        )
    hosts = _hosts(cli_ctx, choice, options)
    text = "\n".join(host.block() for host in hosts)
    if file is None:
        write_output(text)
        return None
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileOperationError(f"{file} cannot be written: {error.strerror}.") from error
    return {"file": file, "hosts": len(hosts)}


def _hosts(cli_ctx: Any, choice: Choice, options: SshOptions) -> list[Host]:
    chosen = choose_around(cli_ctx, "ssh-config", choice, options.source)
    around = read_surroundings(azure_of(cli_ctx), chosen, source=options.source)
    keys = keys_of(chosen)
    hosts: list[Host] = []
    left: list[str] = []
    for one in chosen:
        endpoint = reach_of(one, around).endpoint(options.port, private_first=options.prefer_private)
        host = make_host(keys[one.id], endpoint, options.user or _admin_of(one.resource))
        hosts += [host] if host else []
        left += [] if host else [one.name]
    if chosen and not hosts:
        raise ResourceNotFoundError("None of the chosen instances has an address.")
    if not options.prefer_private:
        inside = [host.name for host in hosts if ip_address(host.endpoint.address).is_private]
        _warn(inside, "At a private address, which only its own network reaches")
    _warn(left, "Left out, without an address or with a name that a configuration cannot hold")
    _warn([host.name for host in hosts if host.user is None], "Without a User line, since no user is known")
    return hosts


def make_host(name: str, endpoint: Endpoint | None, user: str | None) -> Host | None:
    """Build a host, without a user that cannot be written as one word; None for a name or address that cannot."""
    if endpoint is None or not SAFE_NAME.fullmatch(name) or not _is_address(endpoint.address):
        return None
    return Host(name, endpoint, user if user and SAFE_USER.fullmatch(user) else None)


def _is_address(text: str) -> bool:
    try:
        return bool(ip_address(text)) and "%" not in text
    except ValueError:
        return False


def _admin_of(resource: Any) -> str | None:
    profile = resource.os_profile
    user: str | None = profile.admin_username if profile else None
    return user


def _warn(names: Sequence[str] | Iterable[str], why: str) -> None:
    found = list(names)
    if found:
        get_logger(__name__).warning("%s: %s", why, first_names(found))

"""The private addresses of instances."""

from __future__ import annotations

from collections.abc import Callable

from armsim import Simulator
from azext_flexcompare.arm.clients import Azure
from azext_flexcompare.arm.private_address import PrivateAddresses
from azext_flexcompare.instances import Instance
from tests.latest.helpers.factories import instance

Members = Callable[[], list[Instance]]


def test_an_address_is_read_once(azure: Azure, members: Members, sim: Simulator) -> None:
    first, second, *_ = members()
    addresses = PrivateAddresses(azure)
    found = [addresses.of(one) for one in (first, second, first)]
    assert found[0] == found[2] != found[1]
    assert all(one.startswith("10.0.") for one in found)
    assert sum("networkinterfaces/" in one["path"].lower() for one in sim.requests()) == 2


def test_an_address_that_cannot_be_read_is_empty_and_asked_for_again(
    azure: Azure, members: Members, sim: Simulator
) -> None:
    first, *_ = members()
    addresses = PrivateAddresses(azure)
    sim.add_fault({"action": "nic-get", "times": 1, "fault": {"status": 403}})
    assert addresses.of(first) == ""
    assert addresses.of(first) != ""
    assert addresses.of(instance(resource=None)) == ""

"""IP configurations in the bodies of network interfaces."""

from __future__ import annotations

import pytest

from azext_flexcompare.arm.network_bodies import EditError, ip_configurations, primary_ip_configuration
from tests.latest.helpers.nat_bodies import a_nic


def test_the_primary_nic_or_the_only_one_counts() -> None:
    nics = {nic["id"].lower(): nic for nic in (a_nic("a"), a_nic("b"))}
    first, second = (nic["id"].upper() for nic in nics.values())
    assert primary_ip_configuration("vm", [(first, False), (second, True)], nics).nic["name"] == "b"
    assert primary_ip_configuration("vm", [(first, False)], nics).nic["name"] == "a"


@pytest.mark.parametrize("interfaces", [[], [("x", True)], [("x", False), ("y", False)]])
def test_a_machine_without_a_primary_nic_is_an_error(interfaces: list[tuple[str, bool]]) -> None:
    with pytest.raises(EditError, match="no primary network interface"):
        primary_ip_configuration("vm", interfaces, {})


def test_the_primary_configuration_or_the_only_one_counts() -> None:
    nic = a_nic("a")
    [only] = nic["properties"]["ipConfigurations"]
    other = {"name": "two", "id": "two", "properties": {"primary": False}}
    nic["properties"]["ipConfigurations"] = [other, only]
    nics = {nic["id"].lower(): nic}
    assert primary_ip_configuration("vm", [(nic["id"], True)], nics).id == only["id"]
    only["properties"]["primary"] = False
    with pytest.raises(EditError, match="no primary IP configuration"):
        primary_ip_configuration("vm", [(nic["id"], True)], nics)
    assert len(ip_configurations("vm", [(nic["id"], True), ("gone", False)], nics)) == 2

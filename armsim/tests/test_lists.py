"""Lists of VMs and their pages."""

from __future__ import annotations

from armsim.tests.client import TAG, Arm, code_of


def filter_of(scale_set: str) -> str:
    return f"'virtualMachineScaleSet/id' eq '{scale_set}'"


def names_of(value: list[dict[str, object]]) -> list[object]:
    return [item["name"] for item in value]


def test_a_filter_leaves_the_members_of_one_set(arm: Arm) -> None:
    identifier = arm.sim.scale_sets["other"]
    for spelling in (identifier, identifier.upper()):
        answer = arm.get(arm.vms(), **{"$filter": filter_of(spelling)})
        assert names_of(answer.json()["value"]) == arm.sim.names("other")


def test_a_set_of_another_group_is_not_in_this_one(arm: Arm) -> None:
    answer = arm.get(arm.vms("rg"), **{"$filter": filter_of(arm.sim.scale_sets["flex2"])})
    assert answer.json() == {"value": []}


def test_the_instances_of_a_uniform_set_are_no_vms(arm: Arm) -> None:
    assert "uniform" not in arm.get(arm.vms()).text
    assert arm.get(arm.vms(), **{"$filter": filter_of(arm.sim.scale_sets["uniform"])}).json() == {"value": []}


def test_a_group_has_its_own_vms(arm: Arm) -> None:
    expected = {*arm.sim.names("flex"), *arm.sim.names("other"), "lonely"}
    assert set(names_of(arm.get(arm.vms()).json()["value"])) == expected
    assert names_of(arm.get(arm.vms("RG2")).json()["value"]) == arm.sim.names("flex2")


def test_next_link_leads_through_every_page_once(arm: Arm) -> None:
    arm.sim.configure(page_size=4)
    query = {"$filter": filter_of(arm.sim.scale_sets["flex"]), "$expand": "instanceView"}
    first = arm.get(arm.vms(), **query).json()
    second = arm.session.get(first["nextLink"]).json()
    assert (len(first["value"]), len(second["value"]), "nextLink" in second) == (4, 2, False)
    assert names_of(first["value"] + second["value"]) == arm.sim.names("flex")
    assert all("instanceView" in item["properties"] for item in second["value"])


def test_a_deleted_vm_shifts_no_other_off_the_next_page(arm: Arm) -> None:
    names = arm.sim.names("flex")
    arm.sim.configure(page_size=3)
    first = arm.get(arm.vms(), **{"$filter": filter_of(arm.sim.scale_sets["flex"])}).json()
    arm.act(names[0], "delete")
    arm.sim.advance(86400)
    assert names_of(arm.session.get(first["nextLink"]).json()["value"]) == names[3:]


def test_a_skip_token_of_our_own_making_is_refused(arm: Arm) -> None:
    assert code_of(arm.get(arm.vms(), **{"$skiptoken": "zzz"})) == "InvalidSkipToken"


def test_expand_needs_a_filter(arm: Arm) -> None:
    answer = arm.get(arm.vms(), **{"$expand": "instanceView"})
    assert (answer.status_code, code_of(answer)) == (400, "BadRequest")


def test_ids_in_lists_have_the_group_in_capitals(arm: Arm, vm: str) -> None:
    item = arm.get(arm.vms()).json()["value"][0]
    assert "/resourceGroups/RG/" in item["id"]
    assert item["id"].lower() == arm.sim.vm_id(vm).lower()
    arm.sim.configure(capital_groups=False)
    assert arm.get(arm.vms()).json()["value"][0]["id"] == arm.sim.vm_id(vm)


def test_status_only_gives_run_time_status_of_the_whole_subscription(arm: Arm) -> None:
    path = f"/subscriptions/{arm.sim.subscription}/providers/Microsoft.Compute/virtualMachines"
    items = arm.get(path, statusOnly="true").json()["value"]
    assert len(items) == 6 + 3 + 1 + 3
    assert set(items[0]["properties"]) == {"vmId", "provisioningState", "instanceView"}
    assert "hardwareProfile" in arm.get(path).json()["value"][0]["properties"]


def test_a_vm_says_what_it_is(arm: Arm) -> None:
    override = {
        "priority": "Spot", "ephemeral": True, "zone": "2", "faultDomain": 2, "tags": {"a": "b"},
        "vmHealth": "unhealthy", "vmAgent": "Not Ready", "extensions": ["AppHealth"], "osType": "Windows",
    }  # fmt: skip
    scale_set = {"instances": ["x_1", "x_2"], "overrides": {"#0": override}}
    arm.sim.reset({"resourceGroups": {"rg": {"scaleSets": {"x": scale_set}}}})
    body = arm.get(arm.sim.vm_id("x_1"), **{"$expand": "instanceView"}).json()
    properties, view = body["properties"], body["properties"]["instanceView"]
    assert (body["zones"], body["tags"]) == (["2"], {**TAG, "a": "b"})
    assert (properties["priority"], properties["evictionPolicy"]) == ("Spot", "Deallocate")
    assert properties["storageProfile"]["osDisk"]["diffDiskSettings"]["option"] == "Local"
    assert properties["virtualMachineScaleSet"]["id"] == arm.sim.scale_sets["x"]
    assert view["platformFaultDomain"] == 2
    assert view["vmHealth"]["status"]["code"] == "HealthState/unhealthy"
    assert view["vmAgent"]["statuses"][0]["displayStatus"] == "Not Ready"
    assert view["extensions"][0]["name"] == "AppHealth"
    assert "priority" not in arm.get(arm.sim.vm_id("x_2")).json()["properties"]


def test_a_vm_that_does_not_run_has_no_guest(arm: Arm, vm: str) -> None:
    arm.act(vm, "deallocate")
    arm.sim.advance(86400)
    view = arm.get(f"{arm.sim.vm_id(vm)}/instanceView").json()
    assert not {"vmAgent", "computerName", "vmHealth"} & set(view)


def test_zones_and_fault_domains_go_round(arm: Arm) -> None:
    arm.sim.reset(vms=9)
    places = {(arm.sim.vm(name)["zone"], arm.sim.vm(name)["faultDomain"]) for name in arm.sim.names("flex")}
    assert places == {(zone, domain) for zone in "123" for domain in range(3)}


def test_5000_vms_come_page_by_page(arm: Arm) -> None:
    arm.sim.reset(vms=5000)
    of_set = {"$filter": filter_of(arm.sim.scale_sets["flex"]), "$expand": "instanceView"}
    answer = arm.get(arm.vms(), **of_set).json()
    names = names_of(answer["value"])
    while "nextLink" in answer:
        answer = arm.session.get(answer["nextLink"]).json()
        assert len(answer["value"]) == 50
        names += names_of(answer["value"])
    assert names == arm.sim.names("flex")
    assert len(arm.sim.requests()) == 100

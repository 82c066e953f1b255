"""The selection: exactly the instances that were meant, and none where none was meant."""

from __future__ import annotations

from fnmatch import fnmatch
from random import Random
from typing import Any

import pytest
from azure.mgmt.compute.v2024_11_01.models import (
    InstanceViewStatus,
    VirtualMachine,
    VirtualMachineAgentInstanceView,
    VirtualMachineHealthStatus,
    VirtualMachineInstanceView,
)
from hypothesis import assume, given
from hypothesis import strategies as st

from azext_flexcompare.instances import Instance, scale_set_view_id
from azext_flexcompare.selection.selection import NEAREST, Choice, ChoiceError, select, take_sample
from tests.latest.helpers.factories import DB, WEB, instance
from tests.latest.helpers.hostile import short


def machine(agent: str | None = "Ready", health: str | None = None, priority: str | None = None) -> VirtualMachine:
    """What the compute API shows of a VM: what its agent and its application report, and its priority."""
    statuses = [InstanceViewStatus(display_status=agent)] if agent else []
    found = VirtualMachine(location="westeurope", priority=priority)
    found.instance_view = VirtualMachineInstanceView(vm_agent=VirtualMachineAgentInstanceView(statuses=statuses))
    if health:  # the SDK leaves out of its arguments what only the service sets
        found.instance_view.vm_health = VirtualMachineHealthStatus()
        found.instance_view.vm_health.status = InstanceViewStatus(code=f"HealthState/{health}")
    return found


MEMBERS = [
    instance("web_1a", resource=machine(agent="Not Ready")),
    instance("web_2b", zone="2", fault_domain=1, power_state="stopped", resource=machine(agent=None)),
    instance(
        "web_3c",
        zone="3",
        fault_domain=2,
        tags={"role": "cache", "Owner": "ann"},
        resource=machine(health="unhealthy", priority="Spot"),
    ),
    instance(
        "web_4d",
        fault_domain=1,
        tags={"role": "cache", "empty": ""},
        provisioning_state="Failed",
        resource=machine(priority="Regular"),
    ),
    instance("web_5e", zone=None, fault_domain=None, power_state=None, tags={}, resource=machine(health="healthy")),
]


def names_of(members: list[Instance], **choice: Any) -> list[str]:
    return [one.name for one in select(members, Choice(**choice))]


def chosen(**choice: Any) -> list[str]:
    return names_of(MEMBERS, **choice)


def refusal(members: list[Instance] = MEMBERS, **choice: Any) -> str:
    with pytest.raises(ChoiceError) as caught:
        select(members, Choice(**choice))
    assert caught.value.helps
    return str(caught.value)


EVERY = [one.name for one in MEMBERS]


def test_no_wish_takes_every_instance_in_the_order_of_the_list() -> None:
    assert chosen() == EVERY


def test_a_star_takes_every_instance() -> None:
    assert chosen(names=("*",)) == EVERY


def test_an_unknown_name_is_refused_next_to_a_star_too() -> None:
    assert "nobody" in refusal(names=("*", "nobody"))


def test_names_are_taken_in_the_order_given() -> None:
    assert chosen(names=("web_4d", "web_1a", "web_3c")) == ["web_4d", "web_1a", "web_3c"]


def test_names_are_compared_without_regard_to_case() -> None:
    assert chosen(names=("WEB_2B",)) == ["web_2b"]


def test_ids_do_for_names_whatever_their_case() -> None:
    assert chosen(names=(MEMBERS[3].id.upper(), "web_1a")) == ["web_4d", "web_1a"]


def test_an_instance_named_twice_is_taken_once_where_it_was_named_first() -> None:
    assert chosen(names=("web_2b", "web_1a", "Web_2B", MEMBERS[1].id)) == ["web_2b", "web_1a"]


def test_every_unknown_name_is_told_with_the_nearest() -> None:
    said = refusal(names=("web_1b", "zzz", "web_1a", "nothing"))
    assert said.startswith("scale set web has no instance named web_1b (nearest: web_")
    assert "web_1a" in said
    assert said.endswith("zzz, nothing")


def test_an_unknown_id_is_told_whole_with_the_nearest_name() -> None:
    assert "/somewhere/web_1aa (nearest: web_1a" in refusal(names=("/somewhere/web_1aa",))


def test_an_instance_of_another_set_is_unknown() -> None:
    assert instance("db_1", DB).id in refusal(names=(instance("db_1", DB).id,))


def test_a_name_that_two_sets_have_is_refused() -> None:
    both = [instance("twin"), instance("twin", DB)]
    assert refusal(both, names=("Twin",)) == "more than one of the scale sets has an instance named Twin"


def test_the_id_tells_twins_of_two_sets_apart() -> None:
    both = [instance("twin"), instance("twin", DB)]
    assert select(both, Choice(names=(both[1].id,))) == [both[1]]


def test_several_sets_are_all_named_in_a_refusal() -> None:
    assert "the scale sets web (rg), db (db-rg) has" in refusal([*MEMBERS, instance("db_1", DB)], names=("x",))


@pytest.mark.parametrize(
    ("wish", "names"),
    [
        ({"zones": ("1",)}, ["web_1a", "web_4d"]),
        ({"zones": ("3", "2")}, ["web_2b", "web_3c"]),
        ({"fault_domains": ("1",)}, ["web_2b", "web_4d"]),
        ({"fault_domains": ("0", "2")}, ["web_1a", "web_3c"]),
        ({"power_states": ("stopped",)}, ["web_2b"]),
        ({"power_states": ("stopped", "running")}, ["web_1a", "web_2b", "web_3c", "web_4d"]),
        ({"tags": (("role", "cache"),)}, ["web_3c", "web_4d"]),
        ({"tags": (("owner", None),)}, ["web_3c"]),
        ({"tags": (("role", "cache"), ("Empty", ""))}, ["web_4d"]),
        ({"exclude": ("web_1a", "WEB_4D")}, ["web_2b", "web_3c", "web_5e"]),
        ({"exclude": ("web_[1-3]*",)}, ["web_4d", "web_5e"]),
        ({"exclude": (MEMBERS[0].id.upper(),)}, EVERY[1:]),
        ({"names": ("web_[45]*", "WEB_?A")}, ["web_4d", "web_5e", "web_1a"]),
        ({"names": ("web_2b", "web_*")}, ["web_2b", "web_1a", "web_3c", "web_4d", "web_5e"]),
        ({"names": (scale_set_view_id(MEMBERS[2]).upper(),)}, ["web_3c"]),
        ({"exclude": (scale_set_view_id(MEMBERS[2]),)}, ["web_1a", "web_2b", "web_4d", "web_5e"]),
        ({"power_states": ("stopped", "hibernated")}, ["web_2b"]),
        ({"provisioning_states": ("FAILED",)}, ["web_4d"]),
        ({"provisioning_states": ("succeeded", "creating")}, ["web_1a", "web_2b", "web_3c", "web_5e"]),
        ({"priorities": ("spot",)}, ["web_3c"]),
        ({"priorities": ("Regular",)}, ["web_1a", "web_2b", "web_4d", "web_5e"]),
        ({"unhealthy": True}, ["web_1a", "web_3c", "web_4d"]),
    ],
    ids=str,
)
def test_a_filter_keeps_what_it_names(wish: dict[str, Any], names: list[str]) -> None:
    assert chosen(**wish) == names


def test_filters_must_all_hold() -> None:
    assert chosen(zones=("1", "3"), tags=(("role", "cache"),), fault_domains=("1", "2"), exclude=("*3c",)) == ["web_4d"]


def test_filters_narrow_names_and_leave_their_order() -> None:
    assert chosen(names=("web_4d", "web_2b", "web_1a"), zones=("1",)) == ["web_4d", "web_1a"]


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"zones": ("1", "9")}, "--zone 9"),
        ({"fault_domains": ("7", "8")}, "--fault-domain 7, 8"),
        ({"power_states": ("hibernated",)}, "--power-state hibernated"),
        ({"tags": (("role", "db"),)}, "--tag role=db"),
        ({"tags": (("nokey", None),)}, "--tag nokey"),
    ],
    ids=str,
)
def test_a_filter_that_no_instance_meets_is_refused(wish: dict[str, Any], told: str) -> None:
    assert refusal(**wish) == f"no instance of scale set web matches {told}"


def test_a_refused_filter_tells_what_there_is() -> None:
    with pytest.raises(ChoiceError) as caught:
        select(MEMBERS, Choice(zones=("9",)))
    assert caught.value.helps == "Existing values: 1, 2, 3."


def test_a_refused_filter_says_where_there_is_nothing_to_filter_by() -> None:
    with pytest.raises(ChoiceError) as caught:
        select(MEMBERS[4:], Choice(zones=("1",)))
    assert caught.value.helps == "No instance has a value."


@pytest.mark.parametrize("exclusion", ["web_1b", "db*", "", MEMBERS[0].id + "x"])
def test_an_exclusion_that_excludes_no_instance_is_refused(exclusion: str) -> None:
    assert refusal(exclude=("web_1a", exclusion)).startswith("--exclude: scale set web has no instance named")


def test_an_exclusion_may_spare_an_instance_that_was_not_chosen() -> None:
    assert chosen(names=("web_1a",), exclude=("web_2b",)) == ["web_1a"]


@pytest.mark.parametrize(
    "wish",
    [
        {"names": ()},
        {"zones": ()},
        {"power_states": ()},
        {"exclude": ("*",)},
        {"names": ("web_1a",), "zones": ("2",)},
        {"names": ("*",), "zones": ("2",), "fault_domains": ("0",)},
    ],
    ids=str,
)
def test_what_leaves_nothing_is_refused_and_never_means_everything(wish: dict[str, Any]) -> None:
    assert "matches the names and filters" in refusal(**wish)


def test_a_set_without_instances_is_refused() -> None:
    assert (
        refusal([], scale_set="web") == "no instance of scale set web matches the names and filters: 0 in all, 0 named"
    )


ZONES, DOMAINS, STATES = (None, "1", "2"), (None, 0, 1), (None, "running", "stopped")
KEYS, VALUES = ("role", "Owner"), ("", "a", "b")
first_names = st.builds(
    instance,
    st.text("abC_1", min_size=1, max_size=3),
    st.sampled_from([WEB, DB]),
    zone=st.sampled_from(ZONES),
    fault_domain=st.sampled_from(DOMAINS),
    power_state=st.sampled_from(STATES),
    tags=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES)),
)
lists = st.lists(first_names, min_size=1, max_size=8, unique_by=lambda one: one.id.lower())
PLACES: dict[str, Any] = {
    "zones": st.none() | st.lists(st.sampled_from(ZONES[1:]), max_size=2).map(tuple),
    "fault_domains": st.none() | st.lists(st.sampled_from(DOMAINS[1:]).map(str), max_size=2).map(tuple),
    "power_states": st.none() | st.lists(st.sampled_from(STATES[1:]), max_size=2).map(tuple),
    "tags": st.none()
    | st.lists(st.tuples(st.sampled_from(KEYS), st.none() | st.sampled_from(VALUES)), max_size=2).map(tuple),
}
wishes = st.fixed_dictionaries(PLACES)


def meets(one: Instance, wish: dict[str, Any]) -> bool:
    """Say the same as the product in other words."""
    tags = {key.lower(): value for key, value in one.tags.items()}
    return (
        (wish["zones"] is None or one.zone in wish["zones"])
        and (wish["fault_domains"] is None or str(one.fault_domain) in wish["fault_domains"])
        and (wish["power_states"] is None or one.power_state in wish["power_states"])
        and all(key.lower() in tags and value in (None, tags[key.lower()]) for key, value in wish["tags"] or ())
    )


def exists(members: list[Instance], wish: dict[str, Any]) -> bool:
    """Say whether each value of each filter is met by a member."""
    singles = [{**dict.fromkeys(PLACES), name: (value,)} for name in PLACES for value in wish[name] or ()]
    return all(any(meets(one, single) for one in members) for single in singles)


@given(lists, wishes, st.data())
def test_only_members_that_meet_every_filter_are_ever_taken(
    members: list[Instance], wish: dict[str, Any], data: st.DataObject
) -> None:
    names = data.draw(st.none() | st.lists(st.sampled_from(["*", "x", *[one.name for one in members]])).map(tuple))
    try:
        taken = select(members, Choice(names=names, **wish))
    except ChoiceError:
        return
    assert taken
    assert all(one in members and meets(one, wish) for one in taken)


@given(lists, wishes)
def test_every_member_that_meets_the_filters_is_taken_in_order(members: list[Instance], wish: dict[str, Any]) -> None:
    meeting = [one for one in members if meets(one, wish)]
    assume(meeting and exists(members, wish))
    assert select(members, Choice(**wish)) == meeting


@given(lists, wishes)
def test_a_choice_that_nothing_meets_is_refused(members: list[Instance], wish: dict[str, Any]) -> None:
    assume(not any(meets(one, wish) for one in members))
    assert refusal(members, **wish)


@given(lists, st.data())
def test_named_members_come_in_the_order_of_their_names(members: list[Instance], data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.sampled_from(members), min_size=1))
    names = tuple(data.draw(st.sampled_from([one.id, one.id.upper(), one.id.lower()])) for one in wanted)
    assert select(members, Choice(names=names)) == [one for at, one in enumerate(wanted) if one not in wanted[:at]]


@given(lists, wishes, st.data())
def test_one_name_that_does_not_exist_refuses_the_whole_choice(
    members: list[Instance], wish: dict[str, Any], data: st.DataObject
) -> None:
    names = data.draw(st.permutations([one.id for one in members] + ["nobody"]))
    assert refusal(members, names=tuple(names), **wish)


@given(lists, st.sampled_from(["zones", "fault_domains", "tags"]), st.data())
def test_one_filter_value_that_does_not_exist_refuses_the_whole_choice(
    members: list[Instance], place: str, data: st.DataObject
) -> None:
    strange: Any = ("nokey", None) if place == "tags" else "strange"
    values = data.draw(PLACES[place]) or ()
    assert refusal(members, **{place: (*values, strange)})


@given(lists, st.data())
def test_what_is_excluded_is_never_taken(members: list[Instance], data: st.DataObject) -> None:
    spared = data.draw(st.lists(st.sampled_from(members), min_size=1, max_size=len(members)))
    left = [one for one in members if one not in spared]
    assume(left)
    assert select(members, Choice(exclude=tuple(one.id for one in spared))) == left


@given(
    *[st.none() | st.lists(short | st.sampled_from(["a", "b"]), min_size=1).map(tuple)] * 4,
    st.lists(short | st.just("a")).map(tuple),
)
def test_a_selection_is_of_members_or_refused(
    names: Any, zones: Any, domains: Any, states: Any, exclude: tuple[str, ...]
) -> None:
    members = [instance("a"), instance("b")]
    try:
        chosen = select(members, Choice("rg", "web", None, names, zones, domains, states, None, exclude))
    except ChoiceError:
        return
    assert chosen
    assert all(one in members for one in chosen)
    assert names is None or all(any(fnmatch(one.name, name.lower()) for name in names) for one in chosen)


def test_ten_thousand_unknown_names_are_all_named_and_the_nearest_of_a_few() -> None:
    unknown = tuple(f"web_{number}x" for number in range(10_000))
    with pytest.raises(ChoiceError) as refused:
        select([instance(f"web_{number}") for number in range(1000)], Choice("rg", "web", None, unknown))
    told = str(refused.value)
    assert all(name in told for name in unknown)
    assert told.count("(nearest: ") == NEAREST


@pytest.mark.parametrize("name", ["0", "17"])
def test_a_number_is_refused_as_the_way_of_uniform_sets(name: str) -> None:
    assert refusal(names=("web_1a", name)) == (
        f"instances of a Flexible scale set are identified by VM names, not by numbers such as {name}"
    )


@pytest.mark.parametrize("glob", ["db_*", "web_1?b"])
def test_a_glob_that_matches_no_instance_is_refused(glob: str) -> None:
    assert glob in refusal(names=("web_1a", glob))


def test_a_state_that_no_instance_is_in_is_refused_only_where_no_other_matches() -> None:
    assert refusal(power_states=("deallocated", "hibernated")) == (
        "no instance of scale set web matches --power-state deallocated, hibernated"
    )


@pytest.mark.parametrize(
    ("sample", "taken"), [("1", 1), ("2", 2), ("9", 5), ("40%", 2), ("1%", 1), ("100%", 5), ("0.5%", 1)]
)
def test_a_sample_takes_so_many_in_the_order_chosen(sample: str, taken: int) -> None:
    found = [take_sample(MEMBERS, sample, Random(seed)) for seed in range(40)]  # noqa: S311
    assert {len(one) for one in found} == {taken}
    assert all(one == [member for member in MEMBERS if member in one] for one in found)
    assert len({tuple(each.name for each in one) for one in found}) > 1 or taken == len(MEMBERS)


@pytest.mark.parametrize("names", [None, ("*",)])
def test_only_a_choice_that_nothing_narrows_takes_all(names: tuple[str, ...] | None) -> None:
    whole = Choice("rg", "web", names=names)
    assert whole.takes_all
    assert whole._replace(shard="1/2").takes_all
    narrower: list[dict[str, Any]] = [
        {"zones": ("1",)},
        {"exclude": ("a",)},
        {"unhealthy": True},
        {"outdated": True},
        {"sample": "1"},
        {"names": ("a",)},
    ]
    assert not any(whole._replace(**one).takes_all for one in narrower)


@pytest.mark.parametrize(
    ("choice", "named"),
    [
        (Choice("rg", "web"), False),
        (Choice("rg", "web", names=("*",)), True),
        (Choice(ids=("/x/virtualMachineScaleSets/web",)), False),
        (Choice(ids=("/x/virtualmachinescalesets/web/",)), False),
        (Choice(ids=("/x/virtualMachineScaleSets/web/virtualMachines/a", "/x/virtualMachines/b")), True),
        (Choice(ids=("/x/virtualMachines/b", "/x/virtualMachineScaleSets/web")), False),
    ],
)
def test_ids_of_instances_name_instances_and_ids_of_sets_do_not(choice: Choice, named: bool) -> None:
    assert choice.names_instances is named

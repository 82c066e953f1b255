"""Arguments that choose instances: understood as typed, or refused before any request."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

import pytest
from azure.cli.core.azclierror import (
    AzCLIError,
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)
from azure.cli.core.commands.validators import DefaultStr
from hypothesis import example, given
from hypothesis import strategies as st

from azext_flexcompare._validators import CHOICE, port, resource_name, take_choice
from azext_flexcompare.planning.batches import parse_amount
from azext_flexcompare.selection.selection import Choice
from tests.latest.helpers.hostile import DEEP, hostile

SET = {"resource_group_name": "rg", "vmss_name": "web"}
LISTS = {
    "ids": "--ids",
    "instance_ids": "--instance-ids",
    "zone": "--zone",
    "fault_domain": "--fault-domain",
    "power_state": "--power-state",
    "tag": "--tag",
    "exclude": "--exclude",
    "provisioning_state": "--provisioning-state",
    "priority": "--priority",
}


def take(**typed: Any) -> Choice:
    return take_choice({**dict.fromkeys(CHOICE), **typed})


def names(*values: str) -> tuple[str, ...] | None:
    return take(**SET, instance_ids=list(values)).names


def test_every_argument_of_the_choice_is_taken_out_and_no_other() -> None:
    arguments = {**dict.fromkeys(CHOICE), **SET, "timeout": 5}
    take_choice(arguments)
    assert arguments == {"timeout": 5}


def test_a_set_alone_leaves_everything_else_out() -> None:
    assert take(**SET) == Choice("rg", "web")


def test_every_list_finds_its_place() -> None:
    lists = {name: [name.upper()] for name in LISTS if name not in ("ids", "tag")}
    expected = Choice(
        "rg",
        "web",
        names=("INSTANCE_IDS",),
        zones=("ZONE",),
        fault_domains=("FAULT_DOMAIN",),
        power_states=("POWER_STATE",),
        tags=(("k", "v"),),
        exclude=("EXCLUDE",),
        provisioning_states=("PROVISIONING_STATE",),
        priorities=("PRIORITY",),
        unhealthy=True,
        outdated=True,
        sample="10%",
    )
    more = {"unhealthy": True, "outdated": True, "sample": parse_amount("10%")}
    assert take(**SET, **lists, **more, tag=["k=v"]) == expected


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["a", "b"], ("a", "b")),
        (["a\nb\r\n\n  c  \n"], ("a", "b", "c")),
        (["b", "a\nb"], ("b", "a")),
        (["*"], ("*",)),
        (['["a", "b"]'], ("a", "b")),
        (['[{"id": "/x/a", "name": "a"}, {"id": "/x/b"}]'], ("/x/a", "/x/b")),
        (['{"id": "/x/a"}'], ("/x/a",)),
        (['"a"'], ("a",)),
        (["[ab]*"], ("[ab]*",)),
        ([' ["a"]\n', "b"], ("a", "b")),
        (["a b", "c,d , e\tf\ng"], ("a", "b", "c", "d", "e", "f", "g")),
        (['["a b", "c"]'], ("a", "b", "c")),
    ],
    ids=str,
)
def test_names_are_read_from_words_lines_and_json(values: list[str], found: tuple[str, ...]) -> None:
    assert names(*values) == found


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("nothing", [[""], ["\n \r\n"], ["[]"]], ids=["empty", "blank", "json"])
def test_a_list_of_nothing_is_refused_by_the_name_of_its_option(name: str, nothing: list[str]) -> None:
    with pytest.raises(InvalidArgumentValueError, match=f"^{LISTS[name]} is empty") as caught:
        take(**({} if name == "ids" else SET), **{name: nothing})
    assert caught.value.recommendations


@pytest.mark.parametrize("typed", [{}, {"vmss_name": "web"}, {"resource_group_name": "rg"}, {"instance_ids": ["a"]}])
def test_without_a_set_nothing_can_be_chosen(typed: dict[str, Any]) -> None:
    with pytest.raises(RequiredArgumentMissingError, match="scale set is missing"):
        take(**typed)


@pytest.mark.parametrize("typed", [SET, {"vmss_name": "web"}, {"resource_group_name": "rg"}])
def test_a_set_is_named_in_one_way_only(typed: dict[str, Any]) -> None:
    with pytest.raises(MutuallyExclusiveArgumentError, match="--ids"):
        take(**typed, ids=["/x"])


@pytest.mark.parametrize("typed", [SET, {"vmss_name": "web"}, {"resource_group_name": "rg"}])
def test_a_configured_default_does_not_stand_in_the_way_of_ids(typed: dict[str, str]) -> None:
    defaults = {name: DefaultStr(value) for name, value in typed.items()}
    assert take(**defaults, ids=["/x"]) == Choice(ids=("/x",))


def test_configured_defaults_name_the_set_where_there_are_no_ids() -> None:
    assert take(**{name: DefaultStr(value) for name, value in SET.items()}) == Choice("rg", "web")


@pytest.mark.parametrize(
    ("typed", "tag"), [("k", ("k", None)), ("k=", ("k", "")), ("k=v", ("k", "v")), ("k=a=b", ("k", "a=b"))]
)
def test_a_tag_is_a_key_with_or_without_a_value(typed: str, tag: tuple[str, str | None]) -> None:
    assert take(**SET, tag=[typed]).tags == (tag,)


# What is typed


@pytest.mark.parametrize("parse", [port, resource_name])
@given(text=st.one_of(hostile, st.from_regex(r"[-+]?[0-9._]{0,12}(e-?[0-9]{1,9})?(/[0-9]{1,3})?%?", fullmatch=True)))
@example(text="1/0")
@example(text="1e9999999")
@example(text="1e-400%")
@example(text="1" + "0" * 400)
@example(text="nan")
def test_a_value_is_read_or_refused_by_the_parser(parse: Callable[[str], Any], text: str) -> None:
    try:
        parse(text)
    except (ValueError, TypeError, ArgumentTypeError):  # what a parser turns into a usage error
        return


@pytest.mark.parametrize("name", ["", " ", ".", "..", "a/b", "a\\b", "a?b", "a#b", "a%2fb", "a\nb", "a'b", "*"])
def test_what_would_lead_elsewhere_is_no_name(name: str) -> None:
    with pytest.raises(ArgumentTypeError):
        resource_name(name)


@pytest.mark.parametrize("name", ["web_1a2b", "a.b", "..a", "vmss-flex-protection", "CustomScript (2)", "été"])
def test_a_name_is_a_name(name: str) -> None:
    assert resource_name(name) == name


@given(
    lists=st.dictionaries(st.sampled_from([*LISTS]), st.lists(hostile, max_size=3) | st.none()),
    group=hostile,
    name=hostile,
)
@example(lists={"instance_ids": [DEEP]}, group="rg", name="web")
@example(lists={"instance_ids": ['[{"id": 5}]']}, group="rg", name="web")
def test_a_choice_is_texts_or_refused(lists: dict[str, Any], group: str, name: str) -> None:
    typed = {**dict.fromkeys(CHOICE), **lists, "resource_group_name": group, "vmss_name": name}
    try:
        choice = take_choice(typed)
    except AzCLIError:
        return
    every = [choice.ids, choice.names, choice.zones, choice.fault_domains, choice.power_states, choice.exclude]
    assert all(isinstance(text, str) and text for values in every for text in values or ())


def test_every_set_of_a_group_is_chosen_in_place_of_one() -> None:
    group = {"resource_group_name": "rg", "all_sets": True}
    assert take(**group) == Choice("rg", all_sets=True)
    assert take(**group, vmss_name=DefaultStr("web")) == Choice("rg", all_sets=True)
    assert take(**group, set_tag=["a=b", "c"]) == Choice("rg", all_sets=True, set_tags=(("a", "b"), ("c", None)))
    for more in ({"vmss_name": "web"}, {"ids": ["/x"]}):
        with pytest.raises(MutuallyExclusiveArgumentError, match="--all-sets"):
            take(**group, **more)
    with pytest.raises(RequiredArgumentMissingError, match="scale set is missing"):
        take(all_sets=True)
    assert take_choice({"all_sets": True}, subscription=True) == Choice(all_sets=True)
    with pytest.raises(RequiredArgumentMissingError, match="The scale set is missing"):
        take_choice({"vmss_name": "web"}, subscription=True)
    with pytest.raises(RequiredArgumentMissingError, match="--set-tag narrows --all-sets"):
        take(**SET, set_tag=["a"])


@pytest.mark.parametrize("blank", ["", " "])
@pytest.mark.parametrize(("name", "option"), [("resource_group_name", "--resource-group"), ("vmss_name", "--name")])
def test_an_empty_name_is_refused_and_is_not_left_out(name: str, option: str, blank: str) -> None:
    for more in ({}, {"all_sets": True}, {"ids": ["/x"]}):
        typed = {**(SET if not more else {}), **more, name: blank}
        with pytest.raises(InvalidArgumentValueError, match=f"^{option} is empty") as caught:
            take_choice(typed, subscription=True)
        assert caught.value.recommendations


def test_an_empty_configured_default_is_none() -> None:
    assert take(resource_group_name=DefaultStr(""), ids=["/x"]) == Choice(ids=("/x",))
    with pytest.raises(RequiredArgumentMissingError):
        take(resource_group_name=DefaultStr(""), vmss_name="web")

"""Queries of Resource Graph."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armsim.resourcegraph.expressions import has_term
from armsim.resourcegraph.lexer import QueryError
from armsim.resourcegraph.query import parse_query
from armsim.tests.client import TAG, Arm

ROWS: list[dict[str, Any]] = [
    {"id": "/a", "name": "Web-1", "type": "vm", "zones": ["1"], "tags": {"role": "web"}, "properties": {"n": 1}},
    {"id": "/b", "name": "web-2", "type": "vm", "zones": ["2"], "tags": {"role": "db"}, "properties": {"n": 2}},
    {"id": "/c", "name": "it's", "type": "set", "zones": None, "tags": None, "properties": {"n": 10, "ok": True}},
]


def ids(query: str) -> str:
    return "".join(row["id"][1:] for row in parse_query(query).run(ROWS))


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("type == 'vm'", "ab"),
        ("type == 'VM'", ""),
        ("type =~ 'VM'", "ab"),
        ("type != 'vm'", "c"),
        ("type !~ 'VM'", "c"),
        ("name contains 'EB'", "ab"),
        ("name has 'web'", "ab"),
        ("name has 'we'", ""),
        ("name startswith 'WEB'", "ab"),
        ("name endswith '-2'", "b"),
        ("name in ('Web-1', 'nobody')", "a"),
        ("name in ('web-1')", ""),
        ("name in~ ('web-1', \"WEB-2\")", "ab"),
        ("tolower(name) == 'web-1'", "a"),
        ("tostring(properties.n) == '10'", "c"),
        ("properties.n == 2", "b"),
        ("properties.ok == true", "c"),
        ("properties.absent.deeper == 'x'", ""),
        ("properties.absent != 'x'", "abc"),
        ("zones[0] == '2'", "b"),
        ("tags['role'] == 'web'", "a"),
        ("not(type == 'vm')", "c"),
        ("type == 'vm' and name contains '1' or type == 'set'", "ac"),
        ("type == 'vm' and (name contains '1' or type == 'set')", "a"),
        (r"name == 'it\'s'", "c"),
        ('name == @"it\'s"', "c"),
    ],
)
def test_where(condition: str, expected: str) -> None:
    assert ids(f"Resources | where {condition}") == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("order by name asc", "acb"),
        ("sort by name", "bca"),
        ("order by type asc, name desc", "cba"),
        ("order by properties.n desc | limit 2", "cb"),
        ("take 1", "a"),
        ("where type == 'vm' // only these\n | where name contains '2'", "b"),
        ("extend n = properties.n | where n == 2", "b"),
    ],
)
def test_steps(steps: str, expected: str) -> None:
    assert ids(f"resources | {steps}") == expected


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("where name == 'web-2' | project name, zone = zones[0], tags.role",
         [{"name": "web-2", "zone": "2", "tags_role": "db"}]),
        ("count", [{"Count": 3}]),
        ("summarize count() by type", [{"type": "vm", "count_": 2}, {"type": "set", "count_": 1}]),
        ("summarize total = count()", [{"total": 3}]),
        ("summarize n = count() by kind = type | where n == 1", [{"kind": "set", "n": 1}]),
    ],
)  # fmt: skip
def test_shapes(steps: str, expected: list[dict[str, Any]]) -> None:
    assert parse_query(f"resources | {steps}").run(ROWS) == expected


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("resourcecontainers", "resourcecontainers"),
        ("resources | join kind=inner (resources) on id", "join"),
        ("resources | mv-expand zones", "mv"),
        ("resources | where name matches regex 'x'", "matches"),
        ("resources | where name !contains 'x'", "!contains"),
        ("resources | where properties.n > 3", ">"),
        ("resources | where name has_any ('x')", "has_any"),
        ("resources | where isempty(name)", "isempty"),
        ("resources | where nmae == 'x'", "nmae"),
        ("resources | project name | where type == 'x'", "type"),
        ("resources | summarize dcount(name)", "dcount"),
        ("resources | project tolower(name)", "without a name"),
        ("resources | order by name asc nulls last", "nulls"),
        ("resources | limit ten", "ten"),
        ("resources | where name == 'x", "'x"),
        ("resources | where (name == 'x'", "Expected )"),
        ("resources where name == 'x'", "where"),
        ("resources | where name == 'x' 'y'", "y"),
        ("resources; resources", ";"),
        ("", "the end"),
    ],
)
def test_what_the_subset_lacks_is_named(query: str, named: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(query)
    assert named in str(caught.value)


@given(st.text())
def test_any_text_is_a_query_or_a_query_error(text: str) -> None:
    with contextlib.suppress(QueryError):
        parse_query(text).run(ROWS)


@given(st.text(alphabet="ab'\"\\n", max_size=8))
def test_a_quoted_literal_is_worth_its_text(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    rows = [{"name": text}, {"name": text + "x"}]
    assert parse_query(f"resources | where name == '{escaped}'").run(rows) == rows[:1]


@given(st.text(alphabet="ab-", max_size=6), st.text(alphabet="ab", min_size=1, max_size=3))
def test_has_finds_whole_terms(text: str, term: str) -> None:
    assert has_term(text, term.upper()) == (term in text.split("-"))


def test_rows_are_what_resource_graph_shows(arm: Arm, vm: str) -> None:
    arm.act(vm, "powerOff")
    arm.sim.advance(86400)
    query = f"resources | where type == 'microsoft.compute/virtualmachines' and name == '{vm}'"
    row = arm.ask(query).json()["data"][0]
    assert (row["resourceGroup"], row["location"], row["zones"], row["tags"]) == (
        "rg", "westeurope", ["1"], {**TAG, "role": "web"},
    )  # fmt: skip
    assert row["properties"]["virtualMachineScaleSet"]["id"] == arm.sim.scale_sets["flex"]
    state = row["properties"]["extended"]["instanceView"]["powerState"]
    assert (state["code"], state["displayStatus"]) == ("PowerState/stopped", "VM stopped")


def test_scale_sets_are_resources_too(arm: Arm) -> None:
    query = "resources | where type == 'microsoft.compute/virtualmachinescalesets' | project name"
    assert [row["name"] for row in arm.ask(query).json()["data"]] == ["flex", "other", "uniform", "flex2"]


def test_pages_follow_the_skip_token(arm: Arm) -> None:
    query = "resources | where type endswith '/virtualmachines' | project id, name | order by name asc"
    first = arm.ask(query, **{"$top": 8}).json()
    second = arm.ask(query, **{"$top": 8, "$skipToken": first["$skipToken"]}).json()
    assert (first["count"], second["count"], first["totalRecords"]) == (8, 5, 13)
    assert (first["resultTruncated"], "$skipToken" in second) == ("false", False)
    assert len({row["id"] for row in first["data"] + second["data"]}) == 13


@pytest.mark.parametrize("query", ["resources | project name", "resources | limit 9"])
def test_without_an_id_or_with_a_limit_there_is_no_paging(arm: Arm, query: str) -> None:
    answer = arm.ask(query, **{"$top": 5}).json()
    assert (answer["resultTruncated"], answer["count"], "$skipToken" in answer) == ("true", 5, False)


def test_a_page_has_100_rows_unless_asked(arm: Arm) -> None:
    arm.sim.reset(vms=120)
    answer = arm.ask("resources").json()
    machines, sets, load_balancers, addresses = 120 + 3 + 1 + 3, 4, 2, 3
    everything = 2 * machines + sets + load_balancers + addresses  # each machine has a network interface
    assert (answer["count"], answer["totalRecords"]) == (100, everything)
    assert arm.ask("resources", **{"$top": 1000}).json()["count"] == everything
    assert arm.ask("resources", **{"$top": 1001}).status_code == 400


def test_staleness_shows_the_world_as_it_was(arm: Arm, vm: str) -> None:
    arm.sim.configure(staleness=30.0)
    query = f"resources | where name == '{vm}' | project code = properties.extended.instanceView.powerState.code"
    arm.act(vm, "deallocate")
    assert arm.ask(query).json()["data"] == [{"code": "PowerState/running"}]
    arm.sim.advance(31)
    assert arm.ask(query).json()["data"] == [{"code": "PowerState/deallocating"}]


def test_a_bad_query_is_a_400_that_names_the_operator(arm: Arm) -> None:
    answer = arm.ask("resources | join x")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"][0]["code"]) == (400, "BadRequest", "InvalidQuery")
    assert error["details"][1]["message"] == "The operator 'join' is not simulated."


def test_other_subscriptions_have_nothing(arm: Arm) -> None:
    body = {"query": "resources", "subscriptions": ["11111111-1111-1111-1111-111111111111"]}
    answer = arm("POST", "/providers/Microsoft.ResourceGraph/resources", body, **{"api-version": "2021-03-01"})
    assert answer.json()["data"] == []


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ({"query": "resources", "facets": []}, "2021-03-01"),
        ({"query": "resources", "options": {"resultFormat": "table"}}, "2021-03-01"),
        ({"query": "resources", "options": {"$foo": 1}}, "2021-03-01"),
        ({"query": "resources"}, "2018-09-01-preview"),
    ],
)
def test_the_rest_of_the_service_is_not_modelled(arm: Arm, body: dict[str, Any], version: str) -> None:
    answer = arm("POST", "/providers/Microsoft.ResourceGraph/resources", body, **{"api-version": version})
    assert answer.status_code == 501


def test_the_network_of_a_group_is_known(arm: Arm) -> None:
    kinds = ("networkInterfaces", "loadBalancers")
    lower = ", ".join(f"'microsoft.network/{kind.lower()}'" for kind in kinds)
    query = f"resources | where type in~ ({lower}) | where resourceGroup in~ ('RG') | project id, type, properties"
    rows = {row["id"]: row for row in arm.ask(query).json()["data"]}
    for kind in kinds:
        path = arm.group(f"/providers/Microsoft.Network/{kind}")
        (first, *_) = arm.get(path, **{"api-version": "2024-01-01"}).json()["value"]
        assert rows[first["id"]]["properties"] == first["properties"]
        assert rows[first["id"]]["type"] == f"microsoft.network/{kind.lower()}"

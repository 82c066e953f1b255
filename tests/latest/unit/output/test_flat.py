"""Bodies as the Azure CLI prints them."""

from __future__ import annotations

from azext_flexcompare.output.flat import flatten


def test_properties_are_beside_the_other_members_at_every_depth() -> None:
    inner = {"name": "c", "properties": {"privateIPAddress": "10.0.0.4", "subnet": {"id": "s", "properties": {}}}}
    body = {"id": "n", "tags": {"properties": "kept"}, "properties": {"primary": True, "ipConfigurations": [inner]}}
    assert flatten(body) == {
        "id": "n",
        "tags": {"properties": "kept"},
        "primary": True,
        "ipConfigurations": [{"name": "c", "privateIPAddress": "10.0.0.4", "subnet": {"id": "s"}}],
    }


def test_what_is_no_body_stays_as_it_is() -> None:
    assert flatten([None, 1, "x", {"properties": None}]) == [None, 1, "x", {"properties": None}]

"""Bodies of a load balancer and of network interfaces, as Azure returns them."""

from __future__ import annotations

from typing import Any

from azext_flexcompare.arm.network_bodies import Body, IpConfiguration

NETWORK = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network"
LB = f"{NETWORK}/loadBalancers/lb"
FRONT, OTHER_FRONT = f"{LB}/frontendIPConfigurations/front", f"{LB}/frontendIPConfigurations/other"
POOL = f"{LB}/backendAddressPools/pool"


def a_nat_rule(name: str, port: int, *, to: str | None = None, front: str = FRONT, **properties: Any) -> Body:
    return {
        "name": name,
        "id": f"{LB}/inboundNatRules/{name}",
        "etag": 'W/"1"',
        "type": "Microsoft.Network/loadBalancers/inboundNatRules",
        "properties": {
            "provisioningState": "Succeeded",
            "frontendIPConfiguration": {"id": front},
            "frontendPort": port,
            "backendPort": 22,
            "protocol": "Tcp",
            "enableTcpReset": True,
            **({"backendIPConfiguration": {"id": to}} if to else {}),
            **properties,
        },
    }


def a_pool_rule(first: int, last: int, **properties: Any) -> Body:
    span = {"frontendPortRangeStart": first, "frontendPortRangeEnd": last, "backendAddressPool": {"id": POOL}}
    return a_nat_rule("v2", 0, **span, **properties)


def a_load_balancer(*rules: Body, **properties: Any) -> Body:
    return {
        "name": "lb",
        "id": LB,
        "etag": 'W/"1"',
        "type": "Microsoft.Network/loadBalancers",
        "location": "westeurope",
        "tags": {"type": "kept", "etag": "kept"},
        "sku": {"name": "Standard", "tier": "Regional"},
        "properties": {
            "provisioningState": "Succeeded",
            "resourceGuid": "g",
            "frontendIPConfigurations": [
                {
                    "name": "front",
                    "id": FRONT,
                    "etag": 'W/"1"',
                    "zones": ["1"],
                    "properties": {
                        "provisioningState": "Succeeded",
                        "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/ip"},
                        "inboundNatRules": [{"id": rule["id"]} for rule in rules],
                    },
                }
            ],
            "backendAddressPools": [{"name": "pool", "id": POOL, "etag": 'W/"1"', "properties": {}}],
            "inboundNatRules": list(rules),
            **properties,
        },
    }


def a_nic(name: str, *rules: str, pools: tuple[str, ...] = (POOL,)) -> Body:
    nic = f"{NETWORK}/networkInterfaces/{name}"
    return {
        "name": name,
        "id": nic,
        "etag": 'W/"1"',
        "location": "westeurope",
        "properties": {
            "provisioningState": "Succeeded",
            "macAddress": "00",
            "enableIPForwarding": False,
            "virtualMachine": {"id": "vm"},
            "networkSecurityGroup": {"id": "nsg"},
            "ipConfigurations": [
                {
                    "name": "one",
                    "id": f"{nic}/ipConfigurations/one",
                    "etag": 'W/"1"',
                    "properties": {
                        "primary": True,
                        "provisioningState": "Succeeded",
                        "privateIPAddress": "10.0.0.4",
                        "subnet": {"id": "subnet"},
                        "loadBalancerBackendAddressPools": [{"id": pool} for pool in pools],
                        "loadBalancerInboundNatRules": [{"id": f"{LB}/inboundNatRules/{rule}"} for rule in rules],
                    },
                }
            ],
        },
    }


def a_place(name: str, *rules: str, pools: tuple[str, ...] = (POOL,)) -> IpConfiguration:
    nic = a_nic(name, *rules, pools=pools)
    return IpConfiguration(name, nic, f"{nic['id']}/ipConfigurations/one")


def places(count: int) -> list[IpConfiguration]:
    return [a_place(f"vm{number}") for number in range(count)]

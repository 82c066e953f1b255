"""Commands of the network: NAT rules, network interfaces, addresses, SSH configurations."""

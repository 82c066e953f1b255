"""The network provider: load balancers, network interfaces and public addresses."""

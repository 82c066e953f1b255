"""Resources of the simulated cloud and the description that they are built from."""

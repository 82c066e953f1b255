"""What exists in the simulated cloud: the description of a world, and the world made from it."""

"""The parts that every resource provider shares: routes, errors, identity, long-running operations."""

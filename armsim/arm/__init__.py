"""What is common to every resource provider: routes, errors, identity, long-running operations."""

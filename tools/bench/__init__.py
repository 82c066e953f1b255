"""How long does an operation on many instances take, beside what a user would run instead? `python -m tools.bench`."""

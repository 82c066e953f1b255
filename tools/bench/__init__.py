"""The benchmark: an operation on many instances by `az vmss-flex` and its alternatives; `python -m tools.bench`."""

"""The selection of instances."""

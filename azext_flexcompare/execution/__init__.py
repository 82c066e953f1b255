"""A run from its confirmation to its end."""

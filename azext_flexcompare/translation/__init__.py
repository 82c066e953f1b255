"""`translate`: shell scripts rewritten for Flexible sets."""

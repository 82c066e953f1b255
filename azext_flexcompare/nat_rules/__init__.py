"""`nat-rule create`, `list` and `delete`."""

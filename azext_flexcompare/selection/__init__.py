"""Which instances a command works on."""

"""The compute provider: virtual machines, scale sets and their lifecycle."""

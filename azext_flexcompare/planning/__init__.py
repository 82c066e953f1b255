"""What is sent to which instance, in which batches, at what cost."""

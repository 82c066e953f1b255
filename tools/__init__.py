"""What is run on the project itself: the sandbox, the demo, the benchmark, and what is generated from the table."""

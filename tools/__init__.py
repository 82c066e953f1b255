"""Tools of the project itself: the sandbox, the demo, the benchmark and the generated documents."""

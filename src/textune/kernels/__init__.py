"""What torch has no single operation for on a CPU: C sources, their compiler, and their calls."""

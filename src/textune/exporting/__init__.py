"""A run's model becomes a folder that other programs compute, checked against the run."""

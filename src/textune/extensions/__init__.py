"""The user's own parts of a run, in one Python file."""

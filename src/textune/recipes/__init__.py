"""The stories, from files to a run."""

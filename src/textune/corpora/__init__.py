"""The user's files become what is learned from and what judges it."""

"""The user's files become examples."""

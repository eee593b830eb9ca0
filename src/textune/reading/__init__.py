"""The user's files become rows that know their file and line."""

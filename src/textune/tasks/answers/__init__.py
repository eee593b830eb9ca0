"""Answers in a passage: recognised in a table, read, learned, described and shown."""

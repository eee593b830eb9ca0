"""A tag for each word: recognised in a table, read, learned, described and shown."""

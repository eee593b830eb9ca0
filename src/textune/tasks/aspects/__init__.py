"""Several columns of classes a text: recognised in a table, read, learned, described and shown."""

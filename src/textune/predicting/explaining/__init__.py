"""A prediction becomes the words that moved it."""

"""Cells become columns, names, numerals, lists and words: what tasks read by."""

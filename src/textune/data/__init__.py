"""Cells become columns, names, lists, words and spans: what tasks read by."""

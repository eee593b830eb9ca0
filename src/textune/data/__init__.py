"""Rows become examples, by a contract."""

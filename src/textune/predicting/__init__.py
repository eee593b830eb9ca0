"""Texts become predictions of a finished run."""

"""Finished models answer over HTTP: the same answers as `predict`, in batches by tokens."""

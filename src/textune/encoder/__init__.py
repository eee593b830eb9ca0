"""Batches become hidden states."""

"""Rows become examples by a contract; logits become losses, predictions, scores: a place a task."""

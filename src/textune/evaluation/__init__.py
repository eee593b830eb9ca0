"""Predictions become judgements."""

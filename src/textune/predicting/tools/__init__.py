"""Predictions in the forms of annotation tools."""

"""Longer proofs that nothing is lost: `python -m proofs` runs them, the tests bounded versions."""

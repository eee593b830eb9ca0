"""What there is to learn: labels or masked tokens, as batches with targets."""

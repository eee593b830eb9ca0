"""Examples become packed batches."""

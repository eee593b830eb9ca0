"""Examples become training, validation and test sets."""

"""Several processes learn one run: who they are, and what they send each other."""

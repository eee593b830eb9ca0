"""Logits and truth of held-out texts become the rule by which a model decides."""

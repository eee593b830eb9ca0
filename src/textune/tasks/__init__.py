"""Hidden states become losses, predictions and scores: one file a task, one interface."""

"""Settings are tried, the best of them taken, and trained again to say what it is worth."""

"""Speed and quality, side by side with peers: one command each."""

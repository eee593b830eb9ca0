"""A frozen encoder becomes features, and they a linear head: linear probing."""

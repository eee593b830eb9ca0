"""A run folder becomes a page, pictures, and the mistakes most worth reading."""

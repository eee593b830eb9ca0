"""Files as annotation tools and other programs write them become flat rows, one form a file."""

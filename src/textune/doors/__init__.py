"""The command line, the Python functions, and what a person sees on the screen."""

"""What the program of an exported model prints: answers, and what went wrong."""

import sys

from textune.storage import json_lines


def show(values: object) -> None:
    """Print an object as a line of JSON."""
    print(json_lines.line(values, encoding=sys.stdout.encoding))


def fail(words: str) -> None:
    """Print what went wrong."""
    print(f"error: {words}", file=sys.stderr)

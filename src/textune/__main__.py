"""The program `textune`."""

from textune.cli import run


def main() -> None:
    """Run the command line."""
    run()


if __name__ == "__main__":
    main()

"""A call of a function of the tests becomes a process: see `made_forks.Calls`."""

import gc
import pickle
import sys
from pathlib import Path


def main() -> None:
    """Make the call that a file holds."""
    gc.enable()  # which `conftest` had switched off, where the function's module asked for it
    function, arguments = pickle.loads(Path(sys.argv[1]).read_bytes())
    function(*arguments)


if __name__ == "__main__":
    main()

"""`python -m bench.cola` is `python -m bench.train --task cola`."""

import sys

from bench.train import main

if __name__ == "__main__":
    main(["--task", "cola", *sys.argv[1:]])

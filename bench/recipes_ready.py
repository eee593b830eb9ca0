"""The kernels of a machine are compiled, as its first run does: `python -m bench.recipes_ready`."""

from bench import few_textune

if __name__ == "__main__":
    few_textune.ready_kernels()

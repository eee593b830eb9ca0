"""The process behind `server`: reads jobs from its input and forks a process for each."""

import json
import os
import resource
import sys
import traceback
from typing import Any

MODULES = (
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.metrics",
    "sklearn.feature_extraction.text",
    "matplotlib.figure",
    "pyarrow.parquet",
    "textune.recipes.recipe",
    "textune.recipes.language_recipe",
    "textune.report.report",
    "textune.doors.cli",
    "textune.__main__",
)


def main() -> None:
    """Answer each line: with a process id, or with the code that a process ended with."""
    import importlib

    import transformers

    for name in MODULES:
        importlib.import_module(name)
    for name in ("BertForSequenceClassification", "BertForMaskedLM", "AutoTokenizer"):
        getattr(transformers, name)
    for line in sys.stdin:
        job = json.loads(line)
        answer = os.waitstatus_to_exitcode(_wait(job["wait"])) if "wait" in job else _fork(job)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _wait(pid: int) -> int:
    return os.waitpid(pid, 0)[1]


def _fork(job: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for stream, ending in ((1, ".out"), (2, ".err")):
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
            os.dup2(os.open(job["log"] + ending, flags), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for name, value in job["limits"].items():
            kind = getattr(resource, name)
            resource.setrlimit(kind, (value, resource.getrlimit(kind)[1]))
        code = _command(job["words"])
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _command(words: list[str]) -> int:
    from textune import __main__ as program

    sys.argv = ["textune", *words]
    try:
        program.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


if __name__ == "__main__":
    main()

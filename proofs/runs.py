"""Runs that are killed, stopped and damaged come to the weights of an unbroken run."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from proofs import made
from proofs.server import Ended
from proofs.trials import Setting, Trial, judged, mutations, weights

MOST_KILLS, FEW_KILLS = 5, 2  # of one run, and in the quick form
SOME = 3
SECONDS = 60.0  # in which a run has written two checkpoints
SIGNALS = {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGHUP: 129}
OPTIONS = ("--epochs", "12", "--batch-size", "8", "--lr", "2e-3", "--device", "cpu")
BRIEF = ("--epochs", "4")  # in the quick form, of runs that may come to their end
STOPPABLE = ("--epochs", "8")  # of those that are stopped after two checkpoints


def kills(setting: Setting) -> Iterator[Trial]:
    """Kill a run up to five times at random moments, continue it, and compare the weights."""
    for kind in ("train", "adapt"):
        words = [*_words(setting, kind), *_brief(setting)]
        whole = setting.folder / f"{kind}-whole"
        began = time.perf_counter()
        ended = setting.server.run([*words, "--out", whole])
        seconds = time.perf_counter() - began
        yield judged(f"{kind}: unbroken", ended, allowed=(0,))
        for number in range(setting.count):
            run = setting.folder / f"{kind}-{number}"
            last, killed = _killed(setting, words, run, seconds)
            what = f"{kind} {number}: killed {killed} times"
            yield judged(what, last, allowed=(0,), fault=_compared(whole, run))
            shutil.rmtree(run, ignore_errors=True)


def signals(setting: Setting) -> Iterator[Trial]:
    """Stop a run by a signal at a random moment: its code, its state, and the same weights."""
    words = [*_words(setting, "train"), *_brief(setting)]
    whole = setting.folder / "whole"
    began = time.perf_counter()
    yield judged("unbroken", setting.server.run([*words, "--out", whole]), allowed=(0,))
    seconds = time.perf_counter() - began
    for number in range(setting.count):
        which = setting.draw.choice(list(SIGNALS))
        run = setting.folder / f"run-{number}"
        moment = setting.draw.uniform(0, seconds)
        pid = setting.server.start([*words, "--out", run])
        time.sleep(moment)
        _send(pid, which)
        stopped = setting.server.wait(pid)
        what = f"{number}: {which.name} after {moment:.2f} s"
        yield judged(what, stopped, allowed=(0, SIGNALS[which]))
        last = _continued(setting, words, run)
        yield judged(f"{what}, continued", last, allowed=(0,), fault=_compared(whole, run))
        shutil.rmtree(run, ignore_errors=True)


def damage(setting: Setting) -> Iterator[Trial]:
    """Damage each file that a resume reads: never other weights, never a traceback."""
    words = [*_words(setting, "train"), *(STOPPABLE if setting.count == 1 else ())]
    whole, stopped = setting.folder / "whole", setting.folder / "stopped"
    yield judged("unbroken", setting.server.run([*words, "--out", whole]), allowed=(0,))
    pid = setting.server.start([*words, "--out", stopped])
    end = time.monotonic() + SECONDS
    while len(list(stopped.glob("checkpoints/step-*"))) < 2 and time.monotonic() < end:
        time.sleep(0.001)
    _send(pid, signal.SIGTERM)
    yield judged("stopped after two checkpoints", setting.server.wait(pid), allowed=(143,))
    files = [path for path in sorted(stopped.rglob("*")) if path.is_file()]
    if setting.count == 1:  # in the quick form: some of the files
        files = setting.draw.sample(files, min(SOME, len(files)))
    for file in files:
        name = file.relative_to(stopped)
        changes = [*islice(mutations(file.read_bytes(), setting.draw), setting.count)]
        for how, content in [*changes, ("deleted", None)]:
            run = setting.folder / "run"
            shutil.rmtree(run, ignore_errors=True)
            shutil.copytree(stopped, run)
            if content is None:
                (run / name).unlink()
            else:
                (run / name).write_bytes(content)
            ended = setting.server.run([*words, "--out", run, "--resume"])
            fault = _compared(whole, run) if ended.code == 0 else None
            yield judged(f"{name} {how}", ended, allowed=(0, 2, 4), fault=fault)


def races(setting: Setting) -> Iterator[Trial]:
    """Let two processes want one run's folder: one has it, the other is told so."""
    words = _words(setting, "train")
    for number in range(setting.count):
        run = setting.folder / f"run-{number}"
        pids = [setting.server.start([*words, "--epochs", "2", "--out", run]) for _ in range(2)]
        ended = [setting.server.wait(pid) for pid in pids]
        codes = sorted(one.code for one in ended)
        # the second may come when the first is done: then the folder exists already
        fault = None if codes in ([0, 3], [0, 2]) else f"exit codes {codes}"
        for one in ended:
            yield judged(f"race {number}", one, allowed=(0, 2, 3), fault=fault)
        shutil.rmtree(run, ignore_errors=True)


def _words(setting: Setting, kind: str) -> list[object]:
    if kind == "train":
        source = made.reviews(setting.folder / "reviews.csv")
    else:
        source = made.plain(setting.folder / "plain.txt")
    return [kind, source, "--base", setting.base, *OPTIONS]


def _brief(setting: Setting) -> tuple[str, ...]:
    return BRIEF if setting.count == 1 else ()


def _killed(setting: Setting, words: list[object], run: Path, seconds: float) -> tuple[Ended, int]:
    """Kill a run at random moments; return how it ended at last, and how often it was killed."""
    killed = 0
    for _ in range(setting.draw.randint(1, MOST_KILLS if setting.count > 1 else FEW_KILLS)):
        pid = setting.server.start([*words, "--out", run, *_going_on(run)])
        time.sleep(setting.draw.uniform(0, seconds))
        _send(pid, signal.SIGKILL)
        ended = setting.server.wait(pid)
        if ended.code == -signal.SIGKILL:
            killed += 1
        elif ended.code != 0:
            return ended, killed
    return _continued(setting, words, run), killed


def _going_on(run: Path) -> list[str]:
    """Return the options with which a user goes on after a run was killed."""
    if any(run.glob("checkpoints/step-*")) or (run / "metrics.json").exists():
        return ["--resume"]
    return ["--overwrite"] if run.exists() and any(run.iterdir()) else []


def _continued(setting: Setting, words: list[object], run: Path) -> Ended:
    return setting.server.run([*words, "--out", run, *_going_on(run)])


def _compared(whole: Path, run: Path) -> str | None:
    if weights(run) != weights(whole):
        return "other weights" if weights(run) else "no weights"
    names = ("metrics.json", "report.html", "predictions", "capsule.json", "config.toml")
    missing = [name for name in names if (whole / name).exists() and not (run / name).exists()]
    return f"without {', '.join(missing)}" if missing else None


def _send(pid: int, which: signal.Signals) -> None:
    os.kill(pid, which)  # not yet waited for, so the id is still its own

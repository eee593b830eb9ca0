"""What is written is whole or absent: full disks, and two who write one file."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from proofs import made
from proofs.runs import BRIEF, OPTIONS
from proofs.trials import Setting, Trial, digest, judged, weights

STEP_KB = 40  # between two sizes of a disk
FEW_DISKS = 2  # of the quick form


def disks(setting: Setting) -> Iterator[Trial]:
    """Train onto disks that fill up, each a little later; after room is made, the run goes on."""
    source = made.reviews(setting.folder / "reviews.csv")
    words = ["train", source, "--base", setting.base, *OPTIONS]
    words += BRIEF if setting.count <= FEW_DISKS else ()
    whole, disk = setting.folder / "whole", setting.folder / "disk"
    yield judged("unbroken", setting.server.run([*words, "--out", whole]), allowed=(0,))
    disk.mkdir()
    for number in range(setting.count):
        size = 48 + STEP_KB * number
        if not _mount(disk, size):
            yield Trial("no file system can be mounted here", None, "left out")
            return
        try:
            run = disk / "run"
            ended = setting.server.run([*words, "--out", run])
            yield judged(f"a disk of {size} kB", ended, allowed=(0, 2))
            subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
            if ended.code:
                is_begun = any(run.glob("checkpoints/step-*"))
                way = ["--resume"] if is_begun else ["--overwrite"] if run.exists() else []
                ended = setting.server.run([*words, "--out", run, *way])
            fault = None if weights(run) == weights(whole) else "other weights"
            yield judged(f"a disk of {size} kB, enlarged", ended, allowed=(0,), fault=fault)
        finally:
            subprocess.run(["umount", str(disk)], check=True)


def labellers(setting: Setting) -> Iterator[Trial]:
    """Let two processes label different texts into one file: it holds all of one of them."""
    source = made.reviews(setting.folder / "reviews.csv", 40)
    run, out = setting.folder / "run", setting.folder / "out.csv"
    setting.server.run(["train", source, "--base", setting.base, "--out", run, "--epochs", "1"])
    inputs = [
        made.reviews(setting.folder / f"in-{n}.csv", size, seed=n)
        for n, size in enumerate((300, 900))
    ]
    right = []
    for file in inputs:
        setting.server.run(["predict", run, "--input", file, "--output", out])
        right.append(digest(out))
        out.unlink()
    for number in range(setting.count):
        words = [["predict", run, "--input", file, "--output", out] for file in inputs]
        pids = [setting.server.start(one) for one in words]
        ended = [setting.server.wait(pid) for pid in pids]
        done = [place for place, one in enumerate(ended) if one.code == 0]
        fault = None
        if len(done) != 1 or digest(out) != right[done[0]]:
            fault = f"exit codes {[one.code for one in ended]}, and the file is not the winner's"
        left = [path.name for path in setting.folder.iterdir() if path.name.startswith(".")]
        if left:
            fault = f"left-overs: {left}"
        for one in ended:
            yield judged(f"race {number}", one, allowed=(0, 2), fault=fault)
        out.unlink(missing_ok=True)


def _mount(disk: Path, kilobytes: int) -> bool:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return False
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0

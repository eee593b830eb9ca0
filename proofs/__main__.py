"""`python -m proofs`: all proofs, or some; `--quick` for few trials of each."""

import argparse
import random
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from proofs import inputs, made, outputs, readers, requests, runs
from proofs.server import serving
from proofs.trials import Proof, Setting, Trial, summary

PROOFS: dict[str, tuple[Proof, int, int]] = {  # trials in full, and in the quick form
    "kills": (runs.kills, 50, 1),
    "signals": (runs.signals, 30, 1),
    "damage": (runs.damage, 24, 1),
    "races": (runs.races, 20, 1),
    "files": (inputs.files, 10_000, 60),
    "readers": (readers.readers, 10_000, 150),
    "settings": (inputs.settings, 500, 4),
    "bases": (inputs.bases, 300, 6),
    "models": (inputs.models, 24, 1),
    "disks": (outputs.disks, 20, 2),
    "labellers": (outputs.labellers, 20, 1),
    "requests": (requests.requests, 10_000, 200),
}
SHOWN = 12  # faults of a proof


def prove(name: str, setting: Setting) -> list[Trial]:
    """Run one proof in a folder of its own."""
    folder = setting.folder / name
    folder.mkdir()
    return list(PROOFS[name][0](replace(setting, folder=folder)))


def main() -> int:
    """Run the proofs that are asked for and print what they found."""
    parser = argparse.ArgumentParser(prog="python -m proofs", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few trials of each")
    parser.add_argument("--only", default=",".join(PROOFS), help="names, joined by commas")
    parser.add_argument("--count", type=int, help="trials of each, instead of the usual number")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    faults = 0
    with tempfile.TemporaryDirectory() as scratch, serving(Path(scratch) / "server") as server:
        base = made.base(Path(scratch) / "tiny-base")
        for name in asked.only.split(","):
            _, full, quick = PROOFS[name]
            setting = Setting(
                server=server,
                folder=Path(scratch),
                base=base,
                draw=random.Random(asked.seed),
                count=asked.count or (quick if asked.quick else full),
            )
            began = time.perf_counter()
            found = prove(name, setting)
            wrong = [trial for trial in found if trial.fault is not None]
            faults += len(wrong)
            print(f"{name:10} {summary(found)}  {time.perf_counter() - began:.0f} s", flush=True)
            for trial in wrong[:SHOWN]:
                print(f"  {trial.what}: {trial.fault}", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

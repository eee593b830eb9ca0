"""Logs and numbers of language runs that nobody made, and folders that have them."""

import json
import math

import numpy as np
from test_report import EVIL


def held_out(loss, accuracy, *, half=0.05, **others):
    """Make up what is known of held-out text, with intervals of a loss's half width."""
    ends = (loss - half, loss + half)
    intervals = {"loss": ends, "perplexity": [math.exp(end) for end in ends]}
    intervals["masked_accuracy"] = [accuracy - half / 5, accuracy + half / 5]
    values = {"loss": loss, "perplexity": math.exp(loss), "masked_accuracy": accuracy}
    return {"n": 120, "masked": 20345, **values, "intervals": intervals, **others}


def made_log(*, steps=600, every=100, nsp=False):
    noise = 0.15 * np.random.default_rng(0).standard_normal(steps + 1)
    for step in range(steps + 1):
        fall = math.exp(-step / 150)
        if step:
            loss = 3.6 + 0.7 * fall + noise[step] + 0.4 * nsp
            yield {"kind": "step", "step": step, "loss": loss, "lr": 5e-5 * (1 - step / steps)}
        if step % every == 0:
            metrics = {"loss": 3.64 + 0.62 * fall, "masked_accuracy": 0.414 - 0.104 * fall}
            metrics |= {"nsp_loss": 0.4, "nsp_accuracy": 0.8} if nsp else {}
            yield {"kind": "validation", "step": step, "metrics": metrics}


def write_log(folder, lines):
    (folder / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def write_metrics(folder, **others):
    metrics = {
        "objective": "mlm",
        "before": held_out(4.265, 0.310),
        "valid": held_out(3.648, 0.412),
        "baselines": {"most_frequent": {"piece": ",", "masked_accuracy": 0.05}},
        "best": {"step": 600, "metric": "loss", "value": 3.648},
    }
    (folder / "metrics.json").write_text(json.dumps(metrics | others))


def write_run(folder, *, nsp=False, **others):
    write_metrics(folder, **others)
    write_log(folder, made_log(nsp=nsp))
    card = {
        "files": [{"path": f"notes/{EVIL}.txt", "bytes": 1234567, "sha256": "0123456789abcdef"}],
        "reading": [f"{EVIL}: a document a line", "12 empty lines were skipped"],
    }
    card |= {"documents": 2400, "tokens": 812345, "tokens_train": 771111, "tokens_valid": 41234}
    card |= {"splits": {"train": 2280, "valid": 120}, "pieces": 3021, "max_tokens": 512}
    (folder / "data_card.json").write_text(json.dumps(card))
    (folder / "config.toml").write_text('base = "dir/some-encoder"\n[train]\nlr = 5e-5\n')
    capsule = {"versions": {"torch": EVIL}, "seconds": 912.4, "tokens_per_second": 5120.3}
    (folder / "capsule.json").write_text(json.dumps(capsule))
    return folder


WARMUP = {"rounds": 3, "steps": 90, "losses": [10.31, 6.2, 5.1, 4.9], "kept": True}
SCORES = {"seeds": [1, 2, 3], "without": [0.41, 0.43, 0.42], "with": [0.45, 0.42, 0.46]}
PROVE = SCORES | {"file": "labelled.csv", "metric": "mcc", "words": "no difference, with 3 seeds"}
PROVE |= {"difference": 0.0233, "interval": [-0.04, 0.09]}

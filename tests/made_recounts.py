"""What a run keeps of its answers becomes its numbers again, by other programs than textune's."""

import json
import re
import string
from collections import Counter

import numpy as np
from scipy import stats
from sklearn import metrics as sk


def array(columns, names, prefix):
    return np.stack([np.asarray(columns[f"{prefix}({name})"]) for name in names], axis=1)


def number(function, *given, **more):
    """Call a function of scikit-learn's; of one class many of them have no value."""
    return float(function(*given, zero_division=0, **more))


def label(truth, chances, given):
    """Judge one label: (n,) each, the first and the last of booleans."""
    support, predicted = int(truth.sum()), int(given.sum())
    found = {"support": support, "predicted": predicted}
    both = (truth, given)
    if support or predicted:
        found["precision"] = number(sk.precision_score, *both)
        found["f1"] = number(sk.f1_score, *both)
    if support:
        found["recall"] = number(sk.recall_score, *both)
    if 0 < support < len(truth):
        found["roc_auc"] = sk.roc_auc_score(truth, chances)
        found["pr_auc"] = sk.average_precision_score(truth, chances)
    return found


def mean(tables, key):
    return float(np.mean([table[key] for table in tables if key in table]))


def classes(names, columns):
    """Recount one label a text."""
    truth, given = columns["truth"], columns["decision"]
    chances = array(columns, names, "p")
    places = np.asarray([names.index(name) for name in truth])
    tables = {
        name: label(np.asarray(truth) == name, chances[:, place], np.asarray(given) == name)
        for place, name in enumerate(names)
    }
    own = list(tables.values())[1:] if len(names) == 2 else list(tables.values())
    right = float(np.mean([one == other for one, other in zip(truth, given, strict=True)]))
    return {
        "n": len(truth),
        "accuracy": sk.accuracy_score(truth, given),
        "micro_f1": right,
        "mcc": sk.matthews_corrcoef(truth, given),
        "macro_f1": number(sk.f1_score, truth, given, average="macro"),
        "weighted_f1": number(sk.f1_score, truth, given, average="weighted"),
        "balanced_accuracy": sk.recall_score(
            truth, given, average="macro", labels=sorted(set(truth)), zero_division=0
        ),
        "log_loss": sk.log_loss(places, chances, labels=range(len(names))),
        "roc_auc": mean(own, "roc_auc"),
        "pr_auc": mean(own, "pr_auc"),
        "labels": tables,
        "confusion": sk.confusion_matrix(truth, given, labels=names).tolist(),
    }


def marks(names, cells):
    held = [set((cell or "").split(";")) for cell in cells]
    return np.asarray([[name in each for name in names] for each in held])


def labels(names, columns):
    """Recount several labels a text, all of them scored."""
    truth, given = (marks(names, columns[key]) for key in ("truth", "decision"))
    chances = array(columns, names, "p")
    tables = {
        name: label(truth[:, place], chances[:, place], given[:, place])
        | {"mcc": sk.matthews_corrcoef(truth[:, place], given[:, place])}
        for place, name in enumerate(names)
    }
    every = list(tables.values())
    exact = sk.accuracy_score(truth, given)
    mcc = mean(every, "mcc")
    return {
        "n": len(truth),
        "cells": truth.size,
        **dict.fromkeys(("accuracy", "subset_accuracy"), exact),
        "hamming_loss": sk.hamming_loss(truth, given),
        "micro_f1": number(sk.f1_score, truth, given, average="micro"),
        "macro_f1": number(sk.f1_score, truth, given, average="macro"),
        **dict.fromkeys(("mcc", "macro_mcc"), mcc),
        "log_loss": sk.log_loss(truth.ravel(), chances.ravel(), labels=[0, 1]),
        "micro_roc_auc": sk.roc_auc_score(truth.ravel(), chances.ravel()),
        "roc_auc": sk.roc_auc_score(truth, chances),
        "pr_auc": sk.average_precision_score(truth, chances),
        "labels": tables,
    }


def numbers(names, columns):
    """Recount numbers."""
    truth = np.asarray([list(map(float, cell.split(";"))) for cell in columns["truth"]]).T
    tables = {}
    for name, own in zip(names, truth, strict=True):
        given = np.asarray(columns[f"predicted {name}"])
        tables[name] = {
            "pearson": stats.pearsonr(own, given).statistic,
            "spearman": stats.spearmanr(own, given).statistic,
            "rmse": sk.root_mean_squared_error(own, given),
            "mae": sk.mean_absolute_error(own, given),
        }
    found = {key: mean(tables.values(), key) for key in ("pearson", "spearman", "rmse", "mae")}
    more = {"labels": tables} if len(names) > 1 else {}
    return {"n": len(columns["truth"]), **found, **more}


def tags(names, columns):
    """Recount tags by seqeval."""
    from seqeval.metrics import classification_report
    from seqeval.scheme import IOB2

    truth, given = ([json.loads(cell) for cell in columns[key]] for key in ("truth", "tags"))
    found = classification_report(
        truth, given, mode="strict", scheme=IOB2, output_dict=True, zero_division=0
    )
    flat = [
        (a, b)
        for one, other in zip(truth, given, strict=True)
        for a, b in zip(one, other, strict=True)
    ]
    kinds = sorted({name[2:] for name in names if name != "O"})
    units = [[spans(sentence) for sentence in part] for part in (truth, given)]
    tables = {
        kind: {
            "precision": found[kind]["precision"],
            "recall": found[kind]["recall"],
            "f1": found[kind]["f1-score"],
            "support": int(found[kind]["support"]),
            "predicted": sum(unit[0] == kind for some in units[1] for unit in some),
        }
        for kind in kinds
    }
    whole = found["micro avg"]
    return {
        "n": len(truth),
        "words": len(flat),
        "entities": sum(map(len, units[0])),
        "precision": whole["precision"],
        "recall": whole["recall"],
        "f1": whole["f1-score"],
        "macro_f1": found["macro avg"]["f1-score"],
        "accuracy": float(np.mean([a == b for a, b in flat])),
        "labels": tables,
        "confusions": {"correct": sum(len(a & b) for a, b in zip(*units, strict=True))},
    }


def spans(sentence):
    """Read entities as (type, first, end)."""
    found, start, kind = set(), None, None
    for place, tag in enumerate([*sentence, "O"]):
        if start is not None and tag != f"I-{kind}":
            found.add((kind, start, place))
            start = None
        if tag != "O" and start is None:
            start, kind = place, tag[2:]
    return found


def answers(_, columns):
    """Recount answers as the official script for SQuAD 2.0 does."""
    truth = [json.loads(cell) or [""] for cell in columns["truth"]]
    pairs = list(zip(columns["answer"], truth, strict=True))
    exact = np.asarray([max(_plain(a) == _plain(b) for b in right) for a, right in pairs], float)
    f1 = np.asarray([max(_overlap(a, b) for b in right) for a, right in pairs])
    has = np.asarray([right != [""] for right in truth])
    found = {"n": len(pairs), "exact_match": exact.mean(), "f1": f1.mean()}
    for name, rows in (("has_answer", has), ("no_answer", ~has)):
        if not has.all():
            found[name] = {
                "n": int(rows.sum()),
                "exact_match": exact[rows].mean(),
                "f1": f1[rows].mean(),
            }
    return found


def _plain(text):
    kept = "".join(sign for sign in text.lower() if sign not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", kept).split())


def _overlap(one, other):
    first, second = _plain(one).split(), _plain(other).split()
    if not first or not second:
        return float(first == second)
    same = sum((Counter(first) & Counter(second)).values())
    return 2 * same / (len(first) + len(second)) if same else 0.0


def calibration_error(right, chances):
    """Recount the expected calibration error over 15 bins of equal counts."""
    order = np.argsort(chances, kind="stable")
    bins = np.array_split(order, min(15, len(order)))
    gaps = [len(rows) * abs(right[rows].mean() - chances[rows].mean()) for rows in bins]
    return float(np.sum(gaps) / len(order))


def wilson(share, count):
    """Recount Wilson's interval by scipy."""
    found = stats.binomtest(round(share * count), count).proportion_ci(method="wilson")
    return [found.low, found.high]

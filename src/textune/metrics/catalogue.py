"""What a user calls a metric becomes the metric of a task: the one table of all of them.

Names are those of textune; what transformers, scikit-learn and seqeval call the same number is
understood too, and `eval_` before any of them. Of two classes `f1`, `precision` and `recall` are
those of the second, as scikit-learn's are of class 1.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textune.errors import SettingsError, among

CLASSES, TAGS = ("single", "multi"), ("tags",)
NAMED = (*CLASSES, *TAGS)
PLAIN_TEXT = ("language",)
OF_LABELS = ("precision", "recall", "f1", "roc_auc", "pr_auc", "mcc", "pearson", "spearman")


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that says how good a model is."""

    name: str
    title: str
    tasks: tuple[str, ...]  # that have it for all texts or words together
    is_better_higher: bool = True
    is_headline: bool = True  # whether the console shows it
    aliases: tuple[str, ...] = ()


METRICS = {
    metric.name: metric
    for metric in (
        Metric("mcc", "MCC", CLASSES, aliases=("matthews_correlation", "matthews_corrcoef")),
        Metric("accuracy", "accuracy", NAMED, aliases=("acc", "overall_accuracy")),
        Metric("macro_f1", "macro F1", NAMED, aliases=("f1_macro", "macro_avg_f1")),
        Metric("micro_f1", "micro F1", CLASSES, aliases=("f1_micro",)),
        Metric("roc_auc", "ROC-AUC", CLASSES, aliases=("auc", "auroc", "rocauc")),
        Metric("pr_auc", "PR-AUC", CLASSES, aliases=("average_precision", "auprc", "ap")),
        Metric("f1", "F1", ("tags", "answers"), aliases=("overall_f1", "f1_score")),
        Metric("precision", "precision", TAGS, aliases=("overall_precision",)),
        Metric("recall", "recall", TAGS, aliases=("overall_recall",)),
        Metric("exact_match", "exact match", ("answers",), aliases=("exact", "em")),
        Metric("pearson", "Pearson", ("number",), aliases=("pearsonr", "pearson_r")),
        Metric("spearman", "Spearman", ("number",), aliases=("spearmanr", "spearman_rho")),
        Metric(
            "rmse",
            "RMSE",
            ("number",),
            is_better_higher=False,
            aliases=("root_mean_squared_error",),
        ),
        Metric("mae", "MAE", ("number",), is_better_higher=False, aliases=("mean_absolute_error",)),
        Metric(
            "log_loss",
            "log loss",
            NAMED,
            is_better_higher=False,
            aliases=("cross_entropy", "neg_log_loss", "nll"),
        ),
        Metric("loss", "held-out loss", PLAIN_TEXT, is_better_higher=False),
        Metric("perplexity", "perplexity", PLAIN_TEXT, is_better_higher=False),
        Metric("masked_accuracy", "masked accuracy", PLAIN_TEXT),
        Metric("nsp_accuracy", "NSP accuracy", PLAIN_TEXT),
        Metric("nsp_loss", "NSP loss", PLAIN_TEXT, is_better_higher=False, is_headline=False),
        Metric("subset_accuracy", "subset accuracy", ("multi",), is_headline=False),
        Metric("balanced_accuracy", "balanced accuracy", ("single",), is_headline=False),
        Metric("macro_mcc", "macro MCC", ("multi",), is_headline=False),
        Metric(
            "weighted_f1",
            "weighted F1",
            ("single",),
            is_headline=False,
            aliases=("f1_weighted", "weighted_avg_f1"),
        ),
        Metric("micro_roc_auc", "micro ROC-AUC", ("multi",), is_headline=False),
        Metric(
            "hamming_loss",
            "Hamming loss",
            ("multi",),
            is_better_higher=False,
            is_headline=False,
        ),
    )
}
HEADLINES = {metric.name: metric.title for metric in METRICS.values() if metric.is_headline}
ALIASES = {alias: metric.name for metric in METRICS.values() for alias in metric.aliases}
LOSSES = {"single": "log_loss", "multi": "log_loss", "tags": "log_loss", "number": "rmse"}
SQUARED = ("mse", "mean_squared_error", "squared_error")
BINARY = ("f1", "precision", "recall")  # of two classes: those of the second
CONFUSIONS = {
    "correct": "right",
    "boundary": "with wrong borders",
    "type": "of a wrong type",
    "boundary_and_type": "with both wrong",
    "missed": "missed",
    "spurious": "found where there is none",
}
PREFIXES = re.compile(r"^(eval|valid|validation|val|dev|test)_")


def plain_name(wanted: str) -> str:
    """Reduce a name to the spelling of the table, or leave it as it is.

    Example:
        >>> plain_name("eval_F1"), plain_name("matthews-correlation"), plain_name("labels.A b.f1")
        ('f1', 'mcc', 'labels.A b.f1')
    """
    if wanted.startswith("labels."):
        return wanted
    name = re.sub(r"[\s-]+", "_", wanted.strip().lower())
    name = PREFIXES.sub("", name)
    return ALIASES.get(name, name)


def why_unknown(wanted: str) -> str:
    """Say why a name is no metric of any task, and which there are; "" where it is one."""
    name = plain_name(wanted)
    if name in METRICS or name in SQUARED or name.startswith("labels."):
        return ""
    labelled = [key for key, metric in METRICS.items() if metric.tasks != PLAIN_TEXT]
    return f"no such metric; {among(name, labelled, most=len(labelled))}"


def selecting(wanted: str, task: str, labels: Sequence[str]) -> str:
    """Say which number of a task's report somebody means.

    Args:
        wanted: The name that was given.
        task: Of the run.
        labels: Of the task.

    Returns:
        A name of the table, or "labels.NAME.f1" for that of one label.

    Raises:
        SettingsError: This task has no such number, or several; naming those that it has.
    """
    name = plain_name(wanted)
    if name.startswith("labels."):
        return _of_label(wanted, task, labels)
    if name == "loss" and task in LOSSES:
        name = LOSSES[task] if task != "number" else "mse"
    if name in SQUARED and task == "number" and len(labels) == 1:
        return "rmse"  # of one number the same weights are best by either
    if name in METRICS and task in METRICS[name].tasks:
        return name
    if name in BINARY and task == "single" and len(labels) == 2:
        return f"labels.{labels[1]}.{name}"
    why = why_unknown(wanted) or _why_not(name, task, labels)
    raise SettingsError(f"train.metric {wanted!r}: {why}")


def value(report: Mapping[str, Any], name: str) -> Any:
    """Look a metric up in a report, that of one label by its dotted name; None where it is absent.

    Example:
        >>> value({"labels": {"v1.0": {"f1": 0.5}}}, "labels.v1.0.f1")
        0.5
    """
    if not name.startswith("labels."):
        return report.get(name)
    label, _, key = name.removeprefix("labels.").rpartition(".")
    return report.get("labels", {}).get(label, {}).get(key)


def title(name: str) -> str:
    """Write a metric for people: "F1", or "F1 of good" for that of one label."""
    if not name.startswith("labels."):
        return METRICS[name].title if name in METRICS else name
    label, _, key = name.removeprefix("labels.").rpartition(".")
    return f"{title(key)} of {label}"


def is_better_higher(name: str) -> bool:
    """Tell which way a metric goes, that of one label as its kind.

    Raises:
        SettingsError: There is no such metric.
    """
    key = name.rpartition(".")[2]
    if key not in METRICS:
        raise SettingsError(f"metric {name!r} is not known; {among(key, METRICS, most=30)}")
    return METRICS[key].is_better_higher


def confusion_words(confusions: Mapping[str, Any]) -> str:
    """Write how many entities were right, and in which ways others were wrong."""
    found = [f"{confusions[key]:,} {name}" for key, name in CONFUSIONS.items() if confusions[key]]
    pairs = [f"{true} for {given} ({often:,})" for true, given, often in confusions["pairs"][:3]]
    taken = f"; most often a wrong type (truth for decision): {', '.join(pairs)}" if pairs else ""
    return ", ".join(found or ["none"]) + taken


def _of_label(wanted: str, task: str, labels: Sequence[str]) -> str:
    label, _, key = wanted.removeprefix("labels.").rpartition(".")
    key = plain_name(key)
    has_it = key in OF_LABELS[:5] or (key == "mcc" and task == "multi")
    if task not in CLASSES or not has_it:
        raise SettingsError(
            f"train.metric {wanted!r}: of one label there are precision, recall, f1, roc_auc and "
            f"pr_auc where a text has labels; {_among_of(task)}"
        )
    if label not in labels:
        raise SettingsError(f"train.metric {wanted!r}: no such label; {among(label, labels)}")
    return f"labels.{label}.{key}"


def _why_not(name: str, task: str, labels: Sequence[str]) -> str:
    if name in BINARY and task in CLASSES:
        averages = ["macro_f1", "micro_f1", *(["weighted_f1"] if task == "single" else [])]
        several = f"with {len(labels)} labels there are several"
        return (
            f"{several}; say which: {', '.join(averages)}, or that of one label, such as "
            f"labels.{labels[0]}.{name}"
        )
    if name in SQUARED and task == "number":
        return f"the squares of {len(labels)} numbers have different units; {_among_of(task)}"
    return f"this task ({task}) has no such number; {_among_of(task)}"


def _among_of(task: str) -> str:
    names = [key for key, metric in METRICS.items() if task in metric.tasks]
    return f"allowed: {', '.join(names)}"

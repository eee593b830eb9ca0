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


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that says how good a model is."""

    name: str
    title: str
    aliases: tuple[str, ...] = ()
    is_better_higher: bool = True
    is_headline: bool = True  # whether the console shows it
    is_in_units: bool = False  # of the user's numbers, and of any size
    repeats: str = ""  # the metric that is the same number wherever there are both
    page: str = ""  # its title on a page, where that has more room

    @property
    def heading(self) -> str:
        """What a page calls it."""
        return self.page or self.title

    @property
    def arrow(self) -> str:
        """Which way is better, as a sign."""
        return "↑" if self.is_better_higher else "↓"


@dataclass(frozen=True, slots=True)
class Judged:
    """The numbers that a task has."""

    metrics: tuple[str, ...]  # for all texts or words together, by their names in the table
    loss: str | None = None  # the one that others call its loss
    of_label: tuple[str, ...] = ()  # those that there are of each label too
    is_exclusive: bool = False  # of two labels one excludes the other


METRICS = {
    metric.name: metric
    for metric in (
        Metric("mcc", "MCC", ("matthews_correlation", "matthews_corrcoef")),
        Metric("accuracy", "accuracy", ("acc", "overall_accuracy")),
        Metric("macro_f1", "macro F1", ("f1_macro", "macro_avg_f1")),
        Metric("micro_f1", "micro F1", ("f1_micro",)),
        Metric("roc_auc", "ROC-AUC", ("auc", "auroc", "rocauc")),
        Metric("pr_auc", "PR-AUC", ("average_precision", "auprc", "ap")),
        Metric("f1", "F1", ("overall_f1", "f1_score")),
        Metric("precision", "precision", ("overall_precision",)),
        Metric("recall", "recall", ("overall_recall",)),
        Metric("exact_match", "exact match", ("exact", "em")),
        Metric("pearson", "Pearson", ("pearsonr", "pearson_r")),
        Metric("spearman", "Spearman", ("spearmanr", "spearman_rho")),
        Metric("rmse", "RMSE", ("root_mean_squared_error",), False, is_in_units=True),
        Metric("mae", "MAE", ("mean_absolute_error",), False, is_in_units=True),
        Metric("log_loss", "log loss", ("cross_entropy", "neg_log_loss", "nll"), False),
        Metric("loss", "held-out loss", (), False, page="loss, nats per masked token"),
        Metric("perplexity", "perplexity", (), False),
        Metric("masked_accuracy", "masked accuracy"),
        Metric("nsp_accuracy", "NSP accuracy", page="next-sentence accuracy"),
        Metric("nsp_loss", "NSP loss", (), False, False, page="next-sentence loss, nats"),
        Metric("all_right", "all columns right", ("joint_accuracy",)),
        Metric("subset_accuracy", "subset accuracy", is_headline=False, repeats="accuracy"),
        Metric("balanced_accuracy", "balanced accuracy", is_headline=False),
        Metric("macro_mcc", "macro MCC", is_headline=False, repeats="mcc"),
        Metric("weighted_f1", "weighted F1", ("f1_weighted", "weighted_avg_f1"), True, False),
        Metric("micro_roc_auc", "micro ROC-AUC", is_headline=False),
        Metric("hamming_loss", "Hamming loss", (), False, False),
    )
}
HEADLINES = {metric.name: metric.title for metric in METRICS.values() if metric.is_headline}
OF_MASKED = ("loss", "perplexity", "masked_accuracy", "nsp_accuracy", "nsp_loss")
OF_NUMBERS = ("pearson", "spearman", "rmse", "mae")
OF_HITS = ("precision", "recall", "f1")
OF_CLASSES = (*OF_HITS, "roc_auc", "pr_auc")  # against all others
OF_LABELS = (*OF_CLASSES, *OF_NUMBERS)  # of one label, or target, in the order of tables
COUNTS = {"support": "texts", "predicted": "given"}  # of one label
COUNTS_OF_TAGS = {"support": "in the texts", "predicted": "found"}
BASELINES = {  # rules beside which a model is shown, and their names where there is less room
    "probe": ("Linear head on frozen features", "linear head, frozen"),
    "tfidf": ("TF-IDF + logistic regression", "TF-IDF + log. regression"),
    "centroid": ("TF-IDF, the nearest class", "TF-IDF, nearest class"),
    "majority": ("Label frequencies alone", "majority vote"),
    "mean": ("Mean of the training numbers", "mean of training"),
    "word": ("Each word's usual tag", "each word's usual tag"),
    "sentence": ("The sentence most like the question", "likeliest sentence"),
}
QUESTIONS = {"has_answer": "with an answer", "no_answer": "without"}  # judged apart
ALIASES = {alias: metric.name for metric in METRICS.values() for alias in metric.aliases}
SQUARED = ("mse", "mean_squared_error", "squared_error")
CONFUSIONS = {
    "correct": "right",
    "boundary": "with wrong borders",
    "type": "of a wrong type",
    "boundary_and_type": "with both wrong",
    "missed": "missed",
    "spurious": "found where there is none",
}
PREFIXES = re.compile(r"^(eval|valid|validation|val|dev|test)_")


OWN: set[str] = set()  # names of metrics that users brought


def add(name: str, *, is_better_higher: bool) -> None:
    """Let a metric of the user's own be chosen, shown and compared as those of the table are.

    Raises:
        SettingsError: textune has one of this name.
    """
    if name in METRICS and name not in OWN:
        raise SettingsError(f"metrics: textune has {name!r} already; call yours otherwise")
    OWN.add(name)
    METRICS[name] = Metric(name, name.replace("_", " "), (), is_better_higher)


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
    labelled = [key for key in METRICS if key not in OF_MASKED]
    return f"no such metric; {among(name, labelled, most=len(labelled))}"


def selecting(wanted: str, task: str, judged: Judged, labels: Sequence[str]) -> str:
    """Say which number of a task's report somebody means.

    Args:
        wanted: The name that was given.
        task: Its name, for the message.
        judged: The numbers that it has.
        labels: Of the task.

    Returns:
        A name of the table, or "labels.NAME.f1" for that of one label.

    Raises:
        SettingsError: This task has no such number, or several; naming those that it has.
    """
    name = plain_name(wanted)
    if name.startswith("labels."):
        return _of_label(wanted, judged, labels)
    if name == "loss" and judged.loss is not None:
        name = judged.loss
    if name in SQUARED and "rmse" in judged.metrics and len(labels) == 1:
        return "rmse"  # of one number the same weights are best by either
    if name in judged.metrics:
        return name
    if name in OF_HITS and judged.is_exclusive and len(labels) == 2:
        return f"labels.{labels[1]}.{name}"
    why = why_unknown(wanted) or _why_not(name, task, judged, labels)
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


def rule_in_words(key: str) -> str:
    """Name a rule of BASELINES within a sentence: "the sentence most like the question"."""
    title = BASELINES[key][0]
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def judged_by(report: Mapping[str, Any], part: str) -> str:
    """Say on what texts numbers stand: a part of them, or all by cross-validation.

    Example:
        >>> judged_by({"n": 90, "cross_validation": {"folds": 5}}, "valid"), judged_by({}, "test")
        ('5-fold cross-validation of 90 texts', 'test')
    """
    crossed = report.get("cross_validation")
    return f"{crossed['folds']}-fold cross-validation of {report['n']:,} texts" if crossed else part


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


def _of_label(wanted: str, judged: Judged, labels: Sequence[str]) -> str:
    label, _, key = wanted.removeprefix("labels.").rpartition(".")
    key = plain_name(key)
    if key not in judged.of_label:
        raise SettingsError(
            f"train.metric {wanted!r}: of one label there are precision, recall, f1, roc_auc and "
            f"pr_auc where a text has labels; {_among_of(judged)}"
        )
    if label not in labels:
        raise SettingsError(f"train.metric {wanted!r}: no such label; {among(label, labels)}")
    return f"labels.{label}.{key}"


def _why_not(name: str, task: str, judged: Judged, labels: Sequence[str]) -> str:
    if name in OF_HITS and judged.of_label:
        averages = [
            f"{of}_f1" for of in ("macro", "micro", "weighted") if f"{of}_f1" in judged.metrics
        ]
        several = f"with {len(labels)} labels there are several"
        return (
            f"{several}; say which: {', '.join(averages)}, or that of one label, such as "
            f"labels.{labels[0]}.{name}"
        )
    if name in SQUARED and "rmse" in judged.metrics:
        return f"the squares of {len(labels)} numbers have different units; {_among_of(judged)}"
    return f"this task ({task}) has no such number; {_among_of(judged)}"


def _among_of(judged: Judged) -> str:
    return f"allowed: {', '.join(key for key in METRICS if key in judged.metrics)}"

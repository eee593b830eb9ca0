import ast
import re
from pathlib import Path

import made_sources
from textune.metrics import catalogue
from textune.metrics.catalogue import METRICS
from textune.tasks import registry

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "textune"
TITLES = {metric.title for metric in METRICS.values()} - set(METRICS)
WRITTEN = re.compile("|".join(map(re.escape, TITLES)))


def tasks_of(metric: str) -> tuple[str, ...]:
    """Return the tasks that are judged by a metric, in the order of the registry."""
    return tuple(task for task, row in registry.TASKS.items() if metric in row.judged.metrics)


def test_the_guide_lists_the_metrics_of_the_table() -> None:
    guide = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    section = guide.partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section.splitlines()
        if line.startswith("| `")
    ]
    listed = {
        name.strip("`"): (
            title,
            tuple(re.findall(r"\w+(?: \w+)?", tasks)),
            arrow,
            tuple(re.findall(r"\w+", aliases)),
        )
        for name, title, tasks, arrow, aliases in rows
    }
    wanted = {
        name: (
            metric.title,
            ("plain text",) if name in catalogue.OF_MASKED else tasks_of(name),
            metric.arrow,
            metric.aliases,
        )
        for name, metric in METRICS.items()
    }
    assert listed == wanted
    assert len(rows) == len(METRICS) > 20


def written_titles(tree: ast.AST) -> set[str]:
    """Return the titles of metrics that a file writes out by itself."""
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    return TITLES & {word for word in strings if isinstance(word, str)}


def test_titles_of_metrics_stand_in_the_table_alone() -> None:
    found = {
        path.relative_to(SRC).as_posix(): written_titles(made_sources.tree(path, WRITTEN))
        for path in sorted(SRC.rglob("*.py"))
    }
    assert len(found) > 500
    assert found.pop("metrics/catalogue.py")
    assert {name: titles for name, titles in found.items() if titles} == {}


def test_a_second_title_is_noticed() -> None:
    assert written_titles(ast.parse("COLUMNS = {'pr_auc': 'PR-AUC', 'n': 'texts'}")) == {"PR-AUC"}


def test_what_repeats_another_metric_has_its_direction() -> None:
    repeating = [metric for metric in METRICS.values() if metric.repeats]
    assert [metric.name for metric in repeating] == ["subset_accuracy", "macro_mcc"]
    for metric in repeating:
        other = METRICS[metric.repeats]
        assert set(tasks_of(metric.name)) <= set(tasks_of(other.name))
        assert metric.is_better_higher == other.is_better_higher


def test_numbers_of_one_label_are_metrics() -> None:
    assert set(catalogue.OF_LABELS) <= METRICS.keys()
    assert catalogue.OF_NUMBERS == ("pearson", "spearman", "rmse", "mae")

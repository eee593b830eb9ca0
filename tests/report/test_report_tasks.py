"""The page of a run that estimates numbers, tags words or answers questions."""

import json
import re
from dataclasses import asdict

import numpy as np
import pyarrow.parquet as pq
import pytest
from test_report import EVIL, Page

from textune.evaluation import judged
from textune.metrics.catalogue import METRICS
from textune.records import Answer, Example, Scores
from textune.report import drawings, mistakes, report
from textune.runs.written import Best, DataCard
from textune.tasks import registry as tasks

TAGS = ("O", "B-PER", "I-PER", "B-LOC")
FULLS = np.array([10, 100] * 100, dtype=np.int32)


def write_run(folder, task, scores, examples, *, name="valid"):
    """Write what the page is made of, as training writes it."""
    numbers = judged.judge(task, scores, examples)
    baselines = {"part": name, **task.baselines(examples, scores, examples)}
    best = asdict(Best(step=5, metric=task.main_metric, value=0.5))
    found = {name: numbers, "baselines": baselines, "best": best}
    (folder / "metrics.json").write_text(json.dumps(found))
    DataCard(contract={"task": task.name, "text": ["a"], "label": ["b"]}).write(folder)
    judged.write_scores(folder / "predictions" / f"{name}.parquet", task, examples, scores)
    return numbers


def page(folder):
    text = report.write(folder).read_text(encoding="utf-8")
    return text, Page(text)


def mistakes_of(folder):
    return mistakes.find(mistakes.read(folder / "predictions" / "valid.parquet"), single=False)


def numbers(*names, errors=(0.5, -2.0, 0.25, 0.0)):
    """Make texts whose numbers are their places, off by what is said."""
    count = len(errors)
    truth = np.tile(np.arange(float(count))[:, None], len(names))
    values = truth.copy()
    values[:, 0] += errors
    examples = [
        Example(f"{EVIL} {n}", f"a.csv:{n + 2}", label=(str(float(n)),) * len(names))
        for n in range(count)
    ]
    scores = Scores(values.astype(np.float32), values, values, truth, fulls=FULLS[:count])
    return tasks.make("number", names), scores, examples


def tagged(*cases):
    """Make sentences: words, true tags, tags given, and how sure each was."""
    examples, decided, truth, chances = [], [], [], []
    for row, (words, true, given, sure) in enumerate(cases):
        ends = np.cumsum([len(word) + 1 for word in words])
        places = tuple(
            (int(end) - 1 - len(w), int(end) - 1) for end, w in zip(ends, words, strict=True)
        )
        examples.append(Example(" ".join(words), f"a.conll:{row}", label=tuple(true), words=places))
        decided += [TAGS.index(tag) for tag in given]
        truth += [TAGS.index(tag) for tag in true]
        chances += [sure] * len(words)
    decided = np.array(decided)
    probabilities = np.where(
        decided[:, None] == np.arange(len(TAGS)), np.array(chances)[:, None], 0.01
    )
    scores = Scores(
        np.log(probabilities).astype(np.float32),
        probabilities,
        decided,
        np.array(truth),
        borders=np.concatenate([[0], np.cumsum([len(item.label) for item in examples])]),
        fulls=FULLS[: len(examples)],
    )
    return tasks.make("tags", TAGS), scores, examples


SENTENCES = (
    (["Ann", "in", "Rome"], ["B-PER", "O", "B-LOC"], ["B-PER", "O", "B-LOC"], 0.9),
    (["the", EVIL, "is"], ["O", "O", "O"], ["O", "B-PER", "O"], 0.7),
    (["Bob", "Dylan", "sang"], ["B-PER", "I-PER", "O"], ["B-PER", "O", "O"], 0.95),
    (["in", "Oslo"], ["O", "B-LOC"], ["O", "O"], 0.99),
)  # fmt: skip


def answered(*cases):
    """Make questions: question, passage, true answers, and the answer given ("": none)."""
    examples, spans, decided, chances = [], [], [], []
    for row, (question, passage, references, given, sure) in enumerate(cases):
        places = [(0, 0)]
        for word in passage.split(" "):
            start = places[-1][1] + (1 if len(places) > 1 else 0)
            places.append((start, start + len(word)))
        answers = tuple(Answer(text, passage.index(text)) for text in references)
        examples.append(Example(question, f"a.json:{row}", pair=passage, answers=answers))
        at = (
            0
            if not given
            else places.index((passage.index(given), passage.index(given) + len(given)))
        )
        part = np.zeros((len(places), 2))
        part[at] = sure**0.5
        part[0 if at else 2] = (1 - sure) ** 0.5  # so that no other span can be
        spans.append(places)
        decided.append((at, at))
        chances.append(part)
    probabilities = np.concatenate(chances)
    scores = Scores(
        probabilities.astype(np.float32),
        probabilities,
        np.array(decided),
        np.zeros((len(cases), 2), dtype=np.int64),
        borders=np.concatenate([[0], np.cumsum([len(part) for part in spans])]),
        spans=np.array([place for part in spans for place in part], dtype=np.int32),
        fulls=FULLS[: len(cases)],
    )
    return tasks.make("answers", (), {"may_be_none": True}), scores, examples


QUESTIONS = (
    ("Who met Bob?", "Ann met Bob", ["Ann"], "Ann", 0.9),
    ("Who left?", f"Ann met {EVIL.split()[0]} and Carl left", ["Carl"], EVIL.split()[0], 0.8),
    ("Where is it?", "It is not said here", [], "here", 0.6),
    ("What colour?", "The sky is blue today", ["blue"], "", 0.7),
)


@pytest.mark.parametrize(
    "case",
    [numbers("score"), tagged(*SENTENCES), answered(*QUESTIONS)],
    ids=lambda case: case[0].name,
)
def test_the_page_is_whole_and_escaped(tmp_path, case):
    write_run(tmp_path, *case)
    text, found = page(tmp_path)
    assert [link for link in found.links if not link.startswith("#")] == []
    assert not {"link", "iframe", "object", "img"} & set(found.tags)
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text
    assert tasks.TASKS[case[0].name].words in text


def test_numbers_have_their_metrics_drawings_and_largest_errors(tmp_path):
    judged = write_run(tmp_path, *numbers("score"))
    text, _ = page(tmp_path)
    main = numbers("score")[0].main_metric
    assert f'<span class="big" data-number="main">{judged[main]:.3f}</span>' in text
    for words in ("Pearson", "Spearman", "RMSE", "MAE", "Mean of the training numbers"):
        assert words in text, words
    assert "Predicted and true numbers" in text
    assert text.count("<svg") == 3
    found = mistakes_of(tmp_path)
    assert [row.origin for row in found.rows] == ["a.csv:3", "a.csv:2", "a.csv:4"]
    assert [row.numbers for row in found.rows] == [("-2",), ("+0.5",), ("+0.25",)]
    assert (found.rows[0].truth, found.rows[0].decision) == ("1", "-1")


def test_several_numbers_are_shown_target_by_target(tmp_path):
    write_run(tmp_path, *numbers("first", EVIL))
    text, _ = page(tmp_path)
    assert "<script>alert" not in text
    assert "Predicted and true numbers of first" in text
    assert text.count("<svg") == 5
    row = mistakes_of(tmp_path).rows[0]
    assert (row.truth, row.decision) == (f"first 1; {EVIL} 1", f"first -1; {EVIL} 1")
    assert row.hint == "first"


def test_every_drawn_dot_is_a_text(tmp_path):
    """Of one group of marks in the drawing; of very many texts some are drawn."""
    for count, dots in ((50, 50), (3000, drawings.MOST_DOTS)):
        truth = np.arange(float(count))[:, None]
        cloud = drawings.of_numbers(["a"], truth, truth + 1)[0][1]
        assert [g.count("<use") for g in cloud.split('<g id="line2d_')].count(dots) == 1


def test_numbers_that_are_not_finite_are_not_drawn():
    truth = np.arange(3.0)[:, None]
    assert len(drawings.of_numbers(["a"], truth, np.array([[np.nan], [1.0], [np.inf]]))) == 2
    assert drawings.of_numbers(["a"], truth, np.full((3, 1), np.nan)) == []


def test_wrong_entities_are_shown_in_their_place(tmp_path):
    write_run(tmp_path, *tagged(*SENTENCES))
    text, _ = page(tmp_path)
    rows = mistakes_of(tmp_path).rows
    assert [(row.truth, row.decision) for row in rows] == [
        ("PER: Bob Dylan", "PER: Bob"),
        ("", f"PER: {EVIL}"),
        ("LOC: Oslo", ""),
    ]
    assert [row.numbers for row in rows] == [("0.95",), ("0.70",), ("–",)]
    bob = rows[0].texts[0]
    assert (bob.before, bob.marked, bob.after) == ("", "Bob", " Dylan sang")
    assert "<mark>Oslo</mark>" in text
    assert "Each word&#39;s usual tag" in text


def test_types_of_entities_have_their_own_columns(tmp_path):
    write_run(tmp_path, *tagged(*SENTENCES))
    text, _ = page(tmp_path)
    assert "ROC-AUC" not in text
    (row,) = [line for line in text.splitlines() if '<th scope="row">LOC</th>' in line]
    cells = [part.partition("<")[0] for part in re.split(r'<td class="n"[^>]*>', row)[1:]]
    assert cells == ["2", "1", "1.000", "0.500", "0.667"]


def test_mistakes_of_plain_tags_are_counted(tmp_path):
    task, scores, examples = tagged(*SENTENCES)
    names = {"O": "NN", "B-PER": "VB", "I-PER": "DT", "B-LOC": "JJ"}
    examples = [
        Example(item.text, item.origin, label=tuple(names[t] for t in item.label), words=item.words)
        for item in examples
    ]
    task = tasks.make("tags", tuple(names.values()))
    write_run(tmp_path, task, scores, examples)
    found = mistakes_of(tmp_path)
    assert found.numbers == ("times",)
    assert {(row.truth, row.decision, row.texts[0].marked) for row in found.rows} == {
        ("NN", "VB", EVIL), ("DT", "NN", "Dylan"), ("JJ", "NN", "Oslo"),
    }  # fmt: skip
    page(tmp_path)


def test_wrong_answers_are_shown_in_their_passage(tmp_path):
    judged = write_run(tmp_path, *answered(*QUESTIONS))
    text, _ = page(tmp_path)
    assert f'<span class="big" data-number="main">{judged["f1"]:.3f}</span>' in text
    rows = mistakes_of(tmp_path).rows
    assert [row.numbers for row in rows] == [("0.00", "0.80"), ("0.00", "0.70"), ("0.00", "0.60")]
    assert [(row.truth, row.decision) for row in rows] == [
        ("Carl", EVIL.split()[0]), ("blue", ""), ("", "here"),
    ]  # fmt: skip
    assert rows[0].texts[1].before == "Ann met "
    assert rows[0].texts[1].marked == EVIL.split()[0]
    assert "Questions with and without an answer" in text
    assert "The sentence most like the question" in text


def test_numbers_by_length_stand_on_the_page_where_lengths_differ(tmp_path):
    judged = write_run(tmp_path, *numbers("score"))
    text, _ = page(tmp_path)
    assert [item["n"] for item in judged["by_length"]] == [2, 2]
    assert '<th scope="row">65 to 128</th>' in text
    assert "By length" in text
    task, scores, examples = numbers("score")
    alike = Scores(
        scores.logits, scores.probabilities, scores.decisions, scores.truth,
        fulls=np.full(4, 5, dtype=np.int32),
    )  # fmt: skip
    write_run(tmp_path, task, alike, examples)
    assert "By length" not in page(tmp_path)[0]


def test_long_texts_are_cut_around_what_is_marked():
    found = mistakes._around("a " * 500 + "HERE" + " b" * 500, 1000, 1004)
    assert found.marked == "HERE"
    assert found.before.startswith("… a")
    assert found.after.endswith("b …")
    assert len(found.before) + len(found.after) < 2 * mistakes.AROUND + 10


def test_long_texts_are_cut_between_words_where_there_are_some():
    found = mistakes._around("longish " * 50 + "HERE" + " wordish" * 50, 400, 404)
    assert set(found.before.split()) == {"…", "longish"}
    assert set(found.after.split()) == {"…", "wordish"}
    unspaced = mistakes._around("x" * 500 + "HERE" + "y" * 500, 500, 504)
    assert unspaced.before == "… " + "x" * mistakes.AROUND
    assert unspaced.after == "y" * mistakes.AROUND + " …"


def test_words_that_cannot_be_told_apart_show_no_mistake(tmp_path):
    write_run(tmp_path, *tagged(*SENTENCES))
    path = tmp_path / "predictions" / "valid.parquet"
    table = pq.read_table(path)
    place = table.column_names.index("text")
    pq.write_table(table.set_column(place, "text", [["x"] * len(table)]), path)
    assert mistakes_of(tmp_path).rows == []


def test_a_curve_is_thinned_by_the_same_number_everywhere():
    """601 steps in pairs of equal value are averaged by two: every part of the line is as wide."""
    log = [{"kind": "step", "step": n, "lr": float(n // 2 % 2)} for n in range(601)]
    ((title, drawing),) = drawings.curves(log, "f1")
    assert title == "Learning rate"
    (path,) = re.findall(r'<path d="([^"]*)"[^>]*stroke: var\(--accent\)', drawing)
    across = np.diff([float(part.split()[0]) for part in re.split("[ML]", path)[1:]])
    assert across[:299] == pytest.approx(across[0], rel=1e-3)


@pytest.mark.parametrize("name", sorted(tasks.TASKS))
def test_the_metric_that_selects_is_in_the_log_for_its_curve(name):
    task = tasks.make(name, ("bad", "good"))
    assert {task.main_metric, task.tie_metric} <= set(METRICS)

import json
import shutil
from dataclasses import asdict
from html.parser import HTMLParser

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textune.errors import RunError
from textune.metrics import intervals, metrics
from textune.report import pictures, reliable, report, summary
from textune.report.pages import Files
from textune.report.section import Subject
from textune.runs.written import Best, DataCard, File
from textune.tasks.labels import in_one_cell

EVIL = '<script>alert("x")</script>'
SINGLE = ["neg", EVIL]
MULTI = ["toxic", "a;b", EVIL]


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects what the tests ask for."""

    VOID = ("meta", "br", "path", "use", "line", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.links, self.words = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "xlink:href", "data", "action")]
        self.links += [v for _, v in attrs if v and "url(" in v and "url(#" not in v]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def answers(labels, n=60, seed=0):
    rng = np.random.default_rng(seed)
    probabilities = rng.random((n, len(labels)))
    if labels is MULTI:
        truth = (rng.random((n, len(labels))) < 0.4).astype(float)
        return truth, probabilities, (probabilities > 0.5).astype(int)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return rng.integers(0, len(labels), n), probabilities, probabilities.argmax(axis=1)


def judged(labels, case):
    judge = metrics.multi if labels is MULTI else metrics.single
    return judge(*case, labels) | {"intervals": intervals.bootstrap(*case)}


def write_predictions(path, labels, case, *, text=True, several=None):
    truth, probabilities, decisions = case
    several = labels is MULTI if several is None else several

    def names(values):
        if several:
            return [in_one_cell(np.array(labels)[row == 1].tolist(), labels) for row in values]
        return [labels[value] for value in values]

    columns = {"origin": [f"a.csv:{n + 2}" for n in range(len(truth))]}
    if text:
        columns["text"] = [f"{EVIL} & text {n}" for n in range(len(truth))]
    columns |= {"truth": names(truth), "decision": names(decisions)}
    columns |= {f"p({label})": probabilities[:, k] for k, label in enumerate(labels)}
    columns |= {f"logit({label})": probabilities[:, k] for k, label in enumerate(labels)}
    path.parent.mkdir(exist_ok=True)
    pq.write_table(pa.table(columns), path)


def write_run(folder, labels):
    case = answers(labels)
    numbers = judged(labels, case)
    best = asdict(Best(step=20, epoch=2.0, metric="mcc", value=0.5))
    found = {"valid": numbers, "test": numbers, "best": best}
    found["baselines"] = {"part": "valid", "majority": numbers | {"mcc": 0.0}, "tfidf": numbers}
    task = "multi" if labels is MULTI else "single"
    DataCard(
        contract={
            **{"task": task, "text": [EVIL], "label": list(labels)},
            **{"reasons": [EVIL], "doubts": ["or column 7"]},
        },
        findings=({"kind": "rare", "severity": "warning", "message": EVIL, "count": 1},),
        files=(File(EVIL, "0123456789abcdef", 120, "valid"),),
        splits={"train": 100, "valid": 60, "test": 0},
        labels=dict.fromkeys(labels, 40),
    ).write(folder)
    steps = [{"kind": "step", "step": n, "loss": 1 / n, "lr": 1e-5 * n} for n in range(1, 40)]
    steps += [{"kind": "validation", "step": n, "metrics": {"mcc": n / 40}} for n in (20, 39)]
    steps += [{"kind": "step", "step": 40, "loss": float("nan"), "lr": None}]
    (folder / "metrics.json").write_text(json.dumps(found))
    lines = "\n".join(json.dumps(line) for line in steps)
    (folder / "log.jsonl").write_text(lines + '\n{"kind": "st')
    (folder / "config.toml").write_text('base = "dir/some-encoder"\n[train]\nlr = 5e-5\n')
    (folder / "capsule.json").write_text(json.dumps({"versions": {"torch": EVIL}, "cores": 2}))
    for part in ("valid", "test"):
        write_predictions(folder / "predictions" / f"{part}.parquet", labels, case)
    return case


@pytest.fixture(params=[SINGLE, MULTI], ids=["single", "multi"])
def run(request, tmp_path):
    write_run(tmp_path, request.param)
    return tmp_path


def read(run):
    return report.write(run).read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=[SINGLE, MULTI], ids=["single", "multi"])
def written(request, tmp_path_factory):
    """Return the labels and the folder of a run, and the page that was drawn of it once."""
    folder = tmp_path_factory.mktemp("written")
    write_run(folder, request.param)
    return request.param, folder, read(folder)


def pictures_of(run):
    return pictures.draw(run, Files.read(run))


def test_the_page_is_whole_and_reaches_for_nothing_outside(written):
    text = written[-1]
    page = Page(text)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert not {"link", "iframe", "object", "img"} & set(page.tags)
    assert page.tags.count("script") == 2  # ours, and its data
    assert "default-src 'none'" in text


def test_everything_from_the_data_is_escaped(written):
    text = written[-1]
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;") > 10


def test_every_section_is_there_and_only_one_page_is_left(written):
    _, run, text = written
    for words in (
        "some-encoder", "Training loss", "Learning rate", "Validation MCC", "or column 7",
        "The most confident mistakes", "a.csv:", "train.lr", "versions.torch",
        "TF-IDF + logistic regression", "95 % interval", "0123456789ab", "Best epoch",
    ):  # fmt: skip
        assert words in text, words
    assert text.count("<svg role") == 4 + text.count(f">{reliable.TITLE}<")
    assert [path.name for path in run.glob("*report*")] == ["report.html"]


def test_the_main_number_and_its_interval_are_those_of_the_metrics(written):
    _, run, text = written
    valid = json.loads((run / "metrics.json").read_text())["valid"]
    assert f'<span class="big" data-number="main">{valid["mcc"]:.3f}</span>' in text
    assert "interval {:.3f} to {:.3f}".format(*valid["intervals"]["mcc"]) in text


def test_the_confusion_matrix_is_shown_for_one_label_only(written):
    labels, _, text = written
    assert ("What was taken for what" in text) == (labels is SINGLE)


def test_a_matrix_of_many_classes_is_left_out(tmp_path):
    labels = [f"c{n}" for n in range(31)]
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(31), 50)
    numbers = metrics.single(rng.integers(0, 31, 50), scores, scores.argmax(axis=1), labels)
    (tmp_path / "metrics.json").write_text(json.dumps({"valid": numbers}))
    assert "What was taken for what" not in read(tmp_path)


def test_the_surest_mistakes_come_first_and_right_answers_never(tmp_path):
    case = (
        np.array([0, 1, 0, 1]),
        np.array([[0.1, 0.9], [0.0, 1.0], [0.4, 0.6], [0.7, 0.3]]),
        np.array([1, 1, 1, 0]),
    )
    (tmp_path / "metrics.json").write_text(json.dumps({"valid": judged(SINGLE, case)}))
    write_predictions(tmp_path / "predictions" / "valid.parquet", SINGLE, case)
    words = [word for word in Page(read(tmp_path)).words if word.startswith("a.csv:")]
    assert words == [
        "a.csv:2",
        "a.csv:5",
        "a.csv:4",
        "a.csv:2",
        "a.csv:5",
    ]  # the last two suspected


def test_a_label_given_or_missed_wrongly_is_a_mistake_of_several_labels(tmp_path):
    case = (
        np.array([[1.0, 0, 0], [0, 1, 0], [1, 1, 1]]),
        np.array([[0.05, 0.1, 0.1], [0.1, 0.6, 0.8], [0.9, 0.9, 0.9]]),
        np.array([[0, 0, 0], [0, 1, 1], [1, 1, 1]]),
    )
    (tmp_path / "metrics.json").write_text(json.dumps({"valid": judged(MULTI, case)}))
    write_predictions(tmp_path / "predictions" / "valid.parquet", MULTI, case, text=False)
    words = [word.strip() for word in Page(read(tmp_path)).words]
    assert [word for word in words if word.startswith("a.csv:")] == ["a.csv:2", "a.csv:3"]
    assert "0.95" in words
    assert "0.80" in words


def test_metrics_alone_make_a_page(run):
    for path in run.iterdir():
        if path.name not in ("metrics.json", "predictions"):
            path.unlink()
    for path in (run / "predictions").iterdir():
        path.unlink()
    text = read(run)
    Page(text)
    for words in ("Training loss", "What was understood", "How to repeat it", "mistakes"):
        assert words not in text, words
    assert "ROC-AUC" in text


def test_undefined_numbers_are_explained(tmp_path):
    truth, scores, given = answers(MULTI)
    truth[:, 1] = 0
    numbers = metrics.multi(truth, scores, given, MULTI)
    (tmp_path / "metrics.json").write_text(json.dumps({"test": numbers, "baselines": {}}))
    assert "labels.a;b.roc_auc: no text of this split has the label" in read(tmp_path)


def test_a_label_that_is_not_scored_is_no_mistake(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUNE_PICTURES", "0")  # mistakes are words
    write_run(tmp_path, MULTI)
    path = tmp_path / "predictions" / "valid.parquet"
    table = pq.read_table(path)
    everything = pa.array([in_one_cell(MULTI, MULTI)] * len(table))
    assert "most confident mistakes" in read(tmp_path)
    for part in ("valid", "test"):
        pq.write_table(table.append_column("unscored", everything), path.with_stem(part))
    assert "most confident mistakes" not in read(tmp_path)


def test_the_same_run_gives_the_same_page(written):
    _, run, text = written
    assert read(run) == text


def test_drawings_are_left_out_where_none_are_wanted(written, tmp_path, monkeypatch):
    _, whole, text = written
    run = shutil.copytree(whole, tmp_path / "run")
    assert "<svg" in text
    monkeypatch.setenv("TEXTUNE_PICTURES", "0")
    assert "<svg" not in read(run)
    assert "h2" in Page(read(run)).tags
    assert pictures_of(run) == []
    assert not (run / "pictures").exists()


def test_no_metrics_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"no metrics.json.*train first"):
        report.write(tmp_path)


@pytest.mark.parametrize("name", ["metrics.json", "data_card.json", "config.toml"])
def test_a_damaged_file_is_named(run, name):
    (run / name).write_text("{ half")
    with pytest.raises(RunError, match=rf"{name}: damaged .*train again"):
        report.write(run)


def test_damaged_predictions_are_named(run):
    (run / "predictions" / "valid.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(RunError, match=r"valid.parquet: damaged .*evaluate again"):
        report.write(run)


@pytest.mark.parametrize(
    ("contract", "words"),
    [
        ({"task": "single", "text": ["a", "b"], "label": ["c"]}, "one label a pair of texts"),
        ({"task": "number", "text": ["a", "b"], "label": ["c"]}, "a number for a pair of texts"),
        ({"task": "number", "text": ["a"], "label": ["c", "d"]}, "numbers for a text"),
    ],
)
def test_the_summary_says_what_was_learned(tmp_path, contract, words):
    DataCard(contract=contract, splits={"train": 9}).write(tmp_path)
    (tmp_path / "config.toml").write_text('base = "dir/base"\n')
    subject = Subject.read(tmp_path, Files.read(tmp_path, needed=False))
    assert summary.learned(subject) == (
        f"This model learned to give {words} from 9 texts, starting from base."
    )

"""What bench.few draws, trains, judges and compares."""

import gzip
import json
import random
from collections import Counter
from pathlib import Path

import pytest

from bench import few, few_measure, few_scores, few_sets, few_show, few_summary
from bench.few_jobs import FewJob
from bench.few_sets import TOXIC, Pool
from bench.quality_sets import Row, read, write
from conftest import WORDS

ROWS = 40


def sentence(draw: random.Random, label: int) -> str:
    words = WORDS[:5] if label else WORDS[5:10]
    return " ".join([*draw.choices(words, k=3), *draw.choices(WORDS[10:], k=4)])


def tagged(draw: random.Random) -> str:
    words = [*draw.choices(WORDS[:10], k=4), "film", "day"]
    tags = ["O"] * 4 + ["B-thing", "I-thing"]
    return "".join(f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)) + "\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder laid out as some of the public data sets."""
    folder = tmp_path_factory.mktemp("data")
    draw = random.Random(0)
    for name in ("sst2", "stsbenchmark", "wnut17", "jigsaw"):
        (folder / name).mkdir()
    lines = [f"{sentence(draw, n % 2)} \t{n % 2}\n" for n in range(ROWS)]
    dev = [*lines[:4], *(f"{sentence(draw, n % 2)} \t{n % 2}\n" for n in range(8))]
    (folder / "sst2" / "dev.tsv").write_text("".join(["sentence\tlabel\n", *dev]))
    content = "".join(["sentence\tlabel\n", *lines, *lines[-4:]]).encode()
    (folder / "sst2" / "train.tsv.gz").write_bytes(gzip.compress(content))
    for part in ("train", "test"):
        rows = [
            f"main\tMSR\t2012\t{n}\t{n % 6}.500\t{sentence(draw, 1)}\t{sentence(draw, n % 2)}\n"
            for n in range(ROWS)
        ]
        (folder / "stsbenchmark" / f"sts-{part}.csv").write_text("".join(rows))
    for file in ("wnut17train.conll", "emerging.test.annotated"):
        (folder / "wnut17" / file).write_text("".join(tagged(draw) for _ in range(ROWS)))
    for number, name in enumerate(few_sets.JIGSAW):
        marks = [",".join(str(int(n % 12 == at)) for at in range(len(TOXIC))) for n in range(ROWS)]
        header = ",".join(["comment_text", *TOXIC])
        rows = [f"{sentence(draw, n % 2)} {number},{marks[n]}" for n in range(ROWS)]
        text = "\n".join([header, *rows, "the same,1,0,0,0,0,0"]) + "\n"
        packed = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
        (folder / name).write_bytes(packed)
    return folder


def texts(rows: list[Row]) -> list[str]:
    return [few_sets.text_of(row) for row in rows]


def test_test_rows_and_doubles_are_not_drawn(data: Path) -> None:
    pool = few_sets.load("sst-2", data, test_rows=6)
    everything = few_sets.load("sst-2", data, test_rows=1000)
    assert len(pool.test) == 6
    assert len(everything.test) == 12
    assert texts(pool.train) == texts(everything.train)
    assert len(set(texts(pool.train))) == len(pool.train) > ROWS // 2
    assert not set(texts(pool.train)) & set(texts(everything.test))
    several = few_sets.load("jigsaw", data, test_rows=1000)
    assert sorted(texts([*several.train, *several.test])).count("the same\t") == 1
    assert not set(texts(several.train)) & set(texts(several.test))


def test_a_draw_has_so_many_rows_of_each_class_and_a_larger_one_holds_them(data: Path) -> None:
    pool = few_sets.load("sst-2", data, test_rows=6)
    small, large = (few_sets.draw(pool, rows, 1) for rows in (4, 9))
    assert Counter(row["label"] for row in small) == {"0": 4, "1": 4}
    assert set(texts(small)) < set(texts(large))
    assert texts(small) == texts(few_sets.draw(pool, 4, 1))
    assert set(texts(small)) != set(texts(few_sets.draw(pool, 4, 2)))
    assert len(few_sets.draw(pool, 1000, 1)) == len(pool.train)
    in_all = few_sets.draw(pool, 7, 1, in_all=True)
    assert sorted(Counter(row["label"] for row in in_all).values()) == [3, 4]


@pytest.mark.parametrize("name", ["jigsaw", "wnut-17"])
def test_each_label_and_tag_is_drawn(name: str, data: Path) -> None:
    pool = few_sets.load(name, data, test_rows=6)
    for number in (1, 2, 3):
        drawn = few_sets.draw(pool, 8, number)
        assert len(drawn) == 8
        assert set().union(*(few_sets.names_of(row, pool) for row in drawn)) == set(pool.labels)


def test_texts_are_cut_after_tokens_of_the_base(tiny_base: Path) -> None:
    rows: list[Row] = [
        {"text": "good film " * 30},
        {"text": "bad"},
        {"text": "a", "pair": "b" * 99},
    ]
    cut = few_sets.cut(rows, str(tiny_base), 8)
    assert cut[0]["text"] == "good film good film good film"  # and the two special tokens
    assert cut[1:] == rows[1:]


def job(pool: Pool, system: str, base: Path, folder: Path) -> FewJob:
    train, test = (
        str(write(folder / f"{part}.jsonl", rows))
        for part, rows in (("train", few_sets.draw(pool, 8, 1)), ("test", pool.test))
    )
    return FewJob(
        system=system,
        base=str(base),
        kind=pool.kind,
        labels=pool.labels,
        train=train,
        test=test,
        scratch=str(folder),
        seed=1,
        threads=1,
        max_tokens=32,
    )


@pytest.mark.parametrize("system", ["textune", "embeddings", "tf-idf", "trainer"])
@pytest.mark.parametrize("name", ["sst-2", "jigsaw", "sts-b", "wnut-17"])
@pytest.mark.usefixtures("forked")
@pytest.mark.covering(1)
@pytest.mark.exhaustive
def test_every_program_answers_for_every_kind_of_row(
    name: str, system: str, data: Path, tmp_path: Path, tiny_base: Path
) -> None:
    pool = few_sets.load(name, data, test_rows=6)
    found = few_measure.run(job(pool, system, tiny_base, tmp_path))
    assert found["seconds"] > 0
    assert len(json.loads(json.dumps(found["answers"]))) == 6
    scores = few_scores.judge(pool.kind, pool.test, found["answers"], pool.labels)
    assert set(scores) >= set(few_sets.SETS[name].metrics)
    assert all(-1 <= value <= 1 for value in scores.values())


def test_answers_are_judged_by_the_usual_metrics() -> None:
    rows: list[Row] = [{"label": label} for label in "aab"]
    found = few_scores.judge("single", rows, ["a", "a", "a"], ("a", "b"))
    assert found == {"accuracy": 2 / 3, "macro_f1": pytest.approx(0.4), "mcc": 0.0}
    rows = [{"x": 1, "y": 0}, {"x": 0, "y": 0}]
    found = few_scores.judge("multi", rows, [["x"], ["x"]], ("x", "y"))
    assert found == {"macro_f1": pytest.approx(1 / 3), "micro_f1": pytest.approx(2 / 3)}
    numbers: list[Row] = [{"label": float(n)} for n in range(3)]
    assert few_scores.judge("number", numbers, [2.0, 4.0, 9.0], ())["spearman"] == 1.0
    assert few_scores.judge("number", numbers, [2.0, 2.0, 2.0], ())["spearman"] == 0.0
    tags: list[Row] = [{"tags": ["B-x", "O"]}, {"tags": ["O"]}]
    assert few_scores.judge("tags", tags, [["B-x", "O"], ["B-x"]], ())["f1"] == pytest.approx(2 / 3)


def record(system: str, draw: int, score: float, rows: int = 8) -> dict[str, object]:
    return {
        "set": "sst-2",
        "rows": rows,
        "draw": draw,
        "system": system,
        "metrics": ["accuracy"],
        "scores": {"accuracy": score},
        "seconds": 2.0,
        "error": None,
    }


def test_textune_is_compared_draw_by_draw_with_the_best_of_the_others() -> None:
    ours, theirs, third = (0.60, 0.63, 0.66), (0.70, 0.74, 0.75), (0.9, 0.1, 0.1)
    records = [
        record(system, draw, score)
        for system, scores in (("textune", ours), ("embeddings", theirs), ("tf-idf", third))
        for draw, score in enumerate(scores, start=1)
    ]
    (cell,) = few_summary.cells(records)
    (found,) = cell.comparisons
    assert found.best == "embeddings"
    assert found.difference.mean == pytest.approx(-0.1)
    assert found.difference.error == pytest.approx(0.01 / 3**0.5)
    assert found.is_below
    assert "BELOW" in few_show.compared(found)
    noisy = few_summary.Comparison("accuracy", "tf-idf", few_summary.spread([-0.3, 0.2, -0.1]))
    assert not noisy.is_below
    single = few_summary.Comparison("accuracy", "tf-idf", few_summary.spread([-0.3]))
    assert "one draw" in few_show.compared(single)


def test_means_are_over_the_cells_that_both_have() -> None:
    records = [
        record("textune", 1, 0.8),
        record("tf-idf", 1, 0.6),
        record("textune", 1, 0.2, rows=32),
        record("trainer", 1, 0.5, rows=32) | {"scores": {}, "error": "no memory"},
    ]
    (found,) = few_summary.overall(few_summary.cells(records))
    assert (found.system, found.cells, found.ours, found.theirs) == ("tf-idf", 1, 0.8, 0.6)


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """Return the options of a set of one's own."""
    draw = random.Random(1)
    for part in ("train", "test"):
        rows = [f"{sentence(draw, n % 2)} {part},{('bad', 'good')[n % 2]}" for n in range(24)]
        (tmp_path / f"{part}.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    given = {"--file": "train.csv", "--test": "test.csv", "--out": "found.jsonl"}
    files = [word for option, name in given.items() for word in (option, str(tmp_path / name))]
    return [*files, "--name", "mine", "--rows", "6", "--threads", "1"]


@pytest.mark.usefixtures("forked")
def test_a_set_of_ones_own_is_continued_where_it_ended(
    own: list[str], tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found.jsonl"
    asked = [*own, "--base", str(tiny_base), "--systems", "tf-idf"]
    few.main([*asked, "--draws", "1"])
    assert len(read(out)) == 1
    few.main([*asked, "--draws", "2", "--continue"])
    first, second = read(out)
    assert (first["draw"], second["draw"], second["train"], second["test"]) == (1, 2, 12, 24)
    assert first["error"] is None
    assert "mine, 6 rows" in capsys.readouterr().out


@pytest.mark.usefixtures("forked")
def test_a_program_that_fails_is_a_record_and_tried_again(
    own: list[str], tiny_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [*own, "--base", str(tiny_base), "--draws", "1", "--systems", "setfit"]
    few.main([*asked, "--setfit", "/bin/false"])
    (found,) = read(tmp_path / "found.jsonl")
    assert "SetFit ended with 1" in found["error"]
    assert few.read_records(tmp_path / "found.jsonl") == []
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--systems", "setfit"], "name a Python that has SetFit"),
        (["--file", "a.csv"], "needs both"),
        (["--continue"], "name the file of --out"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    given: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        few.parse(given)
    assert said in capsys.readouterr().err

"""`suspects` finds labels that are probably wrong, and puts in what somebody corrected."""

import csv
import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import textune
from textune.doors import cli
from textune.errors import DataError, RunError, SettingsError


def said(*command, code=0):
    done = CliRunner().invoke(cli.app, [str(word) for word in command])
    assert done.exit_code == code, done.output
    return done.output


def read(file):
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def write(file, rows):
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


@pytest.fixture
def flipped(reviews):
    """Return reviews of which eight have the other label, and the lines of these."""
    rows = read(reviews)
    wrong = np.random.default_rng(0).choice(len(rows), 8, replace=False).tolist()
    for place in wrong:
        rows[place]["label"] = {"bad": "good", "good": "bad"}[rows[place]["label"]]
    return write(reviews, rows), {f"reviews.csv:{place + 2}" for place in wrong}


@pytest.fixture
def found(flipped, tiny_base, tmp_path):
    """Return the suspects of these, in a file."""
    output = tmp_path / "suspects.csv"
    told = said("suspects", flipped[0], "--base", tiny_base, "-o", output)
    return output, told


def test_flipped_labels_come_first_with_place_and_both_labels(flipped, found):
    output, told = found
    rows = read(output)
    names = ["rank", "place", "given", "suggested", "p given", "p suggested", "corrected"]
    assert list(rows[0]) == ["text", "label", *names]
    assert [row["rank"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    assert len({row["place"] for row in rows[:8]} & flipped[1]) >= 6
    assert {row["corrected"] for row in rows} == {""}
    assert all(row["given"] == row["label"] != row["suggested"] for row in rows)
    assert all(float(row["p given"]) < float(row["p suggested"]) for row in rows[:8])
    assert f"{len(rows)} of 160 texts" in told
    assert f"{output}: {len(rows)} rows" in told.replace("\n", "")


def test_corrections_make_a_copy_and_leave_the_file(flipped, found, tmp_path):
    source, _ = flipped
    before = source.read_bytes()
    rows = read(found[0])
    for row in rows[:5]:
        row["corrected"] = row["suggested"]
    rows[5]["corrected"] = rows[5]["given"]
    filled = write(tmp_path / "filled.csv", rows)
    fixed = tmp_path / "fixed.csv"
    told = said("suspects", source, "--apply", filled, "-o", fixed)
    assert "160 rows, 5 texts have another label; 1 corrected to what stood there" in told
    assert source.read_bytes() == before
    changed = [
        f"reviews.csv:{place + 2}"
        for place, (old, new) in enumerate(zip(read(source), read(fixed), strict=True))
        if old != new
    ]
    assert sorted(changed) == sorted(row["place"] for row in rows[:5])


def test_corrections_that_nobody_has_written_yet_are_told(flipped, found, tmp_path):
    done = textune.correct(flipped[0], found[0], tmp_path / "fixed.csv")
    assert (done.changed, done.same) == (0, 0)
    assert done.remarks == (
        f"{found[0]}: no row is corrected, and the copy has the labels of the file; write the "
        "right labels into its column 'corrected'",
    )


def test_several_labels_a_text_are_doubted_label_by_label(comments, tiny_base, tmp_path):
    rows = read(comments)
    rows[7]["cold"] = str(1 - int(rows[7]["cold"]))
    write(comments, rows)
    found = textune.suspects(comments, base=tiny_base, output=tmp_path / "a.jsonl")
    assert found.task == "multi"
    assert found.likely == len(found.rows) > 0
    lines = (tmp_path / "a.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(found.rows)
    mine = next(row for row in found.rows if row["place"] == "comments.csv:9")
    marks = {"warm": "1", "cold": rows[7]["cold"], "film": "1"}
    assert ("cold" in mine["suggested"].split(";")) != (marks["cold"] == "1")
    filled = tmp_path / "filled.jsonl"
    filled.write_text(json.dumps(mine | {"corrected": "[]"}) + "\n")
    done = textune.correct(comments, filled, tmp_path / "fixed.csv")
    assert (done.rows, done.changed) == (160, 1)
    fixed = read(tmp_path / "fixed.csv")
    assert [fixed[7][name] for name in marks] == ["0", "0", "0"]
    assert fixed[:7] + fixed[8:] == rows[:7] + rows[8:]


def test_names_of_columns_may_stand_in_brackets(tmp_path):
    head, rows = (
        ("text", "[hot]", "cold"),
        [("one fire", 0, 1), ("two ices", 1, 0), ("winds", 0, 0)],
    )
    file = write(tmp_path / "own.csv", [dict(zip(head, row, strict=True)) for row in rows])
    wishes = [("own.csv:2", "[hot]"), ("own.csv:3", '["cold"]')]
    corrections = [dict(zip(("place", "corrected"), wish, strict=True)) for wish in wishes]
    filled = write(tmp_path / "filled.csv", corrections)
    assert textune.correct(file, filled, tmp_path / "fixed.csv").changed == 2
    fixed = read(tmp_path / "fixed.csv")
    assert [(row["[hot]"], row["cold"]) for row in fixed] == [("1", "0"), ("0", "1"), ("0", "0")]


def test_values_keep_their_kinds(flipped, tiny_base, tmp_path):
    rows = read(flipped[0])
    lines = [{"text": row["text"], "label": int(row["label"] == "good")} for row in rows]
    file = tmp_path / "numbers.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n")
    found = textune.suspects(file, base=tiny_base, n=3, output=tmp_path / "a.parquet")
    assert len(found.rows) == 3
    rows = pq.read_table(tmp_path / "a.parquet").to_pylist()
    first = rows[0] | {"corrected": rows[0]["suggested"]}
    (tmp_path / "filled.jsonl").write_text(json.dumps(first) + "\n")
    textune.correct(file, tmp_path / "filled.jsonl", tmp_path / "fixed.jsonl")
    fixed = [json.loads(line) for line in (tmp_path / "fixed.jsonl").read_text().splitlines()]
    [(old, new)] = [pair for pair in zip(lines, fixed, strict=True) if pair[0] != pair[1]]
    assert (old["text"], 1 - old["label"]) == (new["text"], new["label"])


def test_more_texts_than_choose_a_strength_are_all_looked_at(flipped, tiny_base, monkeypatch):
    monkeypatch.setattr("textune.tasks.linear.MOST_CHOOSING", 60)
    found = textune.suspects(flipped[0], base=tiny_base)
    assert found.texts == 160
    assert len({row["place"] for row in found.rows[:8]} & flipped[1]) >= 6


def test_the_screen_shows_them_and_json_holds_them(flipped, tiny_base):
    told = json.loads(said("suspects", flipped[0], "--base", tiny_base, "--json", "-n", 3))
    assert (told["texts"], len(told["rows"]), told["task"]) == (160, 3, "single")
    shown = said("suspects", flipped[0], "--base", tiny_base, "-n", 3)
    assert told["rows"][0]["place"] in shown
    assert "p suggested" in shown


@pytest.mark.parametrize(
    ("lines", "error", "match"),
    [
        (["text,label", *["a good film,good"] * 12], DataError, r"the same label 'good'"),
        (["text", *[f"a good film {n}" for n in range(12)]], DataError, r"label"),
        (
            ["text,points", *[f"a film {n},{n / 7:.2f}" for n in range(40)]],
            SettingsError,
            r"suspects are looked for among names, one or several a text, and among tags",
        ),
        (["text,label", "a good film,good", "bad,bad"], DataError, r"too few|cannot|needs"),
    ],
    ids=["one class", "no label", "numbers", "two rows"],
)
def test_files_without_suspects_are_refused(tiny_base, tmp_path, lines, error, match):
    file = tmp_path / "a.csv"
    file.write_text("\n".join(lines) + "\n")
    label = "points" if "points" in lines[0] else None
    with pytest.raises(error, match=match):
        textune.suspects(file, base=tiny_base, label=label)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"place": "reviews.csv:999"}, r"no row stands where 1 of the corrections"),
        ({"text": "another one"}, r"reviews\.csv:2 has another text"),
        ({"corrected": ""}, None),
        ({"corrected": "goood"}, None),
    ],
    ids=["place", "text", "blank", "new"],
)
def test_corrections_of_other_rows_are_refused(reviews, tmp_path, change, match):
    rows = read(reviews)
    row = {**rows[0], "place": "reviews.csv:2", "corrected": "good"} | change
    filled = write(tmp_path / "filled.csv", [row])
    fixed = tmp_path / "fixed.csv"
    if match:
        with pytest.raises(DataError, match=match):
            textune.correct(reviews, filled, fixed)
        assert not fixed.exists()
        return
    done = textune.correct(reviews, filled, fixed)
    assert done.changed == bool(change["corrected"])
    assert any("'goood'" in one or "goood" in one for one in done.remarks) == bool(done.changed)


def test_mistaken_options_are_named(reviews, tmp_path):
    shutil.copy(reviews, tmp_path / "there.csv")
    with pytest.raises(SettingsError, match=r"-n 0"):
        textune.suspects(reviews, n=0)
    with pytest.raises(RunError, match=r"already exists"):
        textune.suspects(reviews, output=tmp_path / "there.csv")
    with pytest.raises(DataError, match=r"no column 'place'"):
        textune.correct(reviews, reviews, tmp_path / "fixed.csv")
    told = CliRunner().invoke(cli.app, ["suspects", str(reviews), "--apply", "x.csv"])
    assert "--apply goes with --output FILE" in str(told.exception)


@pytest.mark.exhaustive
def test_a_cross_validated_run_gives_its_own_answers(flipped, tiny_base, tmp_path):
    source, wrong = flipped
    run = tmp_path / "folds"
    textune.cross_validate(
        source, folds=2, epochs=5, batch_size=8, lr=3e-3, base=tiny_base, out=run
    )
    found = textune.suspects(source, run=run)
    assert found.texts == 160
    assert len({row["place"] for row in found.rows[:8]} & wrong) >= 5
    told = CliRunner().invoke(cli.app, ["suspects", str(source), "--run", str(run), "-n", "2"])
    assert "of 160 texts" in told.output
    with pytest.raises(SettingsError, match=r"--base: --run has answers already"):
        textune.suspects(source, run=run, base=tiny_base)
    rows = read(source)
    rows[3]["text"] = "another film"
    with pytest.raises(RunError, match=r"reviews\.csv:5 was .* when it learned"):
        textune.suspects(write(source, rows), run=run)
    with pytest.raises(RunError, match=r"its labels are"):
        textune.suspects(
            write(source, [row | {"label": row["label"][:1]} for row in rows]), run=run
        )
    with pytest.raises(RunError, match=r"keeps no answers"):
        textune.suspects(source, run=tmp_path)

"""An evaluated file: labels unknown to the model, other schemes, empty texts, known files."""

import json
import sys

import pytest

import textune
from made_runs import make_run
from textune.doors import cli
from textune.errors import DataError, SettingsError

WORDS = ["the", "warm", "film", "was", "very", "good"]
IOB2 = ["O", "B-X", "I-X", "O", "B-Y", "B-Y"]
BILOU = ["O", "B-X", "L-X", "O", "U-Y", "U-Y"]
IOB1 = ["O", "I-X", "I-X", "O", "I-Y", "B-Y"]


def conll(path, tags, rows=8):
    sentence = "\n".join(f"{word} {tag}" for word, tag in zip(WORDS, tags, strict=True))
    path.write_text(f"{sentence}\n\n" * rows, encoding="utf-8")
    return path


@pytest.fixture
def run(tiny_base, tmp_path):
    return make_run(tmp_path / "single", tiny_base, "single", ["bad", "good"])


def csv(tmp_path, *rows):
    file = tmp_path / "more.csv"
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


def test_labels_that_training_never_saw_count_as_missed(run, tmp_path):
    known = ["warm film,good", "dull book,bad", "the good meal,good"]
    before = textune.evaluate(run, csv(tmp_path, *known))
    file = csv(tmp_path, *known, "cold song,godo", "the bad day,godo", "a day,odd")
    found = textune.evaluate(run, file)
    assert found["n"] == 6
    assert found["accuracy"] == pytest.approx(before["accuracy"] / 2)
    assert found["labels"]["godo"]["recall"] == 0
    assert found["labels"]["godo"]["support"] == 2
    assert found["unseen_labels"] == {"godo": 2, "odd": 1}
    assert found["log_loss"] is None
    assert "never saw" in found["undefined"]["log_loss"]
    (remark,) = found["remarks"]
    assert "'godo' (2 texts), 'odd' (1 texts)" in remark
    assert "did you mean 'good'" in remark
    assert len(list((run / "evaluations").glob("*.parquet"))) == 1


def test_the_console_says_it_and_the_rest_is_printed(run, tmp_path, monkeypatch, capsys):
    file = csv(tmp_path, "warm film,good", "cold song,odd")
    monkeypatch.setattr(sys, "argv", ["textune", "evaluate", str(run), str(file)])
    with pytest.raises(SystemExit) as ended:
        cli.run()
    out, err = capsys.readouterr()
    assert ended.value.code == 0
    assert "training never saw 'odd'" in err
    assert "accuracy" in out


def test_a_file_of_other_labels_only_is_refused(run, tmp_path):
    with pytest.raises(DataError, match="nor any other of this file; allowed: 'bad', 'good'"):
        textune.evaluate(run, csv(tmp_path, "warm film,one", "cold song,two"))


def test_of_several_labels_a_text_the_unknown_ones_are_missed(tiny_base, tmp_path):
    contract = {"form": "list", "label": ("label",), "separator": ";"}
    run = make_run(tmp_path / "multi", tiny_base, "multi", ["bad", "good"], **contract)
    file = csv(tmp_path, "warm film,good;new", "dull book,bad", "the meal,", "the song,new")
    found = textune.evaluate(run, file)
    assert found["labels"]["new"] | {"roc_auc": 0, "pr_auc": 0} == {
        **found["labels"]["new"],
        "support": 2,
        "predicted": 0,
        "recall": 0,
        "roc_auc": 0,
        "pr_auc": 0,
    }
    assert found["unseen_labels"] == {"new": 2}


@pytest.fixture(scope="module")
def tagger(tiny_base, tmp_path_factory):
    """Return a run that learned three epochs of one sentence in IOB2."""
    folder = tmp_path_factory.mktemp("tags")
    file = conll(folder / "words.conll", IOB2, rows=40)
    options = {"epochs": 6, "lr": 5e-3, "batch_size": 8, "seed": 1}
    return textune.train(file, valid=file, base=tiny_base, out=folder / "run", **options).path


@pytest.mark.parametrize("tags", [IOB2, BILOU, IOB1], ids=["iob2", "bilou", "iob1"])
def test_tags_of_any_scheme_judge_the_same_model_alike(tagger, tmp_path, tags):
    found = textune.evaluate(tagger, conll(tmp_path / "other.conll", tags))
    assert found["entities"] == 24
    assert found["f1"] == 1.0
    assert found["confusions"]["correct"] == 24
    assert not found.get("unseen_labels")


def test_entities_of_an_unknown_type_are_missed(tagger, tmp_path):
    tags = ["B-NEW", "B-X", "I-X", "O", "B-Y", "B-Y"]
    found = textune.evaluate(tagger, conll(tmp_path / "other.conll", tags))
    assert found["recall"] == pytest.approx(3 / 4)
    assert found["labels"]["NEW"]["recall"] == 0
    assert "'B-NEW' (8 texts)" in found["remarks"][0]


def test_a_validation_file_in_another_scheme_is_converted(tiny_base, tmp_path):
    train = conll(tmp_path / "train.conll", IOB2, rows=30)
    valid = conll(tmp_path / "valid.conll", BILOU, rows=4)
    run = textune.train(train, valid=valid, base=tiny_base, out=tmp_path / "run", epochs=0)
    assert run.metrics["valid"]["entities"] == 12


def test_numbers_that_somebody_else_wrote_under_the_name_are_kept(run, tmp_path):
    (run / "evaluations").mkdir()
    (run / "evaluations" / "more.json").write_text('{"source": ["others.csv"]}')
    textune.evaluate(run, csv(tmp_path, "warm film,good", "dull book,bad"))
    kept = sorted(file.name for file in (run / "evaluations").glob("*.json"))
    assert kept == ["more-2.json", "more.json"]


def test_empty_texts_are_skipped_as_in_training(run, tmp_path):
    found = textune.evaluate(run, csv(tmp_path, "warm film,good", '" ",bad', "dull book,bad"))
    assert found["n"] == 2
    assert "more.csv: 1 row with an empty text" in found["remarks"][0]


def test_the_file_that_was_trained_on_is_named(reviews, tiny_base, tmp_path):
    valid = tmp_path / "valid.csv"
    valid.write_text("text,label\nwarm film,good\ndull book,bad\n", encoding="utf-8")
    run = textune.train(reviews, valid=valid, base=tiny_base, out=tmp_path / "run", epochs=0)
    copy = tmp_path / "copy.csv"
    copy.write_bytes(reviews.read_bytes())
    for folder in (run.path, run.path / "model"):
        (remark,) = textune.evaluate(folder, copy)["remarks"]
        assert "the file that the model was trained on" in remark
    assert "the best weights were chosen" in textune.evaluate(run, valid)["remarks"][0]
    copy.write_text(copy.read_text() + "warm film,good\n", encoding="utf-8")
    assert textune.evaluate(run.path, copy)["remarks"] == []
    card = json.loads((run.path / "data_card.json").read_text())
    assert [file["part"] for file in card["files"]] == ["train", "valid"]


def test_words_are_tagged_as_they_are_given(tagger, monkeypatch, capsys):
    predictor = textune.Predictor.load(tagger)
    (found,) = predictor([WORDS])
    assert found.labels == tuple(IOB2)
    assert [found.text[first:end] for first, end in found.words] == WORDS
    odd = ["the", "warm-film!", "was"]
    (found,) = predictor([odd])
    assert [found.text[first:end] for first, end in found.words] == odd
    with pytest.raises(SettingsError, match="text 2: a list is of words, each of them not empty"):
        predictor([odd, ["a", ""]])
    command = ["textune", "predict", str(tagger), "--json", json.dumps(odd), "the warm-film! was"]
    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit):
        cli.run()
    listed, plain = map(json.loads, capsys.readouterr().out.splitlines())
    assert len(listed["labels"]) == 3
    assert len(plain["labels"]) > 3


@pytest.mark.parametrize("form", [",", "|", "json"])
def test_lists_parted_by_another_sign_than_in_training_are_read_and_told(tiny_base, tmp_path, form):
    contract = {"form": "list", "label": ("label",), "separator": ";"}
    run = make_run(tmp_path / "multi", tiny_base, "multi", ["bad", "good", "new"], **contract)
    lists = [["good", "new"], ["bad"], [], ["bad", "good"]]
    cells = [json.dumps(names) if form == "json" else form.join(names) for names in lists]
    quoted = ['"' + cell.replace('"', '""') + '"' for cell in cells]
    file = csv(
        tmp_path, *(f"the {word} film,{cell}" for word, cell in zip(WORDS[:4], quoted, strict=True))
    )
    found = textune.evaluate(run, file)
    alike = csv(
        tmp_path,
        *(f"the {w} film,{';'.join(names)}" for w, names in zip(WORDS[:4], lists, strict=True)),
    )
    same = textune.evaluate(run, alike)
    assert "unseen_labels" not in found
    assert found["labels"] == same["labels"]
    called = "in brackets" if form == "json" else f"separated by '{form}'"
    said = f"'label' holds lists {called}, in training separated by ';': they are read so"
    assert said in found["remarks"]
    assert said not in same["remarks"]


@pytest.mark.parametrize(("trained", "fresh"), [(",", "."), (".", ",")])
def test_decimals_of_another_sign_than_in_training_are_read_and_told(
    tiny_base, tmp_path, trained, fresh
):
    def written(name, sign):
        rows = [f"the {WORDS[at % 6]} film;{at % 7}{sign}{at % 10}{at % 3}" for at in range(40)]
        file = tmp_path / name
        file.write_text("\n".join(["text;score", *rows]) + "\n", encoding="utf-8")
        return file

    train = written("train.csv", trained)
    options = {"task": "number", "label": "score", "epochs": 0, "base": tiny_base}
    run = textune.train(train, valid=train, out=tmp_path / "run", **options)
    found = textune.evaluate(run.path, written("fresh.csv", fresh))
    same = textune.evaluate(run.path, written("alike.csv", trained))
    assert found["rmse"] == same["rmse"]
    said = "decimals of 'score' are read as this file writes them"
    assert said in found["remarks"]
    assert said not in same["remarks"]


@pytest.mark.parametrize(
    ("trained", "written"),
    [
        (["0", "1"], ["0.0", "1.0"]),
        (["0", "1"], ["False", "True"]),
        (["False", "True"], ["FALSE", "true"]),
        (["False", "True"], ["0", "1"]),
        (["1.5", "2.0"], ["1.50", "2"]),
    ],
)
def test_labels_of_the_same_value_are_read_as_in_training(tiny_base, tmp_path, trained, written):
    run = make_run(tmp_path / "run", tiny_base, "single", trained)

    def judged(labels):
        bad, good = labels
        return textune.evaluate(run, csv(tmp_path, f"warm film,{good}", f"a day,{bad}"))

    found, same = judged(written), judged(trained)
    assert found["labels"] == same["labels"]
    assert "unseen_labels" not in found
    said = "labels of the same value are read as in training"
    assert [remark.startswith(said) for remark in found["remarks"]] == [True]
    assert same["remarks"] == []


@pytest.mark.parametrize(("trained", "written"), [("1,2", "01"), ("1,2,3", "True"), ("a,b", "1.0")])
def test_other_labels_stay_other_labels(tiny_base, tmp_path, trained, written):
    labels = trained.split(",")
    run = make_run(tmp_path / "run", tiny_base, "single", labels)
    found = textune.evaluate(run, csv(tmp_path, f"warm film,{written}", f"a day,{labels[0]}"))
    assert found["unseen_labels"] == {written: 1}


def test_classes_of_several_columns_of_the_same_value_are_read_as_in_training(tiny_base, tmp_path):
    rows = [f"the {WORDS[at % 6]} film {at},{at % 2},{at % 3}" for at in range(40)]
    train = tmp_path / "train.csv"
    train.write_text("\n".join(["text,food,staff", *rows]) + "\n", encoding="utf-8")
    options = {"task": "aspects", "label": "food,staff", "epochs": 0, "base": tiny_base}
    run = textune.train(train, valid=train, out=tmp_path / "run", **options)
    gaps = [{"text": "a warm day", "food": 1.0, "staff": None}]
    gaps += [{"text": "a dull day", "food": 0.0, "staff": 2.0}]
    found = textune.evaluate(run.path, gaps)
    assert "unseen_labels" not in found
    assert "'food: 0.0' as 'food: 0'" in found["remarks"][0]


def test_label_columns_that_are_named_in_another_order_keep_their_labels(tiny_base, tmp_path):
    for task, names in (("multi", ("bad", "good", "new")), ("number", ("food", "staff"))):
        rows = [
            f"a {WORDS[at % 6]} day {at},{at % 2},{at % 3 // 2},{at % 5 // 4}" for at in range(40)
        ]
        file = tmp_path / f"{task}.csv"
        rows = [row.rpartition(",")[0] if len(names) == 2 else row for row in rows]
        file.write_text("\n".join([f"text,{','.join(names)}", *rows]) + "\n", encoding="utf-8")
        options = {"label": names, "task": task, "epochs": 0, "base": tiny_base}
        run = textune.train(file, valid=file, out=tmp_path / task, **options)
        found = textune.evaluate(run.path, file, label=names[::-1])
        same = textune.evaluate(run.path, file)
        assert found["labels"] == same["labels"]
        with pytest.raises(SettingsError, match="a column is named twice; name it once"):
            textune.evaluate(run.path, file, label=names[:1] * len(names))
    with pytest.raises(SettingsError, match="--label food: this model has 2 label columns"):
        textune.evaluate(run.path, file, label="food")


def test_labels_for_which_no_column_is_named_are_not_judged(tiny_base, tmp_path):
    labels = ["bad", "good", "new"]
    run = make_run(tmp_path / "multi", tiny_base, "multi", labels, label=tuple(labels))
    file = tmp_path / "more.csv"
    rows = [f"a {word} day,{at % 2},{at % 3 // 2}" for at, word in enumerate(WORDS)]
    file.write_text("\n".join(["text,good,bad", *rows]) + "\n", encoding="utf-8")
    found = textune.evaluate(run, file, label="good,bad")
    assert "no column is named for 'new', which are not judged" in found["remarks"]
    assert found["n"] == len(WORDS)
    assert found["cells"] == 2 * len(WORDS)
    assert found["undefined"]["labels.new.f1"] == "there is no scored text"
    assert found["macro_f1"] == pytest.approx(
        (found["labels"]["bad"]["f1"] + found["labels"]["good"]["f1"]) / 2
    )

import json

import numpy as np
import pytest

import textune
from made_runs import TEXTS
from textune.corpora import corpus
from textune.errors import DataError, SettingsError
from textune.settings import config
from textune.settings.config import Settings
from textune.storage import names
from textune.text import tokenizers

FEW = "".join(f"film {n} good day,{('bad', 'good')[n % 2]},u{n // 4}\n" for n in range(40))
LINES = FEW.splitlines(keepends=True)


@pytest.fixture
def tokenizer(tiny_base):
    return tokenizers.load(str(tiny_base))


@pytest.fixture
def write(tmp_path):
    def write(name, content):
        (tmp_path / name).write_text(content, encoding="utf-8")
        return str(tmp_path / name)

    return write


def gathered(source, tokenizer, *changes, **files):
    """Return the corpus and what was said on the way."""
    steps = corpus.gather(source, config.resolve(Settings, None, changes), tokenizer, **files)
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return end.value, said


def warnings(said):
    return [i.text for i in said if i.is_warning and "unknown to the tokenizer" not in i.text]


def texts_of(found, part):
    return [found.examples[row].text for row in getattr(found.split, part).tolist()]


def test_a_file_becomes_parts_that_hold_each_text_once(reviews, tokenizer):
    found, said = gathered(str(reviews), tokenizer, "data.test_share=0.25")
    parts = [found.split.train, found.split.valid, found.split.test]
    assert [len(part) for part in parts] == [104, 16, 40]
    assert sorted(np.concatenate(parts).tolist()) == list(range(160))
    assert found.label_counts() == {"bad": 80, "good": 80}
    assert len(found.store) == 160
    assert "split: 104 train, 16 valid, 40 test" in [item.text for item in said]


def test_files_for_validation_and_test_are_kept_whole(reviews, write, tokenizer):
    valid = write("valid.csv", "text,label\na film,bad\na book,good\n")
    test = write("test.csv", "text,label\na meal,good\n")
    found, _ = gathered(str(reviews), tokenizer, valid=valid, test=test)
    assert len(found.split.train) == 160
    assert texts_of(found, "valid") == ["a film", "a book"]
    assert texts_of(found, "test") == ["a meal"]
    assert [found.targets[row] for row in found.split.valid] == [0, 1]
    assert [file.path for file in found.files] == [str(reviews), valid, test]
    assert [file.part for file in found.files] == ["train", "valid", "test"]


def test_columns_of_a_second_file_are_found_by_name(reviews, write, tokenizer):
    valid = write("valid.tsv", "label\tid\ttext\ngood\t7\ta film\n")
    found, _ = gathered(str(reviews), tokenizer, valid=valid)
    assert texts_of(found, "valid") == ["a film"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("id,label\n7,good", r"valid\.csv: there is no column 'text', which holds the text by the"),
        ("text,lable\na film,?", r"valid\.csv: there is no column 'label'.*did you mean 'lable'\?"),
    ],
)
def test_a_second_file_without_the_columns_is_refused(reviews, write, tokenizer, content, message):
    valid = write("valid.csv", f"{content}\n")
    with pytest.raises(DataError, match=message):
        gathered(str(reviews), tokenizer, valid=valid)


def test_labels_that_training_did_not_see_are_named_with_their_rows(reviews, write, tokenizer):
    rows = "".join(f"film {n},{'godo' if n % 2 else 'good'}\n" for n in range(60))
    with pytest.raises(DataError, match="was not seen in training") as caught:
        gathered(str(reviews), tokenizer, valid=write("valid.csv", f"text,label\n{rows}"))
    lines = str(caught.value).splitlines()
    assert lines[0] == (
        "valid.csv:3: label 'godo' was not seen in training; did you mean 'good'? "
        "Allowed: 'bad', 'good'"
    )
    assert len(lines) == corpus.SHOWN + 1
    assert lines[-1] == "… and 10 more"


@pytest.mark.parametrize("part", ["train", "valid"])
def test_a_file_that_changes_while_it_is_read_is_refused(write, tokenizer, part):
    places = {name: write(f"{name}.csv", f"text,label,user\n{FEW}") for name in ("train", "valid")}
    settings = config.resolve(Settings, None, ())
    steps = corpus.gather(places["train"], settings, tokenizer, valid=places["valid"])
    next(steps)
    write(f"{part}.csv", f"text,label,user\n{FEW}one more,good,u9\n")
    with pytest.raises(
        DataError, match=rf"{part}\.csv: was changed while it was read; start again"
    ):
        list(steps)


def test_texts_that_were_trained_on_are_reported(reviews, write, tokenizer):
    lines = reviews.read_text(encoding="utf-8").splitlines()
    valid = write("valid.csv", "\n".join([*lines[:4], "a new film,bad"]) + "\n")
    found, said = gathered(str(reviews), tokenizer, valid=valid)
    assert [finding.kind for finding in found.findings] == ["leak"]
    assert found.findings[0].count == 3
    assert found.findings[0].message in warnings(said)


def test_rows_without_a_text_are_skipped_and_counted(write, tokenizer):
    source = write("a.csv", f"text,label,user\n{FEW},good,u\n  ,bad,u\n")
    found, said = gathered(source, tokenizer, "data.text=text", "data.label=label")
    assert len(found.examples) == 40
    note = "a.csv: 2 rows with an empty text or without any scored label were skipped; first: "
    assert [text for text in warnings(said) if text.startswith(note)] == [f"{note}a.csv:42"]


def test_rows_that_are_not_scored_are_skipped_and_single_marks_are_masked(write, tokenizer):
    rows = "".join(f"film {n} good,{n % 2},{n % 3 // 2}\n" for n in range(40))
    source = write("a.csv", f"text,warm,cold\n{rows}cold,-1,-1\nwarm,-1,1\n")
    found, said = gathered(source, tokenizer)
    assert found.contract.task == "multi"
    assert len(found.examples) == 41
    assert "1 row with an empty text or without any scored label" in warnings(said)[0]
    row = next(n for n, example in enumerate(found.examples) if example.text == "warm")
    assert np.isnan(found.targets[row][0])
    assert found.targets[row][1] == 1
    assert found.label_counts() == {"warm": 20, "cold": 14}


def test_rows_of_which_some_labels_are_scored_as_not_applying_are_learned_from(write, tokenizer):
    rows = "".join(f"film {n} good,{n % 2},{n % 3 // 2}\n" for n in range(40))
    source = write("a.csv", f"text,warm,cold\n{rows}cool,0,-1\nfair,-1,0\ncold,-1,-1\n")
    found, said = gathered(source, tokenizer)
    assert len(found.examples) == 42
    assert "1 row with an empty text or without any scored label" in warnings(said)[0]
    targets = {
        item.text: target for item, target in zip(found.examples, found.targets, strict=True)
    }
    np.testing.assert_array_equal(targets["cool"], [0, np.nan])
    np.testing.assert_array_equal(targets["fair"], [np.nan, 0])


def test_a_file_with_nothing_to_learn_from_is_refused(write, tokenizer):
    nothing = write("a.csv", "text,label,n\n" + ",good,1\n,bad,2\n" * 8)
    with pytest.raises(DataError, match=r"a\.csv: no row has both a text and a label"):
        gathered(nothing, tokenizer, "data.text=text", "data.label=label")


def test_one_class_alone_is_refused(write, tokenizer):
    source = write("a.csv", "text,label\n" + "".join(f"film {n},good\n" for n in range(40)))
    message = "the same label 'good': nothing can be learned; name another column with --label"
    with pytest.raises(DataError, match=message):
        gathered(source, tokenizer, "data.text=text", "data.label=label")


@pytest.mark.parametrize("label", ["score", "score,other"])
def test_numbers_that_never_change_are_refused(write, tokenizer, label):
    source = write("a.csv", "text,score,other\n" + "".join(f"film {n},3.5,7\n" for n in range(40)))
    message = r"all 36 training texts have 3\.5 in 'score'.*: what never changes cannot"
    with pytest.raises(DataError, match=message):
        gathered(source, tokenizer, "data.text=text", f"data.label={label}", "data.task=number")


def test_lists_without_any_label_are_refused(write, tiny_base, tmp_path):
    rows = [json.dumps({"text": f"film {number} good day", "labels": []}) for number in range(40)]
    source = write("a.jsonl", "\n".join(rows))
    with pytest.raises(DataError, match="no text here has a label or an entity"):
        textune.train(source, label="labels", task="multi", base=tiny_base, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_columns_of_labels_that_no_text_has_are_refused(write, tokenizer):
    source = write("a.csv", "text,warm,cold\n" + "".join(f"film {n},0,0\n" for n in range(40)))
    message = "none of the 36 training texts has one of the labels .*nothing can be learned"
    with pytest.raises(DataError, match=message):
        gathered(source, tokenizer, "data.text=text", 'data.label=["warm", "cold"]')


def test_rows_of_a_group_stay_together(write, tokenizer):
    source = write("a.csv", f"text,label,user\n{FEW}")
    changes = ("data.group=user", "data.valid_share=0.3", "data.test_share=0.2")
    found, _ = gathered(source, tokenizer, *changes)
    groups = [
        {found.examples[row].group for row in part.tolist()}
        for part in (found.split.train, found.split.valid, found.split.test)
    ]
    assert all(groups)
    assert sum(map(len, groups)) == len(set.union(*groups)) == 10


def test_a_trial_takes_so_many_rows_of_each_file(reviews, tokenizer):
    found, said = gathered(str(reviews), tokenizer, "data.limit=50", test=str(reviews))
    assert len(found.examples) == 100
    assert len(found.split.test) == 50
    trials = [item.text for item in said if "trial on 50 of its rows" in item.text]
    assert len(trials) == 2


def test_the_same_seed_draws_the_same_rows(reviews, tokenizer):
    changes = ("data.limit=50", "data.test_share=0.2")
    one, again = (gathered(str(reviews), tokenizer, *changes)[0] for _ in range(2))
    other = gathered(str(reviews), tokenizer, *changes, "seed=7")[0]
    assert texts_of(one, "train") == texts_of(again, "train")
    assert texts_of(one, "train") != texts_of(other, "train")


def test_texts_that_are_cut_are_counted(write, tokenizer):
    source = write("a.csv", f"text,label,user\n{FEW}{'very ' * 96}good,good,u\n")
    found, said = gathered(source, tokenizer, "data.max_tokens=16", "data.long=head")
    assert found.max_tokens == 16
    assert int(found.store.lengths.max()) == 16
    note = next(text for text in warnings(said) if "tokens a text" in text)
    assert "longest 99; 2.4% of the texts are longer than 16 tokens and lose" in note


def test_texts_are_read_in_windows_where_more_than_a_little_is_beyond(write, tokenizer):
    source = write("a.csv", f"text,label,user\n{FEW}{'very ' * 96}good,good,u\n")
    found, said = gathered(source, tokenizer, "data.max_tokens=16")
    assert found.store.shape.long == "window"
    assert found.store.windows.max() == 9  # 97 pieces, 14 in a window, 3 of them shown twice
    line = next(item.text for item in said if "tokens a text" in item.text)
    assert "2.4% of the texts are longer than 16 tokens and are read in windows" in line
    assert not [text for text in warnings(said) if "tokens a text" in text]
    more, said = gathered(source, tokenizer, "data.max_tokens=64")
    assert more.store.shape.long == "window"
    little = write("b.csv", "text,label,user\n" + FEW * 50 + f"{'very ' * 66}good,good,u\n")
    few, _ = gathered(little, tokenizer, "data.max_tokens=64")
    assert few.store.shape.long == "head"


def test_more_tokens_than_the_encoder_reads_are_refused(reviews, tokenizer):
    with pytest.raises(SettingsError, match="--max-tokens 65: this encoder reads at most 64"):
        gathered(str(reviews), tokenizer, "data.max_tokens=65")


def test_numbers_that_all_differ_are_split_like_any_others(write, tokenizer):
    rows = "".join(f"film {n} good day,{n / 7:.3f}\n" for n in range(80))
    found, _ = gathered(write("a.csv", f"text,score\n{rows}"), tokenizer, "data.task=number")
    assert (len(found.split.train), len(found.split.valid)) == (72, 8)


def test_the_questions_of_a_passage_stay_in_one_part(write, tokenizer):
    rows = "".join(
        json.dumps(
            {
                "question": f"what is it {n}",
                "context": f"film {n // 4} was a good day",
                "answers": {"text": ["good day"], "answer_start": [12 + len(str(n // 4))]},
            }
        )
        + "\n"
        for n in range(80)
    )
    found, _ = gathered(write("a.jsonl", rows), tokenizer)
    assert found.task.name == "answers"
    valid = {item.pair for item in found.part("valid")}
    assert len(found.part("valid")) == 8
    assert not valid & {item.pair for item in found.part("train")}


def test_what_was_mended_is_said(write, tokenizer):
    lines = "film O\ngood I-ART\nday I-ART\n\n" + "".join(
        f"book{n} O\ncold B-ART\nday I-ART\n\n" for n in range(30)
    )
    _, said = gathered(write("a.conll", lines), tokenizer)
    assert any(
        "1 place was mended while it was read: a.conll:1: word 2" in text for text in warnings(said)
    )


def test_a_delimiter_that_was_named_holds_for_all_files_of_the_kind(write, tokenizer):
    rows = FEW.replace(",", "^")
    source = write("a.csv", f"text^label^user\n{rows}")
    valid = write("valid.csv", "text^label^user\na film^good^u\n")
    tabs = write("test.tsv", "text\tlabel\tuser\na book\tbad\tu\n")
    changes = ("data.delimiter=^", "data.text=text", "data.label=label")
    found, _ = gathered(source, tokenizer, *changes, valid=valid, test=tabs)
    assert texts_of(found, "valid") == ["a film"]
    assert texts_of(found, "test") == ["a book"]


def test_exclusive_columns_train_as_one_label(write, tiny_base, tmp_path):
    rows = "".join(
        f"the {TEXTS[4] if n % 3 else 'warm'} film {n},{int(n % 3 == 0)},{int(n % 3 != 0)}\n"
        for n in range(60)
    )
    source = write("a.csv", f"text,warm,cold\n{rows}")
    run = textune.train(
        source,
        base=tiny_base,
        out=tmp_path / "run",
        task="single",
        text="text",
        label="warm,cold",
        epochs=1,
    )
    assert set(run.metrics["valid"]["labels"]) == {"warm", "cold"}
    assert run.metrics["valid"]["n"] == 6
    card = json.loads((run.path / "data_card.json").read_text(encoding="utf-8"))
    assert card["contract"]["form"] == "columns"
    assert card["labels"] == {"warm": 20, "cold": 40}
    found = textune.Predictor.load(run.path).predict(["warm"])[0]
    assert len(found.labels) == 1
    assert sum(found.scores.values()) == pytest.approx(1)


def test_two_marks_in_a_row_are_no_single_label(write, tokenizer):
    rows = "".join(f"film {n},{n % 2},{1 - n % 2}\n" for n in range(40))
    source = write("a.csv", f"text,x,y\n{rows}cold,1,1\n")
    changes = ("data.task=single", "data.text=text", "data.label=x,y")
    with pytest.raises(DataError, match=r"a\.csv:42: 2 columns are 1 \(x, y\), but one label"):
        gathered(source, tokenizer, *changes)


@pytest.mark.parametrize(
    ("source", "name"),
    [("a/reviews.csv.gz", "reviews"), (".csv", "run"), ("x", "x"), (object(), "frame")],
    ids=["gz", "csv", "x", "frame"],
)
def test_a_run_is_named_after_its_file(source, name):
    assert names.file_name(source) == name


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "rare.csv",
            "".join([*LINES[:5], "film war,odd,u99\n", *LINES[5:]]),
            ["no validation text has odd (1 of 3 labels): no score speaks of them"],
        ),
        (
            "rare.conll",
            "Anna B-PER\nleft O\n\n" + "".join(f"day O\nno{n} O\n\n" for n in range(30)),
            ["no validation text has PER (1 of 1 labels): no score speaks of them"],
        ),
        ("even.csv", FEW, []),
    ],
)
def test_labels_of_which_no_validation_text_tells_are_named(write, tokenizer, name, content, said):
    found, all_said = gathered(write(name, content), tokenizer)
    assert [text.partition(";")[0] for text in warnings(all_said)] == said
    assert len(found.split.valid)

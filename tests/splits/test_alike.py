"""Labels that look alike are named with what is hidden in them; equal texts stay on one side."""

import json

import numpy as np
import pytest

import textune
from textune.errors import DataError
from textune.records import Example
from textune.splits import alike, folds, leaking, splits
from textune.survey import survey

CAFE, CAFE_IN_TWO = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("one", "two", "shown"),
    [
        (CAFE, CAFE_IN_TWO, r"'café' (2), 'cafe\u0301' (1)"),
        ("spam", "sp\u200bam", r"'spam' (2), 'sp\u200bam' (1)"),
        ("spam", "spam\u00a0", r"'spam' (2), 'spam\xa0' (1)"),
        ("spam", " spam ", "'spam' (2), ' spam ' (1)"),
        ("spam", "SPAM", "'spam' (2), 'SPAM' (1)"),
        ("spam", "\ufeffspam", r"'spam' (2), '\ufeffspam' (1)"),
        ("spam", "sp\u0430m", r"'spam' (2), 'sp\u0430m' (1)"),
        ("spam", "\uff53pam", "'spam' (2), '\uff53pam' (1)"),
        ("not toxic", "not_toxic", "'not toxic' (2), 'not_toxic' (1)"),
        ("\u2764", "\u2764\ufe0f", r"'❤' (2), '❤\ufe0f' (1)"),
    ],
)
def test_labels_that_look_alike_are_one_finding_that_tells_them_apart(one, two, shown):
    (finding,) = alike.findings({one: 2, two: 1, "other": 5})
    assert f"written: {shown}; one is meant? Write it in one way" in finding.message
    assert (finding.kind, finding.severity, finding.count) == ("variant", "warning", 1)


@pytest.mark.parametrize(
    "names",
    [("a", "b"), ("1", "-1"), ("\u0440\u0443\u0441", "\u0435\u043d\u0433"), ("e", "\u00e9")],
)
def test_other_labels_are_left_alone(names):
    assert alike.variants(dict.fromkeys(names, 1)) == []


def write(file, rows):
    lines = [json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def of_labels(first, second):
    names = [first, second, "tea", "tea"]
    return [(f"a lovely text {number} of its own", names[number % 4]) for number in range(40)]


@pytest.mark.parametrize("other", [CAFE_IN_TWO, "ca\u200bf\u00e9", "Caf\u00e9"])
def test_check_and_train_both_name_labels_that_look_alike(other, tiny_base, tmp_path, capsys):
    file = write(tmp_path / "data.jsonl", of_labels(CAFE, other))
    found = [item for item in survey.check(file, base=tiny_base).findings if item.kind == "variant"]
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", epochs=0, device="cpu")
    card = json.loads((run.path / "data_card.json").read_text(encoding="utf-8"))
    told = [item for item in card["findings"] if item["kind"] == "variant"]
    assert [item["message"] for item in told] == [item.message for item in found]
    assert len(told) == 1
    assert "one is meant?" in told[0]["message"]


def test_types_of_entities_that_look_alike_are_named(tiny_base, tmp_path):
    rows = []
    for number in range(30):
        kind = ("PER", "Per", "LOC")[number % 3]
        rows += [f"word{number}\tB-{kind}", f"good{number}\tI-{kind}", "film\tO", ""]
    file = tmp_path / "data.conll"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    found = [item for item in survey.check(file, base=tiny_base).findings if item.kind == "variant"]
    assert len(found) == 1
    assert "tags that differ only in the way they are written: 'PER' (20), 'Per' (20)" in (
        found[0].message
    )
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", epochs=0, device="cpu")
    card = json.loads((run.path / "data_card.json").read_text(encoding="utf-8"))
    assert [item["kind"] for item in card["findings"]] == ["variant"]


CASES = ("the same text", "The  same text", "the same TEXT ", "the\nsame text")
MARKS = (
    "the same cafe\u0301",
    "The same, caf\u00e9",
    "the same \u201ccaf\u00e9\u201d",
    "the same caf\u00e9!",
)


@pytest.mark.parametrize("forms", [CASES, MARKS], ids=["case and blanks", "punctuation, Unicode"])
def test_texts_equal_but_for_how_they_are_written_stay_on_one_side(forms):
    texts = [f"{forms[number % 4]} {number // 4}" for number in range(80)]
    made = [Example(text, f"a.csv:{n}", label="ab"[n // 4 % 2]) for n, text in enumerate(texts)]
    split = splits.split(made, valid_share=0.2, test_share=0.2, seed=1)
    train, valid, test = (
        [made[n] for n in part] for part in (split.train, split.valid, split.test)
    )
    assert valid
    assert test
    known = leaking.Texts(train)
    for part in (valid, test):
        kinds = leaking.find(known, leaking.Texts(part)).kinds
        assert (kinds != leaking.KINDS.index("exact")).all()
        assert (kinds != leaking.KINDS.index("normalised")).all()


def reworded(count, copies, *, words=20):
    """Make texts of random words, and copies of each with a word in ten replaced."""
    draw = np.random.default_rng(0)
    made = []
    for _ in range(count):
        text = [f"w{''.join(draw.choice(list('abcdefgh'), 5))}" for _ in range(words)]
        for copy in range(copies):
            own = list(text)
            for place in draw.choice(words, words // 10 if copy else 0, replace=False).tolist():
                own[place] = f"v{''.join(draw.choice(list('abcdefgh'), 5))}"
            made.append(" ".join(own))
    return made


def test_texts_that_differ_in_a_word_in_ten_stay_on_one_side_and_in_one_fold():
    texts = reworded(60, 3)
    made = [Example(text, f"a.csv:{n}", label="ab"[n // 3 % 2]) for n, text in enumerate(texts)]
    of_text = np.arange(len(texts)) // 3
    split = splits.split(made, valid_share=0.2, test_share=0.2, seed=1)
    parts = [{*of_text[part].tolist()} for part in (split.train, split.valid, split.test)]
    assert [len(part) for part in (split.valid, split.test)] == [36, 36]
    assert sum(map(len, parts)) <= 60 * 1.02
    of_fold = folds.deal(made, 4, seed=1)
    torn = sum(len({*of_fold[of_text == own].tolist()}) > 1 for own in range(60))
    assert torn <= 1


def test_a_file_of_one_template_can_be_split():
    texts = reworded(1, 99)
    made = [Example(text, f"a.csv:{n}", label="ab"[n % 2]) for n, text in enumerate(texts)]
    split = splits.split(made, valid_share=0.2, seed=1)
    assert len(split.valid) >= 10


def test_a_label_of_another_file_that_looks_like_a_known_one_is_spelled_out(tiny_base, tmp_path):
    file = write(tmp_path / "train.jsonl", of_labels(CAFE, CAFE))
    valid = write(tmp_path / "valid.jsonl", of_labels(CAFE_IN_TWO, CAFE_IN_TWO)[:8])
    with pytest.raises(DataError) as found:
        textune.train(file, valid=valid, base=tiny_base, out=tmp_path / "run", device="cpu")
    assert r"did you mean 'caf\xe9'? It is written 'cafe\u0301' here. Allowed:" in str(found.value)

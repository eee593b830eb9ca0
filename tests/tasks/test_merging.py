"""Labels that are one are learned as one, where their owner says so, and evaluated so."""

import ast
import tomllib

import pandas as pd
import pytest

import textune
from textune.errors import SettingsError

TEXTS = [f"the {word} text number {n}" for n, word in enumerate(["good", "bad", "dull"] * 12)]
NFC, NFD = "caf\u00e9", "cafe\u0301"


def count(texts):
    return [*map(len, texts)]


def table(tmp_path, labels, name="a.csv"):
    path = tmp_path / name
    rows = [f'{text},"{labels[n % len(labels)]}"' for n, text in enumerate(TEXTS)]
    path.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("labels", "proposed"),
    [
        (["pos", "pos", "neg", "Pos"], "--merge-labels Pos=pos or --merge-labels auto"),
        ([NFC, NFC, "neg", NFD], f"--merge-labels '{NFD}={NFC}' or --merge-labels auto"),
        (["pos", "pos", "neg", "po\u200bs"], "or merge them: --merge-labels auto"),
        (["pos", "pos", "neg", "\u00a0pos\ufeff"], "or merge them: --merge-labels auto"),
        (
            ["very good", "very good", "bad", "very-good"],
            "merge them: --merge-labels 'very-good=very good'",
        ),
    ],
)
def test_the_finding_has_the_option_to_paste(tmp_path, labels, proposed):
    path = table(tmp_path, labels)
    survey = textune.check(path, count_tokens=count)
    (found,) = [item for item in survey.findings if item.kind == "variant"]
    assert found.message.endswith(proposed)
    asked = proposed.split("--merge-labels ")[-1].strip("'")
    merged = textune.check(path, merge_labels=asked, count_tokens=count)
    assert merged.labels == {labels[2]: 9, labels[0]: 27}
    assert not [item for item in merged.findings if item.kind == "variant"]
    assert any(reason.startswith("labels merged, as asked: ") for reason in merged.contract.reasons)
    assert "--merge-labels" in merged.command


def test_two_names_given_for_one_label_are_no_new_label(tmp_path):
    path = table(tmp_path, ["1", "01", "1.0", "2"])
    said = "--merge-labels 1=01,1.0: '01,1.0' is no label of the file.*: 01=1,1.0=1"
    with pytest.raises(SettingsError, match=said):
        textune.check(path, merge_labels="1=01,1.0", count_tokens=count)
    merged = textune.check(path, merge_labels="01=1,1.0=1", count_tokens=count)
    assert merged.labels == {"1": 27, "2": 9}
    named = textune.check(path, merge_labels="2=two, or so", count_tokens=count)
    assert named.labels["two, or so"] == 9


def test_lists_of_labels_and_types_of_entities_are_merged(tmp_path):
    path = table(tmp_path, ["a;B", "b", "c;b;B", "a;c"])
    survey = textune.check(path, task="multi", merge_labels="B=b", count_tokens=count)
    assert survey.labels == {"a": 18, "b": 27, "c": 18}
    words = tmp_path / "a.conll"
    words.write_text(
        "Zoe B-PER\nBee I-PER\nran O\nso O\n\nAda B-per\nsat O\nhere O\n\n" * 12, encoding="utf-8"
    )
    survey = textune.check(words, merge_labels="auto", count_tokens=count)
    assert survey.labels == {"PER": 24}
    assert survey.contract.merged == (("per", "PER"),)


def test_a_run_records_what_is_one_and_evaluates_by_it(tmp_path, tiny_base):
    path = table(tmp_path, ["pos", "neg", "Pos", "neg", "pos", "neg"])
    run = textune.train(path, base=tiny_base, out=tmp_path / "run", merge_labels="auto", epochs=1)
    card = textune.Predictor.load(run.path).card
    assert (card.labels, card.contract.merged) == (("neg", "pos"), (("Pos", "pos"),))
    written = tomllib.loads((run.path / "config.toml").read_text(encoding="utf-8"))
    assert written["data"]["merge_labels"] == ["auto"]
    found = textune.evaluate(run, table(tmp_path, ["Pos", "neg"], "b.csv"))
    assert found["n"] == 36
    assert not [remark for remark in found["remarks"] if "never saw" in remark or "Pos" in remark]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("Posi=pos", r"'Posi' is no label of the file; did you mean 'Pos'"),
        ("Pos", r"write a label and its name as Positive=positive, or auto"),
        ("Pos=pos,pos=neg", r"'pos' is merged into 'neg'; name the label that all are to become"),
    ],
)
def test_what_cannot_be_merged_is_refused(tmp_path, asked, words):
    with pytest.raises(SettingsError, match=words):
        textune.check(
            table(tmp_path, ["pos", "neg", "Pos"]), merge_labels=asked, count_tokens=count
        )


def test_columns_of_labels_are_not_merged(tmp_path):
    path = tmp_path / "a.csv"
    rows = "".join(f"{text},{n % 2},{n % 3 == 0:d}\n" for n, text in enumerate(TEXTS))
    path.write_text(f"text,toxic,Toxic\n{rows}", encoding="utf-8")
    with pytest.raises(SettingsError, match="the labels of this file are columns"):
        textune.check(path, label="toxic,Toxic", merge_labels="auto", count_tokens=count)


def test_tags_without_marks_are_merged_by_their_whole_names(tmp_path):
    words = tmp_path / "a.conll"
    lines = "The DET\ncat NOUN\nsaw VERB\ntwo NUM-CARD\nsix NUM\n. PUNCT\n\n"
    words.write_text(lines * 12, encoding="utf-8")
    survey = textune.check(words, merge_labels="NUM-CARD=NUM", count_tokens=count)
    assert survey.labels["NUM"] == 24


def test_the_call_for_a_frame_can_be_run():
    labels = ["pos", "neg", "Pos", "none"]
    frame = pd.DataFrame({"text": TEXTS, "label": labels * 9})
    survey = textune.check(frame, merge_labels="Pos=pos", no_skip="label=none", count_tokens=count)
    call = ast.parse(survey.command, mode="eval").body
    assert isinstance(call, ast.Call)
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    assert given["merge_labels"] == ["Pos=pos"]
    assert given["no_skip"] == ["label=none"]

"""Names alone beside lists in one label column: said, and one label where no list has more."""

import json

import pytest

import textune
from made_tables import count_tokens
from textune.survey import survey


def written(tmp_path, *labels, rows=60):
    lines = [
        json.dumps({"text": f"the long film number {n} was good", "label": labels[n % len(labels)]})
        for n in range(rows)
    ]
    file = tmp_path / "films.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


ONE = {
    "the same names": ("bad", ["good"], ["bad"], "good"),
    "others": ("bad", ["good"]),
    "numbers": (1, [2]),
    "a few": (*([["good"]] * 15), *([["bad"]] * 14), "good"),
}


@pytest.mark.parametrize("labels", ONE.values(), ids=ONE)
def test_lists_of_one_beside_names_alone_are_one_label(tmp_path, labels):
    found = survey.check(written(tmp_path, *labels), count_tokens=count_tokens)
    names = {str(label[0]) if isinstance(label, list) else str(label) for label in labels}
    assert (found.contract.task, set(found.labels)) == ("single", names)
    alone = sum(not isinstance(label, list) for label in labels) * 60 // len(labels)
    (said,) = [f.message for f in found.findings if "is read as a list of one" in f.message]
    assert f"'label' holds a name alone in {alone} rows and a list in {60 - alone}" in said
    assert "`--task multi` would learn several labels a text" in found.contract.doubts


def test_longer_lists_stay_several_labels_and_it_is_said(tmp_path):
    found = survey.check(
        written(tmp_path, "bad", ["good", "bad"], ["good"]), count_tokens=count_tokens
    )
    assert (found.contract.task, found.contract.separator) == ("multi", "mixed")
    assert any("is read as a list of one" in finding.message for finding in found.findings)


def test_lists_alone_are_said_to_be_none(tmp_path):
    found = survey.check(written(tmp_path, ["bad"], ["good"]), count_tokens=count_tokens)
    assert found.contract.task == "single"
    assert not any("list of one" in finding.message for finding in found.findings)


def test_a_run_learns_one_label_of_them(tiny_base, tmp_path):
    file = written(tmp_path, *ONE["the same names"])
    run = textune.train(file, base=tiny_base, out=tmp_path / "run", epochs=0)
    assert set(run.metrics["valid"]["labels"]) == {"bad", "good"}


def test_empty_lists_beside_names_alone_are_texts_without_a_label(tmp_path):
    file = written(tmp_path, "bad", ["good", "bad"], [], "odd")
    found = survey.check(file, count_tokens=count_tokens)
    assert (found.contract.task, found.contract.separator) == ("multi", "mixed")
    assert set(found.labels) == {"bad", "good", "odd"}
    assert found.unlabelled == 15
    assert "in brackets, or one name alone" in found.columns["label"]

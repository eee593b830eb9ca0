"""Texts whose labels stand in another file, line by line."""

import json

import pytest

import textune
from textune.errors import DataError

TEXTS = [f"show flights to town {n}" for n in range(24)]
LABELS = [("flight", "fare")[n % 2] for n in range(24)]
TAGS = [f"O O O O B-{('city', 'code')[n % 2]}" for n in range(24)]


def written(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in files.items():
        (folder / name.replace("__", ".")).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        ("seq__in", "label"),
        ("text__txt", "labels__txt"),
        ("train_text__txt", "train_labels__txt"),
        ("train__text", "train__label"),
    ],
)
def test_texts_and_labels_on_lines_of_the_same_number(tmp_path, texts, labels):
    folder = written(tmp_path / "data", **{texts: TEXTS, labels: LABELS})
    for source in (folder, folder / texts.replace("__", ".")):
        found = textune.check(source)
        assert (found.contract.text, found.contract.label) == (("text",), ("label",))
        assert found.labels == {"flight": 12, "fare": 12}
    rows = list(found.table.rows())
    assert [row.cells for row in rows] == list(zip(TEXTS, LABELS, strict=True))
    assert rows[4].origin == f"{texts.replace('__', '.')}:5"
    assert any("beside it the lines of" in reason for reason in found.table.reasons)


def test_a_part_of_atis_has_labels_and_tags(tmp_path):
    for part in ("train", "valid", "test"):
        written(tmp_path / "atis" / part, seq__in=TEXTS, label=LABELS, seq__out=TAGS)
    found = textune.check(tmp_path / "atis", label="label")
    assert (found.contract.task, found.contract.text) == ("single", ("text",))
    assert any("the part 'train' is read; the others" in one for one in found.table.reasons)
    assert any("--text text --label label" in one for one in found.table.reasons)
    tagged = textune.check(tmp_path / "atis", text="words", label="tags")
    assert (tagged.contract.task, tagged.labels) == ("tags", {"city": 12, "code": 12})
    row = next(found.table.rows())
    assert json.loads(row.cells[2]) == TEXTS[0].split()


def test_files_of_different_lengths_are_refused(tmp_path):
    folder = written(tmp_path / "data", text__txt=TEXTS, labels__txt=LABELS[:-2])
    with pytest.raises(
        DataError, match=r"text.txt:23: there is no such line in 'labels.txt', .*22"
    ):
        textune.check(folder)


def test_other_words_than_tags_are_named(tmp_path):
    tags = [*TAGS[:3], "O O", *TAGS[4:]]
    folder = written(tmp_path / "data", seq__in=TEXTS, label=LABELS, seq__out=tags)
    with pytest.raises(DataError, match=r"seq.in:4: 5 words but 2 tags in 'seq.out'"):
        textune.check(folder, label="label")


def test_a_text_file_without_labels_beside_it_is_text(tmp_path):
    folder = written(tmp_path / "data", text__txt=TEXTS, notes__txt=LABELS)
    assert textune.check(folder / "text.txt").contract.task == "plain"

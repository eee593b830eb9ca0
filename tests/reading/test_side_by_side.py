"""Texts whose labels stand in another file, line by line."""

import json

import pytest

import textune
from textune.errors import DataError
from textune.reading import sources

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


@pytest.mark.parametrize(
    ("texts", "labels"), [("title_News.txt", "label_News.txt"), ("text.train", "labels.train")]
)
def test_what_stands_behind_the_word_says_which_files_belong_together(tmp_path, texts, labels):
    (tmp_path / texts).write_text("one text\nanother\n")
    (tmp_path / labels).write_text("a\nb\n")
    (tmp_path / "label_other.txt").write_text("c\n")
    for place in (tmp_path, tmp_path / texts):
        assert [row.cells for row in sources.read(place).rows()] == [
            ("one text", "a"),
            ("another", "b"),
        ]


@pytest.mark.parametrize(
    "names",
    [
        ("a.toks", "b.toks", "sim.txt"),
        ("s1.train", "s2.train", "labels.train"),
        ("train_premise.txt", "train_hypothesis.txt", "train_label.txt"),
    ],
)
def test_two_files_of_texts_and_one_of_labels_are_pairs(tmp_path, names):
    held = ("one text\nanother\n", "a text\nand more\n", "3.5\n1.0\n")
    for name, lines in zip(names, held, strict=True):
        (tmp_path / name).write_text(lines)
    if names[0] == "a.toks":
        (tmp_path / "a.parents").write_text("2 0\n0\n")
        (tmp_path / "a.txt").write_text("One text.\nAnother.\n")
        (tmp_path / "b.txt").write_text("A text.\nAnd more.\n")
    for place in (tmp_path, tmp_path / ("a.txt" if names[0] == "a.toks" else names[0])):
        table = sources.read(place)
        assert table.columns == ("text1", "label", "text2")
        first = next(iter(table.rows())).cells
        assert [cell.lower().strip(".") for cell in first] == ["one text", "3.5", "a text"]


def test_pairs_of_files_of_different_lengths_are_refused(tmp_path):
    for name, lines in (("s1.dev", "a\nb\n"), ("s2.dev", "a\n"), ("labels.dev", "1\n0\n")):
        (tmp_path / name).write_text(lines)
    with pytest.raises(DataError, match=r"s1\.dev:2: there is no such line in 's2\.dev'"):
        list(sources.read(tmp_path).rows())

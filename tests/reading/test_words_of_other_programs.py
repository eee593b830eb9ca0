"""Words and tags as spreadsheets, MeCab and older corpora write them become sentences."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources


def sentences(path):
    table = sources.read(path)
    assert table.format == "conll", table.format
    return [tuple(json.loads(cell) for cell in row.cells) for row in table.rows()]


@pytest.mark.parametrize(
    ("sign", "name", "between"),
    [(",", "w.csv", ""), (",", "w.csv", "{sign}"), (";", "w.csv", ""), (",", "w.txt", "")],
)
def test_the_signs_of_tables_part_words_from_tags(tmp_path, sign, name, between):
    lines = ["Ada{sign}B-PER", '"{sign}"{sign}O', "met{sign}O", "Bo{sign}B-PER", between]
    file = tmp_path / name
    file.write_text("\n".join(lines * 9).format(sign=sign) + "\n")
    assert sentences(file) == [(["Ada", sign, "met", "Bo"], ["B-PER", "O", "O", "B-PER"])] * 9


def test_a_comma_for_a_word_needs_no_quotes(tmp_path):
    file = tmp_path / "w.csv"
    file.write_text("word,tag\n" + 9 * 'Ada,B-PER\n,,O\n",O\nmet,O\n\n')
    assert sentences(file) == [(["Ada", ",", '"', "met"], ["B-PER", "O", "O", "O"])] * 9


def test_a_column_that_numbers_sentences_parts_them_and_no_blank_line(tmp_path):
    file = tmp_path / "w.csv"
    file.write_text("sentence_id,word,tag\n1,Ada,B-PER\n1,met,O\n\n1,Bo,B-PER\n2,he,O\n2,ran,O\n")
    assert sentences(file) == [
        (["Ada", "met", "Bo"], ["B-PER", "O", "B-PER"]),
        (["he", "ran"], ["O", "O"]),
    ]


@pytest.mark.parametrize(
    ("first", "last"),
    [("", "EOS"), ("", "NaN"), ("BOS O", "EOS O"), ("<s> <s>", "</s> </s>"), ("<S> O", "</S> O")],
)
def test_marks_between_sentences_are_no_words(tmp_path, first, last):
    file = tmp_path / "w.txt"
    file.write_text(9 * f"{first}\nAda B-PER\nmet O\n{last}\n".lstrip("\n"))
    assert sentences(file) == [(["Ada", "met"], ["B-PER", "O"])] * 9


def test_a_mark_amid_sentences_that_blank_lines_part_is_a_word(tmp_path):
    file = tmp_path / "w.txt"
    file.write_text(9 * "Canon B-ORG\nEOS O\n5D O\n\nAda B-PER\nmet O\n\n")
    assert sentences(file)[:2] == [
        (["Canon", "EOS", "5D"], ["B-ORG", "O", "O"]),
        (["Ada", "met"], ["B-PER", "O"]),
    ]
    assert "EOS is a word here" in " ".join(sources.read(file).reasons)
    file.write_text(9 * "Canon B-ORG\nmet O\nEOS O\n\n" + "the O\nEOS O\n5D O\n")
    assert sentences(file)[0] == (["Canon", "met"], ["B-ORG", "O"])


def test_a_tag_whose_word_was_lost_is_passed_over_and_told(tmp_path):
    file = tmp_path / "w.txt"
    file.write_text(9 * "Ada B-PER\n O\nmet O\n\n")
    assert sentences(file) == [(["Ada", "met"], ["B-PER", "O"])] * 9
    first, *_ = sources.read(file).rows()
    assert first.remarks == ("w.txt:2: a tag without a word was passed over",)
    file.write_text(9 * "Ada B-PER\nO\nmet O\n\n")  # which may be a word without a tag
    with pytest.raises(DataError, match="expected 2 columns"):
        list(sources.read(file).rows())

"""Cells in which nobody sees anything are blank, and what stands for no label has a way out."""

import pytest

from made_tables import count_tokens
from textune.errors import DataError
from textune.records import Example
from textune.splits import alike, left_out
from textune.survey import survey
from textune.tasks.answers import standing
from textune.tasks.tags import offsets, word_lists


def check(tmp_path, cells, **options):
    lines = [f"the film of number {n} was long,{cell}" for n, cell in enumerate(cells)]
    file = tmp_path / "films.csv"
    file.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return survey.check(file, count_tokens=count_tokens, **options)


def test_a_label_of_signs_without_width_is_blank(tmp_path):
    cells = ["pos", "neg", " \u200b\ufeff"] * 12
    with pytest.raises(DataError, match=r"csv:4: column 'label' is blank.*(\n.*)*--skip label="):
        check(tmp_path, cells)
    assert set(check(tmp_path, cells, skip=["label="]).labels) == {"pos", "neg"}


def test_a_text_of_signs_without_width_is_empty():
    assert left_out.is_skipped(Example("\u200b\u200d ", "a.csv:2", label="pos"))
    assert not left_out.is_skipped(Example("\u200b1", "a.csv:2", label="pos"))


@pytest.mark.parametrize(
    ("cells", "skips"),
    [
        (["nan", "", "n/a"], "--skip score=nan --skip score= --skip score=n/a"),
        (["#DIV/0!"], "--skip 'score=#DIV/0!'"),
    ],
)
def test_numbers_that_are_missing_have_a_way_out(tmp_path, cells, skips):
    file = tmp_path / "films.csv"
    numbers = [f"the film of number {n} was long,{n * 7 % 43}.25" for n in range(40)]
    lines = [f"another long film,{cell}" for cell in cells]
    file.write_text("\n".join(["text,score", *numbers, *lines]) + "\n")
    with pytest.raises(DataError, match=f"or only those without a label: `{skips}`"):
        survey.check(file, count_tokens=count_tokens)


def test_an_error_of_a_spreadsheet_is_no_class(tmp_path):
    found = check(tmp_path, ["pos", "neg", "#REF!"] * 12)
    assert set(found.labels) == {"pos", "neg"}
    assert "label=#REF!" in found.contract.skip


def test_yes_and_no_in_several_notations_are_two_labels():
    counts = {"True": 9, "FALSE": 8, "1": 4, "0": 3, "false": 1}
    assert alike.variants(counts) == [("True", "1"), ("FALSE", "0", "false")]
    assert alike.variants({"-1": 3, "0": 5, "1": 4}) == []
    assert alike.variants({"y": 3, "n": 5, "f": 4}) == []


def test_a_turkish_capital_differs_in_case_only():
    assert alike.variants({"\u0130yi": 3, "iyi": 4}) == [("iyi", "\u0130yi")]


@pytest.mark.parametrize("nothing", ["null", "None"])
def test_nothing_in_a_list_of_tags_is_no_tag(nothing):
    tags = f'["B-PER", {nothing}]'.replace('"', '"' if nothing == "null" else "'")
    assert word_lists.read_list(tags) == ["B-PER", ""]


def test_lists_of_numbers_are_no_text(tmp_path):
    lines = [f'{{"input_ids": [101, {n}, 102], "label": "{"ab"[n % 2]}"}}' for n in range(30)]
    file = tmp_path / "ids.jsonl"
    file.write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"no column looks like text .*lists of numbers such as"):
        survey.check(file, count_tokens=count_tokens)


def test_places_of_spans_count_what_most_of_them_fit():
    census = offsets.OffsetCensus()
    for text in ["Ada met Eve", "José met Li", "Clara saw it", "Omar sang"]:
        census.add(text, 0, text.index(" ") + 1, None)  # with the space after the name
    assert census.reading() == offsets.CHARACTERS


def test_space_around_an_answer_is_left_out():
    answer, said = standing.look_up("He lives in Porto now", " Porto ", 12)
    assert (answer.text, answer.start) == ("Porto", 12)
    assert said == "the space around the answer 'Porto' was left out"


def test_rows_without_marks_in_several_columns_have_a_way_out(tmp_path):
    file = tmp_path / "irony.csv"
    rows = [f"a text of day {n},1,{n % 2},{n % 3 and 1}\n" for n in range(40)]
    rows += [f"another text of day {n},0,,\n" for n in range(20)]
    file.write_text("tweet,sarcastic,irony,satire\n" + "".join(rows))
    with pytest.raises(DataError, match="or only those without a label: `--skip irony=`"):
        survey.check(file, count_tokens=count_tokens)
    found = survey.check(file, count_tokens=count_tokens, skip=("irony=",))
    assert found.rows == 40

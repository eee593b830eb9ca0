"""Two texts in one cell, with a mark between them, are a pair."""

import pytest

from made_tables import WORDS, checked, read_as
from textune.errors import DataError, SettingsError
from textune.reading import sources
from textune.tasks import examples, layout
from textune.tasks.contract import understand


def said(n, k=7):
    return " ".join(WORDS[(n * j + k) % len(WORDS)] for j in range(1, 7)) + f" {n}"


JOINED = {
    "[SEP]": "[CLS] {} [SEP] {} [SEP]",
    "</s>": "<s>{}</s></s>{}</s>",
    "<sep>": "{}<sep>{}",
    "|||": "{} ||| {}",
}


def written(folder, form, *, header="text\tlabel\n", odd=()):
    lines = [form.format(said(n), said(n, 3)) if n not in odd else said(n) for n in range(40)]
    file = folder / "made.tsv"
    file.write_text(header + "".join(f"{line}\t{'ab'[n % 2]}\n" for n, line in enumerate(lines)))
    return file


@pytest.mark.parametrize("mark", JOINED)
def test_a_mark_between_two_texts_parts_them(tmp_path, mark):
    file = written(tmp_path, JOINED[mark])
    assert read_as(checked(file)) == ("single", "text_1|text_2", "label", 40)
    table = sources.read(file)
    assert next(table.rows()).cells == (said(0), said(0, 3), "a")
    assert any(f"two texts with {mark} between them" in reason for reason in table.reasons)


def test_columns_without_names_are_parted_too(tmp_path):
    file = written(tmp_path, JOINED["|||"], header="")
    assert read_as(checked(file)) == ("single", "1_1|1_2", "2", 40)


@pytest.mark.parametrize("odd", [range(3), range(0, 40, 2)])
def test_a_mark_that_many_cells_lack_is_part_of_the_text(tmp_path, odd):
    assert read_as(checked(written(tmp_path, JOINED["[SEP]"], odd=odd)))[1] == "text"


def test_more_marks_in_a_cell_part_no_pair(tmp_path):
    assert read_as(checked(written(tmp_path, "{} [SEP] {} [SEP] so")))[1] == "text"


def test_a_file_of_texts_alone_is_parted_by_its_header(tmp_path):
    file = tmp_path / "new.csv"
    file.write_text("text\n" + "".join(f"{said(n)} </s> {said(n, 3)}\n" for n in range(9)))
    assert sources.read(file).columns == ("text_1", "text_2")


def test_a_model_of_pairs_reads_a_few_joined_ones_and_one_of_whole_cells_keeps_them(tmp_path):
    few = tmp_path / "few.csv"
    few.write_text(f"text,label\n{said(0)} [SEP] {said(0, 3)},a\n")
    pairs = understand(sources.read(written(tmp_path, JOINED["[SEP]"]))).contract
    table, agreed = layout.fitted(sources.read(few), pairs)
    assert [one.text for one in examples.read(table, agreed)] == [said(0)]
    assert [one.pair for one in examples.read(table, agreed)] == [said(0, 3)]
    many = written(tmp_path, JOINED["[SEP]"])
    (folder := tmp_path / "mixed").mkdir()
    whole = understand(sources.read(written(folder, JOINED["[SEP]"], odd=range(9))))
    assert whole.contract.text == ("text",)
    table, agreed = layout.fitted(sources.read(many), whole.contract)
    first = next(examples.read(table, agreed))
    assert first.text == JOINED["[SEP]"].format(said(0), said(0, 3))


def test_cells_without_the_mark_are_no_pairs_for_a_model_of_them(tmp_path):
    pairs = understand(sources.read(written(tmp_path, JOINED["</s>"]))).contract
    few = tmp_path / "few.csv"
    few.write_text(f"text,label\n{said(0)} </s> {said(0, 3)},a\n{said(1)},b\n")
    with pytest.raises(DataError, match="there are no columns 'text_1', 'text_2'"):
        layout.fitted(sources.read(few), pairs)


def test_white_space_without_end_is_looked_at_once(tmp_path):
    """Where the time grew with its square, this took longer than tests may."""
    blank = " " * 200_000
    file = tmp_path / "new.csv"
    lines = [f"{blank}so{blank}{said(n)} ||| {said(n, 3)},{'ab'[n % 2]}\n" for n in range(9)]
    file.write_text("text,label\n" + "".join(lines))
    assert read_as(checked(file)) == ("single", "text_1|text_2", "label", 9)


def test_the_name_of_cells_that_were_parted_is_refused_with_what_they_are(tmp_path):
    with pytest.raises(SettingsError, match=r"holds two texts with \[SEP\].*--text text_1,text_2"):
        understand(sources.read(written(tmp_path, JOINED["[SEP]"])), text=["text"])

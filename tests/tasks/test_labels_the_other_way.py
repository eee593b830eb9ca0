"""A list of labels for a model of 0/1 columns, or the reverse, is refused with how to write it."""

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.tasks import contract, examples

TEXTS = ("a gripping and funny film", "a dull plot", "warm, and long", "a long and funny story")
NAMES = ("funny", "long")
MARKS = ((1, 0), (0, 0), (0, 1), (1, 1))


def listed(folder, sign):
    file = folder / "list.csv"
    rows = [
        f'"{text} {n}","{sign.join(name for name, mark in zip(NAMES, marks, strict=True) if mark)}"'
        for n in range(8)
        for text, marks in zip(TEXTS, MARKS, strict=True)
    ]
    file.write_text("\n".join(["text,labels", *rows]) + "\n", encoding="utf-8")
    return sources.read(file)


def marked(folder):
    file = folder / "marks.csv"
    rows = [
        f'"{text} {n}",{marks[0]},{marks[1]}'
        for n in range(8)
        for text, marks in zip(TEXTS, MARKS, strict=True)
    ]
    file.write_text("\n".join(["text,funny,long", *rows]) + "\n", encoding="utf-8")
    return sources.read(file)


@pytest.mark.parametrize("sign", [",", ";", "|"])
def test_columns_of_0_and_1_for_a_model_of_lists_are_told_how_to_be_written(sign, tmp_path):
    agreed = contract.understand(listed(tmp_path, sign)).contract
    assert agreed.form == "list"
    with pytest.raises(DataError) as found:
        list(examples.read(marked(tmp_path), agreed))
    assert str(found.value) == (
        "marks.csv: 'funny', 'long' hold 0 and 1, and the model was trained on names of labels in "
        "one column: write a column 'labels' in their place, in each row the names of those that "
        f"are 1, parted by {sign!r}, or choose another file"
    )


def test_a_list_for_a_model_of_columns_is_told_how_to_be_written(tmp_path):
    agreed = contract.understand(marked(tmp_path)).contract
    assert agreed.form == "columns"
    with pytest.raises(DataError, match="'labels' holds names of labels") as found:
        list(examples.read(listed(tmp_path, ","), agreed))
    assert "a column of 0 and 1 for each ('funny', 'long'): write these" in str(found.value)


def test_columns_that_are_neither_are_refused_as_before(tmp_path):
    agreed = contract.understand(listed(tmp_path, ",")).contract
    file = tmp_path / "other.csv"
    file.write_text("text,stars\na film,4\na plot,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="there is no column 'labels'"):
        list(examples.read(sources.read(file), agreed))

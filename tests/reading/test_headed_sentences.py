"""Words under a line that says something of the whole text are texts with what it says."""

import pytest

from made_tables import checked, read_as
from textune.errors import DataError

WORDS = ["yaar", "this", "film", "acchi", "nahi", "good", "very", "long", "hai", "to"]


def saved(folder, blocks: int, more: list[str] = ()):
    lines = []
    for n in range(blocks):
        lines.append(f"meta\t{900 + n}\t{['positive', 'negative', 'neutral'][n % 3]}")
        lines += [f"{WORDS[(n + at) % 10]}\t{['Hin', 'Eng'][at % 2]}" for at in range(4 + n % 5)]
        lines.append("")
    file = folder / "mixed.txt"
    file.write_text("".join(f"{line}\n" for line in [*lines, *more]))
    return file


def test_each_text_has_the_label_of_the_line_above_it(tmp_path):
    found = checked(saved(tmp_path, 60))
    assert read_as(found) == ("single", "text", "3", 60)
    assert dict(found.labels) == {"positive": 20, "negative": 20, "neutral": 20}
    assert next(found.table.rows()).cells == ("yaar this film acchi", "900", "positive")


def test_a_text_without_such_a_line_is_named(tmp_path):
    file = saved(tmp_path, 60, ["film\tEng", "good\tEng"])
    with pytest.raises(DataError, match=r"expected 'meta' and 2 cells more above each text"):
        checked(file)


def test_words_with_tags_stay_words_with_tags(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("Ann\tB-PER\nleft\tO\n\nAnn\tB-PER\ncame\tO\nhome\tO\n\n" * 20)
    assert checked(file).contract.task == "tags"

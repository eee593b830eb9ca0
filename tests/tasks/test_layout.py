"""Files whose columns stand otherwise than in training: recognised, or refused."""

import json

import pytest

from textune.data.sampling import head
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions, Row
from textune.tasks import layout
from textune.tasks.contract import understand

SENTENCES = [["Dan", "moved", "to", "Ghent"], ["Eve", "left", "Turin", "today"]] * 15
TAGS = [["B-PER", "O", "O", "B-LOC"], ["B-PER", "O", "B-LOC", "O"]] * 15


@pytest.fixture
def conll(tmp_path):
    def write(name: str, *, numbered: bool, tagged: bool = True):
        blocks = []
        for words, tags in zip(SENTENCES, TAGS, strict=True):
            lines = [
                "\t".join([*([str(n)] if numbered else []), word, *([tag] if tagged else [])])
                for n, (word, tag) in enumerate(zip(words, tags, strict=True), start=1)
            ]
            blocks.append("\n".join(lines))
        (tmp_path / name).write_text("\n\n".join(blocks) + "\n")
        return sources.read(tmp_path / name)

    return write


@pytest.mark.parametrize("trained", [False, True], ids=["plain", "numbered"])
@pytest.mark.parametrize("asked", [False, True], ids=["plain", "numbered"])
def test_words_are_found_with_and_without_their_numbers(conll, trained, asked):
    agreed = understand(conll("train.conll", numbered=trained)).contract
    table = conll("new.conll", numbered=asked)
    _, found = layout.fitted(table, agreed)
    place = table.columns.index(found.text[0])
    first = next(iter(table.rows()))
    assert json.loads(first.cells[place]) == SENTENCES[0]
    assert json.loads(first.cells[table.columns.index(found.label[0])]) == TAGS[0]


def test_numbers_where_texts_were_are_refused(tmp_path):
    (tmp_path / "train.csv").write_text(
        "".join(f"a film number {n} was {w},{w}\n" for n in range(20) for w in ("good", "bad"))
    )
    (tmp_path / "new.csv").write_text("".join(f"{n},a film number {n},good\n" for n in range(20)))
    agreed = understand(sources.read(tmp_path / "train.csv")).contract
    assert agreed.text == ("1",)
    with pytest.raises(DataError, match=r"column 1, which held the text .* numbers such as '0'"):
        layout.fitted(sources.read(tmp_path / "new.csv", ReadOptions(header=False)), agreed)


def test_only_so_many_rows_are_looked_at_as_fit_into_memory():
    rows = (Row(("x" * 1_000_000,), f"row {n}") for n in range(10**9))
    assert len(list(head(rows, 1_000))) == 9

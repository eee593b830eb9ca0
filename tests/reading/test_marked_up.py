"""Lines with marks around their entities become texts and spans; other marks stay in the text."""

import pytest

from made_tables import checked
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions

NAMES = ["Ada Lovelace", "Clara", "Li Wei"]
PLACES = ["Lisbon", "New York", "Oslo"]


def read(tmp_path, lines):
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return sources.read(file, ReadOptions())


@pytest.mark.parametrize(
    "line",
    [
        "<PER>{}</PER> visited <LOC>{}</LOC> again .",
        '<ENAMEX TYPE="PER">{}</ENAMEX> visited <ENAMEX TYPE="LOC">{}</ENAMEX> again .',
        "[{}](PER) visited [{}](LOC) again .",
    ],
    ids=["xml", "muc", "brackets"],
)
def test_marks_around_entities_become_spans(tmp_path, line):
    table = read(tmp_path, [line.format(NAMES[n % 3], PLACES[n // 3 % 3]) for n in range(30)])
    row = next(iter(table.rows()))
    spans = [
        {"start": 0, "end": 12, "label": "PER"},
        {"start": 21, "end": 27, "label": "LOC"},
    ]
    assert (table.columns, row.given) == (
        ("text", "entities"),
        ("Ada Lovelace visited Lisbon again .", spans),
    )


@pytest.mark.parametrize(
    "line",
    [
        "<p>The <b>best</b> day {}</p>",
        "see [here](https://x.org/{}) and [there](page)",
        "if a<b and c>d then <x> {}",
        "a <sep> is no mark {}",
    ],
)
def test_marks_that_name_no_entity_stay_in_the_text(tmp_path, line):
    lines = [line.format(n) for n in range(30)]
    table = read(tmp_path, lines)
    assert [row.cells for row in table.rows()] == [(line,) for line in lines]


def test_a_mark_that_is_not_closed_is_named(tmp_path):
    lines = [f"<PER>{NAMES[n % 3]}</PER> came to <LOC>{PLACES[n % 3]}</LOC>" for n in range(30)]
    lines[7] = "<PER>Ada came to <LOC>Oslo</LOC>"
    with pytest.raises(DataError, match=r"lines\.txt:8: <PER> is never closed: '<PER>Ada came"):
        list(read(tmp_path, lines).rows())


def test_marks_with_the_type_before_the_words_are_spans(tmp_path):
    lines = [f"wake me at [time : nine am] on [date : friday] for trip {n}" for n in range(20)]
    lines += [f"{{{{person_name:王明}}}}来到{{{{ place: 北京 }}}}第{n}天" for n in range(20)]
    for kept, types in ((lines[:20], {"time": 20, "date": 20}), (lines[20:], {"person_name": 20})):
        file = tmp_path / "marked.txt"
        file.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        found = checked(file)
        assert (found.contract.task, found.rows) == ("tags", 20)
        assert types.items() <= dict(found.labels).items()

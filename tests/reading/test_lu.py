"""Utterances of Bot Framework (.lu) become rows with their intents and entities."""

import json
import time

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions

LU = """\
> !# @app.name = flights

# BookFlight
- book a flight to {@city=Oslo}
* fly {@trip=from {@city:from=Rome} to {city = Lima}} now
- take me to {@city}
- [more](./more.lu)

## Cancel
- never mind
# ? What is it
- a bot

@ ml city
@ list meal =
    - veg :
        - no meat
$drink:cold=
- iced tea
# Greet
- hello
"""


def held(file, **options):
    table = sources.read(file, ReadOptions(**options))
    return [(row.cells[0], row.cells[1], json.loads(row.cells[2])) for row in table.rows()]


def test_utterances_have_their_intents_and_entities(tmp_path):
    file = tmp_path / "flights.lu"
    file.write_text(LU)
    trip = "fly from Rome to Lima now"
    assert held(file) == [
        ("book a flight to Oslo", "BookFlight", [{"start": 17, "end": 21, "label": "city"}]),
        (
            trip,
            "BookFlight",
            [
                {"start": 4, "end": 21, "label": "trip"},
                {"start": 9, "end": 13, "label": "city:from"},
                {"start": 17, "end": 21, "label": "city"},
            ],
        ),
        ("never mind", "Cancel", []),
        ("hello", "Greet", []),
    ]
    (said,) = sources.read(file).findings
    assert "patterns and links (2), definitions of entities (3)" in said.message


def test_without_entities_there_is_no_column_of_them(tmp_path):
    file = tmp_path / "plain.lu"
    file.write_text("# Greet\n- hello\n- hi\n")
    assert sources.read(file).columns == ("text", "intent")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("- fly to {@city=Oslo", r"a.lu:4: the mark 'city' is never closed: '- fly to"),
        ("- fly to Oslo} now", r"a.lu:4: a mark is closed that was not opened"),
        (
            "- fly to " + "{@a=" * 20_000 + "Oslo" + "}" * 20_000,
            r"a.lu:4: more than 20 marks stand in each other; allowed: 20; mark fewer: '- fly",
        ),
    ],
)
def test_a_mark_that_is_not_whole_is_named(tmp_path, line, said):
    file = tmp_path / "a.lu"
    file.write_text(f"# Fly\n- fly to {{@city=Rome}}\n- fly\n{line}\n")
    with pytest.raises(DataError, match=said):
        list(sources.read(file).rows())
    assert len(held(file, faulty="skip")) == 2


def test_a_file_without_an_utterance_is_refused(tmp_path):
    file = tmp_path / "a.lu"
    file.write_text("# Fly\n\n- [more](./more.lu)\n")
    with pytest.raises(DataError, match=r"a.lu: no intent has an utterance"):
        sources.read(file)


def test_blanks_in_utterances_are_read_at_once(tmp_path):
    file = tmp_path / "a.lu"
    blanks = " " * 100_000
    file.write_text(
        f"# A\n- x{blanks}y\n- {{@a{blanks}b\n# B\n- to {{@city ={blanks}Oslo{blanks}}}\n"
    )
    begun = time.process_time()
    assert held(file)[-1] == ("to Oslo", "B", [{"start": 3, "end": 7, "label": "city"}])
    assert time.process_time() - begun < 5

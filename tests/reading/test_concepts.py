"""Concepts of i2b2 become rows: the lines of the text beside them, with their spans."""

import json
import shutil
from pathlib import Path

import pytest

from made_tables import checked
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions

TEXT = "HISTORY :\n\nShe had  a Fall , and renal carcinoma .\nNo fever .\n"
CONCEPTS = """\
c="a fall" 3:2 3:3||t="problem"
c="renal carcinoma" 3:6 3:7||t="problem"
c="fever" 4:1 4:1||t="test"
"""
ROWS = [
    ("HISTORY :", []),
    (
        "She had  a Fall , and renal carcinoma .",
        [
            {"start": 9, "end": 15, "label": "problem"},
            {"start": 22, "end": 37, "label": "problem"},
        ],
    ),
    ("No fever .", [{"start": 3, "end": 8, "label": "test"}]),
]


def written(folder, concepts=CONCEPTS, name="a", ending=".con", texts="."):
    (folder / texts).mkdir(parents=True, exist_ok=True)
    (folder / texts / f"{name}.txt").write_text(TEXT)
    place = folder if texts == "." else folder / "concept"
    place.mkdir(exist_ok=True)
    (place / f"{name}{ending}").write_text(concepts)
    return place / f"{name}{ending}"


def held(place):
    rows = sources.read(place).rows()
    return [(row.cells[0], json.loads(row.cells[1])) for row in rows]


@pytest.mark.parametrize("texts", [".", "txt"])
def test_each_line_is_a_text_with_its_concepts(tmp_path, texts):
    file = written(tmp_path, texts=texts)
    assert held(file) == ROWS
    assert [row.origin for row in sources.read(file).rows()] == ["a.txt:1", "a.txt:3", "a.txt:4"]


def test_a_folder_and_an_archive_hold_the_lines_of_all_texts(tmp_path):
    folder = written(tmp_path / "data", texts="txt").parent.parent
    written(folder, "", name="b", texts="txt")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    for place in (folder, Path(archive)):
        assert held(place) == [*ROWS, *((text, []) for text, _ in ROWS)]
    assert checked(folder).contract.task == "tags"


def test_assertions_go_by_what_is_asserted(tmp_path):
    file = written(tmp_path, 'c="fever" 4:1 4:1||t="problem"||a="absent"\n', ending=".ast")
    assert held(file)[2][1] == [{"start": 3, "end": 8, "label": "absent"}]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("3:2 3:3", "3:3 3:4", r"a.con: 'a fall' is not at 3:3 3:4 of a.txt, where 'Fall ,' stan"),
        ("3:2 3:3", "3:2 4:0", r"a.con: line 1: no concept of words in one line: 'c=\"a fall\""),
        ("4:1 4:1", "9:1 9:1", r"a.con: a.txt has no line 9, of which a concept is said"),
    ],
)
def test_a_concept_that_stands_nowhere_is_named(tmp_path, old, new, said):
    written(tmp_path, name="b")
    written(tmp_path, CONCEPTS.replace(old, new))
    with pytest.raises(DataError, match=said):
        held(tmp_path)
    kept = sources.read(tmp_path, ReadOptions(faulty="skip")).rows()
    assert [row.origin for row in kept] == ["b.txt:1", "b.txt:3", "b.txt:4"]


def test_a_text_that_is_not_there_is_asked_for(tmp_path):
    file = written(tmp_path)
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DataError, match=r"a.con: the text 'a.txt' is not there; put it beside"):
        sources.read(file)


@pytest.mark.parametrize("place", ["1:5 1:5", "1:1 1:0", "3:99 3:98"])
def test_a_concept_of_no_words_is_named(tmp_path, place):
    file = written(tmp_path, f'c="" {place}||t="problem"\n')
    with pytest.raises(DataError, match=r"a.con: '' is not at "):
        list(sources.read(file, ReadOptions()).rows())


def test_numbers_of_words_have_an_end(tmp_path):
    nines = "9" * 5000
    file = written(tmp_path, f'{CONCEPTS}c="a" 1:{nines} 1:{nines}||t="problem"\n')
    with pytest.raises(DataError, match="line 4: no concept of words in one line"):
        list(sources.read(file, ReadOptions()).rows())


def test_names_with_brackets_have_their_texts_beside(tmp_path):
    file = written(tmp_path, name="a[1]", texts="txt")
    assert len(list(sources.read(file, ReadOptions()).rows())) == 3


def test_files_of_other_programs_that_end_in_con_are_no_concepts(tmp_path):
    (tmp_path / "engine.con").write_text("speed = 3\n")
    rows = "".join(f"the bus was late {n},{'ab'[n % 2]}\n" for n in range(30))
    (tmp_path / "train.csv").write_text(f"text,label\n{rows}")
    assert dict(checked(tmp_path).labels) == {"a": 15, "b": 15}


@pytest.mark.parametrize("texts", [".", "txt"])
def test_a_folder_of_assertions_alone_is_read_as_an_archive_of_them_is(tmp_path, texts):
    lines = 'c="fever" 4:1 4:1||t="problem"||a="absent"\n'
    file = written(tmp_path / "data", lines, ending=".ast", texts=texts)
    folder = file.parent if texts == "." else file.parent.parent
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    for place in (folder, Path(archive)):
        assert held(place)[2][1] == [{"start": 3, "end": 8, "label": "absent"}]
        assert checked(place).contract.task == "tags"


def test_beside_concepts_assertions_are_not_read(tmp_path):
    written(tmp_path, 'c="fever" 4:1 4:1||t="problem"||a="absent"\n', ending=".ast")
    written(tmp_path)
    assert held(tmp_path) == ROWS


def test_tables_beside_assertions_alone_are_read(tmp_path):
    written(tmp_path, 'c="fever" 4:1 4:1||t="problem"||a="absent"\n', ending=".ast")
    rows = "".join(f"the bus was late {n},{'ab'[n % 2]}\n" for n in range(30))
    (tmp_path / "train.csv").write_text(f"text,label\n{rows}")
    assert dict(checked(tmp_path).labels) == {"a": 15, "b": 15}


@pytest.mark.parametrize("ending", [".con", ".ann"])
def test_tables_beside_annotated_texts_are_said_not_to_be_read(tmp_path, ending):
    (tmp_path / "a.txt").write_text(TEXT)
    at = TEXT.index("fever")
    lines = CONCEPTS if ending == ".con" else f"T1\ttest {at} {at + 5}\tfever\n"
    (tmp_path / f"a{ending}").write_text(lines)
    assert sources.read(tmp_path).findings == ()
    (tmp_path / "train.csv").write_text("text,label\nthe bus was late,a\nit rained,b\n")
    (left,) = sources.read(tmp_path).findings
    assert "not read beside the annotated texts: train.csv; name such a file" in left.message

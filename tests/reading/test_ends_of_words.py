"""Whether the ends of entities, by the numbers of their words, are their last words is told."""

import json

import pytest

from textune.reading import sources


def tags(folder, *places):
    words = ["new", "york", "city", "hall", "stands", "near", "old", "main", "street", "there"]
    held = {"words": words, "ner": [[start, end, "LOC"] for start, end in places]}
    file = folder / "one.jsonl"
    file.write_text(json.dumps(held) + "\n" + json.dumps({**held, "ner": []}) + "\n")
    table = sources.read(file)
    row = next(iter(table.rows()))
    return json.loads(row.cells[table.columns.index("tags")]), " ".join(table.reasons)


@pytest.mark.parametrize(
    ("places", "tagged"),
    [
        ([(0, 2), (2, 4), (6, 9)], "B-LOC I-LOC B-LOC I-LOC O O B-LOC I-LOC I-LOC O"),
        ([(0, 3), (3, 3), (6, 8)], "B-LOC I-LOC I-LOC I-LOC O O B-LOC I-LOC I-LOC O"),
        ([(0, 1), (6, 8), (9, 9)], "B-LOC I-LOC O O O O B-LOC I-LOC I-LOC B-LOC"),
    ],
)
def test_an_entity_that_ends_where_another_begins_ends_before_it(tmp_path, places, tagged):
    found, said = tags(tmp_path, *places)
    assert " ".join(found) == tagged
    assert "so they fit the file" in said

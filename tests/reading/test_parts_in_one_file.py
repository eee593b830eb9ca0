"""Parts of a data set in one object, by their names: one is read, the others named, none lost."""

import json
import re

import pytest
import yaml

import textune
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions
from thinning import crossed

SIZES = {"train": 9, "dev": 6, "test": 6}


def row(part, number):
    label = ("joy", "anger")[number % 2]
    return {"text": f"what they said in {part} at turn {number}", "label": label}


def by_id(part, count, name=lambda part, number: f"{number}_0"):
    return {name(part, number): row(part, number) for number in range(count)}


def rows(part, count):
    return [row(part, number) for number in range(count)]


def by_column(part, count):
    held = rows(part, count)
    return {name: {str(at): one[name] for at, one in enumerate(held)} for name in held[0]}


PARTS = {  # what each part is: of rows that have the same names in all of them, most of all
    "shared ids": by_id,
    "own ids": lambda part, count: by_id(part, count, lambda part, number: f"{part}{number}"),
    "numbers": lambda part, count: by_id(part, count, lambda _, number: str(number)),
    "columns": by_column,
    "lists": rows,
}


def write(tmp_path, value, name):
    file = tmp_path / name
    is_yaml = name.endswith("yaml")
    text = yaml.safe_dump(value, sort_keys=False) if is_yaml else json.dumps(value, indent=1)
    file.write_text(text, encoding="utf-8")
    return file


def texts(table):
    return [found.cells[table.columns.index("text")] for found in table.rows()]


@pytest.mark.parametrize(
    ("name", "first", "kind"),
    crossed(["said.json", "said.yaml", "said.txt", "said"], ["train", "dev"], PARTS),
)
def test_the_part_to_learn_from_is_read_and_the_others_are_named(tmp_path, kind, first, name):
    order = sorted(SIZES, key=lambda part: part != first)
    whole = {part: PARTS[kind](part, SIZES[part]) for part in order}
    for value, before in ((whole, ""), ({"version": "1.0", "data": whole}, "data.")):
        file = write(tmp_path, value, name)
        table = sources.read(file)
        assert texts(table) == [one["text"] for one in rows("train", 9)]
        said = f"the part '{before}train' is read; --rows reads another: "
        assert any(reason.startswith(said) for reason in table.reasons)
        assert any(f"{before}dev (6 rows)" in reason for reason in table.reasons)
        told = sources.read(file, ReadOptions(rows=f"{before}dev"))
        assert texts(told) == [one["text"] for one in rows("dev", 6)]


def test_texts_under_the_same_names_in_each_part_are_rows(tmp_path):
    value = {part: {f"t{n}": row(part, n)["text"] for n in range(6)} for part in SIZES}
    assert len(texts(sources.read(write(tmp_path, value, "said.yaml")))) == 6


def test_rows_that_are_named_after_their_part_stay_rows(tmp_path):
    value = {f"train_{n}": row("train", n) for n in range(6)}
    assert len(texts(sources.read(write(tmp_path, value, "said.json")))) == 6


def test_names_of_parts_may_have_a_word_more(tmp_path):
    value = {f"{part} set": by_id(part, count) for part, count in SIZES.items()}
    table = sources.read(write(tmp_path, value, "said.json"))
    assert len(texts(table)) == 9
    assert "the part 'train set' is read" in " ".join(table.reasons)


def test_where_no_part_is_the_one_to_learn_from_it_is_asked_for(tmp_path):
    value = {part: by_id(part, 6) for part in ("dev", "test")}
    said = "rows stand in several places: dev (6 rows), test (6 rows); choose one: --rows dev"
    with pytest.raises(DataError, match=re.escape(said)):
        textune.check(write(tmp_path, value, "said.yaml"))


def test_lists_under_ids_in_each_part_are_named_together(tmp_path):
    value = {part: {f"d{n}": rows(part, 3) for n in range(count)} for part, count in SIZES.items()}
    file = write(tmp_path, value, "said.json")
    said = "train.* (27 rows), dev.* (18 rows), test.* (18 rows); choose one: --rows 'train.*'"
    with pytest.raises(DataError, match=re.escape(said)):
        textune.check(file)
    assert textune.check(file, rows="train.*").rows == 27
    turns = {
        part: {key: {"turns": own} for key, own in held.items()} for part, held in value.items()
    }
    table = sources.read(write(tmp_path, turns, "said.json"))
    assert len(texts(table)) == 27
    assert "the part 'train.*.turns' is read" in " ".join(table.reasons)


def test_lists_side_by_side_may_be_read_all_together(tmp_path):
    value = {name: by_id(name, 4) for name in ("fold0", "fold1", "fold2")}
    file = write(tmp_path, value, "said.json")
    with pytest.raises(DataError, match=r"--rows fold0, or all together: --rows '\*'"):
        textune.check(file)
    assert textune.check(file, rows="*").rows == 12


def test_rows_without_texts_of_several_words_are_read_where_told(tmp_path):
    words = ["fine", "dull", "bright", "slow", "warm", "loud"]
    by_id = {n: {"word": word, "label": "x"} for n, word in enumerate(words)}
    value = {part: {f"{part}{n}": row for n, row in by_id.items()} for part in SIZES}
    file = write(tmp_path, value, "said.json")
    with pytest.raises(DataError, match="--rows"):
        textune.check(file)
    assert textune.check(file, rows="dev").rows == 6


def test_a_second_document_of_yaml_is_named(tmp_path):
    file = tmp_path / "said.yaml"
    parts = [yaml.safe_dump({part: by_id(part, 3)}) for part in SIZES]
    file.write_text("---\n".join(parts), encoding="utf-8")
    with pytest.raises(DataError, match=r"said.yaml:11: a second document begins here \(---\)"):
        textune.check(file)

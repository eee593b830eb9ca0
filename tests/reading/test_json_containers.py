"""Whatever JSON holds the rows of a table: they are found, and it is said where; or it is asked."""

import json

import pandas as pd
import pytest

import textune
from made_tables import count_tokens
from textune.errors import DataError
from textune.reading import sources
from textune.records import Table
from textune.survey import survey
from thinning import crossed

TEXTS = [f"a film {n} that was, on the whole, fine" for n in range(12)]
NAMES = [("good", "bad")[n % 2] for n in range(12)]
ALL = list(zip(TEXTS, NAMES, strict=True))
ROWS = [{"text": text, "label": name} for text, name in zip(TEXTS, NAMES, strict=True)]


def written(tmp_path, value, name="data.json", **options):
    file = tmp_path / name
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, **options)
    file.write_text(text, encoding="utf-8")
    return file


def columns(table: Table, *names: str) -> list[tuple[str, ...]]:
    """Take the cells of some columns."""
    places = [table.columns.index(name) for name in names]
    return [tuple(row.cells[place] for place in places) for row in table.rows()]


@pytest.mark.parametrize(
    ("indent", "index", "orient"),
    crossed([None, 2], ["numbers", "names"], ["split", "records", "index", "columns", "table"]),
)
def test_what_pandas_writes_is_read(tmp_path, orient, index, indent):
    frame = pd.DataFrame(ROWS)
    if index == "names":
        frame.index = pd.Index([f"row-{n}" for n in range(12)])
    file = tmp_path / "data.json"
    frame.to_json(file, orient=orient, indent=indent)
    table = sources.read(file)
    assert columns(table, "text", "label") == list(zip(TEXTS, NAMES, strict=True))


def test_values_of_pandas_have_no_names(tmp_path):
    file = tmp_path / "data.json"
    pd.DataFrame(ROWS).to_json(file, orient="values")
    found = survey.check(file, count_tokens=count_tokens)
    assert (found.contract.text, found.contract.label, found.rows) == (("1",), ("2",), 12)


HOLDERS = {  # one value that holds the rows, and what is said of the place
    "inside": ({"version": 1, "body": {"items": ROWS}}, "the rows stand in 'body.items'"),
    "answer": ({"status": "ok", "next": None, "results": ROWS}, "the rows stand in 'results'"),
    "parts": ({"test": ROWS[:3], "train": ROWS}, "'train' is read; --rows reads another: test (3"),
    "parts below": ({"data": {"dev": ROWS[:2], "train": ROWS}}, "the part 'data.train' is read"),
    "parts as tables": (
        {"train": {"text": TEXTS, "label": NAMES}, "test": {"text": TEXTS, "label": NAMES}},
        "the part 'train' is read",
    ),
    "names": ({f"id{n}": row for n, row in enumerate(ROWS)}, "the rows by their names"),
    "names of uneven rows": (
        {f"id{n}": row | ({"note": 1} if n % 3 else {}) for n, row in enumerate(ROWS)},
        "the rows by their names",
    ),
    "lists of lists": (
        {"documents": [{"id": n, "sentences": ROWS[n * 3 : n * 3 + 3]} for n in range(4)]},
        "the rows stand in 'documents.sentences'",
    ),
    "columns and a remark": (
        {"text": TEXTS, "label": NAMES, "names": ["good", "bad"], "about": "films"},
        "a list of values for each column; 'names', 'about' is no column of these rows",
    ),
    "labels of texts": (dict(zip(TEXTS, NAMES, strict=True)), "the label of each text"),
    "turns of each object": (
        [{"id": n, "turns": ROWS[n * 3 : n * 3 + 3]} for n in range(4)],
        "the rows stand in 'turns' of each object",
    ),
}


@pytest.mark.parametrize(("indent", "name"), crossed([None, 1], HOLDERS))
def test_rows_are_found_inside_and_the_place_is_said(tmp_path, name, indent):
    holder, said = HOLDERS[name]
    table = sources.read(written(tmp_path, holder, indent=indent))
    assert columns(table, "text", "label") == list(zip(TEXTS, NAMES, strict=True))
    assert any(said in reason for reason in table.reasons), table.reasons


def test_what_stands_beside_a_list_of_rows_goes_with_each(tmp_path):
    file = written(tmp_path, [{"id": n, "turns": ROWS[n * 3 : n * 3 + 3]} for n in range(4)])
    assert columns(sources.read(file), "id") == [(str(n // 3),) for n in range(12)]


def test_texts_by_label_are_read_and_said(tmp_path):
    table = sources.read(written(tmp_path, {"good": TEXTS[:5], "bad": TEXTS[5:]}))
    assert columns(table, "text", "label")[4:6] == [(TEXTS[4], "good"), (TEXTS[5], "bad")]
    assert "one object with a list of texts for each label ('good', 'bad')" in table.reasons


def test_rows_as_lists_are_found_in_a_part_and_without_spaces(tmp_path):
    rows = [[f"这部电影真的很好看{n}", "好坏"[n % 2]] for n in range(12)]
    for holder in (rows, {"train": rows, "oos_test": rows[:4], "val": rows[:4]}):
        found = survey.check(written(tmp_path, holder), count_tokens=count_tokens)
        assert found.rows == 12
        assert sorted(found.labels) == sorted("好坏")


def test_nested_keys_become_columns_with_dotted_names(tmp_path):
    rows = [
        {"data": {"text": text}, "meta": {"label": name, "by": {"name": "Eve"}}}
        for text, name in zip(TEXTS, NAMES, strict=True)
    ]
    file = written(tmp_path, "\n".join(map(json.dumps, rows)), "data.jsonl")
    found = survey.check(file, count_tokens=count_tokens)
    assert found.table.columns == ("data.text", "meta.label", "meta.by.name")
    assert (found.contract.text, found.contract.label) == (("data.text",), ("meta.label",))
    assert any("dotted names (in 'data', 'meta')" in reason for reason in found.table.reasons)


def test_answers_and_objects_of_many_keys_stay_whole(tmp_path):
    rows = [{"text": t, "answers": {"text": ["film"], "answer_start": [2]}} for t in TEXTS]
    many = [
        {"text": t, "counts": {f"word{m}-{n}": 1 for m in range(9)}} for n, t in enumerate(TEXTS)
    ]
    assert sources.read(written(tmp_path, rows)).columns == ("text", "answers")
    assert sources.read(written(tmp_path, many)).columns == ("text", "counts")


@pytest.mark.parametrize("between", ["\n", "", "\n\n"])
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_one_after_another_are_read(tmp_path, between, indent):
    text = between.join(json.dumps(row, indent=indent) for row in ROWS)
    table = sources.read(written(tmp_path, text))
    assert columns(table, "text", "label") == list(zip(TEXTS, NAMES, strict=True))


@pytest.mark.parametrize("in_lines", [True, False])
def test_nan_is_an_empty_cell_as_pandas_means_it(tmp_path, in_lines):
    held = [{**row, "n": float("nan") if n % 2 else n} for n, row in enumerate(ROWS)]
    text = "\n".join(map(json.dumps, held)) if in_lines else json.dumps(held, indent=1)
    table = sources.read(written(tmp_path, text))
    assert [row.cells[-1] for row in table.rows()][:4] == ["0", "", "2", ""]
    assert "NaN stands for an empty cell" in table.reasons


def test_a_list_of_texts_is_one_column(tmp_path):
    table = sources.read(written(tmp_path, TEXTS))
    assert table.columns == ("text",)
    assert columns(table, "text") == [(text,) for text in TEXTS]


REFUSED = {  # what is no JSON or no table, and what is said of it in one line
    "single quotes": ("\n".join(map(repr, ROWS)), "text of Python .* single quotes.*literal_eval"),
    "Python's list": (repr(ROWS), r"text of Python .* single quotes.*json.dumps\(rows\)"),
    "infinity": (
        "\n".join(json.dumps({**r, "n": float("inf")}) for r in ROWS),
        "Infinity is not JSON.*sed",
    ),
    "infinity in an array": (
        json.dumps([{**r, "n": float("-inf")} for r in ROWS]),
        "-Infinity is not JSON",
    ),
    "commas": (",\n".join(map(json.dumps, ROWS)), "comma stands after the object of each.*sed"),
    "last comma": ("[" + ",\n".join(map(json.dumps, ROWS)) + ",\n]", "comma stands before the clo"),
    "comma in objects": (
        "\n".join(json.dumps(row)[:-1] + ",}" for row in ROWS),
        "comma stands before the closing bracket.*json5",
    ),
    "comma in spread objects": (json.dumps(ROWS[0], indent=1)[:-2] + ",\n}", "comma stands before"),
    "comment before": ("// films\n" + json.dumps(ROWS), "begins with a comment.*json5"),
    "comment in the array": ("[ // films\n" + json.dumps(ROWS)[1:], "a comment, which JSON.*json5"),
    "names without quotes": ('[{text: "a film", label: "good"}]', "a key without quotes.*json5"),
    "a program": ("window.rows = " + json.dumps(ROWS) + ";", "gives the values a name.*sed"),
    "a call": ("load(" + json.dumps(ROWS) + ");", "a call .*JSONP.*sed"),
    "uneven columns": ({"text": TEXTS, "label": NAMES[1:]}, "columns differ in length .*12.*11"),
    "labels or columns": ({"good": TEXTS[:6], "bad": TEXTS[6:]}, "could be labels or columns"),
    "nothing": ({"rows": [{"f": [{"v": 1}]}], "kind": "x"}, "no rows with a text were found"),
    "a row of a wrong length": (
        {"columns": ["text", "label"], "data": [[TEXTS[0], "a"], [TEXTS[1]]]},
        "'columns' has 2 names, but row 2 of 'data' has 1 values",
    ),
    "cut off": (json.dumps({"data": ROWS}, indent=1)[:-20], "JSON is damaged or cut off here"),
    "packed twice": (json.dumps([json.dumps(row) for row in ROWS]), "packed twice.*fromjson"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_is_refused_with_the_way_out(tmp_path, name):
    value, said = REFUSED[name]
    with pytest.raises(DataError, match=f"(?s)data.json.*{said}") as refused:
        textune.check(written(tmp_path, value))
    assert name == "packed twice" or str(refused.value).count("data.json:") == 1


def test_text_of_python_is_named_in_a_file_of_texts(tmp_path):
    file = written(tmp_path, "\n".join(map(repr, ROWS)), "data.txt")
    with pytest.raises(DataError, match=r"data.txt:1: this is text of Python.*literal_eval"):
        sources.read(file)


def test_keys_that_lead_nowhere_name_the_places_there_are(tmp_path):
    file = written(tmp_path, {"a": {"reviews": ROWS, "comments": ROWS[:4]}})
    with pytest.raises(DataError, match=r"--rows a.x: no rows .*: a.reviews \(12 rows\), a.comm"):
        textune.check(file, rows="a.x")
    with pytest.raises(DataError, match=r"rows stand in several places.*--rows a.reviews"):
        textune.check(file)
    found = textune.check(file, rows="a.comments")
    assert found.rows == 4
    assert "--rows a.comments" in found.command


def test_keys_lead_into_each_object_of_a_list(tmp_path):
    values = [{"text": "a title of some words", "turns": ROWS[n * 3 : n * 3 + 3]} for n in range(4)]
    table = sources.read(written(tmp_path, values), textune.records.ReadOptions(rows="turns"))
    assert columns(table, "text", "label") == list(zip(TEXTS, NAMES, strict=True))


def test_keys_are_refused_for_what_is_no_json(tmp_path):
    file = written(tmp_path, "text,label\na b,x\nc d,y\n", "data.csv")
    with pytest.raises(DataError, match=r"data.csv: --rows x: .*keys of JSON"):
        textune.check(file, rows="x")


def test_one_value_that_is_too_large_is_refused_with_the_size(tmp_path, monkeypatch):
    monkeypatch.setattr("textune.reading.json_values.WHOLE", 1 << 20)
    monkeypatch.setattr("textune.reading.lines.RECORD_LIMIT", 1 << 16)
    monkeypatch.setenv("TEXTUNE_CELL_MIB", "1")
    monkeypatch.setattr("textune.reading.json_values.record_limit", lambda: 1 << 16)
    rows = ROWS * 2_000
    for indent in (None, 1):
        file = written(tmp_path, {"data": rows}, indent=indent)
        with pytest.raises(DataError, match="one JSON value of more than 1 MiB"):
            sources.read(file)
    table = sources.read(written(tmp_path, rows))
    assert sum(1 for _ in table.rows()) == 24_000


LOST = {  # what would lose texts if the rows that are found were taken
    "a list among objects": {f"r{n}": row if n else [row] for n, row in enumerate(ROWS)},
    "a list in a list": {"train": [ROWS], "test": [{"text": "a few words", "label": "x"}]},
}


@pytest.mark.parametrize("name", LOST)
def test_rows_beside_which_more_texts_stand_are_not_taken_in_silence(tmp_path, name):
    with pytest.raises(DataError, match=r"more texts stand in objects beside it.*--rows"):
        sources.read(written(tmp_path, LOST[name]))


def test_tables_one_after_another_are_read_in_turn(tmp_path):
    halves = [{"id": n, "text": TEXTS[n::2], "label": NAMES[n::2]} for n in range(2)]
    table = sources.read(written(tmp_path, "\n".join(map(json.dumps, halves)), "data.jsonl"))
    wanted = [(text, name, str(n)) for n in range(2) for text, name in ALL[n::2]]
    assert columns(table, "text", "label", "id") == wanted
    assert any("each object holds a table" in reason for reason in table.reasons)
    odd = "\n".join(json.dumps({"text": TEXTS, "label": {}}) for _ in range(2))
    with pytest.raises(DataError, match="each object holds a list of texts, and none that goes"):
        sources.read(written(tmp_path, odd, "data.jsonl"))


def test_messages_of_a_chat_are_a_text_and_its_label(tmp_path):
    def said(*turns):
        return {"messages": [{"role": role, "content": text} for role, text in turns]}

    rows = [
        said(("system", "Judge."), ("user", text), ("assistant", name))
        for text, name in zip(TEXTS, NAMES, strict=True)
    ]
    found = textune.check(written(tmp_path, "\n".join(map(json.dumps, rows)), "data.jsonl"))
    assert (found.contract.text, found.contract.label) == (("text",), ("label",))
    assert columns(found.table, "text", "label") == ALL
    rows[4]["messages"] *= 2
    with pytest.raises(DataError, match=r"data.json: row 5: 2 messages of the user and 2 answers"):
        textune.check(written(tmp_path, rows))
    for late in (False, True):
        odd = [*(rows[:4] * 60 * late), said(("user", "a"), ("tool", "b"), ("assistant", "c"))]
        with pytest.raises(DataError, match=r"row \d+: a message of 'tool'; allowed: assistant, "):
            textune.check(written(tmp_path, [*odd, *rows[:3]]))
    twice = said(("developer", "Judge."), ("system", "Well."), ("user", "a"), ("assistant", "c"))
    (row,) = sources.read(written(tmp_path, [twice])).rows()
    assert "Judge.\nWell." in row.cells
    odd = [*(rows[:4] * 60), {"text": "no message"}]
    with pytest.raises(DataError, match=r"data.json: row 241: no messages of a chat"):
        textune.check(written(tmp_path, odd))


def test_names_of_labels_in_objects_are_taken(tmp_path):
    rows = [{"text": t, "labels": [{"id": 1, "name": n}] if n else []} for t, n in ALL]
    table = sources.read(written(tmp_path, rows))
    assert columns(table, "labels") == [(f'["{name}"]',) for name in NAMES]
    assert "of each object in 'labels' the 'name' is taken" in table.reasons


def test_rows_at_the_same_place_of_each_object_are_read_together(tmp_path):
    holder = {f"d{n}": {"log": ROWS[n * 3 : n * 3 + 3]} for n in range(4)}
    table = sources.read(written(tmp_path, holder))
    assert "the rows stand in '*.log'" in table.reasons
    assert columns(table, "text", "label", "key")[3] == (*ALL[3], "d1")
    assert len(columns(table, "text")) == 12


def test_ids_that_are_numbers_are_kept_and_those_of_pandas_are_not(tmp_path):
    for first, kept in ((0, False), (100, True)):
        file = written(tmp_path, {str(first + n): row for n, row in enumerate(ROWS)})
        assert ("key" in sources.read(file).columns) is kept


def test_one_object_of_many_short_values_is_no_row(tmp_path):
    with pytest.raises(DataError, match="one object, in which no rows with a text were found"):
        sources.read(written(tmp_path, {f"id{n}": "yes" for n in range(30)}))


def test_objects_that_few_rows_have_or_whose_keys_differ_stay_whole(tmp_path):
    slots = [{f"slot{n % 7}": {"value": n}} if n % 2 else {} for n in range(12)]
    rows = [
        {"said": {"text": text}, "intents": [name], "slots": slots[n]}
        | ({"context": {"asked": ["x"]}} if n % 4 == 0 else {})
        for n, (text, name) in enumerate(ALL)
    ]
    found = textune.check(written(tmp_path, rows))
    assert found.table.columns == ("said.text", "intents", "slots", "context")
    assert (found.contract.text, found.contract.label) == (("said.text",), ("intents",))


def test_values_that_are_no_objects_are_refused_in_one_line(tmp_path):
    for values in ([[["a b", "c"], 1], [[], 2], [["d"], 3]], ["one", "two", "three"]):
        with pytest.raises(DataError, match="3 first values are no JSON objects") as refused:
            sources.read(written(tmp_path, values))
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content", ['[\n{"text": "a"},\n{"text": "b"},', '{"data": [{"text": "a"}],']
)
def test_json_cut_off_after_a_comma_is_no_comma_before_a_bracket(tmp_path, content):
    with pytest.raises(DataError, match="off here") as caught:
        list(sources.read(written(tmp_path, content)).rows())
    assert "closing bracket" not in str(caught.value)

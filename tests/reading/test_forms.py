"""Each form of JSON and of tables, made here: recognised by itself and read as it is meant."""

import json

import pyarrow as pa
import pytest
from typer.testing import CliRunner

import textune
from textune.doors.cli import app
from textune.errors import DataError
from textune.reading import sources
from textune.reading.forms import table as forms
from textune.survey import survey
from thinning import crossed

TEXTS = [f"Dan met Eve Moss in town {n} today" for n in range(24)]
PLACES = [(0, 3, "PER"), (8, 16, "PER")]
SPANS = [{"start": a, "end": b, "label": kind} for a, b, kind in PLACES]


def label_studio(text: str, number: int) -> dict:
    result = [
        {
            "from_name": "ner",
            "to_name": "text",
            "type": "labels",
            "value": {"start": a, "end": b, "text": text[a:b], "labels": [kind]},
        }
        for a, b, kind in PLACES
    ]
    return {"id": number, "data": {"text": text}, "annotations": [{"result": result}]}


def prodigy(text: str, number: int) -> dict:
    answer = ("accept", "accept", "reject", "ignore")[number % 4]
    return {"text": text, "spans": SPANS, "answer": answer, "_input_hash": number}


SPAN_FORMS = {
    "spacy": lambda t, n: [t, {"entities": [list(place) for place in PLACES]}],
    "cluener": lambda t, n: {
        "text": t,
        "label": {"PER": {t[a:b]: [[a, b - 1]] for a, b, _ in PLACES}},
    },
    "dataturks": lambda t, n: {
        "content": t,
        "annotation": [
            {"label": [k], "points": [{"start": a, "end": b - 1, "text": t[a:b]}]}
            for a, b, k in PLACES
        ],
        "extras": None,
    },
    "lighttag": lambda t, n: {
        "content": t,
        "annotations": [{"start": a, "end": b, "tag": k, "value": t[a:b]} for a, b, k in PLACES],
    },
    "label studio": label_studio,
    "prodigy": prodigy,
    "doccano": lambda t, n: {
        "text": t,
        "annotations": [
            {"start_offset": a, "end_offset": b, "label": k, "user": 1} for a, b, k in PLACES
        ],
    },
    "gliner": lambda t, n: {"tokenized_text": t.split(), "ner": [[0, 0, "PER"], [2, 3, "PER"]]},
    "numbers of words": lambda t, n: {"tokens": t.split(), "ner": [[0, 0, "PER"], [2, 3, "PER"]]},
    "spert": lambda t, n: {
        "tokens": t.split(),
        "entities": [{"type": "PER", "start": 0, "end": 1}, {"type": "PER", "start": 2, "end": 4}],
        "relations": [],
    },
    "numbers of words, listed": lambda t, n: {
        "sentence": t.split(),
        "ner": [{"index": [0], "type": "PER"}, {"index": [2, 3], "type": "PER"}],
    },
    "documents of sentences": lambda t, n: {
        "doc_key": f"d{n}",
        "sentences": [t.split()],
        "ner": [[[0, 0, "PER"], [2, 3, "PER"]]],
    },
    "pieces of Snips": lambda t, n: {
        f"Say{n}": [
            {
                "data": [
                    {"text": t[:3], "entity": "PER"},
                    {"text": t[3:8]},
                    {"text": t[8:16], "entity": "PER"},
                    {"text": t[16:]},
                ]
            }
        ]
    },
    "tagged pairs": lambda t, n: [
        [word, tag]
        for word, tag in zip(
            t.split(), ["B-PER", "O", "B-PER", "I-PER", "O", "O", "O", "O"], strict=True
        )
    ],
}


def checked(file, **options):
    return survey.check(file, count_tokens=lambda texts: [len(t.split()) for t in texts], **options)


@pytest.mark.parametrize(("name", "in_lines"), crossed(SPAN_FORMS, [True, False]))
def test_entities_are_read_from_every_form(tmp_path, name, in_lines):
    values = [SPAN_FORMS[name](text, number) for number, text in enumerate(TEXTS)]
    file = tmp_path / "data.json"
    is_lists = isinstance(values[0], list)
    if in_lines and not is_lists:
        file.write_text("\n".join(map(json.dumps, values)))
    else:
        file.write_text(json.dumps(values, indent=1))
    found = checked(file)
    assert found.contract.task == "tags"
    rows = 12 if name == "prodigy" else len(TEXTS)
    assert (found.rows, dict(found.labels)) == (rows, {"PER": 2 * rows})
    assert not [finding for finding in found.findings if finding.kind == "mended"]
    left_out = [finding for finding in found.findings if finding.kind == "left out"]
    assert sum(finding.count for finding in left_out) == len(TEXTS) - rows


def test_no_value_of_one_form_is_recognised_as_another():
    assert len(forms.FORMS) == 62
    for name, make in SPAN_FORMS.items():
        values = [make(text, number) for number, text in enumerate(TEXTS)]
        assert len([form for form in forms.FORMS if form.recognise(values)]) == 1, name


ROWS = [{"text": text, "label": ("bad", "good")[n % 2]} for n, text in enumerate(TEXTS)]
TABLES = {
    "lists": [[row["text"], row["label"]] for row in ROWS],
    "lists with names": [["text", "label"], *([row["text"], row["label"]] for row in ROWS)],
    "split": {
        "columns": ["text", "label"],
        "index": list(range(len(ROWS))),
        "data": [list(row.values()) for row in ROWS],
    },
    "table": {
        "schema": {"fields": [], "primaryKey": ["index"]},
        "data": [{"index": 0, **row} for row in ROWS],
    },
    "index": {str(n): row for n, row in enumerate(ROWS)},
    "columns": {key: {str(n): row[key] for n, row in enumerate(ROWS)} for key in ("text", "label")},
    "list of each column": {key: [row[key] for row in ROWS] for key in ("text", "label")},
    "somewhere inside": {"version": 1, "result": {"total": 24, "items": ROWS}},
}


@pytest.mark.parametrize(("indent", "name"), crossed([None, 1], TABLES))
def test_tables_are_read_however_they_are_written(tmp_path, name, indent):
    file = tmp_path / "data.json"
    file.write_text(json.dumps(TABLES[name], indent=indent))
    rows = [row.cells for row in sources.read(file).rows()]
    assert rows == [tuple(row.values()) for row in ROWS]
    assert checked(file).contract.task == "single"


def test_rows_in_two_places_are_asked_about(tmp_path):
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"reviews": ROWS, "comments": ROWS}))
    places = r"reviews \(24 rows\), comments \(24 rows\); choose one: --rows reviews"
    with pytest.raises(DataError, match=f"rows stand in several places: {places}"):
        sources.read(file)


def test_a_value_that_is_of_no_form_is_named(tmp_path):
    values = [SPAN_FORMS["cluener"](text, n) for n, text in enumerate(TEXTS * 10)]
    values[220]["label"] = {"PER": {"Dan": [["x", 2]]}}
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, values)))
    with pytest.raises(DataError, match=r"data.jsonl:221: a place is 'x'; allowed: a whole number"):
        list(sources.read(file).rows())


def test_choices_of_label_studio_become_labels(tmp_path):
    def task(text: str, names: list[str]) -> dict:
        result = [{"from_name": "topic", "type": "choices", "value": {"choices": names}}]
        return {"data": {"text": text}, "annotations": [{"result": result}]}

    file = tmp_path / "data.json"
    one = [task(text, [("a", "b")[n % 2]]) for n, text in enumerate(TEXTS)]
    file.write_text(json.dumps([*one, {"data": {"text": "not yet"}, "annotations": []}]))
    found = checked(file)
    assert (found.contract.task, sorted(found.labels)) == ("single", ["a", "b"])
    assert "has no finished annotation" in found.findings[0].message
    one[3]["annotations"].append({"result": []})
    one[5] = task(TEXTS[5], ["a", "b"])
    file.write_text(json.dumps(one))
    found = checked(file)
    assert found.contract.task == "multi"
    assert "annotators differ in 1 of 1 text " in found.findings[0].message


def test_a_single_label_of_prodigy_is_yes_or_no(tmp_path):
    lines = [
        {"text": text, "label": "SPAM", "answer": ("accept", "reject")[n % 2]}
        for n, text in enumerate(TEXTS)
    ]
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert dict(checked(file).labels) == {"SPAM": 12, "not SPAM": 12}


def test_mrqa_has_a_row_for_each_question(tmp_path):
    context = "The tower was built in 1200 by mason Aolo."
    asked = {"question": "When?", "qid": "q", "detected_answers": [{"char_spans": [[23, 26]]}]}
    lines = [{"header": {}}, *({"context": context + f" {n}", "qas": [asked]} for n in range(9))]
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    found = checked(file)
    assert (found.contract.task, found.labels["an answer"]) == ("answers", 9)


def test_words_with_the_number_of_their_sentence_are_sentences(tmp_path):
    lines = ["Sentence #,Word,POS,Tag"]
    for number in range(20):
        lines += [f"Sentence: {number},Dan,NN,B-per", ",left,VB,O", ",.,.,O"]
    file = tmp_path / "ner.csv"
    file.write_text("\n".join(lines))
    found = checked(file)
    assert (found.contract.text, found.contract.label) == (("Word",), ("Tag",))
    assert (found.rows, dict(found.labels)) == (20, {"per": 20})
    assert "ner.csv:2" in next(iter(found.table.rows())).origin


@pytest.mark.parametrize("written", ["B-PER O B-LOC", "['B-PER', 'O', 'B-LOC']"])
def test_a_tag_for_each_word_of_a_cell(tmp_path, written):
    file = tmp_path / "ner.csv"
    cell = f'"{written}"' if "[" in written else written
    file.write_text("text,labels\n" + "".join(f"Dan saw Ghent{n},{cell}\n" for n in range(20)))
    found = checked(file)
    assert dict(found.labels) == {"LOC": 20, "PER": 20}
    assert (found.contract.text, found.contract.label) == (("text",), ("labels",))


WEBANNO = """#FORMAT=WebAnno TSV 3.3
#T_SP=webanno.custom.Entity|value
#T_RL=webanno.custom.Rel|kind|BT_x


#Text=Dan Moss saw \\[X] .
1-1\t0-3\tDan\tPER[1]\t_\t_\t
1-2\t4-8\tMoss\tPER[1]\t_\t_\t
1-3\t9-12\tsaw\t_\t_\t_\t
1-3.1\t9-10\ts\t_\t_\t_\t
1-4\t13-16\t\\[X]\tLOC|ORG\t_\t_\t

#Text=Eve PER
2-1\t20-23\tEve\tPER[2]\t_\t_\t
2-2\t24-27\tMay\tPER[3]\t_\t_\t
"""


def test_webanno_is_read_with_its_numbers_of_entities(tmp_path):
    file = tmp_path / "doc.tsv"
    file.write_text(WEBANNO)
    table = sources.read(file)
    rows = [[json.loads(cell) for cell in row.cells] for row in table.rows()]
    assert rows == [
        [["Dan", "Moss", "saw", "[X]"], ["B-PER", "I-PER", "O", "B-LOC"]],
        [["Eve", "May"], ["B-PER", "B-PER"]],
    ]
    assert table.columns == ("word", "value")


@pytest.mark.parametrize("part", ["", "train/"])
def test_folders_named_for_labels(tmp_path, part):
    for label in ("neg", "pos", "unsup"):
        folder = tmp_path / "set" / part / label
        folder.mkdir(parents=True)
        for number in range(6):
            (folder / f"{number}.txt").write_text(f"a {label} text {number}\n")
    found = checked(tmp_path / "set")
    assert (found.contract.task, dict(found.labels)) == ("single", {"neg": 6, "pos": 6})
    assert "the folder 'unsup' is left out" in found.findings[0].message


def test_arrow_files_are_read_with_the_names_of_classes(tmp_path):
    features = {"info": {"features": {"label": {"names": ["no", "yes"], "_type": "ClassLabel"}}}}
    table = pa.table({"text": TEXTS, "label": [n % 2 for n in range(24)]})
    table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
    for name, make in (("a.arrow", pa.ipc.new_stream), ("b.feather", pa.ipc.new_file)):
        with make(tmp_path / name, table.schema) as writer:
            writer.write_table(table)
        assert dict(checked(tmp_path / name).labels) == {"no": 12, "yes": 12}


def test_the_first_line_of_excel_names_the_delimiter(tmp_path):
    file = tmp_path / "data.csv"
    file.write_bytes(b"\xef\xbb\xbfsep=;\r\ntext;label\r\nwell, then;a\r\n" + b"one, two;b\r\n" * 9)
    table = sources.read(file)
    assert (table.columns, table.delimiter) == (("text", "label"), ";")
    assert [row.origin for row in table.rows()][:2] == ["data.csv:3", "data.csv:4"]


def test_lines_of_fasttext_have_their_labels_in_front(tmp_path, tiny_base):
    file = tmp_path / "data.txt"
    file.write_text("".join(f"__label__{'ab'[n % 2]} the good film {n}\n" for n in range(40)))
    found = checked(file)
    assert (found.contract.task, dict(found.labels)) == ("single", {"a": 20, "b": 20})
    assert next(iter(found.table.rows())).cells == ("the good film 0", "a")
    run = textune.train(
        str(file), valid=str(file), base=tiny_base, out=tmp_path / "run", epochs=1, device="cpu"
    )
    done = CliRunner().invoke(app, ["evaluate", str(run.path), str(file), "--json"])
    assert json.loads(done.stdout)["n"] == 40
    file.write_text(
        "".join(
            f"__label__{'ab'[n % 2]} {'__label__c, ' * (n % 4 > 1)}film {n}\n" for n in range(40)
        )
    )
    assert dict(checked(file).labels) == {"a": 20, "b": 20, "c": 20}


def test_lines_of_fasttext_may_have_their_labels_last(tmp_path):
    file = tmp_path / "data.train"
    file.write_text("".join(f"a good film {n} __label__{'ab'[n % 2]}\n" for n in range(40)))
    found = checked(file)
    assert (found.contract.task, dict(found.labels)) == ("single", {"a": 20, "b": 20})
    assert next(iter(found.table.rows())).cells == ("a good film 0", "a")
    file.write_text(
        "".join(f"film {n} __label__c __label__{'ab'[n % 2]} \n" for n in range(40)), "utf-8"
    )
    assert dict(checked(file).labels) == {"a": 20, "b": 20, "c": 40}


def test_a_list_on_each_line_is_a_row(tmp_path):
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(json.dumps(list(row.values())) for row in ROWS))
    assert [row.cells for row in sources.read(file).rows()] == [tuple(r.values()) for r in ROWS]


def test_numbers_of_sentences_without_blank_lines(tmp_path):
    file = tmp_path / "data.tsv"
    lines = (f"{n}\tDan\tB-PER\n{n}\tleft\tO\n" for n in range(20))
    file.write_text("sentence_id\tword\tner\n" + "".join(lines))
    found = checked(file)
    assert (found.rows, found.contract.text, found.contract.label) == (20, ("word",), ("ner",))


def test_rows_with_texts_are_found_among_other_lists(tmp_path):
    file = tmp_path / "nlu.json"
    values = {"common_examples": ROWS, "entity_synonyms": [{"value": "new york", "synonyms": []}]}
    file.write_text(json.dumps({"rasa_nlu_data": values}))
    assert len(list(sources.read(file).rows())) == 24


def test_one_sentence_with_its_tags_is_no_table(tmp_path):
    file = tmp_path / "one.jsonl"
    file.write_text('{"words": ["Dan", "left"], "tags": ["B-PER", "O"]}')
    assert [row.cells for row in sources.read(file).rows()] == [
        ('["Dan", "left"]', '["B-PER", "O"]')
    ]


def test_texts_that_nobody_annotated_are_left_out_and_counted(tmp_path):
    values = [SPAN_FORMS["dataturks"](text, n) for n, text in enumerate(TEXTS)]
    values[3]["annotation"] = values[5]["annotation"] = None
    file = tmp_path / "data.json"
    file.write_text("\n".join(map(json.dumps, values)))
    found = checked(file)
    assert found.rows == 22
    message = "2 rows are left out, since each has no annotation; first: data.json:4"
    assert found.findings[0].message == message


def test_an_empty_list_of_annotations_has_none_of_the_classes(tmp_path):
    kinds = [["sport"], ["news"], ["sport", "news"]]
    values = [
        {"content": text, "annotation": {"labels": kinds[n % 3]}} for n, text in enumerate(TEXTS)
    ]
    values[3]["annotation"] = []
    file = tmp_path / "data.json"
    file.write_text("\n".join(map(json.dumps, values)))
    found = checked(file)
    assert (found.contract.task, found.rows, found.unlabelled) == ("multi", 24, 1)

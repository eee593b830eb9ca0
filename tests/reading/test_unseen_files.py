"""Files found elsewhere, remade in few words, are read as meant, or named for what they are."""

import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from made_tables import checked, read_as
from textune.errors import DataError
from textune.reading import sources
from textune.reading.forms import flat

WORDS = [
    "boat",
    "harbour",
    "captain",
    "night",
    "storm",
    "sailor",
    "market",
    "river",
    "bridge",
    "winter",
    "light",
    "garden",
]


@pytest.fixture
def prose():
    draw = random.Random(3)
    return lambda words=9: " ".join(draw.choices(WORDS, k=words))


def in_lines(folder, name: str, values: list[object]):
    file = folder / name
    file.write_text("".join(f"{json.dumps(value)}\n" for value in values), encoding="utf-8")
    return file


def test_line_ends_in_the_words_of_a_span_may_be_written_as_label_studio_does(tmp_path):
    text = "Ada Moss\n11A High St\nLeeds"
    place = {"start": 9, "end": 26, "text": r"11A High St\nLeeds", "labels": ["ADDRESS"]}
    result = {"type": "labels", "from_name": "label", "to_name": "text", "value": place}
    tasks = [{"data": {"text": text}, "annotations": [{"result": [result]}]}] * 8
    file = tmp_path / "export.json"
    file.write_text(json.dumps(tasks))
    assert checked(file).labels == {"ADDRESS": 8}
    place["text"] = "12A High St"
    file.write_text(json.dumps(tasks))
    with pytest.raises(DataError, match=r"9–26 \(ADDRESS\) should be '12A High St'"):
        checked(file)


def test_an_odd_value_among_pairs_of_spacy_is_named(tmp_path):
    pairs: list[object] = [
        [f"Ada came on day {n}", {"entities": [[0, 3, "PER"]]}] for n in range(20)
    ]
    pairs[4] = pairs[5:7]
    file = tmp_path / "annotations.json"
    file.write_text(json.dumps({"classes": ["PER"], "annotations": pairs}))
    with pytest.raises(DataError, match=r'row 5: expected \[text, \{"entities"'):
        checked(file)
    assert read_as(checked(file, faulty="skip")) == ("tags", "text", "entities", 19)


def test_tags_that_are_all_the_same_are_not_taken_where_others_differ(tmp_path):
    words = [["Ada", "came", "to", "Oslo", str(n)] for n in range(20)]
    columns = {"tokens": words, "ner_tags": [[1, 0, 0, 2, 0]] * 20, "langs": [["en"] * 5] * 20}
    pq.write_table(pa.table(columns), tmp_path / "train.parquet")
    found = checked(tmp_path / "train.parquet")
    assert read_as(found) == ("tags", "tokens", "ner_tags", 20)
    assert "`--label langs`" in found.contract.doubts[0]


def test_lists_of_numbers_that_repeat_are_no_labels_of_a_text(tmp_path, prose):
    rows = [{"text": prose(n % 4 + 3), "labels": [0] * (n % 4) + [1, 1, 0]} for n in range(40)]
    file = in_lines(tmp_path, "marked.jsonl", rows)
    with pytest.raises(DataError, match=r"one value for each word .*another column with --label"):
        checked(file)


def test_free_text_is_no_label_whatever_it_is_called(tmp_path, prose):
    rows = [{"source": prose(), "label": [f"{prose(4)} {n}"]} for n in range(40)]
    found = checked(in_lines(tmp_path, "summaries.jsonl", rows))
    assert found.contract.task == "plain"
    assert any("'label' is text too" in doubt for doubt in found.contract.doubts)


def test_lists_of_codes_are_labels_though_each_is_rare(tmp_path, prose):
    rows = [
        {"text": prose(), "intents": [("ask", "say")[n // 2 % 2], f"of_{n // 2}"]}
        for n in range(40)
    ]
    found = checked(in_lines(tmp_path, "intents.jsonl", rows))
    assert read_as(found) == ("multi", "text", "intents", 40)


def test_the_name_of_a_class_is_taken_rather_than_its_number(tmp_path, prose):
    rows = [
        {"text": prose(), "label": {"id": n % 2, "name": ("bad", "good")[n % 2]}} for n in range(40)
    ]
    assert set(checked(in_lines(tmp_path, "nested.jsonl", rows)).labels) == {"bad", "good"}


def test_answers_that_stand_in_a_list_to_choose_from_are_refused(tmp_path):
    rows = [
        {"query": f"born in {n}", "candidates": ["Oslo", "Rome", f"Bern {n}"], "answer": "Rome"}
        for n in range(20)
    ]
    with pytest.raises(DataError, match=r"'candidates' look like answers to choose from"):
        checked(in_lines(tmp_path, "hops.jsonl", rows))


def test_pieces_of_texts_that_are_not_there_are_refused(tmp_path):
    pieces = [WORDS[n % 12] + (f" of {n}" if n % 2 else "") for n in range(40)]
    rows = [f"{n},{n + len(piece)},{piece},{'AB'[n % 3 == 0]}" for n, piece in enumerate(pieces)]
    file = tmp_path / "spans.csv"
    file.write_text("\n".join(["start,end,label_text,label", *rows]))
    with pytest.raises(DataError, match=r"'label_text' holds what stands from 'start' to 'end'"):
        checked(file)
    assert checked(file, text="label_text").contract.label == ("label",)


def test_sentences_beside_their_places_are_texts(tmp_path, prose):
    texts = [f"{prose()} {n}" for n in range(40)]
    rows = [f"{n},{n + len(text)},{text},{'AB'[n % 3 == 0]}" for n, text in enumerate(texts)]
    file = tmp_path / "roles.csv"
    file.write_text("\n".join(["start,end,sentence,label", *rows]))
    assert read_as(checked(file)) == ("single", "sentence", "label", 40)


def test_labels_of_fasttext_may_be_numbers_of_any_range(tmp_path, prose):
    lines = [f"__label__{0.31 + 0.017 * n:.3f} {prose()}" for n in range(40)]
    (tmp_path / "scored.txt").write_text("\n".join(lines))
    assert read_as(checked(tmp_path / "scored.txt")) == ("number", "text", "label", 40)


def test_texts_that_begin_with_few_words_are_asked_about(tmp_path, prose):
    lines = [f"{('[bad]', '[good]')[n % 2]} {prose()}" for n in range(40)]
    (tmp_path / "lines.txt").write_text("\n".join(lines))
    doubts = checked(tmp_path / "lines.txt").contract.doubts
    assert "begins with one of 2 words in every row ('[bad]', '[good]')" in doubts[0]


def test_marks_of_opennlp_become_spans(tmp_path):
    lines = [f"<START:person> Ada <END> met Bo in <START:place> Oslo <END> {n} ." for n in range(9)]
    (tmp_path / "train.txt").write_text("\n".join(lines))
    row = next(iter(sources.read(tmp_path / "train.txt").rows()))
    assert row.cells[0] == "Ada met Bo in Oslo 0 ."
    assert [(one["start"], one["end"], one["label"]) for one in json.loads(row.cells[1])] == [
        (0, 3, "person"),
        (14, 18, "place"),
    ]


def test_a_line_with_more_columns_above_each_sentence_says_something_of_it(tmp_path):
    sentence = "".join(f"{word}\t{('Eng', 'Hin')[at % 2]}\n" for at, word in enumerate(WORDS))
    (tmp_path / "mixed.txt").write_text(
        "".join(f"meta\t{n}\t{('good', 'bad')[n % 2]}\n{sentence}\n" for n in range(20))
    )
    found = checked(tmp_path / "mixed.txt")
    assert (found.contract.text, found.rows) == (("text",), 20)
    assert dict(found.labels) == {"good": 10, "bad": 10}


def test_conllu_without_columns_in_common_is_refused(tmp_path):
    lines = [f"{n}\tword\t_" + "\t_" * (n % 5) for n in range(1, 40)]
    (tmp_path / "roles.conllu").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"roles\.conllu: most of its lines differ in their"):
        checked(tmp_path / "roles.conllu")


def test_sentences_beside_tags_in_conllu_are_told_as_such(tmp_path, prose):
    lines = [f"{prose()}\t{('good', 'bad')[n % 2]}" for n in range(40)]
    (tmp_path / "said.conllu").write_text("\n".join(lines))
    with pytest.raises(DataError, match=r"said\.conllu: its lines hold whole sentences; .*\.tsv"):
        checked(tmp_path / "said.conllu")


def test_a_first_text_in_a_script_without_spaces_is_no_header(tmp_path):
    texts = [f"这家餐厅的服务员态度非常好而且菜品也很新鲜{n}" for n in range(9)]
    (tmp_path / "texts.csv").write_text("\n".join(texts), encoding="utf-8")
    assert checked(tmp_path / "texts.csv").rows == 9


@pytest.mark.parametrize("share", [1, 3])
def test_types_of_entities_are_known_by_their_names_however_many_words_are_outside(tmp_path, share):
    words = ["the\tperson"] * share + ["old\tperson", "left\tO", "Oslo\tplace", "now\ttime", ""]
    (tmp_path / "news.tsv").write_text("\n".join(words * 12))
    found = checked(tmp_path / "news.tsv")
    assert read_as(found) == ("tags", "1", "2", 12)
    assert found.labels == {"person": 12, "place": 12, "time": 12}


def test_rows_of_yaml_are_those_of_json_and_their_words_stay_as_they_are(tmp_path, prose):
    rows = [f"- text: {prose()} {n}\n  label: {('no', 'yes')[n % 2]}\n" for n in range(40)]
    file = tmp_path / "rows.yaml"
    file.write_text(f"# of harbours\n---\n{''.join(rows)}")
    assert read_as(checked(file)) == ("single", "text", "label", 40)
    assert checked(file).labels == {"no": 20, "yes": 20}
    file.write_text("".join(f"- text: Ada {prose()}\n  label: [[0, 3, PER]]\n" for _ in range(40)))
    assert read_as(checked(file)) == ("tags", "text", "label", 40)
    lists = [
        f"{name}:\n" + "".join(f"  - {prose()}\n" for _ in range(n))
        for name, n in [("a", 20), ("b", 21)]
    ]
    file.write_text("".join(lists))
    assert checked(file).labels == {"a": 20, "b": 21}


def test_rows_of_yaml_are_known_in_a_file_of_text_and_lists_of_prose_are_not(tmp_path, prose):
    rows = [f"- text: {prose()} {n}\n  label: {('no', 'yes')[n % 2]}\n" for n in range(40)]
    file = tmp_path / "rows.txt"
    file.write_text(f"# of harbours\n{''.join(rows)}")
    assert read_as(checked(file)) == ("single", "text", "label", 40)
    file.write_text("".join(f"- {prose()}: {prose()}\n  {prose()}\n" for _ in range(20)))
    assert len(list(sources.read(file).rows())) == 40


def test_lists_under_the_ids_of_rows_are_rows_in_parts_too(tmp_path, prose):
    rows = {f"said{n}": [f"{prose()} {n}", ("low", "high")[n % 2]] for n in range(40)}
    for value in (rows, {"train": rows, "dev": dict([*rows.items()][:9])}):
        file = in_lines(tmp_path, "said.json", [value])
        assert read_as(checked(file)) == ("single", "1", "2", 40)
        assert next(sources.read(file).rows()).cells == ("said0", *rows["said0"])


def test_objects_under_names_of_their_own_are_rows_and_no_columns(tmp_path, prose):
    rows = {f"said{n}": {"text": prose(), "mood": ("low", "high")[n % 2]} for n in range(100)}
    file = in_lines(tmp_path, "said.json", [{"dev": rows}])
    assert read_as(checked(file)) == ("single", "text", "mood", 100)
    assert not flat.nested([rows])  # which asks every name of every other


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- text: a\n  label: b\n  text: c\n", r"a\.yml:1: the key 'text' stands twice"),
        (
            "- text: &x a b\n- text: *x\n",
            r"a\.yml:2: refers to what stands elsewhere .*write it out",
        ),
        ("- text: it says: no\n", r"a\.yml:1: this is no YAML .*needs quotes"),
        (f"- {'[' * 9_000}{']' * 9_000}", r"a\.yml:1: lists lie within lists too often"),
        ("- \n- \n", r"a\.yml:1: no JSON object but null"),
        ("version: 3\nparts:\n  web: {}\n", r"no rows with a text were found .*'version', 'parts'"),
        ("a text alone\n", r"this is YAML without rows"),
    ],
)
def test_yaml_that_is_no_rows_is_named_with_its_line(tmp_path, text, said):
    (tmp_path / "a.yml").write_text(text)
    with pytest.raises(DataError, match=said):
        checked(tmp_path / "a.yml")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "a.arff",
            "% of spam\n@relation mail\n\n@attribute text string\n",
            r"file of Weka \(ARFF\)",
        ),
        ("a.txt", "1 3:0.5 7:1\n-1 2:0.25 9:1.5\n" * 9, "numbers without its texts"),
        ("a.toml", '[[rows]]\ntext = "a text"\nlabel = "a"\n' * 9, "this is TOML"),
        ("a.html", "<table><tr><td>a text<td>a</table>", "this is a web page"),
        ("a.txt", repr([("a text", "a"), ("b text", "b")]), "text of Python"),
        ("a.py", f"DATA = {[('a text', 'a'), ('b text', 'b')]}", "gives the values a name"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said):
        checked(tmp_path / name)

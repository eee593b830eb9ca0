"""Layouts of public data sets, remade in few words, are read as they are meant."""

import json

import pytest

from made_tables import checked, read_as
from textune.errors import DataError
from textune.reading import sources

CITIES = ["Oslo", "Lima", "Rome", "Bern"]


def saved(folder, name: str, lines: list[str]):
    file = folder / name
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def test_objects_beside_a_text_are_neither_its_label_nor_a_second_text(tmp_path):
    rows = [
        {
            "said": {"text": f"a coach to {CITIES[n % 4]} on day {n}"},
            "context": {"asked": [["from"], ["to", "from"]][n % 2]} if n % 3 == 0 else {},
            "labels": [{"slot": "to", "valueSpan": {"startIndex": 11, "endIndex": 15}}],
        }
        for n in range(40)
    ]
    file = tmp_path / "slots.json"
    file.write_text(json.dumps(rows))
    found = checked(file)
    assert read_as(found) == ("tags", "said.text", "labels", 40)
    assert "context" in found.left_out
    assert dict(found.labels) == {"to": 40}


def test_lists_of_objects_that_are_often_empty_are_no_text(tmp_path):
    opinion = {"Target": [["film"], ["4:8"]], "Polarity": "good"}
    rows = [
        {"text": f"the film of day {n}", "opinions": [opinion] if n % 3 == 0 else []}
        for n in range(40)
    ]
    file = tmp_path / "opinions.json"
    file.write_text(json.dumps(rows))
    found = checked(file)
    assert (found.contract.task, found.contract.text) == ("plain", ("text",))
    assert "opinions" in found.left_out


def test_places_that_stand_in_a_list_are_spans(tmp_path):
    rows = [
        {
            "curid": 900 + 7 * n,
            "text": f"{CITIES[n % 4]} in spring {n}",
            "entities": [{"name": CITIES[n % 4], "span": [0, 4], "type": "place"}],
        }
        for n in range(30)
    ]
    file = tmp_path / "ner.json"
    file.write_text(json.dumps(rows))
    found = checked(file)
    assert read_as(found) == ("tags", "text", "entities", 30)
    assert dict(found.labels) == {"place": 30}


def test_a_label_of_prodigy_beside_empty_spans_is_the_label(tmp_path):
    answers = ("accept", "reject", "ignore")
    lines = [
        {"text": f"text {n} here", "label": "RUDE", "spans": [], "answer": answers[n % 3]}
        for n in range(30)
    ]
    found = checked(saved(tmp_path, "rude.jsonl", list(map(json.dumps, lines))))
    assert read_as(found) == ("single", "text", "label", 20)
    assert dict(found.labels) == {"RUDE": 10, "not RUDE": 10}


def test_sentences_beside_tags_with_the_letter_last_are_tagged(tmp_path):
    lines = [f"{CITIES[n % 4]} is near {n}\tLOC-B O O NUM-B" for n in range(30)]
    found = checked(saved(tmp_path, "test.tsv", lines))
    assert read_as(found) == ("tags", "1", "2", 30)
    assert dict(found.labels) == {"LOC": 30, "NUM": 30}


@pytest.mark.parametrize("name", ["train.iob", "train.tsv"])
def test_sentences_between_bos_and_eos_lose_them(tmp_path, name):
    lines = [f"BOS fly to {CITIES[n % 4]} {n} EOS\tO O O B-city O" for n in range(30)]
    found = checked(saved(tmp_path, name, lines))
    assert read_as(found) == ("tags", "words", "tags", 30)
    first = next(iter(sources.read(tmp_path / name).rows()))
    assert first.cells == ('["fly", "to", "Oslo", "0"]', '["O", "O", "B-city", "O"]')


def test_a_tag_for_eos_is_the_intent(tmp_path):
    lines = [
        f"BOS fly to {CITIES[n % 4]} {n} EOS\tO O O B-city O {('flight', 'fare')[n % 2]}"
        for n in range(30)
    ]
    found = checked(saved(tmp_path, "train.iob", lines))
    assert read_as(found) == ("tags", "words", "tags", 30)
    assert any("'intent' could be the one label" in doubt for doubt in found.contract.doubts)
    other = checked(tmp_path / "train.iob", text="text", label="intent", task="single")
    assert dict(other.labels) == {"fare": 15, "flight": 15}


def test_types_alone_beside_zeros_are_entities(tmp_path):
    lines = [
        line
        for n in range(60)
        for line in (
            "We   0",
            "saw  0",
            *(["Eve PER", "Moss  PER"] if n % 3 == 0 else []),
            ". 0",
            "",
        )
    ]
    found = checked(saved(tmp_path, "corpus.txt", lines))
    assert read_as(found) == ("tags", "1", "2", 60)
    assert dict(found.labels) == {"PER": 20}


def test_the_last_of_chunks_and_entities_holds_the_entities(tmp_path):
    lines = [
        line
        for n in range(20)
        for line in ("Eve NNP B-NP B-PER", "saw VBD B-VP O", "a DT B-NP O", f"dog{n} NN I-NP O", "")
    ]
    found = checked(saved(tmp_path, "eng.txt", ["-DOCSTART- -X- -X- O", "", *lines]))
    assert read_as(found) == ("tags", "1", "4", 20)
    assert any("'3' could hold the tags" in doubt for doubt in found.contract.doubts)


def test_names_above_columns_of_tags_are_no_word_and_letters_come_before_remarks(tmp_path):
    words = ("Eve\tB-pers\t_\t_", "saw\tO\t_\tNoSpace", "it\tO\t_\tEnd")
    lines = [
        "TOKEN\tNE-COARSE\tNE-METO\tMISC",
        "# a = b",
        *[x for _ in range(9) for x in (*words, "")],
    ]
    found = checked(saved(tmp_path, "hipe.tsv", lines))
    assert read_as(found) == ("tags", "TOKEN", "NE-COARSE", 9)
    assert dict(found.labels) == {"pers": 9}


def test_comments_of_two_signs_are_no_words(tmp_path):
    head = ["## parted by: \\t", "## columns: CHAR\tTAG"]
    lines = [
        line
        for n in range(12)
        for line in (
            f"## s{n}-news\t<Eve:PS> saw.",
            "E\tB-PS",
            "v\tI-PS",
            "e\tI-PS",
            " \tO",
            "s\tO",
            "",
        )
    ]
    found = checked(saved(tmp_path, "chars.tsv", [*head, *lines]))
    assert read_as(found) == ("tags", "1", "2", 12)
    assert dict(found.labels) == {"PS": 12}


@pytest.mark.parametrize("labels", [("NUM:dist", "HUM:ind", "LOC:city"), ("0", "1", "2")])
def test_lines_that_begin_with_their_class_are_parted(tmp_path, labels):
    lines = [f"{labels[n % 3]} How far is it from here to {n} ?" for n in range(30)]
    found = checked(saved(tmp_path, "TREC.test", lines))
    assert read_as(found) == ("single", "text", "label", 30)
    assert set(found.labels) == set(labels)


def test_numbered_lines_are_texts_as_they_are(tmp_path):
    found = checked(
        saved(tmp_path, "list.txt", [f"{n} is the number of this line" for n in range(30)])
    )
    assert found.contract.task == "plain"


def test_tags_behind_number_signs_are_those_of_words(tmp_path):
    lines = [f"The fan is loud {n}.####The=O fan=T-NEG is=O loud=O {n}=O .=O" for n in range(20)]
    found = checked(saved(tmp_path, "train.txt", lines))
    assert read_as(found) == ("tags", "words", "targets", 20)
    assert dict(found.labels) == {"NEG": 20}


def test_triplets_behind_number_signs_are_refused_for_what_they_are(tmp_path):
    lines = [f"The fan is loud {n} .####[([1], [3], 'NEG')]" for n in range(20)]
    with pytest.raises(DataError, match="triplets of a term, an opinion and a polarity"):
        checked(saved(tmp_path, "train.txt", lines))


def test_three_lines_an_example_are_a_sentence_its_term_and_its_polarity(tmp_path):
    lines = [
        line
        for n in range(20)
        for line in (
            f"The $T$ is loud , and day {n} was long .",
            f"{CITIES[n % 4]} disk {n}",
            str(n % 3 - 1),
        )
    ]
    found = checked(saved(tmp_path, "train.xml.seg", lines))
    assert read_as(found) == ("single", "text|aspect", "polarity", 20)
    first = next(iter(sources.read(tmp_path / "train.xml.seg").rows()))
    assert first.cells[0] == "The Oslo disk 0 is loud , and day 0 was long ."
    torn = saved(tmp_path, "torn.seg", lines[:-1])
    with pytest.raises(DataError, match="the last example has 2 of its 3 lines"):
        checked(torn)


def test_a_list_to_choose_from_beside_its_letter_is_refused(tmp_path):
    lines = [
        {
            "question": f"How much is {n} and two more of these?",
            "options": [f"A){n}", f"B){n + 2}", f"C){n + 4}"],
            "correct": "ABC"[n % 3],
        }
        for n in range(30)
    ]
    with pytest.raises(DataError, match="'options' look like answers to choose from"):
        checked(saved(tmp_path, "dev.json", list(map(json.dumps, lines))))


def test_intents_of_a_bot_hold_their_texts(tmp_path):
    intents = [
        {"tag": tag, "patterns": [f"{tag} now", f"please {tag}", tag], "responses": ["well"]}
        for tag in ("open", "close", "wait")
    ]
    file = tmp_path / "intents.json"
    file.write_text(json.dumps({"intents": intents}))
    found = checked(file)
    assert read_as(found) == ("single", "text", "intent", 9)
    assert any("responses (3)" in finding.message for finding in found.findings)


@pytest.mark.parametrize("torn", ["dog", "/NN", "dog/"])
def test_a_word_without_a_tag_among_words_with_one_is_named(tmp_path, torn):
    lines = [f"The/DT dog/NN runs/VB fast/RB number/NN {n}/CD" for n in range(40)]
    file = saved(tmp_path, "tagged.txt", [*lines, f"The/DT {torn} runs/VB"])
    with pytest.raises(DataError, match=rf"tagged\.txt:41: expected word/TAG, found '{torn}'"):
        list(sources.read(file).rows())


def test_rows_with_a_list_of_texts_and_a_label_are_no_intents_of_a_bot(tmp_path):
    rows = [
        {"name": f"n{n}", "text": f"it rains on {n}", "examples": ["a", "b"], "label": "ab"[n % 2]}
        for n in range(20)
    ]
    file = saved(tmp_path, "rows.jsonl", [json.dumps(row) for row in rows])
    assert read_as(checked(file)) == ("single", "text", "label", 20)


def test_pairs_in_xml_are_read_with_what_they_say(tmp_path):
    pairs = "".join(
        f'<pair entailment="{("YES", "NO")[n % 2]}" id="{n}" task="IR"><t>it rains on {n}</t>'
        f"<h>it is wet {n}</h></pair>"
        for n in range(20)
    )
    file = tmp_path / "rte.xml"
    file.write_text(f"<?xml version='1.0'?><entailment-corpus>{pairs}</entailment-corpus>")
    found = checked(file)
    assert read_as(found) == ("single", "text|hypothesis", "entailment", 20)
    assert dict(found.labels) == {"YES": 10, "NO": 10}


def test_lines_of_python_lists_are_refused_with_the_command_for_lines(tmp_path):
    lines = [f"['{900 + n}', 'what a day {n}', {n % 2}]" for n in range(20)]
    with pytest.raises(DataError, match=r"for line in sys\.stdin"):
        checked(saved(tmp_path, "valid.txt", lines))


def test_a_question_beside_tagged_words_is_a_doubt(tmp_path):
    rows = [
        f"\"['Who', 'left', 'on', '{n}', '?']\",\"['Eve', 'left', 'on', '{n}']\","
        "\"['B', 'O', 'O', 'O']\""
        for n in range(20)
    ]
    found = checked(saved(tmp_path, "qa.csv", ["question,passage,seq_label", *rows]))
    assert read_as(found) == ("tags", "passage", "seq_label", 20)
    assert any("'question' is left out" in doubt for doubt in found.contract.doubts)


def test_places_in_brat_count_the_marks_inside_a_text(tmp_path):
    (tmp_path / "a.txt").write_text("It rains.\n\ufeffEve Moss left.\n", encoding="utf-8")
    (tmp_path / "a.ann").write_text("T1\tPER 11 19\tEve Moss\n", encoding="utf-8")
    found = checked(tmp_path)
    assert dict(found.labels) == {"PER": 1}


def test_entities_of_words_that_overlap_a_longer_one_are_said(tmp_path):
    row = {"tokens": ["the", "bank", "of", "Rome"], "entities": [[1, 3, "ORG"], [3, 3, "LOC"]]}
    found = checked(saved(tmp_path, "nested.jsonl", [json.dumps(row)] * 5))
    assert dict(found.labels) == {"ORG": 5}
    assert any("entities that overlap a longer one (5)" in f.message for f in found.findings)


def test_places_that_number_words_are_found_by_their_text(tmp_path):
    rows = [
        {
            "text": f"when is the next train to {CITIES[n % 4]} Ost?",
            "intent": ("ask", "go")[n % 2],
            "entities": [{"entity": "stop", "start": 6, "stop": 7, "text": f"{CITIES[n % 4]} Ost"}],
        }
        for n in range(20)
    ]
    file = tmp_path / "corpus.json"
    file.write_text(json.dumps({"name": "corpus", "lang": "en", "sentences": rows}))
    found = checked(file)
    assert read_as(found) == ("tags", "text", "entities", 20)
    assert dict(found.labels) == {"stop": 20}
    first = next(iter(sources.read(file).rows()))
    assert '"start": 26, "end": 34' in first.cells[-1]


def test_an_opinion_on_nothing_marks_nothing_wherever_it_is_said_to_be(tmp_path):
    opinion = '<Opinion target="{}" category="FOOD" polarity="good" from="{}" to="{}"/>'
    marks = opinion.format("soup", 4, 8) + opinion.format("NULL", 0, 12)
    sentences = "".join(
        f'<sentence id="{n}"><text>The soup is {n}</text><Opinions>{marks}</Opinions></sentence>'
        for n in range(12)
    )
    file = tmp_path / "test.xml"
    file.write_text(f"<Reviews><Review><sentences>{sentences}</sentences></Review></Reviews>")
    assert dict(checked(file).labels) == {"good": 12}


def test_words_with_a_slash_and_their_tag_are_tagged_words(tmp_path):
    lines = [f"The/DT dog/NN saw/VBD {CITIES[n % 4]}/NNP ./." for n in range(20)]
    found = checked(saved(tmp_path, "brown.txt", lines))
    assert read_as(found) == ("tags", "words", "tags", 20)
    assert set(found.labels) == {"DT", "NN", "VBD", "NNP", "."}


def test_lines_of_addresses_are_no_tagged_words(tmp_path):
    lines = [f"see https://example.org/{n} and/or write to us" for n in range(20)]
    assert checked(saved(tmp_path, "notes.txt", lines)).contract.task == "plain"


def test_yaml_of_conversations_has_no_labels(tmp_path):
    lines = ["categories:", "- food", "conversations:", "- - What do you eat?", "  - Bread."]
    found = checked(saved(tmp_path, "food.yml", lines))
    assert found.contract.task == "plain"


def test_texts_with_commas_in_a_file_of_unknown_ending_are_lines(tmp_path):
    lines = [f'a "film" , of day {n} , and more' + " , or less" * (n % 3) for n in range(30)]
    found = checked(saved(tmp_path, "polarity.pos", lines))
    assert (found.contract.task, found.rows) == ("plain", 30)
    table = [f'"a, b {n}",{("x", "y")[n % 2]}' for n in range(30)]
    named = checked(saved(tmp_path, "data.unknown", ["text,label", *table]))
    assert read_as(named) == ("single", "text", "label", 30)


def test_a_table_beside_another_is_no_file_of_its_labels(tmp_path):
    rows = [f"a text of day {n},{('good', 'bad')[n % 2]}" for n in range(20)]
    saved(tmp_path, "intents.csv", ["text,topic", *(row.replace("good", "go") for row in rows)])
    found = checked(saved(tmp_path, "reviews.csv", ["text,label", *rows]))
    assert dict(found.labels) == {"bad": 10, "good": 10}
    assert found.rows == 20


def test_lines_of_fasttext_are_whole_whatever_signs_they_hold(tmp_path):
    file = tmp_path / "data.txt"
    names = ("good", "bad", "good", "bad")
    rows = [f"__label__{name} row {place} says | here" for place, name in enumerate(names)]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    table = sources.read(file)
    assert table.columns == ("text", "label")
    assert [row.cells[1] for row in table.rows()] == list(names)

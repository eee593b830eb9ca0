"""Files that could be taken for something else, or that leave open what is meant."""

import json

import pytest

import textune
from textune.errors import DataError
from textune.reading import sources
from textune.survey.agreement import agree

TEXT = "Ann Moss went, home to Oslo"
TAGS = "B-PER I-PER O O O B-LOC"


@pytest.mark.parametrize("sign", [",", ";", "|"])
def test_a_table_of_texts_and_tags_is_no_file_of_words_whatever_parts_its_cells(tmp_path, sign):
    file = tmp_path / "data.csv"
    quoted = f'"{TEXT}"' if sign == "," else TEXT
    first = sign.join(("id", "words", "ner"))
    file.write_text(f"{first}\n" + "".join(f"{n}{sign}{quoted}{sign}{TAGS}\n" for n in range(30)))
    found = textune.check(file)
    assert (found.contract.task, found.rows, found.labels) == ("tags", 30, {"PER": 30, "LOC": 30})


def test_spaces_among_letters_do_not_hide_that_words_are_letters(tmp_path):
    file = tmp_path / "data.jsonl"
    words = list("Ann went to see the old man")
    row = {"tokens": words, "ner_tags": ["B-PER"] + ["O"] * (len(words) - 1)}
    file.write_text(f"{json.dumps(row)}\n" * 20)
    found = [finding.message for finding in textune.check(file).findings]
    assert any("are single letters" in message for message in found)


def test_blank_labels_name_the_option_that_leaves_their_rows_out(tmp_path):
    file = tmp_path / "data.csv"
    file.write_text("text,my label\n" + "a good film,x\na bad film,y\nno film,\n" * 10)
    with pytest.raises(DataError, match="--skip 'my label='"):
        textune.check(file)
    assert textune.check(file, skip="my label=").rows == 20


@pytest.mark.parametrize("name", ["is_impossible", "impossible"])
def test_answers_of_questions_that_a_column_calls_impossible_are_said(tmp_path, name):
    file = tmp_path / "data.csv"
    rows = [f"Who is it {n}?,here comes k{n} again today,k{n},{n % 3 == 0}\n" for n in range(30)]
    file.write_text(f"question,context,answer,{name}\n" + "".join(rows))
    found = textune.check(file)
    assert found.labels == {"an answer": 20, "no answer": 10}
    said = " ".join(finding.message for finding in found.findings)
    assert "10 places were mended" in said
    assert f"{name} is True: read as having no answer" in said


def test_many_texts_without_a_span_are_asked_about(tmp_path):
    file = tmp_path / "data.jsonl"
    rows = [{"text": f"Ann went {n}", "label": [[0, 3, "PER"]] if n % 3 else []} for n in range(30)]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (asked,) = (each for each in textune.check(file).findings if each.kind == "unlabelled")
    assert asked.severity == "note"
    assert "'label' is '[]' in 10 of 30 rows" in asked.message
    assert "`--skip 'label=[]'`" in asked.message
    assert textune.check(file, skip="label=[]").rows == 20


def test_words_that_are_too_long_for_names_of_files_are_not_looked_for(tmp_path):
    file = tmp_path / "genes.csv"
    rows = [f"{base * 5000},{n % 2}\n" for n, base in enumerate("ACGT" * 8)]
    file.write_text("gene,label\n" + "".join(rows))
    assert agree(sources.read(file)).contract.text == ("gene",)


def test_a_table_that_names_files_beside_it_says_so(tmp_path):
    (tmp_path / "posts").mkdir()
    for n in range(30):
        (tmp_path / "posts" / f"post_{n}.txt").write_text(f"what people wrote on day {n}")
    file = tmp_path / "labels.csv"
    file.write_text("file_id,label\n" + "".join(f"post_{n},{n % 2}\n" for n in range(30)))
    with pytest.raises(DataError, match=r"'file_id' names files beside it, such as 'posts/post_0"):
        textune.check(file)


def test_words_and_tags_parted_by_a_control_sign_are_words_and_tags(tmp_path):
    words, tags = "王明住北京", ["P-B", "P-I", "T-B", "A1-B", "A1-I"]
    rows = [f"{chr(2).join(words)}\t{chr(2).join(tags)}\n" for _ in range(30)]
    file = tmp_path / "train.txt"
    file.write_text("text_a\tlabel\n" + "".join(rows), encoding="utf-8")
    found = textune.check(file)
    assert (found.contract.task, found.rows) == ("tags", 30)
    assert found.labels == {"A1": 30, "P": 30, "T": 30}


def test_annotations_of_tagtog_are_refused_for_they_hold_no_texts(tmp_path):
    one = {"classId": "e_1", "part": "s1p1", "offsets": [{"start": 4, "text": "Ada"}]}
    held = {"annotatable": {"parts": ["s1p1"]}, "anncomplete": True, "entities": [one] * 20}
    file = tmp_path / "a.ann.json"
    file.write_text(json.dumps({**held, "metas": {}, "relations": []}))
    with pytest.raises(DataError, match=r"a.ann.json: annotations of tagtog, of texts that stand"):
        sources.read(file)


def test_annotations_with_their_texts_are_read_though_tagtog_has_such_keys(tmp_path):
    file = tmp_path / "a.json"
    held = {"annotatable": {"parts": ["s1"]}, "anncomplete": True, "entities": []}
    file.write_text(json.dumps([{**held, "text": f"the bus was late {n}"} for n in range(30)]))
    assert textune.check(file).contract.text == ("text",)

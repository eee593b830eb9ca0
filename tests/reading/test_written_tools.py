"""Files of tools that are neither JSON nor a table: brat, PubTator, Rasa's YAML, spaCy's DocBin."""

import importlib.util
import json

import pytest
from typer.testing import CliRunner

from textune.doors.cli import app
from textune.errors import DataError, MissingExtraError
from textune.reading import sources
from textune.reading.forms import rasa, written
from textune.survey import survey

NOTE = "Dan fell.\nHe had severe back\npain in Rome.\n"


def brat(folder, name, text=NOTE, marks=(), more=""):
    folder.mkdir(exist_ok=True, parents=True)
    lines = [
        f"T{number}\t{kind} {places}\t{words}"
        for number, (kind, places, words) in enumerate(marks, start=1)
    ]
    (folder / f"{name}.txt").write_text(text)
    (folder / f"{name}.ann").write_text("\n".join([*lines, more]) + "\n")


def held(table):
    return [(row.cells[0], json.loads(row.cells[1])) for row in table.rows()]


def test_texts_of_brat_have_the_spans_beside_them(tmp_path):
    at = NOTE.index("back")
    marks = [
        ("PER", "0 3", "Dan"),
        ("SIGN", f"{at} {at + 4};{at + 5} {at + 9}", "back pain"),
        ("SIGN", f"{at - 7} {at - 1};{at + 5} {at + 9}", "severe pain"),
    ]
    others = "R1\tHas Arg1:T1 Arg2:T2\nA1\tNegated T2\n#1\tAnnotatorNotes T1\tsure"
    brat(tmp_path / "notes", "one", marks=marks, more=others)
    brat(tmp_path / "notes" / "more", "two")
    (tmp_path / "notes" / "three.txt").write_text("not yet")
    (tmp_path / "notes" / "annotation.conf").write_text("[entities]\nPER\n")
    table = sources.read(tmp_path / "notes")
    ((_, none), (text, spans)) = held(table)
    assert (text, none) == (NOTE, [])
    assert spans == [
        {"start": 0, "end": 3, "label": "PER", "text": "Dan"},
        {"start": at, "end": at + 9, "label": "SIGN"},
        {"start": at - 7, "end": at - 1, "label": "SIGN"},
        {"start": at + 5, "end": at + 9, "label": "SIGN"},
    ]
    assert [row.origin for row in table.rows()] == ["more/two.txt", "one.txt"]
    assert [finding.message for finding in table.findings] == [
        "what is not read is left out: relations (1), attributes (1), notes (1)",
        "1 span has a gap: each part is marked by itself; first: one.ann",
        "without an .ann, so not annotated, and left out: 1 of the texts; first: three.txt",
    ]
    assert held(sources.read(tmp_path / "notes" / "one.ann")) == [(NOTE, spans)]


def test_the_part_of_brat_that_is_learned_from(tmp_path):
    for part in ("train", "dev"):
        brat(tmp_path / part, "a", text=f"Dan of {part}", marks=[("PER", "0 3", "Dan")])
    table = sources.read(tmp_path)
    assert [text for text, _ in held(table)] == ["Dan of train"]
    assert any("the part 'train' is read; the others may be named" in why for why in table.reasons)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T1\tPER 0 x\tDan", r"a.ann:1: expected a number, a type with start and end"),
        ("T1\tPER 0 900\tDan", r"a.txt: .*span 1: 0–900 \(PER\) does not lie in the text"),
        ("T1\tPER 0 4\tDan", r"a.txt: .*0–4 \(PER\) should be 'Dan'"),
    ],
)
def test_a_fault_in_annotations_of_brat_has_its_place(tmp_path, line, message):
    brat(tmp_path / "notes", "a", more=line)
    (tmp_path / "notes" / "a.ann").write_text(f"{line}\nT2\tPER 10 12\tHe\n")
    with pytest.raises(DataError, match=message):
        survey.check(tmp_path / "notes", count_tokens=lambda texts: [9] * len(texts))


def test_annotations_of_brat_without_their_text_are_refused(tmp_path):
    (tmp_path / "a.ann").write_text("T1\tPER 0 3\tDan\n")
    with pytest.raises(DataError, match=r"a.ann: there is no a.txt beside it"):
        sources.read(tmp_path / "a.ann")


PUBTATOR = """\
7|t|Dan fell.
7|a|He had back pain.
7\t0\t3\tDan\tPER\t-
7\t17\t26\tback pain\tSIGN\tD1
7\tCID\tD1\tD2
7\tAssociation\tD1\tD2\tNovel

8|t|No abstract
8|a|
"""


def test_pubtator_has_title_and_abstract_as_one_text(tmp_path):
    file = tmp_path / "set.PubTator.txt"
    file.write_text(PUBTATOR)
    table = sources.read(file)
    spans = [
        {"start": 0, "end": 3, "label": "PER", "text": "Dan"},
        {"start": 17, "end": 26, "label": "SIGN", "text": "back pain"},
    ]
    rows = [(row.origin, *row.cells[:2], json.loads(row.cells[2])) for row in table.rows()]
    assert rows == [
        ("set.PubTator.txt:1", "7", "Dan fell. He had back pain.", spans),
        ("set.PubTator.txt:8", "8", "No abstract ", []),
    ]
    assert "relations between entities (2)" in table.findings[0].message
    file.write_text(PUBTATOR + "8\tx\t3\tNo\tPER\t-\n")
    with pytest.raises(DataError, match=r"txt:10: expected number, start, end, words and type"):
        list(sources.read(file).rows())


NLU = """\
version: "3.1"
# trained in spring

nlu:
- intent: travel
  examples: |
    - take me to [Rome]{"entity": "city", "role": "to"}
    - from [Rome](city) to [NY](city:new york), please
    - somewhere else

- intent: faq/hours
  examples:
  - text: |
      when do you open
    metadata:
      sentiment: neutral
- synonym: new york
  examples: |
    - NY
- lookup: city
  examples: |
    - Rome
"""


def test_rasa_has_an_intent_and_entities_a_line(tmp_path):
    file = tmp_path / "nlu.yml"
    file.write_text(NLU)
    table = sources.read(file)
    assert table.columns == ("text", "intent", "entities")
    rows = [(row.origin, *row.cells[:2], json.loads(row.cells[2])) for row in table.rows()]
    city = {"label": "city"}
    assert rows == [
        ("nlu.yml:7", "take me to Rome", "travel", [{"start": 11, "end": 15, **city}]),
        (
            "nlu.yml:8",
            "from Rome to NY, please",
            "travel",
            [{"start": 5, "end": 9, **city}, {"start": 13, "end": 15, **city}],
        ),
        ("nlu.yml:9", "somewhere else", "travel", []),
        ("nlu.yml:13", "when do you open", "faq/hours", []),
    ]
    assert table.findings[0].message == (
        "what is not read is left out: lists of synonym (1), lists of lookup (1)"
    )
    found = survey.check(file, count_tokens=lambda texts: [9] * len(texts))
    assert found.contract.task == "tags"
    assert "--label intent" in found.contract.doubts[0]


def test_rasa_without_entities_has_intents_alone(tmp_path):
    file = tmp_path / "nlu.yaml"
    file.write_text("nlu:\n- intent: a\n  examples: |\n    - one text\n    - another one\n")
    assert sources.read(file).columns == ("text", "intent")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"role": "to"}', '"role": to}', r"nlu.yml:7: an entity is written \[words\]\(name\)"),
        ("- intent: faq/hours", "- intent: [faq", r"nlu.yml:\d+: this is no YAML"),
        ("intent:", "story:", r"nlu.yml:\d+: examples without an intent .*'story'"),
    ],
)
def test_a_fault_in_rasa_has_its_place(tmp_path, old, new, message):
    file = tmp_path / "nlu.yml"
    file.write_text(NLU.replace(old, new))
    with pytest.raises(DataError, match=message):
        list(sources.read(file).rows())


def test_marks_of_several_entities_at_one_place():
    text, spans = rasa.unmarked('go to [Rome][{"entity": "city"}, {"entity": "goal"}] [now]')
    assert text == "go to Rome [now]"
    assert [(span["start"], span["end"], span["label"]) for span in spans] == [
        (6, 10, "city"),
        (6, 10, "goal"),
    ]


OLD_WEBANNO = """\
 # ner.type.NamedEntity | value # pos.POS | PosValue # dep.Dep | Kind | AttachTo=pos.POS
#id=1
#text=Dan saw New Rome
1-1\tDan\tB-PER\tNN\tnsubj\t1-2\t
1-2\tsaw\tO\tVB\tROOT\t1-2\t
1-3\tNew\tB-LOC|B-NAME\tNN\tdobj\t1-2\t
1-4\tRome\tI-LOC|I-NAME\tNN\tdobj\t1-2\t

#id=2
#text=Eve
2-1\tEve\tB-PER\tNN\t_\t_\t
"""


def test_old_webanno_has_its_features_and_no_relations(tmp_path):
    file = tmp_path / "doc.tsv"
    file.write_text(OLD_WEBANNO)
    table = sources.read(file)
    assert table.columns == ("word", "value", "PosValue")
    assert [[json.loads(cell) for cell in row.cells][:2] for row in table.rows()] == [
        [["Dan", "saw", "New", "Rome"], ["B-PER", "O", "B-LOC", "I-LOC"]],
        [["Eve"], ["B-PER"]],
    ]
    assert "marks stacked on others (2)" in table.findings[0].message
    file.write_text(OLD_WEBANNO + "2-2\tMoss\n")
    with pytest.raises(DataError, match=r"doc.tsv:12: expected the number of a word, the word and"):
        list(sources.read(file).rows())


CONLLU = """\
# sent_id = 1
1\tDan\tDan\tPROPN\tNNP\t_\t2\tnsubj\t_\tNER=B-PER
2\tmet\tmeet\tVERB\tVBD\t_\t0\troot\t_\tSpaceAfter=No|NER=O
3-4\tEves\t_\t_\t_\t_\t_\t_\t_\t_
3\tEve\tEve\tPROPN\tNNP\t_\t2\tobj\t_\tNER=B-PER|SpaceAfter=No
3.1\twas\tbe\tAUX\t_\t_\t_\t_\t_\t_
4\t.\t.\tPUNCT\t.\t_\t2\tpunct\t_\t_

"""


def test_entities_in_the_last_column_of_conllu_are_tags(tmp_path):
    file = tmp_path / "train.conllu"
    file.write_text(CONLLU * 12)
    found = survey.check(file, count_tokens=lambda texts: [9] * len(texts))
    assert (found.contract.text, found.contract.label) == (("2",), ("NER",))
    assert dict(found.labels) == {"PER": 24}
    assert next(found.table.rows()).cells[-1] == '["B-PER", "O", "B-PER", "O"]'
    assert "--label 4" in " ".join(found.contract.doubts)
    file.write_text(CONLLU.replace("NER=", "Gloss=x-") * 12)
    assert sources.read(file).columns == tuple(map(str, range(1, 11)))


def test_rasa_in_markdown_has_an_intent_a_section(tmp_path):
    file = tmp_path / "nlu.md"
    file.write_text(
        "<!-- ours -->\n## intent:travel\n- to [Rome](city) <!-- there -->\n"
        "* from [NY](city:york)\n\n## synonym:york\n- NY\n\n"
        "## intent:faq/hours\n- when do you open\n"
    )
    table = sources.read(file)
    rows = [(row.origin, *row.cells[:2], json.loads(row.cells[2])) for row in table.rows()]
    assert rows == [
        ("nlu.md:3", "to Rome", "travel", [{"start": 3, "end": 7, "label": "city"}]),
        ("nlu.md:4", "from NY", "travel", [{"start": 5, "end": 7, "label": "city"}]),
        ("nlu.md:10", "when do you open", "faq/hours", []),
    ]
    assert "lists of synonym (1)" in table.findings[0].message
    file.write_text('## intent:travel\n- to [Rome]{"entity": 7}\n- from there\n')
    with pytest.raises(DataError, match=r"nlu.md:2: an entity is written \[words\]\(name\)"):
        list(sources.read(file).rows())
    file.write_text("## synonym:york\n- NY\n")
    with pytest.raises(DataError, match=r"nlu.md: no intent has an example"):
        sources.read(file)


def test_docbin_is_read_where_spacy_is(tmp_path):
    file = tmp_path / "train.spacy"
    if importlib.util.find_spec("spacy") is None:
        file.write_bytes(b"x\x9cwhatever")
        with pytest.raises(MissingExtraError, match=r"read by spaCy.*pip install spacy"):
            sources.read(file)
        return
    spacy = importlib.import_module("spacy")
    doc = spacy.blank("en")("Dan met Eve Moss")
    doc.ents = [doc.char_span(0, 3, label="PER")]
    spacy.tokens.DocBin(docs=[doc]).to_disk(file)
    assert held(sources.read(file)) == [
        ("Dan met Eve Moss", [{"start": 0, "end": 3, "label": "PER"}])
    ]


def test_no_beginning_fits_two_forms(tmp_path):
    assert len(written.FORMS) == 28
    heads = {"a.ann": b"T1\tPER 0 3\tDan", "a.txt": PUBTATOR.encode(), "a.yml": NLU.encode()}
    heads["a.tsv"] = OLD_WEBANNO.encode()
    heads["a.seg"] = b"The $T$ is slow .\nmenu\n-1\n"
    heads["r.txt"] = b'1\t"The <e1>cat</e1> caught a <e2>mouse</e2>."\nOther\nComment:\n'
    heads["a.xml"] = b"<entailment-corpus><pair id='1'>"
    heads["a.arff"] = b"% made\n\n@RELATION reviews\n"
    block = "Ken beat Bo since he is {} .\nhe\nKen,Bo\nKen\n"
    heads["w.txt"] = "\n".join(map(block.format, range(9))).encode()
    heads["b.xml"] = b"<reviews><review>"
    heads["d.xml"] = b"<TEI><teiHeader/>"
    heads["c.xml"] = b"<NAF><text><wf>"
    heads["a.mbox"] = b"From a@b.c Mon Jan  1 00:00:00 2026\nSubject: so\n\nwords\n"
    heads["a.html"] = b"<table><tr><td>text</td></tr></table>"
    heads["a.md"] = b"| text | label |\n| --- | --- |\n| so it was | a |\n| and so | b |\n"
    heads["b.txt"] = b"text: so it was that day\nlabel: a\n\n" * 9
    for name, head in heads.items():
        file = tmp_path / name
        file.write_bytes(head)  # what begins as words in XML is read on, up to the first
        found = [form for form in written.FORMS if form.begins(file, head)]
        assert len(found) == 1, name


def test_a_folder_of_brat_can_be_learned_from(tmp_path, tiny_base):
    for number in range(12):
        brat(tmp_path / "notes", f"n{number:02}", f"Dan fell {number}", [("PER", "0 3", "Dan")])
    options = ["--base", str(tiny_base), "--epochs", "1", "--out", str(tmp_path / "run")]
    options += ["--valid", str(tmp_path / "notes")]
    done = CliRunner().invoke(app, ["train", str(tmp_path / "notes"), *options, "--device", "cpu"])
    assert done.exit_code == 0, done.output


RASA_FAULTS = {
    "a key twice": ("- intent: b\n  examples: |\n", "  examples: |\n", "'examples' stands twice"),
    "no intent": ("- intent: b", "- intend: b", "examples without an intent .*'intend'"),
    "no block": ("- intent: b\n  examples: |", "- b", "no block of an intent and its examples"),
    "no examples": ("  examples: |\n    - two", "    - two", "has no examples"),
}


@pytest.mark.parametrize("name", RASA_FAULTS)
def test_examples_of_rasa_are_not_lost_in_silence(tmp_path, name):
    text = (
        "nlu:\n- intent: a\n  examples: |\n    - one thing\n- intent: b\n  examples: |\n    - two\n"
    )
    old, new, said = RASA_FAULTS[name]
    file = tmp_path / "nlu.yml"
    file.write_text(text.replace(old, new))
    with pytest.raises(DataError, match=rf"nlu.yml:\d: .*{said}"):
        list(sources.read(file).rows())


def test_a_second_abstract_in_one_document_of_pubtator_is_a_fault(tmp_path):
    file = tmp_path / "set.txt"
    file.write_text("7|t|Dan fell.\n7|a|He had pain.\n8|a|So did Eve.\n")
    with pytest.raises(DataError, match=r"set.txt:3: another abstract in one document"):
        list(sources.read(file).rows())

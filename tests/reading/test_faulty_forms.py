"""`--faulty skip` in files of tools: the rest is read, and what is left out is named once each."""

import json

import openpyxl
import pytest

import textune
from textune.errors import DataError
from textune.reading import lines, sources
from textune.records import ReadOptions

SKIP = ReadOptions(faulty="skip")
NUL = "a sign \0 of nothing"


def squad(path):
    def asked(number, **more):
        answer = [{"text": "Paris", "answer_start": 0}]
        found = {"id": f"q{number}", "question": f"Where is it, {number}?", "answers": answer}
        return {key: value for key, value in {**found, **more}.items() if value is not None}

    def passage(*asked, context="Paris is a town."):
        return {"context": context, "qas": [*asked]}

    article = [
        passage(asked(1), asked(2, question=None), asked(3, answers=5), asked(4, question=NUL)),
        passage(asked(5), asked(6), context=7),
        {"context": "Rome is a town."},
        passage(asked(8)),
        *(passage(asked(n), context=f"Paris is town {n}.") for n in range(9, 20)),
    ]
    data = {"version": "1.1", "data": [{"title": "a", "paragraphs": article}, {"title": "b"}]}
    path.write_text(json.dumps(data))
    return path


def sheet(path):
    book = openpyxl.Workbook()
    book.active.title = "first"
    book.active.append(["text", "label"])
    for number in range(8):
        book.active.append(["x" * 40 if number == 4 else f"text {number}", "ab"[number % 2]])
    book.save(path)
    return path


def webanno(path):
    sentence = "#Text=Anna left\n{0}-1\t0-4\tAnna\tPER\t\n{0}-2\t5-9\tleft\t_\t\n\n"
    torn = "#Text=Bob left\n3-1\t0-4\tBob\n3-2\t5-9\tleft\t_\t\n\n"
    odd = "#Text=Eve left\nno word\n4-1\t0-4\tEve\tPER\t\n\n"
    head = "#FORMAT=WebAnno TSV 3.2\n#T_SP=custom.NamedEntity|value\n\n\n"
    found = (sentence.format(1), sentence.format(2), torn, odd, sentence.format(5))
    path.write_text(head + "".join(found))
    return path


def old_webanno(path):
    head = " # de.tudarmstadt.NamedEntity | value\n"
    sentence = "#id={0}\n#text=Anna left\n{0}-1\tAnna\tB-PER\n{0}-2\tleft\tO\n\n"
    torn = "#id=2\n#text=Bob left\n2-1\tBob\n2-2\tleft\tO\n\n"
    path.write_text(head + sentence.format(1) + torn + sentence.format(3))
    return path


def brat(path):
    path.mkdir()
    for name, mark in {
        "a": "T1\tPER 0 4\tAnna",
        "b": "T1\tPER from 0\tAnna",
        "c": "T1\tPER 0 4\tAnna",
        "d": "T1\tPER 0 4\tAnna",
    }.items():
        text = f"Anna left{NUL if name == 'd' else ''}"
        (path / f"{name}.txt").write_text(text)
        (path / f"{name}.ann").write_text(mark + "\n")
    (path / "c.txt").unlink()
    return path


def rasa(path):
    good = "".join(f"    - to [Paris](city) {n}\n" for n in range(3))
    bad = "    - to [Rome]{entity: city}\n"
    path.write_text(
        'version: "3.1"\nnlu:\n- intent: go\n  examples: |\n' + good + bad
        + "- intent: stay\n  examples: |\n    - here\n"
    )  # fmt: skip
    return path


def markdown(path):
    good = "".join(f"- to [Paris](city) {n}\n" for n in range(3))
    path.write_text(f"## intent:go\n{good}- to [Rome]{{entity: city}}\n\n## intent:stay\n- here\n")
    return path


def pubtator(path):
    document = "{0}|t|On aspirin\n{0}|a|It helps.\n{0}\t3\t10\taspirin\tDrug\n\n"
    torn = "3|t|On aspirin\n3|a|It helps.\n3\t3\tten\taspirin\tDrug\n\n"
    twice = "4|t|On aspirin\n4|a|It helps.\n4|a|It does not.\n\n"
    alone = "5\t3\t10\taspirin\tDrug\n\n"
    path.write_text(document.format(1) + document.format(2) + torn + twice + alone)
    return path


def aspects(path):
    good = '<sentence id="{0}"><text>Good soup</text><aspectTerms><aspectTerm term="soup" '
    good += 'polarity="positive" from="{1}" to="9"/></aspectTerms></sentence>'
    path.write_text(f"<sentences>{good.format(1, 5)}{good.format(2, 'x')}</sentences>")
    return path


def bioc(path):
    part = "<document><id>{0}</id><passage><offset>0</offset><text>Anna left</text><annotation>"
    part += '<infon key="type">PER</infon><location offset="{1}" length="4"/><text>Anna</text>'
    part += "</annotation></passage></document>"
    path.write_text(f"<collection>{part.format(1, 0)}{part.format(2, 'x')}</collection>")
    return path


def azure(path):
    documents = [
        {"location": "a.txt", "class": {"category": "x"}},
        {"location": "b.txt", "class": 5},
        {"location": "lost.txt", "class": {"category": "x"}},
        {"location": "a.txt", "class": {"category": "y"}},
    ]
    for name in "ab":
        (path.parent / f"{name}.txt").write_text(f"text of {name}")
    path.write_text(
        json.dumps(
            {
                "projectFileVersion": "2022-05-01",
                "metadata": {"projectKind": "CustomSingleLabelClassification"},
                "assets": {"documents": documents},
            }
        )
    )
    return path


def folders(path):
    for name, text in {"pos/a": b"good", "pos/b": b"caf\xe9", "neg/a": b"bad"}.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / f"{name}.txt").write_bytes(text)
    return path


def side_by_side(path):
    path.mkdir()
    (path / "seq.in").write_text("a b\nc d\ne f\n")
    (path / "seq.out").write_text("O O\nO\nO B-x\n")
    (path / "label").write_text("x\ny\nx\n")
    return path


FILES = {  # maker and name → rows that are read, and where the others stand
    (squad, "a.json"): (13, [
        "a.json: article 1, paragraph 1, question 2",
        "a.json: article 1, paragraph 1, question 3",
        "a.json: article 1, paragraph 1, question 4",
        "a.json: article 1, paragraph 2, question 1",
        "a.json: article 1, paragraph 2, question 2",
        "a.json: article 1, paragraph 3",
        "a.json: article 2",
    ]),
    (webanno, "a.tsv"): (3, ["a.tsv:14", "a.tsv:18"]),
    (old_webanno, "a.tsv"): (2, ["a.tsv:9"]),
    (brat, "a"): (1, ["b.txt", "c.txt", "d.txt"]),
    (rasa, "nlu.yml"): (4, ["nlu.yml:8"]),
    (markdown, "nlu.md"): (4, ["nlu.md:5"]),
    (pubtator, "a.txt"): (2, ["a.txt:9", "a.txt:13", "a.txt:17"]),
    (aspects, "a.xml"): (1, ["a.xml: sentence 2"]),
    (bioc, "a.xml"): (1, ["a.xml: document 2"]),
    (azure, "a.json"): (2, ["a.json: document 2", "a.json: document 3"]),
    (folders, "train"): (2, ["train/pos/b.txt"]),
    (side_by_side, "a"): (2, ["seq.in:2"]),
}  # fmt: skip


@pytest.mark.parametrize(("make", "name"), FILES, ids=lambda held: getattr(held, "__name__", ""))
def test_what_is_faulty_is_left_out_and_named(tmp_path, make, name):
    path = make(tmp_path / name)
    with pytest.raises(DataError):
        list(sources.read(path).rows())
    table = sources.read(path, SKIP)
    count, origins = FILES[make, name]
    assert len(list(table.rows())) == count
    assert [fault.origin for fault in table.faults] == origins
    assert all(fault.reason for fault in table.faults)
    list(table.rows())
    assert len(table.faults) == len(origins)  # however often it is read


def test_rows_of_a_spreadsheet_are_left_out_by_their_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "CELL_LIMIT", 30)
    table = sources.read(sheet(tmp_path / "a.xlsx"), SKIP)
    assert len(list(table.rows())) == 7
    assert [fault.origin for fault in table.faults] == ["a.xlsx: first row 6"]


def test_rows_of_one_array_are_named_each(tmp_path):
    rows = [{"text": f"the text {n}", "label": "ab"[n % 2]} for n in range(9)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps([*rows, 5, 5, *rows]))
    table = sources.read(path, SKIP)
    assert len(list(table.rows())) == 18
    assert [fault.origin for fault in table.faults] == ["a.json: row 10", "a.json: row 11"]


def test_no_option_is_named_that_would_not_help(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"text": "a b", "label": "x"},\n{"text": "c d", "label": "y"}, {"text": "e')
    for options in (ReadOptions(), SKIP):
        with pytest.raises(DataError, match=r"a\.json:2: ") as refused:
            list(sources.read(path, options).rows())
        assert "or leave such rows out" not in str(refused.value)


def test_a_run_has_the_questions_that_were_left_out(tmp_path, tiny_base):
    path = squad(tmp_path / "a.json")
    run = textune.train(path, base=tiny_base, out=tmp_path / "run", faulty="skip", epochs=1)
    told = (run.path / "faulty.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(told) == 7
    assert "question 2" in json.loads(told[0])["origin"]
    assert json.loads(told[1])["row"]

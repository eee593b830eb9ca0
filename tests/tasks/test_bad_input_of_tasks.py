"""Every fault is named with its row, all are counted, and `train` does what `check` says."""

import csv
import json
import math
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textune.doors import cli
from thinning import crossed

ROWS, FAULTY = 60, 25
FORMATS = ("csv", "jsonl", "parquet")
TAGS = ["O", "B-X", "I-X", "O", "O", "B-Y", "O"]


@pytest.fixture
def textune(monkeypatch, capsys, tiny_base):
    """Return a function that runs a command on a file and gives exit code, stdout and stderr."""

    def run(command, file, *words):
        words = [command, file, "--base", tiny_base, *words]
        monkeypatch.setattr(sys, "argv", ["textune", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.run()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


def words(number):
    return ["the", "good", "film", "was", "very", "warm", f"n{number}"]


def tagged(number):
    return {"words": words(number), "tags": TAGS}


def marked(number):
    spans = [{"start": 4, "end": 13, "label": "X"}, {"start": 23, "end": 27, "label": "Y"}]
    return {"text": " ".join(words(number)), "spans": spans}


def asked(number):
    passage = f"The {number} films of the day were warm and {number} were cold."
    answers = {"text": ["films"], "answer_start": [passage.index("films")]}
    return {"question": f"What was warm in {number}?", "context": passage, "answers": answers}


def scored(number):
    return {"text": " ".join(words(number)), "score": number / 7 + 0.25}


def with_answer(row, text, shift=0):
    start = row["answers"]["answer_start"][0] + shift
    return {**row, "answers": {"text": [text], "answer_start": [start]}}


def with_span(row, start, end):
    return {**row, "spans": [*row["spans"], {"start": start, "end": end, "label": "Z"}]}


FAULTS = {
    "a tag too few": (tagged, lambda row: {**row, "tags": TAGS[:-1]}, "7 words but 6 tags"),
    "a word too few": (
        tagged,
        lambda row: {**row, "words": row["words"][1:]},
        "6 words but 7 tags; allowed: one tag for each word",
    ),
    "an unknown tag": (
        tagged,
        lambda row: {**row, "tags": ["Q", *TAGS[1:]]},
        "word 1 'the': the tag 'Q' is not known in IOB2; allowed: O, B-TYPE or I-TYPE",
    ),
    "an empty word": (
        tagged,
        lambda row: {**row, "words": ["", *row["words"][1:]]},
        "word 1 is empty; a tag needs a word",
    ),
    "a span beyond the text": (
        marked,
        lambda row: with_span(row, 28, 99),
        "span 3: 28–99 (Z) does not lie in the text, which has 30 characters",
    ),
    "a span before the text": (
        marked,
        lambda row: with_span(row, -4, 3),
        "span 3: -4–3 (Z) does not lie in the text",
    ),
    "a span that ends first": (
        marked,
        lambda row: with_span(row, 3, 0),
        "span 3: 3–0 (Z) does not lie in the text",
    ),
    "an answer that is not there": (
        asked,
        lambda row: with_answer(row, "books"),
        "the answer 'books' is not at 6, where 'films' stands, nor anywhere in the passage",
    ),
    "an empty passage": (
        asked,
        lambda row: {**row, "context": " "},
        "column 'context' is blank; allowed: a question and a passage",
    ),
    "an empty question": (
        asked,
        lambda row: {**row, "question": ""},
        "column 'question' is blank; allowed: a question and a passage",
    ),
}
NUMBERS = {
    ("csv", "NaN"): "holds 'NaN'; allowed: a number",
    ("csv", "inf"): "holds 'inf'; allowed: a number",
    ("csv", "good"): "holds 'good'; allowed: a number",
    ("csv", ""): "is blank, but a number was expected",
    ("csv", "1,5"): "holds '1,5'; allowed: a number with a decimal point (1.5)",
    ("csv", "1e400"): "holds '1e400'; allowed: a number between -1e+30 and 1e+30",
    ("jsonl", None): "is blank, but a number was expected",
    ("jsonl", "NaN"): "holds 'NaN'; allowed: a number",
    ("jsonl", "good"): "holds 'good'; allowed: a number",
    ("parquet", math.nan): "is blank, but a number was expected",
    ("parquet", math.inf): "holds 'inf'; allowed: a number",
}


def made(make, spoil, *, rows=ROWS, faulty=FAULTY):
    found = [make(number) for number in range(rows)]
    return [spoil(row) if number < faulty else row for number, row in enumerate(found)]


def write(file, rows):
    if file.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), file)
    elif file.suffix == ".jsonl":
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    else:
        with file.open("w", encoding="utf-8", newline="") as opened:
            cells = [[c if isinstance(c, str) else json.dumps(c) for c in r.values()] for r in rows]
            csv.writer(opened).writerows([list(rows[0]), *cells])
    return file


def places(file):
    """Say how the first faulty rows of a file are named."""
    if file.suffix == ".parquet":
        return [f"{file.name}: row {number}: " for number in range(1, 21)]
    first = 2 if file.suffix == ".csv" else 1
    return [f"{file.name}:{number}: " for number in range(first, first + 20)]


def refused(textune, file, *options):
    """Run `check` and `train`; both must refuse the file in the same words, which are returned."""
    said = []
    for command, more in (("check", ()), ("train", ("--out", file.parent / "run"))):
        code, out, err = textune(command, file, *options, *more)
        assert (code, out) == (2, "")
        assert "Traceback" not in err
        said.append(err.partition("error: ")[2])
    assert said[0] == said[1]
    return said[0].splitlines()


@pytest.mark.parametrize(("ending", "fault"), crossed(FORMATS, FAULTS))
def test_each_fault_is_named_and_all_are_counted(textune, tmp_path, fault, ending):
    make, spoil, message = FAULTS[fault]
    file = write(tmp_path / f"rows.{ending}", made(make, spoil))
    first, *listed, more, way_out = refused(textune, file)
    assert first == f"{file.name}: 25 problems"
    assert len(listed) == 20
    for line, place in zip(listed, places(file), strict=True):
        assert line.startswith(f"  {place}")
    assert message in listed[0]
    assert more == "  … and 5 more"
    assert way_out == (
        "correct these rows or take them out of the file, or leave them out: --faulty skip"
    )


@pytest.mark.parametrize(("ending", "cell"), NUMBERS, ids=str)
def test_targets_that_are_no_numbers_are_named_and_counted(textune, tmp_path, ending, cell):
    rows = made(scored, lambda row: {**row, "score": cell})
    file = write(tmp_path / f"rows.{ending}", rows)
    first, *listed, more, _ = refused(textune, file)
    assert (first, more) == (f"{file.name}: 25 problems", "  … and 5 more")
    message = NUMBERS[ending, cell]
    assert listed == [f"  {place}column 'score' {message}" for place in places(file)]


def test_all_targets_of_a_row_are_named(textune, tmp_path):
    rows = [{**scored(n), "other": f"{n / 3:.2f}" if n else "x"} for n in range(ROWS)]
    file = write(tmp_path / "rows.csv", [{**rows[0], "score": "nan"}, *rows[1:]])
    found = refused(textune, file, "--label", "score,other")
    assert found == [
        "rows.csv:2: column 'score' holds 'nan'; allowed: a number; column 'other' holds 'x'; "
        "allowed: a number; correct these rows or take them out of the file, or leave them out: "
        "--faulty skip; or only those without a label: `--skip score=nan`"
    ]


CONLL = {
    "no tag": (lambda line: line.split("\t")[0], "expected 2 columns parted by tabs, found 1"),
    "a blank tag": (lambda line: line.split("\t")[0] + "\t", "column '2' is blank: 'the\\t'"),
    "a cell too many": (lambda line: line + "\tx", "expected 2 columns parted by tabs, found 3"),
    "an unknown tag": (lambda line: "the\tQ", "word 1 'the': the tag 'Q' is not known in IOB2"),
}


def conll(file, spoil, *, end="\n"):
    lines = []
    for number in range(ROWS):
        sentence = [f"{w}\t{t}" for w, t in zip(words(number), TAGS, strict=True)]
        lines += [spoil(sentence[0]) if number < FAULTY else sentence[0], *sentence[1:], ""]
    file.write_text(end.join(lines), encoding="utf-8", newline="")
    return file


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("fault", CONLL)
def test_each_faulty_line_of_a_conll_file_is_named(textune, tmp_path, fault, end):
    spoil, message = CONLL[fault]
    file = conll(tmp_path / "words.conll", spoil, end=end)
    first, *rest = refused(textune, file)
    assert first == "words.conll: 25 problems"
    assert rest[20] == "  … and 5 more"
    for number, line in enumerate(rest[:20]):
        assert line.startswith(f"  words.conll:{8 * number + 1}: ")
        assert message in line


@pytest.mark.parametrize("fault", [name for name, (make, *_) in FAULTS.items() if make is asked])
def test_each_faulty_question_of_a_squad_file_is_named(textune, tmp_path, fault):
    _, spoil, message = FAULTS[fault]
    paragraphs = []
    for number, row in enumerate(made(asked, spoil)):
        answers = [
            {"text": text, "answer_start": start}
            for text, start in zip(*row["answers"].values(), strict=True)
        ]
        question = {"id": f"q{number}", "question": row["question"], "answers": answers}
        paragraphs.append({"context": row["context"], "qas": [question]})
    file = tmp_path / "squad.json"
    file.write_text(json.dumps({"data": [{"title": "", "paragraphs": paragraphs}]}))
    first, *listed, more, _ = refused(textune, file)
    assert (first, more) == ("squad.json: 25 problems", "  … and 5 more")
    assert [line.split(": ")[:2] for line in listed] == [
        ["  squad.json", f"question q{number}"] for number in range(20)
    ]
    assert message in listed[0]


def unbegun(row):
    return {**row, "tags": ["O", "I-X", *TAGS[2:]]}


@pytest.mark.parametrize("ending", [*FORMATS, "conll"])
@pytest.mark.first(2)
def test_entities_without_a_beginning_are_mended_alike(textune, tmp_path, ending):
    file = tmp_path / f"rows.{ending}"
    if ending == "conll":
        lines = ["\n".join(f"{w}\t{t}" for w, t in zip(*row.values(), strict=True)) + "\n"
                 for row in made(tagged, unbegun)]  # fmt: skip
        file.write_text("\n".join(lines), encoding="utf-8")
    else:
        write(file, made(tagged, unbegun))
    code, out, _ = textune("check", file, "--json")
    found = json.loads(out)
    (mended,) = [finding for finding in found["findings"] if finding["kind"] == "mended"]
    assert (code, mended["count"], found["labels"]) == (0, 25, {"X": 60, "Y": 60})
    message = "word 2 'good': I-X without B-X before it was read as B-X"
    assert mended["message"].startswith("25 places were mended while reading: rows.")
    assert mended["message"].count(message) == 20
    assert mended["message"].endswith("; and 5 more")
    code, *_ = textune("train", file, "--out", tmp_path / "run", "--epochs", "1", "--json")
    card = json.loads((tmp_path / "run" / "data_card.json").read_text(encoding="utf-8"))
    assert code == 0
    assert card["labels"] == {"O": 240, "B-X": 60, "I-X": 60, "B-Y": 60, "I-Y": 0}


def test_spans_that_cut_a_word_are_widened_and_said(textune, tmp_path):
    rows = made(marked, lambda row: {**row, "spans": [{"start": 5, "end": 12, "label": "X"}]})
    file = write(tmp_path / "rows.jsonl", rows)
    code, out, _ = textune("check", file, "--json")
    (mended,) = [f for f in json.loads(out)["findings"] if f["kind"] == "mended"]
    assert (code, mended["count"]) == (0, 25)
    said = "rows.jsonl:1: the span 5–12 'ood fil' (X) cuts a word and was widened to 'good film'"
    assert said in mended["message"]


def test_tags_of_texts_that_are_no_lists_of_words_are_refused(textune, tmp_path):
    rows = [{"sentence": " ".join(words(n)), "labels": " ".join(TAGS[n % 3 :])} for n in range(40)]
    (said,) = refused(textune, write(tmp_path / "rows.csv", rows))
    assert "rows.csv: column 'labels' holds a tag for each word, such as 'O B-X I-X" in said
    assert '{"words": ["EU", "said"], "tags": ["B-ORG", "O"]}' in said

"""What a person is told is so: of trials, of columns, of folders, of what can be done next."""

import ast
import json
import re

import pandas
import pytest

import textune
from conftest import WORDS
from made_texts import make_base, write_lines
from textune.corpora import corpus
from textune.doors import console, console_survey, keywords, watching
from textune.recipes import plain_text, requests
from textune.records import Message
from textune.settings import config
from textune.settings.language_config import AdaptSettings
from textune.survey import plain_survey
from textune.text import tokenizers

ROWS = [
    (f"{WORDS[n % 20]} {WORDS[n % 7]} film {n} is here", ("bad", "good")[n % 2]) for n in range(60)
]


def write(file, rows, header="text,label"):
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def said_by(steps):
    return [event.text for event in steps if isinstance(event, Message)]


@pytest.fixture
def spoken(tmp_path):
    return make_base(tmp_path / "spoken", WORDS)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"limit": 60}, "text: 80 documents, .* this trial uses 60 of them, drawn at random"),
        ({"limit": 80}, "text: 80 documents, .*; none is dropped"),
        ({}, "text: 80 documents, .*; none is dropped"),
    ],
)
def test_a_trial_on_some_documents_says_so(spoken, tmp_path, given, wanted):
    file = write_lines(tmp_path / "lines.txt", 80)
    settings = keywords.resolve(
        AdaptSettings, {"base": str(spoken), "epochs": 0, "device": "cpu", **given}
    )
    request = requests.TextRequest((str(file),), settings, tmp_path / "run")
    (line,) = (
        text
        for text in said_by(plain_text.learn(request))
        if "documents, " in text and text.startswith("text:")
    )
    assert re.fullmatch(wanted, line)


@pytest.mark.parametrize("has_valid", [False, True])
def test_the_way_out_of_labels_without_a_judge_is_not_the_way_gone(tiny_base, tmp_path, has_valid):
    rows = [*ROWS, *((f"only here {n}", f"rare{n}") for n in range(4))]
    file = write(tmp_path / "train.csv", rows)
    valid = write(tmp_path / "valid.csv", ROWS[:20]) if has_valid else None
    steps = corpus.gather(
        file, config.resolve(config.Settings), tokenizers.load(str(tiny_base)), valid=valid
    )
    (line,) = (text for text in said_by(steps) if "no score speaks of them" in text)
    if has_valid:
        assert line.endswith("add rows that have them to the file of --valid")
    else:
        assert "--valid FILE" in line


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        (("False", "True"), "False and True"),
        (("no", "yes"), "no and yes"),
        (("0", "1"), "0 and 1"),
        (("0", "1.0"), "0 and 1.0"),
    ],
)
def test_columns_of_marks_are_described_as_they_are_written(tmp_path, tiny_base, signs, words):
    rows = [(text, signs[n % 2], signs[n % 3 == 0]) for n, (text, _) in enumerate(ROWS)]
    file = write(tmp_path / "data.csv", rows, "text,warm,cold")
    found = textune.check(file, base=tiny_base)
    assert f"2 columns hold only {words} → several labels a text" in found.contract.reasons


def test_lengths_are_told_in_one_unit(tmp_path, tiny_base, capsys):
    console_survey.show_survey(textune.check(write(tmp_path / "a.csv", ROWS), base=tiny_base))
    out = capsys.readouterr().out
    assert "words a cell on average" in out
    assert "tokens a text" in out
    assert "characters" not in out


def test_a_folder_of_many_files_is_summed_up(tmp_path, tiny_base):
    folder = tmp_path / "texts"
    folder.mkdir()
    for number in range(20):
        write_lines(folder / f"part-{number:02}.txt", 3, seed=number)
    write(folder / "table.csv", ROWS)
    (folder / "notes.pdf").write_text("x", encoding="utf-8")
    (folder / "empty.txt").write_text("", encoding="utf-8")
    reading = plain_survey.check([folder], base=tiny_base)["reading"]
    assert reading[0] == (
        "20 files in which each line is a document: "
        "part-00.txt, part-01.txt, part-02.txt and 17 more"
    )
    assert reading[1] == "1 file in which each row is a document: table.csv"
    assert len(reading) < 8
    assert "empty.txt" in reading[-1]
    assert any("notes.pdf" in line for line in reading)


def test_what_trains_on_a_data_frame_is_a_call(tmp_path, tiny_base):
    frame = pandas.DataFrame(ROWS, columns=["text", "label"])
    command = textune.check(frame, base=tiny_base).command
    call = ast.parse(command, mode="eval").body
    assert ast.unparse(call.func) == "textune.train"
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    assert given == {"text": "text", "label": "label", "task": "single", "base": str(tiny_base)}
    run = textune.train(frame, **given, epochs=0, device="cpu", out=tmp_path / "run")
    assert json.loads((run.path / "data_card.json").read_text(encoding="utf-8"))["labels"]
    plain = textune.check(frame[["text"]], task="plain", base=tiny_base).command
    assert plain.startswith("textune.adapt('texts.parquet', text='text')")


PATH = "/some/long-folder/another-folder/and-a-file-with-a-long-name.csv"
SENTENCE = f"a sentence that is rather long, of the file {PATH}, and it goes on for some more words"


@pytest.mark.parametrize(
    "show",
    [
        lambda: console_survey._list("layout", [SENTENCE]),
        lambda: console.warn(SENTENCE),
        lambda: console.fail(f"two lines:\n  {SENTENCE}"),
        lambda: watching.Watch().show(Message(SENTENCE)),
        lambda: watching.Watch().show(Message(SENTENCE, is_warning=True)),
    ],
    ids=["check", "note", "error", "line", "warning"],
)
def test_lines_are_broken_between_words_on_a_narrow_terminal(show, monkeypatch, capsys):
    for screen in (console.out, console.err):
        monkeypatch.setattr(screen, "_force_terminal", True)
        monkeypatch.setattr(screen, "_width", 60)
        monkeypatch.setattr(screen, "no_color", True)
    show()
    found = re.sub(r"\x1b\[[0-9;]*m", "", "".join(capsys.readouterr()))
    assert PATH in found
    assert " ".join(found.split()).endswith(SENTENCE)
    assert all(len(line) <= 60 or PATH in line for line in found.splitlines())


def test_lines_are_left_whole_for_a_pipe(capsys):
    console.fail(SENTENCE)
    assert capsys.readouterr().err == f"error: {SENTENCE}\n"


def test_a_gradient_that_is_not_finite_in_fp32_is_not_told_to_use_fp32(
    tiny_base, reviews, tmp_path
):
    with pytest.raises(textune.errors.NumericsError, match="a lower --lr usually helps") as found:
        textune.train(
            reviews,
            base=tiny_base,
            lr=1e30,
            epochs=1,
            device="cpu",
            out=tmp_path / "run",
            settings=["train.precision=fp32", "train.warmup_steps=0", "train.retry=false"],
        )
    assert "fp32" not in str(found.value)

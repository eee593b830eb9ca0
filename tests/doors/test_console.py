import json
import re
from pathlib import Path

import pytest
import torch

from textune.doors import console, console_files, console_metrics, console_predictions, watching
from textune.records import Message, Prediction, Started, Step, Validated


def test_text_in_square_brackets_is_shown_as_it_is(capsys):
    console.say("[bold]plain[/] [1]")
    console.warn("[red]careful[/]")
    console.fail("column [text]")
    out, err = capsys.readouterr()
    assert out.splitlines() == ["[bold]plain[/] [1]"]
    assert err.splitlines() == ["note: [red]careful[/]", "error: column [text]"]


def test_the_number_of_a_line_is_no_picture(capsys):
    console.say("a.csv:100: blank")
    console.table(("where", "what"), [("a.csv:100:", "blank")])
    console.fail("a.csv:100: blank")
    out, err = capsys.readouterr()
    assert out.count("a.csv:100:") == 2
    assert err.splitlines() == ["error: a.csv:100: blank"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path, capsys):
    for place in ("config.toml", "model/config.json", "model/1_Pooling/config.json"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(place, encoding="utf-8")
    console_files.show_saved(tmp_path)
    said = "".join(capsys.readouterr().out.split())
    assert f"{tmp_path}/(11B):config.toml11B" in said
    assert f"{tmp_path}/model/(44B):1_Pooling/config.json27B,config.json17B" in said


HOSTILE = (
    "\x1b]0;title\x07 \x1b[31mred\x1b[0m a\rb \x9b2J \u202eegnahcxe\u202c é "
    "\U0001f469\u200d\U0001f680"
)
OBEYED = set("\x1b\x9b\x07\r\u202e\u202c")


@pytest.mark.parametrize("is_terminal", [True, False])
def test_nothing_that_is_shown_can_command_the_terminal(is_terminal, monkeypatch, capsys):
    monkeypatch.setattr(console.out, "_force_terminal", is_terminal)
    monkeypatch.setattr(console.out, "no_color", True)
    console.say(HOSTILE)
    console.warn(HOSTILE)
    console.fail(HOSTILE)
    console.complain(HOSTILE)
    console.show_json({"text": HOSTILE, HOSTILE: 1})
    console_metrics.show_labels({HOSTILE: {"f1": 0.5}})
    console_metrics.show_filled(HOSTILE, [{"candidates": [{"piece": HOSTILE, "probability": 0.5}]}])
    console_predictions.show_predictions(
        [Prediction(HOSTILE, (HOSTILE,), {HOSTILE: 0.5})], "single", as_json=False
    )
    with watching.Watch() as shown:
        shown.show(Message(HOSTILE))
    out, err = capsys.readouterr()
    styles = re.compile(r"\x1b\[[0-9;]*m")  # our own
    for text in (out, err):
        assert not OBEYED & set(styles.sub("", text))
        assert "31mred" in text
        assert "\x1b[31m" not in text
        assert "\U0001f469\u200d\U0001f680" in text
    assert r"\x1b[31mred" in out


def test_json_for_programs_keeps_every_character(capsys):
    console.show_json({"text": HOSTILE})
    assert json.loads(capsys.readouterr().out) == {"text": HOSTILE}


def test_a_number_that_is_none_cannot_become_json():
    with pytest.raises(ValueError, match="JSON compliant"):
        console.show_json({"mcc": float("nan")})


def test_undefined_numbers_are_dashes_with_their_reason(capsys):
    metrics = {
        "mcc": None,
        "accuracy": 0.5,
        "intervals": {"accuracy": [0.25, 0.75]},
        "undefined": {"mcc": "only one class"},
        "labels": {"[a]": {"support": 1234, "f1": None}},
    }
    console_metrics.show_metrics(metrics, title="valid")
    out = capsys.readouterr().out
    assert re.search(r"MCC +–", out)
    assert re.search(r"accuracy +0\.500 +0\.250 … 0\.750", out)
    assert re.search(r"\[a\] +1,234 +–\s", out)
    assert "– where there is no number: only one class" in out


def test_very_many_labels_are_counted_not_listed(capsys):
    console_metrics.show_labels({f"label {number}": {"f1": 0.5} for number in range(100)})
    out = capsys.readouterr().out
    assert out.count("0.500") == console.MOST_LABELS
    assert "… and 70 more labels" in out


BINS = [
    {"above": None, "up_to": 64, "n": 1200, "f1": 0.75, "interval": [0.5, 0.875]},
    {"above": 64, "up_to": 128, "n": 3, "f1": None, "interval": None},
    {"above": 512, "up_to": None, "n": 2, "f1": 0.25, "interval": [0.0, 0.5]},
]


def test_scores_by_length_are_shown_where_lengths_differ(capsys):
    console_metrics.show_metrics({"f1": 0.7, "by_length": BINS}, title="valid")
    out = capsys.readouterr().out
    assert re.search(r"1 to 64 +1,200 +0\.750 +0\.500 … 0\.875", out)
    assert re.search(r"65 to 128 +3 +–", out)
    assert re.search(r"over 512 +2 +0\.250 +0\.000 … 0\.500", out)
    console_metrics.show_metrics({"f1": 0.7, "by_length": BINS[:1]}, title="valid")
    assert "1 to 64" not in capsys.readouterr().out


def test_questions_without_an_answer_have_their_own_line(capsys):
    metrics = {"f1": 0.5, "has_answer": {"n": 2000, "exact_match": 0.25, "f1": 0.75}}
    console_metrics.show_metrics(
        metrics | {"no_answer": {"n": 1, "exact_match": None, "f1": None}}, title="x"
    )
    out = capsys.readouterr().out
    assert re.search(r"questions +n +exact-match +f1", out)
    assert re.search(r"with an answer +2,000 +0\.250 +0\.750", out)
    assert re.search(r"without +1 +– +–", out)


EVENTS = [
    Message("split: 10 train"),
    Message("3 texts were skipped", is_warning=True),
    Started(steps=2, first=1, epochs=1, tokens=20),
    Step(1, 1, torch.tensor(0.5), torch.tensor(1.0), 1e-3, 5, 10, 10),
    Step(2, 1, torch.tensor(0.4), torch.tensor(1.0), 1e-3, 5, 10, 12),
    Validated(2, 1.0, {"mcc": 0.25, "roc_auc": None}, "mcc", is_best=True, seconds=0.1),
]


@pytest.mark.parametrize("quiet", [False, True])
def test_a_run_is_told_on_stderr_alone(capsys, quiet):
    with watching.Watch(quiet=quiet) as watch:
        for event in EVENTS:
            watch.show(event)
    out, err = capsys.readouterr()
    assert out == ""
    assert "note: 3 texts were skipped" in err
    assert ("split: 10 train" in err) is not quiet
    assert ("0.250" in err) is not quiet


def test_counting_passes_the_numbers_on(capsys):
    assert list(console.counting([1, 5], what="labelling")) == [1, 5]
    assert capsys.readouterr().out == ""


def test_a_title_is_one_line_whatever_the_width(capsys, monkeypatch):
    title = "/data/a-rather-long-folder/with-another/and-a-file-of-reviews.csv (1,234 texts)"
    console_metrics.show_metrics({"mcc": 0.5}, title=title)
    assert title in capsys.readouterr().out


def test_a_long_prediction_says_for_a_pipe_how_far_it_is(capsys):
    assert list(console.counting(iter([5, 1024]), what="labelling", most_silence=0.0)) == [5, 1024]
    assert capsys.readouterr().err.splitlines() == ["labelling: 5 rows", "labelling: 1,024 rows"]
    assert list(console.counting(iter([5, 1024]), what="labelling")) == [5, 1024]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["films.csv"], "films.csv: the name is taken for the text"),
        (["film.csv"], "film.csv: there is no such file; the name is taken for the text"),
        (["see films.csv"], ""),
        (["films.csv", "A text."], ""),
    ],
)
def test_names_of_files_that_are_labelled_as_texts_are_told(
    texts, said, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    Path("films.csv").touch()
    console_files.warn_of_names(texts)
    err = " ".join(capsys.readouterr().err.split())
    assert (said in err) if said else not err

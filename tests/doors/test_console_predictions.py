import json

from textune.doors import console_metrics, console_wrong
from textune.doors.console_predictions import show_predictions
from textune.records import Entity, Prediction

BAD = Prediction("[red]a [b] text[/]", ("[x]",), {"[x]": 0.75, "y": 0.25})
ROME = Entity(3, 7, "Rome", "LOC", 0.9)
TAGGED = Prediction("in Rome", ("O", "B-LOC"), {}, (ROME,), ((0, 2), (3, 7)), asks="words")
BEST = Entity(0, 4, "Rome", "", 0.3)


def task_of(first, *others):
    """Return the task that a prediction is of, by what its head was asked."""
    return {"words": "tags", "texts": "single"}.get(first.asks, first.asks)


def lines(capsys, *found):
    show_predictions(found, task_of(*found), as_json=False)
    return capsys.readouterr().out.splitlines()


def objects(capsys, *found):
    show_predictions(found, task_of(*found), as_json=True)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_text_in_square_brackets_is_shown_as_it_is(capsys):
    assert lines(capsys, BAD) == ["[x]     [red]a [b] text[/]", "    [x] 0.750  y 0.250"]


def test_predictions_for_programs_are_one_object_a_line(capsys):
    assert objects(capsys, BAD, Prediction("two\nlines", (), {"y": 0.5})) == [
        {"text": BAD.text, "labels": ["[x]"], "scores": {"[x]": 0.75, "y": 0.25}},
        {"text": "two\nlines", "labels": [], "scores": {"y": 0.5}},
    ]


def test_a_text_without_labels_says_so(capsys):
    assert lines(capsys, Prediction("a", (), {"y": 0.5}))[0] == "(no label)      a"


def test_entities_stand_below_their_text_with_their_places(capsys):
    assert lines(capsys, TAGGED) == ["in Rome", "    LOC  Rome  3-7  0.900"]
    nothing = Prediction("in it", ("O", "O"), {}, (), ((0, 2), (3, 5)), asks="words")
    assert lines(capsys, nothing) == ["in it", "    (nothing)"]


def test_tags_that_mark_no_entities_stand_beside_their_words(capsys):
    spoken = Prediction("a dog", ("DT", "NN"), {}, (), ((0, 1), (2, 5)), asks="words")
    assert lines(capsys, spoken) == ["a dog", "    a/DT dog/NN"]


def test_what_is_shown_of_tags_to_programs_is_there_even_if_nothing_was_found(capsys):
    tagged, empty = objects(capsys, TAGGED, Prediction("", (), {}, asks="words"))
    assert tagged["words"] == [[0, 2], [3, 7]]
    assert [one["text"] for one in tagged["entities"]] == ["Rome"]
    assert (empty["words"], empty["entities"]) == ([], [])


def test_the_answer_that_was_decided_on_comes_before_the_likeliest(capsys):
    given = Prediction("where?", ("Rome",), {}, (BEST,), asks="answers")
    assert lines(capsys, given) == ["Rome    where?", "    Rome  0-4  0.300"]
    assert objects(capsys, given)[0]["answers"] == [
        {"text": "Rome", "start": 0, "end": 4, "score": 0.3}
    ]


def test_no_answer_is_said_though_there_are_likeliest_ones(capsys):
    refused = Prediction("where?", (), {"none": 0.6}, (BEST,), asks="answers")
    assert lines(capsys, refused) == [
        "(no answer)     where?",
        "    Rome  0-4  0.300",
        "    none 0.600",
    ]


def test_what_would_break_a_line_or_steer_the_terminal_is_escaped(capsys):
    label, text = 'very, "good"\nindeed', "two\r\nlines\x1b[31m\u2028 of\ta [bold]text[/]"
    item = Prediction(text, (label,), {label: 0.75, "x" * 300: 0.25})
    show_predictions([item], "single", as_json=False)
    first, second, *more = capsys.readouterr().out.rstrip("\n").split("\n")
    assert not more
    assert first.startswith('very, "good"\\nindeed')
    assert "two\\r\\nlines\\x1b[31m\\u2028 of" in first
    assert second == f'    very, "good"\\nindeed 0.750  {"x" * 100}… 0.250'


def test_labels_of_several_lines_stay_on_one_in_tables_and_sentences(capsys):
    label = "good\nindeed"
    numbers = {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 2, "predicted": 2}
    console_metrics.show_labels({label: numbers})
    out = capsys.readouterr().out
    assert "good\\nindeed" in out
    assert len(out.splitlines()) == 2
    pair = {"truth": label, "given": "y" * 300, "n": 1, "of": 2}
    assert console_wrong.confused_words([pair]) == f"good\\nindeed as {'y' * 100}… (1 of 2)"

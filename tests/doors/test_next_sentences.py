"""Next sentences alone, asking what follows, and learning from all of a text."""

import json

import pytest
from test_cli import one_object, textune

import textune as library
from made_texts import give_head, write_blocks, write_lines

__all__ = ["textune"]  # the fixture

ADAPT = ["--epochs", "2", "--batch-size", "16", "--lr", "0.002", "--device", "cpu"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory, tiny_base):
    return give_head(tiny_base, tmp_path_factory.mktemp("spoken"))


def test_next_sentences_alone_are_learned_and_asked(textune, spoken, tmp_path):
    run, blocks = tmp_path / "run", write_blocks(tmp_path / "blocks.txt", 30)
    words = ["adapt", blocks, "--base", spoken, "--out", run, "--nsp-only", *ADAPT]
    code, out, err = textune(*words)
    assert code == 0, err
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert (found["objective"], found["best"]["metric"]) == ("nsp", "nsp_loss")
    assert found["valid"]["masked"] == 0
    assert found["valid"]["loss"] is None
    assert 0 <= found["valid"]["nsp_accuracy"] <= 1
    assert "NSP accuracy" in out
    assert f"textune follows {run}" in out
    assert (run / "report.html").is_file()
    code, out, _ = textune("follows", run, "The film was good.", "It is a warm day.", "--json")
    told = one_object(out)
    assert code == 0
    assert told["follows"] == library.follows(run, told["first"], told["second"])
    assert 0 < told["follows"] < 1
    code, out, _ = textune("follows", run, "a", "b")
    assert "that it follows" in out


def test_only_next_sentences_need_next_sentences(textune, spoken, tmp_path):
    lines = write_lines(tmp_path / "lines.txt", 20)
    code, _, err = textune("adapt", lines, "--base", spoken, "--set", "mask.only_nexts=true")
    assert code == 2
    assert "set nexts=true, too" in err


def test_a_model_without_that_head_says_how_to_get_one(textune, spoken):
    code, out, err = textune("follows", spoken, "a text", "a text")
    assert (code, out) == (2, "")
    assert "has no head for next sentences; give it one with textune adapt TEXT --nsp" in err


def test_all_of_a_text_is_learned_from_where_nothing_is_held_out(textune, spoken, tmp_path):
    run, lines = tmp_path / "run", write_lines(tmp_path / "lines.txt", 40)
    options = ["--base", spoken, "--out", run, "--set", "text.valid_share=0"]
    code, out, err = textune("adapt", lines, *options, *ADAPT)
    assert code == 0, err
    assert "all of the text was learned from" in out
    found = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert found == {
        "objective": "mlm",
        "learned_all": True,
        "best": {"step": 6, "metric": "loss", "value": None},
    }
    card = json.loads((run / "data_card.json").read_text(encoding="utf-8"))
    assert card["splits"] == {"train": 40, "valid": 0}
    assert (run / "report.html").is_file()
    code, out, _ = textune("fill", run, "the [MASK] was good", "--json")
    assert len(one_object(out)["masks"]) == 1

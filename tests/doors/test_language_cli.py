"""The commands of plain text, for people and for programs; a mistake is a message."""

import json
import shlex
from pathlib import Path

import pytest
from test_cli import one_object, textune

from made_texts import give_head, own_cache, write_blocks, write_lines
from textune.doors import keywords, language_api
from textune.doors.options import arguments
from textune.settings.language_config import AdaptSettings

__all__ = ["textune"]  # the fixture

ADAPT = ["--epochs", "1", "--batch-size", "16", "--lr", "0.002", "--device", "cpu"]
PRETRAIN = ["--size", "1x64", "--vocab", "120", "--epochs", "1", "--device", "cpu"]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory, tiny_base):
    return give_head(tiny_base, tmp_path_factory.mktemp("spoken"))


@pytest.fixture(scope="module")
def place(tmp_path_factory, _kernels):
    with own_cache(tmp_path_factory.mktemp("made"), _kernels) as folder:
        yield folder


@pytest.fixture(scope="module")
def made(place, spoken):
    """Return the folder of a finished run."""
    language_api.adapt(
        write_lines(place / "lines.txt", 40),
        base=spoken,
        out=place / "run",
        epochs=1,
        device="cpu",
        settings=["text.cache=false"],
    )
    return place / "run"


@pytest.fixture
def lines(tmp_path):
    return write_lines(tmp_path / "lines.txt", 60)


@pytest.fixture
def blocks(tmp_path):
    return write_blocks(tmp_path / "blocks.txt", 20)


def bytes_of(folder):
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_adapt_for_programs_prints_one_object(textune, lines, spoken, tmp_path):
    run = tmp_path / "run"
    code, out, err = textune("adapt", lines, "--base", spoken, "--out", run, "--json", *ADAPT)
    assert (code, err) == (0, "")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert one_object(out) == {"run": str(run), **metrics}
    words = ["adapt", lines, "--base", spoken, "--out", tmp_path / "none", *ADAPT]
    code, out, _ = textune(*words, "--plan", "--json")
    plan, log = one_object(out), (run / "log.jsonl").read_text().splitlines()
    assert code == 0
    assert plan["steps"] == sum("loss" in line for line in map(json.loads, log) if "lr" in line)
    size = sum(file.stat().st_size for file in run.rglob("*") if file.is_file())
    assert 0.8 < size / plan["disk_bytes"]["end"] < 1.2
    assert plan["disk_bytes"]["most"] >= plan["disk_bytes"]["end"]
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "few"),
    [(["adapt"], 16), (["pretrain", *PRETRAIN[:4]], 16), (["adapt", "--nsp-only"], 2)],
    ids=["adapt", "pretrain", "nexts"],
)
def test_a_trial_of_plain_text_goes_through_all_stages_and_leaves_nothing(
    words, few, textune, blocks, spoken, tmp_path
):
    before = sorted(tmp_path.iterdir())
    base = ["--base", spoken] if words[0] == "adapt" else []
    given = [blocks, *base, "--out", tmp_path / "run", "--epochs", 9, "--device", "cpu"]
    given += ["--batch-size", few, "--set", "text.cache=false"]
    code, out, err = textune(*words, *given, "--try")
    assert code == 0, err
    assert out == ""
    assert "a trial: " in err
    assert "all stages passed (read, tokenise, one update, " in err
    assert f"without --try it would learn 9 epochs, into {tmp_path / 'run'}" in err
    assert sorted(tmp_path.iterdir()) == before
    assert textune(*words, *given, "--try", "--resume")[0] == 2


def test_adapt_for_people_says_what_happens(textune, lines, spoken, tmp_path):
    run = tmp_path / "run"
    code, out, err = textune("adapt", lines, "--base", spoken, "--out", run, *ADAPT)
    assert code == 0
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    before, after = metrics["before"]["perplexity"], metrics["valid"]["perplexity"]
    assert f"perplexity {before:.2f} → {after:.2f} ({after / before - 1:+.1%})" in out
    assert "masked accuracy" in out
    rows = [row.split() for row in err.splitlines()]
    assert rows[0][0] == "lines.txt:"
    table = next(place for place, row in enumerate(rows) if row[:3] == ["epoch", "step", "loss"])
    assert rows[table + 1][:3] == ["0", "0", "–"]  # no update, so no loss of updates
    assert rows[table + 2][:2] == ["1", "4"]
    assert err.splitlines()[-1] == f"everything is in {run}"


def test_the_commands_that_are_proposed_work(textune, lines, spoken, reviews, tmp_path):
    run = tmp_path / "run"
    _, out, _ = textune("adapt", lines, "--base", spoken, "--out", run, *ADAPT)
    proposed = [shlex.split(row.partition(":")[2]) for row in out.splitlines()[-2:]]
    assert proposed[0][:3] == ["textune", "fill", str(run)]
    code, out, _ = textune(*proposed[0][1:])
    assert code == 0
    assert "%" in out
    words = [str(reviews) if word == "FILE" else word for word in proposed[1][1:]]
    code, _, _ = textune(*words, "--out", tmp_path / "tuned", "--epochs", "0", "--device", "cpu")
    assert code == 0


def test_pretrain_makes_a_model_that_fills_in_masks(textune, blocks, tmp_path):
    run = tmp_path / "run"
    code, out, err = textune("pretrain", blocks, "--out", run, *PRETRAIN)
    assert code == 0
    assert "learning a vocabulary of 120 pieces from the text" in err
    assert f"textune fill {run}" in out
    code, out, _ = textune("fill", run, "The [MASK] was very good.", "--top", "3", "--json")
    assert code == 0
    assert len(one_object(out)["masks"][0]["candidates"]) == 3


def test_cased_and_next_sentences_are_options(textune, blocks, tmp_path):
    run = tmp_path / "run"
    words = ["pretrain", blocks, "--out", run, "--cased", "--nsp", "--json", *PRETRAIN]
    code, out, _ = textune(*words)
    assert code == 0
    assert one_object(out)["objective"] == "mlm+nsp"
    settings = (run / "config.toml").read_text(encoding="utf-8")
    assert "cased = true" in settings
    assert "nexts = true" in settings


def test_options_become_settings(textune, lines, spoken, tmp_path):
    options = {
        "--mask 0.4": ["rate = 0.4"],
        "--plain-mask": ["mask_share = 1.0", "random_share = 0.0"],
        "--whole-word": ["whole_words = true"],
        "--max-tokens 16": ["max_tokens = 16"],
        "--limit 30": ["limit = 30"],
        "--seed 9": ["seed = 9"],
        "--set text.valid_share=0.3": ["valid_share = 0.3"],
        "--set train.clip=none": ['clip = "none"'],
        "--epochs 0 --device cpu": ["epochs = 0", 'device = "cpu"'],
    }
    words = shlex.split(" ".join(options))
    code, _, err = textune("adapt", lines, "--base", spoken, "--out", tmp_path / "run", *words)
    assert code == 0, err
    written = (tmp_path / "run" / "config.toml").read_text(encoding="utf-8").splitlines()
    assert [row for rows in options.values() for row in rows if row not in written] == []


def test_several_files_folders_and_patterns_are_read_together(textune, spoken, tmp_path):
    folder = tmp_path / "corpus" / "deep"
    folder.mkdir(parents=True)
    write_lines(tmp_path / "one.txt", 10)
    write_lines(folder / "two.txt", 10, seed=1)
    write_lines(tmp_path / "three.md", 10, seed=2)
    (tmp_path / "four.csv").write_text("id,text\n" + "1,the film was good\n" * 10)
    words = [tmp_path / "one.txt", tmp_path / "corpus", tmp_path / "*.md", tmp_path / "four.csv"]
    run = tmp_path / "run"
    code, _, err = textune("adapt", *words, "--base", spoken, "--out", run, *ADAPT)
    assert code == 0, err
    card = json.loads((run / "data_card.json").read_text(encoding="utf-8"))
    assert card["documents"] == 40
    assert len(card["files"]) == 4


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("lines.txt", "lines"),
        ("corpus", "corpus"),
        ("corpus/*.txt", "corpus"),
        ("corpus/**/*.txt", "corpus"),
        ("cor*/*.txt", "run"),
        ("*.txt", "run"),
        (".", "run"),
    ],
)
def test_a_run_is_named_after_its_text(lines, tmp_path, monkeypatch, source, name):
    (tmp_path / "corpus").mkdir()
    monkeypatch.chdir(tmp_path)
    for wanted in (name, f"{name}-2", f"{name}-3"):
        given = arguments(language_api.adapt, [source, "other.txt"])
        place = keywords.plain(AdaptSettings, given).out
        assert str(place) == f"runs/{wanted}"
        place.mkdir(parents=True)
    given = arguments(language_api.adapt, [source], out="elsewhere")
    assert keywords.plain(AdaptSettings, given).out == Path("elsewhere")


def test_one_endless_line_is_used_to_its_end(textune, spoken, tmp_path):
    file = tmp_path / "endless.txt"
    file.write_text("the film was very good a book is bad " * 300, encoding="utf-8")
    run = tmp_path / "run"
    code, _, err = textune("adapt", file, "--base", spoken, "--out", run, *ADAPT)
    assert code == 0
    card = json.loads((run / "data_card.json").read_text(encoding="utf-8"))
    assert card["documents"] == 1
    assert card["tokens_train"] + card["tokens_valid"] == card["tokens"] == 9 * 300
    assert "note: there is one document only: its last" in err


def test_evaluating_twice_gives_the_same_bytes(textune, made, lines):
    printed = [textune("evaluate", made, lines, "--json") for _ in range(2)]
    assert printed[0] == printed[1]
    code, out, err = printed[0]
    assert (code, err) == (0, "")
    numbers = one_object(out)
    assert numbers["n"] == 60
    kept = json.loads((made / "evaluations" / "lines.json").read_text(encoding="utf-8"))
    assert kept == numbers


def test_a_report_of_plain_text_is_refused_before_it_is_judged(textune, made, tmp_path):
    unseen = write_lines(tmp_path / "unseen.txt", 20)
    code, out, err = textune("evaluate", made, unseen, "--report", "md")
    assert (code, out) == (2, "")
    assert "--report: there is no page of plain text that a model was judged by" in err
    assert not (made / "evaluations" / "unseen.json").exists()


def test_a_run_can_be_overwritten(textune, lines, spoken, tmp_path):
    words = ["adapt", lines, "--base", spoken, "--out", tmp_path / "run", *ADAPT]
    assert textune(*words)[0] == 0
    assert textune(*words)[0] == 2
    code, out, _ = textune(*words, "--overwrite", "--seed", "3", "--json")
    assert code == 0
    found = one_object(out)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["best"] == found["best"]


def test_a_finished_run_says_that_there_is_nothing_to_resume(textune, place, made, spoken):
    words = ["adapt", place / "lines.txt", "--base", spoken, "--out", made, "--resume"]
    words += ["--epochs", "1", "--device", "cpu"]
    code, out, err = textune(*words)
    assert code == 0
    assert f"{made}: this run is finished; there is nothing to resume" in err
    assert "perplexity" in out


@pytest.mark.parametrize("command", ["train", "predict"])
def test_a_model_without_labels_is_not_taken_for_one_with_them(
    textune, made, reviews, tmp_path, monkeypatch, command
):
    monkeypatch.chdir(tmp_path)
    words = {
        "train": ["train", reviews, "--out", made, "--resume", "--device", "cpu"],
        "predict": ["predict", made, "good film"],
    }[command]
    code, _, err = textune(*words)
    assert code == 2, err
    assert "Traceback" not in err


def test_help_says_what_the_commands_are_for(textune):
    for command, words in (
        ("adapt", "Make an encoder at home in plain TEXT"),
        ("pretrain", "Make a tokenizer and a BERT from nothing but plain TEXT"),
        ("fill", "Say what an encoder would put for each [MASK] in TEXT"),
    ):
        code, out, _ = textune(command, "--help")
        assert code == 0
        assert words in " ".join(out.split())

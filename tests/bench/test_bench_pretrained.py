import argparse
import gzip
import io
import json
import random
from pathlib import Path

import pytest
from rich.console import Console

import made_results
from bench import pretrained, untrained
from bench.jobs import Result
from bench.pretrained import (
    SCORE,
    STARTS,
    fine_tune_all,
    in_words,
    learned_by,
    parse,
    prepare,
    pretrain,
    show,
    summarise,
    verdict,
)
from conftest import WORDS
from textune.doors import language_api

ROWS, DEV_ROWS = 100, 20
SILENT = Console(file=io.StringIO())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder laid out as the public data sets: a text, and labelled sentences."""
    folder = tmp_path_factory.mktemp("data")
    draw = random.Random(0)

    def sentence(label: int) -> str:
        words = WORDS[:5] if label else WORDS[5:10]
        return " ".join([*draw.choices(words, k=3), *draw.choices(WORDS[10:], k=5)])

    (folder / "book.txt").write_text("\n".join(sentence(n % 2) for n in range(60)) + "\n")
    (folder / "sst2").mkdir()
    rows = [f"{sentence(n % 2)} \t{n % 2}" for n in range(ROWS + DEV_ROWS)]
    lines = "\n".join(["sentence\tlabel", *rows[:ROWS]]) + "\n"
    (folder / "sst2" / "train.tsv.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "sst2" / "dev.tsv").write_text("\n".join(["sentence\tlabel", *rows[ROWS:]]) + "\n")
    return folder


@pytest.fixture(scope="module")
def run(data: Path, _kernels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pretrained encoder of one layer."""
    folder = tmp_path_factory.mktemp("pretrained")
    (folder / "kernels").symlink_to(_kernels)
    file = data / "book.txt"
    with pytest.MonkeyPatch.context() as patch:  # which the cache of each test comes too late for
        patch.setenv("TEXTUNE_CACHE", str(folder))
        return language_api.pretrain(
            file, size="1x64", vocab=200, epochs=1, max_tokens=32, out=folder / "run"
        ).path


@pytest.fixture
def options(data: Path, run: Path) -> argparse.Namespace:
    given = ["--data", str(data), "--pretrained", str(run), "--threads", "1"]
    return parse([*given, "--rows", "40", "--epochs", "1", "--batch-size", "8"])


def result(seed: int, accuracy: float) -> Result:
    return made_results.result("textune", seed, {"valid accuracy": 0.0, SCORE: accuracy})


def results(random_weights: list[float], learned: list[float]) -> list[tuple[str, Result]]:
    return [
        (start, result(seed, value))
        for seed, pair in enumerate(zip(random_weights, learned, strict=True), start=1)
        for start, value in zip(STARTS, pair, strict=True)
    ]


@pytest.mark.slow
@pytest.mark.exhaustive
def test_the_command_of_a_user_pretrains_and_its_numbers_are_read(
    data: Path, tmp_path: Path, forked: None
) -> None:
    given = ["--data", str(data), "--text", str(data / "book.txt"), "--threads", "1"]
    size = ["--size", "1x64", "--hours", "0.0001", "--limit", "50", "--out", str(tmp_path / "run")]
    said = Console(file=io.StringIO(), width=500)
    learned = learned_by(pretrain(parse([*given, *size]), tmp_path, said))
    assert isinstance(said.file, io.StringIO)
    command = f"textune pretrain {data / 'book.txt'} --size 1x64 --hours 0.0001 --limit 50"
    assert command in said.file.getvalue()
    card = json.loads((tmp_path / "run" / "data_card.json").read_text(encoding="utf-8"))
    assert sum(card["splits"].values()) == 50
    assert 0 <= learned["masked_accuracy"] <= 1


@pytest.mark.slow
@pytest.mark.exhaustive
def test_a_wrong_size_ends_as_the_command_does(data: Path, tmp_path: Path, forked: None) -> None:
    given = ["--data", str(data), "--text", str(data / "book.txt"), "--threads", "1"]
    with pytest.raises(SystemExit) as ended:
        pretrain(parse([*given, "--size", "huge"]), tmp_path, SILENT)
    assert ended.value.code == 2


def test_what_was_learned_stands_beside_the_most_frequent_piece(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    guess = metrics["baselines"]["most_frequent"]
    learned = learned_by(run)
    assert learned["masked_accuracy"] == metrics["valid"]["masked_accuracy"]
    assert learned["most_frequent_share"] == guess["masked_accuracy"]
    said = f"most frequent piece {guess['piece']!r}: {guess['masked_accuracy']:.4f})"
    assert said in in_words(learned)


@pytest.mark.slow
@pytest.mark.exhaustive
def test_both_starts_are_fine_tuned_on_the_same_rows(
    options: argparse.Namespace, run: Path, tmp_path: Path, forked: None
) -> None:
    options.seeds = 1
    files = prepare(options, tmp_path)
    tuned = fine_tune_all(options, run, files, tmp_path, SILENT)
    assert [start for start, _ in tuned] == ["random", "pretrained"]
    for _, found in tuned:
        assert (found.examples, found.seed, found.threads) == (40, 1, 1)
        assert 0 <= (found.scores[SCORE] or -1) <= 1


def test_an_untrained_encoder_differs_in_nothing_but_its_weights(run: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    model = run / "model"
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        assert untrained.make(model, tmp_path / name, seed=seed) > 1000
    weights = {
        name: load_file(tmp_path / name / "model.safetensors")[
            "bert.embeddings.word_embeddings.weight"
        ]
        for name in ("first", "again", "other")
    }
    pretrained_weights = load_file(model / "model.safetensors")
    assert weights["first"].equal(weights["again"])
    assert not weights["first"].equal(weights["other"])
    assert weights["first"].std().item() == pytest.approx(0.02, rel=0.2)
    assert load_file(tmp_path / "first" / "model.safetensors").keys() == pretrained_weights.keys()
    for name in ("manifest.json", "language.json"):  # what a run says of its own weights
        assert (model / name).is_file()
        assert not (tmp_path / "first" / name).exists()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        assert (tmp_path / "first" / name).read_bytes() == (model / name).read_bytes()
    ours, theirs = (
        json.loads((folder / "config.json").read_text(encoding="utf-8"))
        for folder in (model, tmp_path / "first")
    )
    assert ours == theirs


def test_rows_are_drawn_once_and_those_that_choose_the_epoch_are_others(
    options: argparse.Namespace, data: Path, tmp_path: Path
) -> None:
    def lines(file: Path) -> list[str]:
        return file.read_text(encoding="utf-8").splitlines()

    files = prepare(options, tmp_path)
    assert files.rows == {"train": 40, "valid": 10, "dev": DEV_ROWS}
    first = lines(files.train), lines(files.valid)
    assert (lines(prepare(options, tmp_path).train), lines(files.valid)) == first
    every = pretrained.read(data / "sst2" / "train.tsv.gz")
    assert len(every) == ROWS
    assert every[1][0] == every[1][0].strip()
    drawn = [json.loads(line)["text"] for line in (*first[0], *first[1])]
    texts = [text for text, _ in every]
    assert all(drawn.count(text) <= texts.count(text) for text in drawn)


def test_the_difference_is_paired_by_seed_and_carries_its_interval() -> None:
    found = summarise(results([0.60, 0.70, 0.65], [0.72, 0.80, 0.76]))
    assert found["accuracy"]["random"] == {
        "mean": pytest.approx(0.65),
        "deviation": pytest.approx(0.05),
        "seeds": [0.60, 0.70, 0.65],
    }
    assert found["difference"] == pytest.approx(0.11)
    # 0.11 ± 4.3027 × 0.01 / √3 (Student's t, two degrees of freedom)
    assert found["interval"] == pytest.approx([0.11 - 0.024841, 0.11 + 0.024841], abs=1e-5)
    assert found["words"] == (
        "pretraining gains +0.1100 accuracy (95 % interval +0.0852 to +0.1348): more than noise"
    )


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.01, 0.03), "pretraining gains +0.0200"),
        ((-0.03, -0.01), "pretraining loses +0.0200"),
        ((-0.01, 0.05), "not more than the noise of 3 seeds"),
    ],
)
def test_a_difference_is_put_into_words(interval: tuple[float, float], words: str) -> None:
    assert words in verdict(0.02, interval, 3)


def test_the_table_holds_every_accuracy_and_both_means() -> None:
    console = Console(file=io.StringIO(), width=400)
    learned = {"steps": 7, "train_seconds": 60.0, "tokens_per_second": 9.0, "perplexity": 50.0}
    learned |= {"masked_accuracy": 0.3, "most_frequent_share": 0.06, "most_frequent_piece": "the"}
    report = {
        "settings": {"epochs": 3, "batch_size": 32, "lr": 3e-4},
        "pretraining": learned,
        "rows": {"train": 5000, "dev": 872},
        **summarise(results([0.60, 0.70], [0.72, 0.80])),
    }
    show(report, console)
    assert isinstance(console.file, io.StringIO)
    said = console.file.getvalue()
    assert "accuracy 0.3000 (always guessing the most frequent piece 'the': 0.0600)" in said
    assert "rows train 5,000, dev 872; 3 epoch(s) in batches of 32, lr 0.0003" in said
    rows = [
        [part.strip() for part in line.split("│")[1:-1]]
        for line in said.splitlines()
        if "│" in line
    ]
    assert rows == [
        ["random weights", "0.6000", "0.7000", "0.6500 ± 0.0707"],
        ["pretrained", "0.7200", "0.8000", "0.7600 ± 0.0566"],
    ]
    assert report["words"] in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--seeds", "1"], "--seeds 1: two seeds at least are needed"),
        (["--hours", "0"], "invalid hours value: '0'"),
        (["--text", "nowhere.txt"], "--text nowhere.txt: there is no such file"),
        ([], "imdb/train.csv.gz not found"),
        (["--data", "nowhere"], "--data nowhere: sst2/train.tsv.gz, sst2/dev.tsv"),
        (["--pretrained", "nowhere"], "--pretrained nowhere: no metrics.json in it"),
        (["--pretrained", "x", "--hours", "1"], "--pretrained and --hours exclude each other"),
        (["--text", "{data}/book.txt", "--out", "{data}"], "is there already; name a new folder"),
    ],
)
def test_a_wrong_option_is_explained(
    given: list[str], message: str, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--data", str(data), *(each.format(data=data) for each in given)])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_third_of_an_hour_is_usual(data: Path) -> None:
    options = parse(["--data", str(data), "--text", str(data / "book.txt")])
    assert (options.size, options.hours, options.out) == ("mini", pytest.approx(1 / 3), None)
    assert (options.rows, options.seeds, options.epochs, options.lr) == (5000, 3, 3, 3e-4)

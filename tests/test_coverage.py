"""Every command of the page on the reference systems runs, on a tiny base and a few real rows."""

import csv
import gzip
import json
import shlex
import shutil
import sys
import zipfile

import pytest

from conftest import WORDS
from made_texts import make_base, write_lines
from test_docs import ROOT, covered
from textune.doors import cli
from thinning import spare

ONLY_TYPED = ("hf://",)  # needs a hub
REFUSED = {  # the page says that it is
    "--device tpu": "not on TPUs",
    "google/canine-s": "canine encoders read characters, not pieces, and have no fast tokenizer",
}
TRAINS = ("train", "sweep", "adapt", "pretrain")
TYPED_ELSEWHERE = (  # by the tests of what they are for
    *("--processes", "--track", "--profile", "--deterministic", "--try", "--show", "--epochs 2"),
    *("--nsp-only", "--plain-mask", "sweep ", "keep_epochs", "keep_checkpoints", "patience"),
    *("judge_training", "valid_share=0", "unlabelled", "one-cycle", "warmup_epochs", "micro_f1"),
)


def beginning(file, target, lines):
    """Copy the first lines of a file of lines, packed or not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as source:
        kept = "".join(next(source) for _ in range(lines))
    with (gzip.open if target.suffix == ".gz" else open)(target, "wt", encoding="utf-8") as made:
        made.write(kept)


def films(shared, folder):
    """Write reviews as folders of files, one for each label."""
    csv.field_size_limit(10**7)
    with gzip.open(shared / "imdb" / "train.csv.gz", "rt", encoding="utf-8", newline="") as source:
        for number, row in zip(range(48), csv.DictReader(source), strict=False):
            part = "test" if number % 8 > 5 else "train"
            place = folder / "aclImdb" / part / ("neg", "pos")[number % 2]
            place.mkdir(parents=True, exist_ok=True)
            text = next(cell for cell in row.values() if len(cell) > 40)
            (place / f"{number}_1.txt").write_text(text[:300], encoding="utf-8")


def questions(shared, folder):
    with gzip.open(shared / "squad" / "dev-v1.1.json.gz", "rt", encoding="utf-8") as source:
        found = json.load(source)
    kept = found["data"][0]["paragraphs"][:3]
    few = {**found, "data": [{**found["data"][0], "paragraphs": kept}]}
    (folder / "train-v2.0.json").write_text(json.dumps(few), encoding="utf-8")


@pytest.fixture(scope="module")
def files(shared, tmp_path_factory):
    """Return a folder that has the files which the page names, with a few rows each."""
    folder = tmp_path_factory.mktemp("covered")
    for name in ("in_domain_train.tsv", "out_of_domain_dev.tsv"):
        beginning(shared / "cola" / name, folder / "cola" / name, 48)
    with zipfile.ZipFile(folder / "cola.zip", "w") as packed:
        packed.write(folder / "cola" / "in_domain_train.tsv", "in_domain_train.tsv")
    (folder / "jigsaw").mkdir()
    sample, made = shared / "jigsaw" / "train_sample_2000.csv", folder / "jigsaw" / "train.csv"
    with sample.open(newline="") as source, made.open("w", newline="") as target:
        rows = csv.reader(source)
        csv.writer(target).writerows(next(rows)[:-1] for _ in range(64))
    (folder / "meditations").mkdir()
    write_lines(folder / "meditations" / "clean.txt", 40)
    films(shared, folder)
    for name in ("train.tsv.gz", "test.tsv", "emotions.txt"):
        count = 28 if name == "emotions.txt" else 150
        beginning(shared / "goemotions" / name, folder / "goemotions" / name, count)
    beginning(shared / "rte" / "train.tsv", folder / "rte.tsv", 40)
    beginning(shared / "wnut17" / "wnut17train.conll", folder / "wnut17train.conll", 240)
    questions(shared, folder)
    shutil.copy(ROOT / "examples" / "focal_loss.py", folder / "my.py")
    (folder / "canine").mkdir()
    (folder / "canine" / "config.json").write_text('{"model_type": "canine"}', encoding="utf-8")
    return folder


class Typed:
    """Commands of the page, with a tiny base, in the folder of its files."""

    def __init__(self, bases, capfd, monkeypatch):
        self.tiny, self.spoken = bases
        self.capfd, self.patch = capfd, monkeypatch

    def __call__(self, line, *more):
        bases = {"bert-base-uncased": str(self.tiny), "google/canine-s": "./canine"}
        words = shlex.split(line)
        for hub, here in bases.items():
            words = [word.replace(hub, here) for word in words]
        name = words[1]
        if name in TRAINS:
            base = self.spoken if name == "adapt" else self.tiny
            has_base = "--base" in words or name == "pretrain"
            words += [] if has_base else ["--base", str(base)]
            words += [] if "--epochs" in words and name != "adapt" else ["--epochs", "1"]
            words += ["--device", "cpu"] if "--device" not in words else []
            words += ["--set", "train.precision=fp32", "--set", "train.batch_size=16"]
            words += [] if "--resume" in words else ["--overwrite"]
        if name in ("train", "sweep") and "none" not in words and "clean.txt" not in line:
            words += ["--set", "data.valid_share=0.2", "--max-tokens", "64"]
        words += ["--trials", "2", "--seeds", "1"] if name == "sweep" else []
        words += ["--size", "1x64", "--vocab", "120"] if name == "pretrain" else []
        words += ["--max-tokens", "32"] if name in ("adapt", "pretrain") else []
        self.patch.setattr(sys, "argv", [*words, *more])
        with pytest.raises(SystemExit) as ended:
            cli.run()
        out, err = self.capfd.readouterr()
        return ended.value.code, out + err


@pytest.fixture
def typed(files, tiny_base, tmp_path_factory, capfd, monkeypatch):
    monkeypatch.chdir(files)
    monkeypatch.setenv("MPLBACKEND", "agg")
    spoken = files / "spoken"
    if not spoken.exists():
        make_base(spoken, WORDS)
    return Typed((tiny_base, spoken), capfd, monkeypatch)


def ready(typed, files):
    """Make the runs that the page's commands use."""
    if (files / "runs" / "nexts").exists():
        return
    cola = "cola/in_domain_train.tsv --no-header --text 4 --label 2"
    for line in (
        f"textune train {cola} --test cola/out_of_domain_dev.tsv --out runs/cola",
        "textune train jigsaw/train.csv --out runs/jigsaw",
        "textune train aclImdb/train --out runs/imdb",
        "textune train goemotions/train.tsv.gz --names goemotions/emotions.txt "
        "--test goemotions/test.tsv --out runs/emotions",
        "textune adapt meditations/clean.txt --out runs/meditations",
        "textune adapt meditations/clean.txt --nsp --out runs/nexts",
    ):
        code, said = typed(line)
        assert code == 0, (line, said)


LINES = [line for _, line in covered()]
CASES = [
    spare(line, any(option in line for option in TYPED_ELSEWHERE)) for line in dict.fromkeys(LINES)
]


@pytest.mark.parametrize("line", CASES, ids=lambda line: line[8:70])
def test_a_command_of_the_page_runs(line, typed, files):
    ready(typed, files)
    if any(word in line for word in ONLY_TYPED):
        pytest.skip("needs a hub; that it can be typed is tested beside the other pages")
    if "--resume" in line:  # what it goes on with
        code, said = typed("textune train aclImdb/train --set train.keep_checkpoints=true")
        assert code == 0, said
    code, said = typed(line.replace("--max-tokens 128", "--max-tokens 48"))  # the tiny base's
    refused = [words for option, words in REFUSED.items() if option in line]
    assert code == (2 if refused else 0), said
    assert all(words in said for words in refused)
    assert said.strip()
    assert "Traceback" not in said


def test_the_page_has_many_commands():
    assert len(set(LINES)) >= 45

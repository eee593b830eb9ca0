"""Fine-tuned with adaptation and without, on one split: what is the difference, and how sure?"""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import pytest
from scipy.stats import ttest_rel

from conftest import WORDS
from made_texts import give_head, own_cache, write_lines
from textune.doors import keywords
from textune.errors import DataError, SettingsError
from textune.recipes import plain_text, proving, requests
from textune.recipes.proving import Proof
from textune.records import Message, Step
from textune.settings.language_config import AdaptSettings

HELPS = ([0.41, 0.43, 0.42], [0.47, 0.48, 0.48])
HARMS = ([0.71, 0.73, 0.72, 0.70], [0.61, 0.66, 0.63, 0.64])
CHANCE = ([0.41, 0.43, 0.42], [0.45, 0.42, 0.46])
CHANGES = ("train.epochs=1", "train.batch_size=16", "train.lr=0.002")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (HELPS, "adaptation helps: +0.0567 ("),
        (HARMS, "adaptation harms: -0.0800 ("),
        (CHANCE, "no difference that 3 seeds can show: +0.0233 ("),
        (([0.5, 0.6], [0.52, 0.7]), "no difference that 2 seeds can show: +0.0600 ("),
        (([0.5, 0.6], [0.5, 0.6]), "no difference that 2 seeds can show: +0.0000 (+0.0000 to"),
    ],
    ids=["helps", "harms", "chance", "two seeds", "equal"],
)
def test_words_say_what_the_interval_shows(values, words):
    assert proving.compare(*values)["words"].startswith(words)


@pytest.mark.parametrize("values", [HELPS, HARMS, CHANCE], ids=["helps", "harms", "chance"])
def test_the_interval_is_that_of_a_paired_t_test(values):
    without, adapted = values
    found = proving.compare(without, adapted)
    wanted = ttest_rel(adapted, without).confidence_interval(0.95)
    assert found["interval"] == pytest.approx([wanted.low, wanted.high])
    assert found["difference"] == pytest.approx((wanted.low + wanted.high) / 2)
    assert f"({wanted.low:+.4f} to {wanted.high:+.4f})" in found["words"]


def test_of_a_loss_less_is_better():
    gain = proving.compare(*HARMS, is_better_higher=False)
    assert gain["words"].startswith("adaptation helps: -0.0800 (")
    assert proving.compare(*HELPS, is_better_higher=False)["words"].startswith(
        "adaptation harms: +"
    )
    assert proving.compare(*CHANCE, is_better_higher=False) == proving.compare(*CHANCE)


def test_the_order_of_the_seeds_pairs_them():
    paired = proving.compare([0.1, 0.5, 0.9], [0.15, 0.55, 0.95])
    crossed = proving.compare([0.1, 0.5, 0.9], [0.95, 0.55, 0.15])
    assert paired["words"].startswith("adaptation helps")
    assert crossed["words"].startswith("no difference")


def check(proof, base):
    proving.check(proof, str(base), device="cpu")


def test_a_file_that_can_be_fine_tuned_on_is_accepted(reviews, tiny_base):
    check(Proof(str(reviews), 2, CHANGES), tiny_base)


@pytest.mark.parametrize(
    ("proof", "kind", "message"),
    [
        (Proof("missing.csv"), SettingsError, "--prove missing.csv: there is no such file"),
        (Proof("FILE", 1), SettingsError, "--prove-seeds 1: two seeds at least are needed"),
        (Proof("FILE", 2, ("train.lrr=1",)), SettingsError, "train.lrr: no such setting; did you"),
        (Proof("FILE", 2, ("data.label=lable",)), SettingsError, "did you mean 'label'"),
        (Proof("FILE", 2, ("data.max_tokens=99",)), SettingsError, "this encoder reads at most 64"),
        (Proof("EMPTY"), DataError, "empty.csv"),
        (Proof("PLAIN"), DataError, "plain.txt"),
    ],
    ids=["missing", "one seed", "setting", "label", "limit", "empty", "no labels"],
)
def test_what_cannot_be_fine_tuned_on_is_found_at_once(
    reviews, tiny_base, tmp_path, proof, kind, message
):
    (tmp_path / "empty.csv").touch()
    write_lines(tmp_path / "plain.txt", 30)
    known = {
        "FILE": str(reviews),
        "EMPTY": str(tmp_path / "empty.csv"),
        "PLAIN": str(tmp_path / "plain.txt"),
    }
    proof = Proof(known.get(proof.file, proof.file), proof.seeds, proof.changes)
    with pytest.raises(kind, match=message):
        check(proof, tiny_base)


def request(lines, base, out, proof, *, resume=False):
    options = {"base": str(base), "epochs": 1, "device": "cpu"}
    settings = keywords.resolve(AdaptSettings, options, None, ["text.cache=false"])
    return requests.TextRequest((str(lines),), settings, out, proof=proof, resume=resume)


@dataclass(frozen=True)
class Proved:
    """A finished run, and what it was made from."""

    lines: Path
    base: Path
    proof: Proof
    run: Path
    said: list[str]

    @property
    def found(self):
        return read_json(self.run / "metrics.json")["prove"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, _kernels):
    with own_cache(tmp_path_factory.mktemp("proved"), _kernels) as folder:
        yield folder


@pytest.fixture(scope="module")
def proved(place, tiny_base):
    draw = random.Random(0)
    rows = [(draw.choice(WORDS[10:15]), draw.choice(WORDS[:10])) for _ in range(80)]
    table = [f"the {noun} was {word},{WORDS.index(word) // 5}\n" for noun, word in rows]
    labelled = place / "labelled.csv"
    labelled.write_text("text,label\n" + "".join(table), encoding="utf-8")
    lines = write_lines(place / "lines.txt", 60)
    spoken = give_head(tiny_base, place / "spoken")
    changes = ("train.epochs=0", "train.metric=log_loss", "data.cache=false")
    proof = Proof(str(labelled), 2, changes)
    events = plain_text.learn(request(lines, spoken, place / "run", proof))
    said = [event.text for event in events if isinstance(event, Message)]
    return Proved(lines, spoken, proof, place / "run", said)


def read_json(file):
    return json.loads(file.read_text(encoding="utf-8"))


def test_all_fine_tunings_have_one_split(proved):
    folders = sorted((proved.run / "prove").iterdir())
    assert [folder.name for folder in folders] == ["with-1", "with-2", "without-1", "without-2"]
    splits = [read_json(folder / "splits.json") for folder in folders]
    assert splits[0]["valid"]
    assert all(split == splits[0] for split in splits)
    assert not [folder for folder in folders if (folder / "model").exists()]


def test_a_run_says_what_came_of_it(proved):
    found = proved.found
    assert (found["file"], found["metric"], found["seeds"]) == (
        proved.proof.file,
        "log_loss",
        [1, 2],
    )
    wanted = proving.compare(found["without"], found["with"], is_better_higher=False)
    assert found == found | wanted
    assert proved.said[-2] == f"prove: log_loss: {found['words']}"
    assert len([text for text in proved.said if text.startswith("prove: with")]) == 4
    page = (proved.run / "report.html").read_text(encoding="utf-8")
    assert "log_loss on" in page
    assert "labelled.csv" in page


def test_fine_tuning_begins_with_the_weights_it_is_named_after(proved):
    for name, base in (("without", proved.base), ("with", proved.run)):
        settings = (proved.run / "prove" / f"{name}-1" / "config.toml").read_text(encoding="utf-8")
        assert f'base = "{base}"' in settings
        assert 'device = "cpu"' in settings


def test_a_run_that_ended_while_it_was_proved_is_proved_when_resumed(proved, tmp_path):
    asked = proved.lines, proved.base, tmp_path / "run", proved.proof
    events = plain_text.learn(request(*asked))
    next(
        event for event in events if isinstance(event, Message) and event.text.startswith("prove:")
    )
    events.close()
    again = plain_text.learn(request(*asked, resume=True))
    assert not [event for event in again if isinstance(event, Step)]
    assert read_json(tmp_path / "run" / "metrics.json") == read_json(proved.run / "metrics.json")

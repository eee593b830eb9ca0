"""Fine-tuned with adaptation and without, on one split: what is the difference, and how sure?"""

import json

import pytest
from scipy.stats import ttest_rel

from made_texts import give_head, write_lines
from textune import language_api, language_recipe, proving
from textune.errors import DataError, SettingsError
from textune.language_config import AdaptSettings
from textune.proving import Proof
from textune.records import Said, Step

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
    settings = language_api.resolve(AdaptSettings, options)
    return language_recipe.Request((str(lines),), settings, out, proof=proof, resume=resume)


@pytest.fixture
def lines(tmp_path):
    return write_lines(tmp_path / "lines.txt", 60)


@pytest.fixture
def spoken(tmp_path, tiny_base):
    return give_head(tiny_base, tmp_path / "spoken")


def read_json(file):
    return json.loads(file.read_text(encoding="utf-8"))


def test_all_fine_tunings_have_one_split(reviews, lines, spoken, tmp_path):
    proof = Proof(str(reviews), 2, CHANGES)
    events = list(language_recipe.learning(request(lines, spoken, tmp_path / "run", proof)))
    found = read_json(tmp_path / "run" / "metrics.json")["prove"]
    assert (found["file"], found["metric"], found["seeds"]) == (str(reviews), "mcc", [1, 2])
    assert found == found | proving.compare(found["without"], found["with"])
    folders = sorted((tmp_path / "run" / "prove").iterdir())
    assert [folder.name for folder in folders] == ["with-1", "with-2", "without-1", "without-2"]
    splits = [read_json(folder / "splits.json") for folder in folders]
    assert splits[0]["valid"]
    assert all(split == splits[0] for split in splits)
    assert not [folder for folder in folders if (folder / "model").exists()]
    said = [event.text for event in events if isinstance(event, Said)]
    assert len([text for text in said if text.startswith("prove: with")]) == 4
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "mcc on" in page
    assert reviews.name in page


def test_fine_tuning_begins_with_the_weights_it_is_named_after(reviews, lines, spoken, tmp_path):
    proof = Proof(str(reviews), 2, ("train.epochs=0", "train.metric=log_loss"))
    list(language_recipe.learning(request(lines, spoken, tmp_path / "run", proof)))
    bases = {
        folder.name.partition("-")[0]: (folder / "config.toml").read_text(encoding="utf-8")
        for folder in (tmp_path / "run" / "prove").iterdir()
    }
    assert f'base = "{spoken}"' in bases["without"]
    assert f'base = "{tmp_path / "run"}"' in bases["with"]
    assert all('device = "cpu"' in text for text in bases.values())
    found = read_json(tmp_path / "run" / "metrics.json")["prove"]
    assert found["metric"] == "log_loss"
    wanted = proving.compare(found["without"], found["with"], is_better_higher=False)
    assert found == found | wanted


def test_a_run_that_ended_while_it_was_proved_is_proved_when_resumed(
    reviews, lines, spoken, tmp_path
):
    proof = Proof(str(reviews), 2, CHANGES)
    events = language_recipe.learning(request(lines, spoken, tmp_path / "run", proof))
    next(event for event in events if isinstance(event, Said) and event.text.startswith("prove:"))
    events.close()
    again = request(lines, spoken, tmp_path / "run", proof, resume=True)
    assert not [event for event in language_recipe.learning(again) if isinstance(event, Step)]
    list(language_recipe.learning(request(lines, spoken, tmp_path / "whole", proof)))
    numbers = [read_json(tmp_path / name / "metrics.json") for name in ("run", "whole")]
    assert len(numbers[0]["prove"]["with"]) == 2
    assert numbers[0] == numbers[1]

"""A run goes on where it was stopped, whatever was damaged or asked meanwhile, or says why not."""

import json
import os
import shutil
import signal

import pytest
import torch
from safetensors.torch import load_file

import thinning
from textune.errors import CheckpointError, StoppedError
from textune.recipes import labelled_text, recipe, requests
from textune.records import Message, Started, Step, Validated
from textune.settings import config
from textune.settings.config import Settings
from textune.training import checkpoint, fingerprints

GIVEN = {"train.epochs": 2, "train.batch_size": 16, "train.lr": 2e-3, "train.precision": "fp32"}
LAST = 8  # updates of two epochs


@pytest.fixture(scope="module")
def reviews_file(tmp_path_factory):
    """Return a file of 70 texts: four updates an epoch."""
    lines = [f"{'good fine' if n % 2 else 'bad dull'} film {n},{n % 2}" for n in range(70)]
    file = tmp_path_factory.mktemp("texts") / "reviews.csv"
    file.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return file


def request(file, base, out, *changes, resume=False, accept_changes=False, **given):
    settings = config.resolve(Settings, None, changes, {"base": str(base), **GIVEN, **given})
    return requests.TrainRequest(
        str(file), settings, out, resume=resume, accept_changes=accept_changes
    )


def run_to(event_is_last, asked):
    """Run until an event, then end as a killed process does."""
    events = labelled_text.learn(asked)
    for event in events:
        if event_is_last(event):
            break
    events.close()


def said(asked):
    return [event.text for event in labelled_text.learn(asked) if isinstance(event, Message)]


@pytest.fixture(scope="module")
def whole(reviews_file, tiny_base, tmp_path_factory):
    """Return an unbroken run."""
    out = tmp_path_factory.mktemp("whole") / "run"
    list(labelled_text.learn(request(reviews_file, tiny_base, out)))
    return out


@pytest.fixture(scope="module")
def stopped_at_the_end(reviews_file, tiny_base, tmp_path_factory):
    """Return a run that was killed after its last checkpoint, before its model was written."""
    out = tmp_path_factory.mktemp("stopped") / "run"
    asked = request(reviews_file, tiny_base, out)
    with pytest.raises(StoppedError, match=f"after step {LAST}, state saved"):
        for event in labelled_text.learn(asked):
            if isinstance(event, Validated) and event.step == LAST:
                os.kill(os.getpid(), signal.SIGTERM)
    assert not (out / "model").exists()
    return out


@pytest.fixture
def stopped(stopped_at_the_end, tmp_path):
    """Return a copy of that run."""
    return shutil.copytree(stopped_at_the_end, tmp_path / "run")


def same_weights(one, other):
    first, second = (load_file(run / "model" / "model.safetensors") for run in (one, other))
    return all(first[name].equal(second[name]) for name in first)


def flip(file, place):
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 4
    file.write_bytes(content)


@pytest.mark.parametrize("place", [0.001, thinning.spare(0.01), 0.5, thinning.spare(0.99)], ids=str)
def test_damaged_best_weights_are_taken_from_their_checkpoint(
    reviews_file, tiny_base, whole, stopped, place
):
    flip(stopped / "checkpoints" / "best.safetensors", place)
    words = said(request(reviews_file, tiny_base, stopped, resume=True))
    assert any("best.safetensors was absent or damaged: written anew" in text for text in words)
    assert same_weights(stopped, whole)


def test_best_weights_that_are_nowhere_else_are_not_replaced_by_others(
    reviews_file, tiny_base, stopped
):
    best = json.loads(next(iter((stopped / "checkpoints").glob("step-*/state.json"))).read_text())
    for place in (stopped / "checkpoints").glob("step-*"):
        state = json.loads((place / "state.json").read_text(encoding="utf-8"))
        if state["progress"]["step"] == state["progress"]["best_step"]:
            shutil.rmtree(place)
            best = state
    flip(stopped / "checkpoints" / "best.safetensors", 0.5)
    if not list((stopped / "checkpoints").glob("step-*")):
        pytest.skip("the best step was the only one kept")
    assert best["progress"]["best_step"]
    with pytest.raises(CheckpointError) as found:
        list(labelled_text.learn(request(reviews_file, tiny_base, stopped, resume=True)))
    assert found.value.exit_code == 4


def test_the_time_of_earlier_sessions_counts(reviews_file, tiny_base, stopped):
    place = stopped / "checkpoints"
    found = checkpoint.latest(place)
    found.state["progress"]["clock"] = 5000.0
    checkpoint.save(place, found, step=LAST)
    list(labelled_text.learn(request(reviews_file, tiny_base, stopped, resume=True)))
    capsule = json.loads((stopped / "capsule.json").read_text(encoding="utf-8"))
    assert capsule["wall_seconds"] > 5000


def test_what_was_damaged_is_said_and_written_anew(reviews_file, tiny_base, whole, stopped):
    newest = max((stopped / "checkpoints").glob("step-*"))
    flip(newest / "state.safetensors", 0.5)
    for name in ("config.toml", "splits.json", "log.jsonl"):
        (stopped / name).write_bytes(b"")
    (stopped / "data_card.json").write_bytes(b'{"files": [\xff')
    words = said(request(reviews_file, tiny_base, stopped, resume=True))
    assert any(f"{newest}: damaged, passed over" in text for text in words)
    assert any("log.jsonl: lacks 4 of the 4 steps before" in text for text in words)
    for name in ("config.toml", "splits.json", "data_card.json"):
        assert any(f"{name} was absent or damaged: written anew" in text for text in words)
        assert (stopped / name).read_bytes() == (whole / name).read_bytes()
    assert same_weights(stopped, whole)


@pytest.mark.parametrize("missing", ["report.html", "metrics.json", "model"])
def test_every_stage_after_training_is_done_by_a_resume(
    reviews_file, tiny_base, whole, stopped, missing, monkeypatch
):
    """The process ends before one of its last files is written."""
    from textune.report import report
    from textune.storage import atomic, folders

    def ended(*_, **__):
        raise KeyboardInterrupt

    place = {"report.html": (report, "write"), "metrics.json": (recipe, "_write_end")}
    monkeypatch.setattr(*place.get(missing, (recipe, "_write_model")), ended)
    with pytest.raises(KeyboardInterrupt):
        list(labelled_text.learn(request(reviews_file, tiny_base, stopped, resume=True)))
    assert not (stopped / missing).exists()
    monkeypatch.undo()
    assert (stopped / "checkpoints").exists()
    list(labelled_text.learn(request(reviews_file, tiny_base, stopped, resume=True)))
    assert {path.name for path in stopped.iterdir()} == {path.name for path in whole.iterdir()}
    assert not (stopped / "checkpoints").exists()
    assert (stopped / "metrics.json").read_bytes() == (whole / "metrics.json").read_bytes()
    assert same_weights(stopped, whole)
    progress = folders.read_mark(stopped)["progress"]
    assert (progress["step"], progress["total"]) == (LAST, LAST)
    assert atomic.clear_unfinished(stopped) == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": 3}, r"the settings changed .*\(.*seed: 42 → 3"),
        ({"train.lr": 1.0}, r"the settings changed .*\(train.lr: 0.002 → 1.0\)"),
        ({"train.epochs": 1}, r"the settings changed .*\(train.epochs: 2 → 1\)"),
        ({"train.epochs": 6}, r"finished with 2 epochs, and its checkpoints are gone.*keep_check"),
        ({"file": True}, "the data changed"),
    ],
    ids=["seed", "lr", "fewer epochs", "more epochs", "file"],
)
def test_a_finished_run_is_compared_with_what_is_asked(
    reviews_file, tiny_base, whole, tmp_path, asked, message
):
    run = shutil.copytree(whole, tmp_path / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    if asked.pop("file", None):
        other = tmp_path / "reviews.csv"
        other.write_text(reviews_file.read_text().replace("film", "book", 1), encoding="utf-8")
        reviews_file = other
    with pytest.raises(CheckpointError, match=message):
        list(labelled_text.learn(request(reviews_file, tiny_base, run, resume=True, **asked)))
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_finished_run_mends_its_files_and_has_nothing_to_resume(
    reviews_file, tiny_base, whole, tmp_path
):
    run = shutil.copytree(whole, tmp_path / "run")
    (run / "report.html").unlink()
    (run / "splits.json").write_bytes(b"")
    words = said(request(reviews_file, tiny_base, run, resume=True))
    assert words[-1] == f"{run}: this run is finished; there is nothing to resume"
    assert (run / "report.html").is_file()
    assert (run / "splits.json").read_bytes() == (whole / "splits.json").read_bytes()
    (run / "metrics.json").write_bytes(b'{"valid"')
    with pytest.raises(CheckpointError, match=r"metrics\.json: is absent or damaged, and no check"):
        said(request(reviews_file, tiny_base, run, resume=True))
    assert (run / "model" / "model.safetensors").is_file()


def test_what_a_finished_run_has_lost_is_said(reviews_file, tiny_base, whole, tmp_path):
    run = shutil.copytree(whole, tmp_path / "run")
    page = (run / "report.html").read_bytes()
    (run / "report.html").write_bytes(page[:40])
    words = said(request(reviews_file, tiny_base, run, resume=True))
    assert [text for text in words if "damaged" in text] == [
        f"{run / 'report.html'} was damaged: written anew"
    ]
    assert len((run / "report.html").read_bytes()) > len(page) / 2
    for name in ("log.jsonl", "capsule.json"):
        (run / name).write_bytes((run / name).read_bytes()[:40])
    words = said(request(reviews_file, tiny_base, run, resume=True))
    for name in ("log.jsonl", "capsule.json"):
        assert any(text.startswith(f"{run / name} is absent or damaged") for text in words)


def test_a_finished_run_goes_on_to_more_epochs(reviews_file, tiny_base, tmp_path):
    out, kept = tmp_path / "run", {"train.keep_checkpoints": True}
    list(labelled_text.learn(request(reviews_file, tiny_base, out, **kept)))
    assert (out / "checkpoints").is_dir()
    more = {"train.epochs": 3, **kept}
    events = list(labelled_text.learn(request(reviews_file, tiny_base, out, resume=True, **more)))
    assert next(event for event in events if isinstance(event, Started)).first == LAST + 1
    words = [event.text for event in events if isinstance(event, Message)]
    assert any(
        "goes on to 3: the learning rate follows the schedule of 3" in text for text in words
    )
    rates = [event.lr for event in events if isinstance(event, Step)]
    assert len(rates) == 4
    assert rates[0] > rates[-1]
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "step"] == list(range(1, 13))
    assert "epochs = 3" in (out / "config.toml").read_text(encoding="utf-8")
    again = said(request(reviews_file, tiny_base, out, resume=True, **more))
    assert again[-1].endswith("there is nothing to resume")


@pytest.mark.parametrize("what", ["kernels", "numbers", "version", "at once"])
@pytest.mark.first(2)
def test_other_bits_are_refused_or_accepted(
    reviews_file, tiny_base, tmp_path, what, monkeypatch, fresh_kernels
):
    out = tmp_path / "run"
    run_to(
        lambda event: isinstance(event, Step) and event.number == 5,
        request(reviews_file, tiny_base, out),
    )
    given = {}
    if what == "kernels":
        from textune.fast import build, calls

        if not calls.available():
            pytest.skip("no kernels here")
        monkeypatch.setenv("TEXTUNE_KERNELS", "0")
        build.library.cache_clear()
        calls._declared = None
        message = r"the layers: by compiled kernels \(\w+\) → by torch's own operations"
    elif what == "numbers":
        given, message = {"train.precision": "bf16"}, r"number format .*: fp32 → bf16"
    elif what == "at once":
        given, message = {"train.micro_tokens": 64}, r"train\.micro_tokens: none → 64"
    else:
        monkeypatch.setattr(torch, "__version__", f"{torch.__version__}.other")
        message = r"torch: .* → .*other"
    with pytest.raises(CheckpointError, match=f"{message}.*--accept-changes"):
        said(request(reviews_file, tiny_base, out, resume=True, **given))
    words = said(request(reviews_file, tiny_base, out, resume=True, accept_changes=True, **given))
    assert any(text.startswith("changed, and accepted: ") for text in words)
    assert (out / "model").is_dir()


def test_a_run_that_had_learned_nothing_begins_again(reviews_file, tiny_base, whole, tmp_path):
    out = tmp_path / "run"
    asked = request(reviews_file, tiny_base, out)
    run_to(lambda event: isinstance(event, Step) and event.number == 2, asked)
    assert not (out / "checkpoints").exists()
    list(labelled_text.learn(request(reviews_file, tiny_base, out, resume=True)))
    assert same_weights(out, whole)


def test_what_is_before_a_checkpoint_is_in_the_log(reviews_file, tiny_base, tmp_path):
    out = tmp_path / "run"
    asked = request(reviews_file, tiny_base, out, "train.checkpoint_minutes=1e-9")
    events = labelled_text.learn(asked)
    for event in events:
        if isinstance(event, Step) and event.number == 3:
            break
    lines = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]
    events.close()


def test_runs_of_an_earlier_version_are_told_of(reviews_file, tiny_base, whole, tmp_path):
    run = shutil.copytree(whole, tmp_path / "run")
    (run / ".textune").unlink()
    words = said(request(reviews_file, tiny_base, run, resume=True))
    assert any("does not say by what command it was made" in text for text in words)
    assert words[-1].endswith("there is nothing to resume")
    state = {"fingerprints": {"the data": "abc", "the settings": "def"}, "progress": {"step": 3}}
    with pytest.raises(
        CheckpointError, match=r"made by an earlier version of textune.*--overwrite"
    ):
        fingerprints.refuse_changed(state, {}, run)


def test_a_run_from_before_there_were_words_near_names_says_how_it_goes_on(tmp_path):
    def made(words, **train):
        settings = {"train": {"precision": "fp32", "lr": 1e-4, **train}}
        defaults = {"train": {"name_words": 50}}
        return fingerprints.make("texts", settings, {}, defaults=defaults, words=words)

    before = {"fingerprints": made(None).values}
    match = r"labels' names changed .*began before .*by --set train\.name_words=0, or start again"
    with pytest.raises(CheckpointError, match=match):
        fingerprints.refuse_changed(before, made("abc", name_words=50), tmp_path)
    assert not fingerprints.refuse_changed(before, made(None, name_words=0), tmp_path)
    later = {"fingerprints": made(None, name_words=0).values}
    with pytest.raises(CheckpointError, match=r"name_words: 0 → 50\); repeat the command"):
        fingerprints.refuse_changed(later, made("abc", name_words=50), tmp_path)

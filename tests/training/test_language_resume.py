"""A run of plain text continues after any interruption to the same weights, to the last bit."""

import json
import os
import random
import signal
import time
from dataclasses import replace

import pytest

from made_texts import give_head, write_blocks, write_lines, write_noise
from textune.doors import keywords
from textune.errors import CheckpointError, RunError, StoppedError
from textune.recipes import plain_text, requests
from textune.records import Started, Step, Validated
from textune.runs.events import AuxiliaryStep
from textune.settings.language_config import AdaptSettings, PretrainSettings
from thinning import spare


@pytest.fixture
def lines(tmp_path):
    return write_lines(tmp_path / "lines.txt", 80)


@pytest.fixture
def noise(tmp_path):
    return write_noise(tmp_path / "noise.txt")


@pytest.fixture
def blocks(tmp_path):
    return write_blocks(tmp_path / "blocks.txt", 24, most=6)


@pytest.fixture
def spoken(tmp_path, tiny_base):
    return give_head(tiny_base, tmp_path / "spoken")


@pytest.fixture(params=["bf16-mlm", "fp32-mlm+nsp", "fp32-pretrain"])
def asked(request, lines, blocks, spoken, monkeypatch):
    """Return a function that makes the request of a run of some kind, of more than ten steps."""
    numbers, kind = request.param.split("-")
    monkeypatch.setenv("TEXTUNE_AUTO_PRECISION", numbers)

    def make(out, *, resume=False):
        if kind == "pretrain":
            given = {"size": "1x64", "vocab": 100, "epochs": 4, "batch_size": 8}
            return asking(PretrainSettings, blocks, out, "dropout=0.1", resume=resume, **given)
        given = {"base": str(spoken), "batch_size": 12, "lr": 2e-3}
        nsp = kind == "mlm+nsp"
        given["epochs"] = 3 if nsp else 2
        source = blocks if nsp else lines
        return asking(AdaptSettings, source, out, resume=resume, nsp=nsp, **given)

    return make


def asking(kind, source, out, *changes, resume=False, **given):
    settings = keywords.resolve(kind, {"seed": 5, "device": "cpu", **given}, None, changes)
    return requests.TextRequest((str(source),), settings, out, resume=resume)


def stop_after(request, step, number=signal.SIGTERM):
    """Run until a step, and let a signal stop it there."""
    with pytest.raises(StoppedError, match=f"stopped after step {step}, state saved; continue"):
        for event in plain_text.learn(request):
            if isinstance(event, Step) and event.number == step:
                os.kill(os.getpid(), number)


def weights_of(run):
    return (run / "model" / "model.safetensors").read_bytes()


def read_json(file):
    return json.loads(file.read_text(encoding="utf-8"))


def log_of(run):
    """Return what a log says, without what depends on the time."""
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in row.items() if "second" not in key and key != "padding"}
        for row in rows
    ]


def same(one, other):
    return (
        weights_of(one) == weights_of(other)
        and read_json(one / "metrics.json") == read_json(other / "metrics.json")
        and log_of(one) == log_of(other)
    )


@pytest.mark.first(1)
def test_a_run_stopped_again_and_again_continues_to_the_same_weights(asked, tmp_path):
    events = list(plain_text.learn(asked(tmp_path / "whole")))
    last = max(event.number for event in events if isinstance(event, Step))
    assert last > 10
    parted = tmp_path / "parted"
    for step, number in ((1, signal.SIGTERM), (7, signal.SIGINT), (last, signal.SIGTERM)):
        stop_after(asked(parted, resume=parted.exists()), step, number)
        assert not (parted / "model").exists()
    events = list(plain_text.learn(asked(parted, resume=True)))
    assert next(event for event in events if isinstance(event, Started)).first == last + 1
    assert same(tmp_path / "whole", parted)


def written(out, moment):
    """Say when what belongs to a moment was written, and the checkpoints."""
    found = {*out.glob(moment), *out.glob("checkpoints/step-*")}
    return {(place, place.stat().st_mtime_ns) for place in found}


def wait_for(moment, out, before):
    """Wait until something new belongs to a moment, or there is a new checkpoint."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if written(out, moment) - before:
                return
        except FileNotFoundError:  # an older checkpoint was just forgotten
            continue
        time.sleep(0.004)


def kill_at_random(server, words, out, *, draw, moments):
    """Kill a command and continue it, again and again; then let it come to its end."""
    resume = []
    for moment in draw.sample(moments, len(moments)):
        before = written(out, moment)
        process = server.start([*words, "--out", out, *resume])
        wait_for(moment, out, before)
        time.sleep(draw.uniform(0, 0.15))
        os.kill(process, signal.SIGKILL)
        code = server.wait(process).code
        assert code == -signal.SIGKILL, "it came to its end too early to be killed"
        assert not (out / "metrics.json").exists()
        resume = ["--resume"] if any(path.name[:4] != "run." for path in out.glob("*")) else []
    assert server.run([*words, "--out", out, *resume]).code == 0


@pytest.mark.parametrize("kind", ["mlm", spare("warm"), spare("pretrain")])
def test_a_killed_process_continues_to_the_same_weights(
    server, kind, lines, noise, blocks, tiny_base, spoken, tmp_path
):
    """The moments: the folder is claimed, the log is begun, there is a checkpoint."""
    draw = random.Random(kind)
    moments = ["run.owner", "log.jsonl", "checkpoints/step-*"]
    if kind == "pretrain":
        words = ["pretrain", blocks, "--size", "1x64", "--vocab", "100", "--epochs", "8"]
        words += ["--set", "dropout=0.1"]
        moments.append(".tokenizer")
    else:
        text, base = (lines, spoken) if kind == "mlm" else (noise, tiny_base)
        words = ["adapt", text, "--base", base, "--epochs", "16", "--batch-size", "8"]
    if kind == "warm":
        moments = ["config.toml", "data_card.json", "run.owner"]
    words += ["--device", "cpu", "--seed", "5", "--set", "train.validate_every=15"]
    words += ["--set", "text.cache=false"]
    assert server.run([*words, "--out", tmp_path / "whole"]).code == 0
    kill_at_random(server, words, tmp_path / "parted", draw=draw, moments=moments)
    assert same(tmp_path / "whole", tmp_path / "parted")


def test_a_signal_ends_a_process_with_its_number(server, lines, spoken, tmp_path):
    out = tmp_path / "run"
    words = ["adapt", lines, "--base", spoken, "--epochs", "500", "--device", "cpu", "--out", out]
    words += ["--set", "train.checkpoint_minutes=0.0001", "--set", "text.cache=false"]
    last = ""
    for number in (signal.SIGTERM, signal.SIGINT):
        process = server.start([*words, *(["--resume"] if last else [])])
        while max((place.name for place in out.glob("checkpoints/step-*")), default="") <= last:
            time.sleep(0.01)
        os.kill(process, number)
        assert server.wait(process).code == 128 + number
        last = max(place.name for place in out.glob("checkpoints/step-*"))


def test_a_run_stopped_in_the_warm_up_begins_with_it_again(noise, tiny_base, tmp_path):
    given = {"base": str(tiny_base), "epochs": 1}
    list(plain_text.learn(asking(AdaptSettings, noise, tmp_path / "whole", **given)))
    parted = tmp_path / "parted"
    with pytest.raises(StoppedError, match="stopped while the new head was trained; --resume"):
        for event in plain_text.learn(asking(AdaptSettings, noise, parted, **given)):
            if isinstance(event, AuxiliaryStep) and event.step == 11:
                os.kill(os.getpid(), signal.SIGTERM)
    assert not (parted / "checkpoints").exists()
    list(plain_text.learn(asking(AdaptSettings, noise, parted, resume=True, **given)))
    assert same(tmp_path / "whole", parted)


def test_a_run_ended_before_its_first_checkpoint_is_begun_anew(lines, spoken, tmp_path):
    given = {"base": str(spoken), "epochs": 1}
    whole = asking(AdaptSettings, lines, tmp_path / "whole", lr=1e-3, **given)
    list(plain_text.learn(whole))
    parted = tmp_path / "parted"
    events = plain_text.learn(asking(AdaptSettings, lines, parted, lr=5e-3, **given))
    next(event for event in events if isinstance(event, Validated))
    events.close()  # between the first validation and its checkpoint
    assert not list(parted.glob("checkpoints/step-*"))
    (parted / "data_card.json").unlink()  # as if it had been ended while this was written
    again = asking(AdaptSettings, lines, parted, resume=True, lr=1e-3, **given)
    list(plain_text.learn(again))
    assert same(tmp_path / "whole", parted)
    for name in ("config.toml", "data_card.json"):
        assert (parted / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.parametrize("left", [".tokenizer/tokenizer.json", ".config.toml-123"])
@pytest.mark.parametrize("way", ["resume", "overwrite"])
def test_a_run_killed_before_its_first_line_is_still_one(lines, tmp_path, left, way):
    file = tmp_path / "run" / left
    file.parent.mkdir(parents=True)
    file.touch()
    given = {"size": "1x64", "vocab": 100, "epochs": 0}
    asked = asking(PretrainSettings, lines, tmp_path / "run", **given)
    with pytest.raises(RunError, match="already exists; --resume continues it, --overwrite"):
        list(plain_text.learn(asked))
    list(plain_text.learn(replace(asked, **{way: True})))
    assert (tmp_path / "run" / "config.toml").is_file()
    assert (tmp_path / "run" / "metrics.json").is_file()


def test_a_finished_run_has_nothing_to_resume(lines, spoken, tmp_path):
    given = {"base": str(spoken), "epochs": 1}
    list(plain_text.learn(asking(AdaptSettings, lines, tmp_path / "run", **given)))
    before = {file: file.read_bytes() for file in (tmp_path / "run").rglob("*.*") if file.is_file()}
    again = asking(AdaptSettings, lines, tmp_path / "run", resume=True, **given)
    assert [event.text for event in plain_text.learn(again)][-1:] == [
        f"{tmp_path / 'run'}: this run is finished; there is nothing to resume"
    ]
    assert before == {file: file.read_bytes() for file in before}


def test_changed_settings_are_not_continued(lines, spoken, tmp_path):
    given = {"base": str(spoken), "epochs": 1}
    stop_after(asking(AdaptSettings, lines, tmp_path / "run", **given), 3)
    changed = asking(AdaptSettings, lines, tmp_path / "run", lr=0.1, resume=True, **given)
    with pytest.raises(CheckpointError, match="cannot continue: the settings changed after"):
        list(plain_text.learn(changed))


@pytest.mark.parametrize("kind", [AdaptSettings, PretrainSettings], ids=["adapt", "pretrain"])
def test_changed_text_is_not_continued(lines, spoken, tmp_path, kind):
    given = {"base": str(spoken)} if kind is AdaptSettings else {"size": "1x64", "vocab": 100}
    given |= {"epochs": 1, "batch_size": 8}
    stop_after(asking(kind, lines, tmp_path / "run", **given), 3)
    lines.write_text(lines.read_text().replace("very", "the", 1), encoding="utf-8")
    with pytest.raises(CheckpointError, match="cannot continue: the data changed after"):
        list(plain_text.learn(asking(kind, lines, tmp_path / "run", resume=True, **given)))


def test_where_there_is_no_run_there_is_nothing_to_resume(lines, spoken, tmp_path):
    asked = asking(AdaptSettings, lines, tmp_path / "run", base=str(spoken), resume=True)
    with pytest.raises(RunError, match="run: nothing to resume there"):
        list(plain_text.learn(asked))
    assert not (tmp_path / "run").exists()


def test_added_words_are_the_same_after_a_stop(lines, spoken, tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("virtue\nstoic\n", encoding="utf-8")
    text = lines.read_text(encoding="utf-8")
    lines.write_text(text + "virtue is stoic\n" * 20, encoding="utf-8")
    given = {"base": str(spoken), "epochs": 1, "add_words": str(file)}
    list(plain_text.learn(asking(AdaptSettings, lines, tmp_path / "whole", **given)))
    stop_after(asking(AdaptSettings, lines, tmp_path / "parted", **given), 3)
    resumed = asking(AdaptSettings, lines, tmp_path / "parted", resume=True, **given)
    list(plain_text.learn(resumed))
    assert same(tmp_path / "whole", tmp_path / "parted")
    assert read_json(tmp_path / "whole" / "metrics.json")["added_words"] == 2


HOURS = 0.0006  # 2.2 seconds


def timed(request):
    """Run to the end; return the events, and when each came."""
    began = time.monotonic()
    return [(event, time.monotonic() - began) for event in plain_text.learn(request)]


@pytest.mark.exhaustive
def test_a_run_of_hours_ends_in_time_and_its_learning_rate_near_zero(lines, spoken, tmp_path):
    given = {"base": str(spoken), "hours": HOURS, "lr": 1e-3, "batch_size": 4}
    found = timed(asking(AdaptSettings, lines, tmp_path / "run", **given))
    steps = [(event, when) for event, when in found if isinstance(event, Step)]
    assert next(event for event, _ in found if isinstance(event, Started)).steps is None
    assert len(steps) > 2
    before_last = steps[-2][1] / (HOURS * 3600)  # as a share of the time
    assert before_last <= 1  # where the machine was slow, the last one may be late
    rates = [event.lr for event, _ in steps]
    assert rates[-1] <= 1e-3 * ((1 - before_last) / 0.9 + 0.05)
    falling = rates[rates.index(max(rates)) :]
    assert falling == sorted(falling, reverse=True)
    checks = [event.step for event, _ in found if isinstance(event, Validated)]
    assert checks[0] == 0
    assert checks[-1] == steps[-1][0].number
    assert len(checks) <= 11
    metrics = read_json(tmp_path / "run" / "metrics.json")
    assert metrics["valid"]["perplexity"] < metrics["before"]["perplexity"]


@pytest.mark.exhaustive
def test_a_run_of_hours_continues_with_the_time_that_is_left(lines, spoken, tmp_path):
    given = {"base": str(spoken), "hours": HOURS, "lr": 1e-3, "batch_size": 4}
    out = tmp_path / "run"
    stop_after(asking(AdaptSettings, lines, out, **given), 1)  # a busy machine does no more
    state = read_json(out / "checkpoints" / "step-00000001" / "state.json")["progress"]
    assert 0 < state["reserve"] < state["clock"]  # of which judging took a part
    found = timed(asking(AdaptSettings, lines, out, resume=True, **given))
    started = next(event for event, _ in found if isinstance(event, Started))
    assert started.first == 2
    assert started.seconds <= HOURS * 3600 - state["clock"] - state["reserve"]
    steps = [when for event, when in found if isinstance(event, Step)]
    assert all(when <= HOURS * 3600 - state["clock"] for when in steps[:-1])
    numbers = [row["step"] for row in log_of(out) if row["kind"] == "step"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert (out / "model" / "model.safetensors").is_file()


@pytest.mark.exhaustive
def test_the_warm_up_of_a_run_of_hours_leaves_time_to_learn(lines, tiny_base, tmp_path):
    given = {"base": str(tiny_base), "hours": HOURS, "batch_size": 4}
    found = timed(asking(AdaptSettings, lines, tmp_path / "run", **given))
    began = next(place for place, (event, _) in enumerate(found) if isinstance(event, Started))
    warmed = [when for event, when in found[:began] if isinstance(event, AuxiliaryStep)]
    learned = [when for event, when in found[began:] if isinstance(event, Step)]
    assert warmed
    assert all(when < 0.25 * HOURS * 3600 for when in warmed[:-1])
    assert learned
    assert all(when <= HOURS * 3600 for when in learned[:-1])

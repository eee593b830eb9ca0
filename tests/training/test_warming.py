"""A new head learns alone: nothing else changes, and it stops when it gains no more."""

import json

import pytest
from test_library import gathered

from conftest import WORDS
from made_texts import give_head, make_base, write_blocks, write_lines, write_noise
from textune.doors import keywords
from textune.encoder import masked_lm
from textune.objectives.masked import Masked
from textune.recipes import plain_text, requests
from textune.records import Message
from textune.runs.events import AuxiliaryStep
from textune.settings.language_config import AdaptSettings
from textune.training import warming
from textune.training.clock import Clock

HEAD = "cls.predictions."


@pytest.fixture
def lines(tmp_path):
    return write_lines(tmp_path / "lines.txt", 60)


@pytest.fixture
def noise(tmp_path):
    return write_noise(tmp_path / "noise.txt")


def warmed(encoder, objective, *, budget=None):
    """Warm a head; return what came of it and what was told on the way."""
    steps = warming.warm(encoder, objective, micro_tokens=4096, clock=Clock(budget))
    found = []
    while True:
        try:
            found.append(next(steps))
        except StopIteration as end:
            return end.value, found


def weights_of(encoder):
    return {name: item.clone() for name, item in encoder.model.state_dict().items()}


@pytest.fixture(scope="module")
def tried(tmp_path_factory, tiny_base):
    """Return an encoder with its weights before a warm-up, and what came of that."""
    lines = write_lines(tmp_path_factory.mktemp("text") / "lines.txt", 60)
    objective = Masked(gathered(lines, tiny_base)[0], 16)
    spoken = masked_lm.read(str(tiny_base), seed=1)
    before = weights_of(spoken.encoder)
    warmth, events = warmed(spoken.encoder, objective)
    return spoken.encoder, objective, before, warmth, events


def test_only_the_head_changes(tried):
    encoder, _, before, _, _ = tried
    after = weights_of(encoder)
    table = encoder.model.get_input_embeddings().weight
    assert encoder.decoder.map.weight is table  # it shares the table, which must not move either
    still = [name for name in before if not name.startswith(HEAD) or name.endswith("r.weight")]
    moving = [name for name in before if name not in still and "decoder" not in name]
    assert any("encoder.layer.1" in name for name in still)
    assert f"{HEAD}transform.dense.weight" in moving
    assert all(after[name].equal(before[name]) for name in still)
    assert not any(after[name].equal(before[name]) for name in moving)


def test_everything_is_trained_again_afterwards(tried):
    encoder = tried[0]
    assert all(item.requires_grad for item in encoder.parameters())
    assert all(item.grad is None for item in encoder.parameters())


def test_the_best_head_is_kept_and_its_losses_are_told(tried):
    encoder, objective, _, warmth, events = tried
    steps = [event for event in events if isinstance(event, AuxiliaryStep)]
    assert warmth.steps == len(steps) == warming.SMALL * (len(warmth.losses) - 1)
    assert min(warmth.losses) < warmth.losses[0]
    assert objective.judge(encoder, micro_tokens=4096)["loss"] == min(warmth.losses)
    assert isinstance(events[-1], Message)
    assert (
        f"trained alone for {warmth.steps:,} updates: held-out loss {warmth.losses[0]:.2f} → "
        f"{min(warmth.losses):.2f}"
    ) in events[-1].text


def test_each_round_but_the_last_gained(tried):
    losses = tried[3].losses
    if len(losses) - 1 < warming.MOST_ROUNDS:
        assert losses[-1] > min(losses[:-1]) * (1 - warming.GAIN)
    for place in range(1, len(losses) - 1):
        assert losses[place] <= min(losses[:place]) * (1 - warming.GAIN)


def test_it_stops_soon_where_there_is_nothing_to_be_learned(noise, tmp_path):
    base = make_base(tmp_path / "base", WORDS, head="MaskedLM")
    objective = Masked(gathered(noise, base)[0], 16)
    encoder = masked_lm.read(str(base), seed=1).encoder
    found, _ = warmed(encoder, objective)
    assert 1 <= len(found.losses) - 1 < 5
    assert objective.judge(encoder, micro_tokens=4096)["loss"] == min(found.losses)


def test_it_leaves_most_of_a_limited_time_to_learning(lines, tiny_base):
    objective = Masked(gathered(lines, tiny_base)[0], 16)
    encoder = masked_lm.read(str(tiny_base), seed=1).encoder
    found, events = warmed(encoder, objective, budget=1e-3)
    assert found.steps == 1
    assert len(found.losses) == 2
    assert isinstance(events[0], AuxiliaryStep)


def events_of(source, out, *changes, **given):
    options = {"epochs": 0, "device": "cpu", **given}
    settings = keywords.resolve(AdaptSettings, options, None, changes)
    return list(plain_text.learn(requests.TextRequest((str(source),), settings, out)))


def read_metrics(run):
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def test_a_run_warms_a_new_head_and_writes_down_how(noise, tiny_base, tmp_path):
    found = events_of(noise, tmp_path / "run", base=str(tiny_base))
    said = [event.text for event in found if isinstance(event, Message)]
    assert any("no masked-LM head: it gets a new one, tied to its embedding" in it for it in said)
    numbers = read_metrics(tmp_path / "run")["warmup"]
    assert numbers["steps"] == len([event for event in found if isinstance(event, AuxiliaryStep)])
    assert numbers["rounds"] == len(numbers["losses"]) - 1
    assert numbers["kept"] is (min(numbers["losses"]) < numbers["losses"][0])
    assert read_metrics(tmp_path / "run")["before"]["loss"] == min(numbers["losses"])
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "The head alone learned first" in page


def test_a_run_can_do_without(lines, tiny_base, tmp_path):
    found = events_of(lines, tmp_path / "run", "warm_head=never", base=str(tiny_base))
    assert not [event for event in found if isinstance(event, AuxiliaryStep)]
    assert "warmup" not in read_metrics(tmp_path / "run")


def test_a_base_with_a_head_is_not_warmed(lines, tiny_base, tmp_path):
    spoken = give_head(tiny_base, tmp_path / "spoken")
    found = events_of(lines, tmp_path / "run", base=str(spoken))
    assert not [event for event in found if isinstance(event, AuxiliaryStep)]
    assert not any("new one" in event.text for event in found if isinstance(event, Message))
    assert not (tmp_path / "run" / "warmup.json").exists()


def test_a_new_head_for_next_sentences_alone_is_not_warmed(tiny_base, tmp_path):
    spoken = give_head(tiny_base, tmp_path / "spoken")
    file = write_blocks(tmp_path / "blocks.txt", 12)
    found = events_of(file, tmp_path / "run", base=str(spoken), nsp=True)
    said = [event.text for event in found if isinstance(event, Message)]
    assert any("has no head for next sentences: it gets a new one" in text for text in said)
    assert not [event for event in found if isinstance(event, AuxiliaryStep)]

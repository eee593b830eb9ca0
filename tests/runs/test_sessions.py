"""Training is alone in its process, whatever that does besides, and leaves it as it was."""

import os
import signal
import threading

import pytest
import torch
from safetensors.torch import load_file

import textune
from conftest import WORDS
from textune.errors import StoppedError
from textune.predicting.filling import Filler
from textune.predicting.predictor import Predictor
from textune.runs import sessions
from textune.training import loop


@pytest.fixture(scope="module")
def wanted(tiny_base, module_reviews, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "run"
    return weights(learn(module_reviews, tiny_base, out))


@pytest.fixture(scope="module")
def module_reviews(tmp_path_factory):
    file = tmp_path_factory.mktemp("texts") / "reviews.csv"
    things = ("film", "book", "meal", "song", "day", "the film", "a book", "a meal", "the song")
    lines = [
        f"{word} {thing},{label}"
        for label, words in ((1, WORDS[:4]), (0, WORDS[5:9]))
        for word in words
        for thing in things
    ]
    file.write_text("\n".join(["text,label", *lines]) + "\n", encoding="utf-8")
    return file


def learn(file, base, out):
    settings = ["train.precision=fp32"]
    return textune.train(
        file, base=base, out=out, epochs=2, seed=5, device="cpu", settings=settings
    )


def weights(run):
    return load_file(run.path / "model" / "model.safetensors")


def are_same(one, other):
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_modes_of_the_caller_change_nothing(module_reviews, tiny_base, tmp_path, wanted, mode):
    with mode():
        run = learn(module_reviews, tiny_base, tmp_path / "run")
        assert not torch.is_grad_enabled()
        assert len(Predictor.load(run.path)(["good film"])) == 1
    assert are_same(weights(run), wanted)


def test_trainings_in_threads_are_those_of_one_alone(module_reviews, tiny_base, tmp_path, wanted):
    found = {}

    def one(number):
        found[number] = weights(learn(module_reviews, tiny_base, tmp_path / str(number)))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(are_same(found[number], wanted) for number in range(3))


def test_the_generators_of_the_caller_stay_where_they_were(module_reviews, tiny_base, tmp_path):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    run = learn(module_reviews, tiny_base, tmp_path / "run")
    Predictor.load(run.path)(["good film"])
    with pytest.raises(textune.ModelError, match="has no masked-LM head"):
        Filler.load(tiny_base)
    assert torch.get_rng_state().equal(before)


def test_ctrl_c_is_a_keyboard_interrupt_and_the_state_is_saved(
    module_reviews, tiny_base, tmp_path, wanted, monkeypatch
):
    steps = loop.train

    def interrupted(*given, **named):
        for step in steps(*given, **named):
            if step.number == 1:
                os.kill(os.getpid(), signal.SIGINT)
            yield step

    monkeypatch.setattr(loop, "train", interrupted)
    with pytest.raises(KeyboardInterrupt, match="stopped after step 1, state saved"):
        learn(module_reviews, tiny_base, tmp_path / "run")
    monkeypatch.undo()
    run = textune.train(
        module_reviews,
        base=tiny_base,
        out=tmp_path / "run",
        epochs=2,
        seed=5,
        device="cpu",
        settings=["train.precision=fp32"],
        resume=True,
    )
    assert are_same(weights(run), wanted)


def test_other_signals_stay_what_they_are():
    def events():
        yield 1
        raise StoppedError("stopped", signal=signal.SIGTERM)

    with pytest.raises(StoppedError):
        sessions.finish(events())

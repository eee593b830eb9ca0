"""Threads follow what is free, are given back in library use, and change no bit of the weights."""

import json
import os
import subprocess
import sys
import threading

import pytest
import torch
from safetensors.torch import load_file
from threadpoolctl import ThreadpoolController, threadpool_limits

import textune
from textune import Predictor
from textune.encoder import devices
from textune.errors import SettingsError
from textune.fast import build, cores, exact, libraries, threads
from textune.fast.cores import Quota

HAS_KERNELS = build.library()[0] is not None
TRAININGS = """
import itertools, sys
from pathlib import Path
import torch
from textune.settings import config
from textune.settings.config import Settings
from textune.recipes import labelled_text, requests
from textune.fast import exact
from textune.fast.cpu_load import Pace
from textune.records import Validated

source, base, out = sys.argv[1:4]
torch.set_num_threads(3)
for precision in ("fp32", "bf16"):
    for mode, numbers in {"one": [1], "changing": [1, 3, 2, 2, 1, 3]}.items():
        turns = itertools.cycle(numbers)
        Pace.look = lambda self: next(turns)
        given = {"base": base, "train.precision": precision, "train.lr": 2e-3, "seed": 5}
        settings = config.resolve(Settings, None, ["train.epochs=1", "train.batch_size=64"], given)
        events = labelled_text.learn(
            requests.TrainRequest(source, settings, Path(out, f"{precision}-{mode}"))
        )
        for event in events:
            if isinstance(event, Validated):
                break
        events.close()
        assert torch.get_num_threads() == 3, "the library did not give the threads back"
assert exact.is_strict()
"""


@pytest.fixture
def torch_threads():
    """Let torch have three threads, and give it back what it had."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


@pytest.fixture
def free(monkeypatch):
    """Let nobody but the test decide how many threads are free."""
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    monkeypatch.setattr(cores, "quota", lambda: None)
    monkeypatch.setattr(cores, "allowed", lambda: frozenset({0, 1}))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(exact, "holds", lambda _: True)
    threads._pace.cache_clear()
    yield monkeypatch
    threads._pace.cache_clear()


@pytest.mark.usefixtures("torch_threads")
def test_free_cores_decide_and_torch_gets_back_what_it_had(free):
    free.setattr(threads.Pace, "look", lambda _: 2)
    with threads.shared() as team:
        assert (torch.get_num_threads(), team.most) == (2, 2)
        assert devices.words(torch.device("cpu")) == (
            "cpu, 2 threads (fewer while other programs compute)"
        )
        with threads.shared() as inner:
            assert inner is team
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3


def test_products_compute_alone_and_get_back_what_they_had():
    def of_products():
        return {
            one["filepath"]: one["num_threads"]
            for one in ThreadpoolController().info()
            if one["user_api"] == "blas"
        }

    with threadpool_limits(3, user_api="blas"):
        before = of_products()
        assert set(before.values()) == {3}
        for _ in range(2):  # what is loaded is looked for once
            with libraries.alone():
                assert set(of_products().values()) == {1}
            assert of_products() == before


@pytest.mark.usefixtures("torch_threads")
def test_torch_gets_its_threads_back_after_an_error(free):
    free.setattr(threads.Pace, "look", lambda _: 1)
    with pytest.raises(ZeroDivisionError), threads.shared():
        assert torch.get_num_threads() == 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == 3


@pytest.mark.usefixtures("torch_threads")
def test_a_quota_counts_and_not_the_cores_of_the_host(free):
    free.setattr(cores, "quota", lambda: Quota(1.0, cores.Path("/")))
    with threads.shared() as team:
        assert torch.get_num_threads() == 1
        assert team.words() == "1 thread (a quota of 1 of 2 cores)"


@pytest.mark.usefixtures("torch_threads")
def test_what_the_user_has_set_is_not_changed(free):
    free.setattr(threads.Pace, "look", lambda _: 1)
    free.setenv(threads.VARIABLE, "3")
    with threads.shared() as team:
        assert (team.look(), torch.get_num_threads()) == (3, 3)
        assert team.words() == "3 threads (OMP_NUM_THREADS=3)"
    with threads.shared(2) as team:
        assert (team.look(), torch.get_num_threads()) == (2, 2)
        assert team.words() == "2 threads (as asked for)"


def test_no_more_threads_than_torch_was_told(free):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threads.shared():
            assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)
    del free


@pytest.mark.usefixtures("torch_threads")
def test_fewer_threads_are_said_once(free):
    counts = iter([2, 2, 1, 1, 2, 1])
    free.setattr(threads.Pace, "look", lambda _: next(counts))
    with threads.shared() as team:
        said = []
        for _ in threads.over(range(5)):
            said += threads.news()
        assert threads.used() == (2, 1)
    assert len(said) == 1
    assert said[0].startswith("from here on 1 thread of 2 (other programs use")
    assert team.least == 1


@pytest.mark.usefixtures("torch_threads")
def test_the_number_stays_where_products_would_have_other_bits(free):
    free.setattr(exact, "holds", lambda _: False)
    free.setattr(threads.Pace, "look", lambda _: 1)
    with threads.shared() as team:
        assert team.look() == 2
        assert "their number stays" in team.words()


@pytest.mark.usefixtures("torch_threads")
def test_a_helper_of_ours_has_a_core_until_it_is_done(free):
    free.setattr(threads.Pace, "look", lambda _: 2)
    goes_on, counts = threading.Event(), []
    with threads.shared() as team:
        with threads.meanwhile(goes_on.wait):
            counts.append(team.look())
            goes_on.set()
            assert team.helper is not None
            team.helper.join()
            counts.append(team.look())
        assert (team.helper, threads.used(), threads.news()) == (None, (2, 2), [])
    assert counts == [1, 2]


@pytest.mark.usefixtures("torch_threads")
def test_each_thread_of_a_program_has_its_own_team(free):
    free.setattr(threads.Pace, "look", lambda _: 2)
    found = []

    def look():
        with threads.shared():
            found.append(torch.get_num_threads())
        found.append(torch.get_num_threads())

    with threads.shared():
        other = threading.Thread(target=look)
        other.start()
        other.join()
    assert found[0] == 2
    assert torch.get_num_threads() == 3


def test_products_agree_or_it_is_noticed():
    assert exact.holds(3) == (
        exact.is_strict() or all(exact._agree(item, 3) for item in (torch.float32, torch.bfloat16))
    )


@pytest.mark.parametrize("length", [1, 2047, 2048, 4095, 4096, 8192])
def test_no_sum_is_parted_among_threads(length):
    sizes = exact.parts(length)
    assert sum(sizes) == length
    assert all(size < exact.LEAST_PARTED or size & (size - 1) for size in sizes)


def test_a_run_says_its_threads(reviews, tiny_base, tmp_path):
    before = torch.get_num_threads()
    run = textune.train(
        reviews, base=tiny_base, out=tmp_path / "run", epochs=1, settings=["train.threads=1"]
    )
    assert torch.get_num_threads() == before
    capsule = json.loads((run.path / "capsule.json").read_text())
    assert (capsule["threads"], capsule["fewest_threads"]) == (1, 1)
    lines = [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]
    assert {line["threads"] for line in lines if line["kind"] == "step"} == {1}
    Predictor.load(run.path)(["good film"] * 50)
    assert torch.get_num_threads() == before
    with pytest.raises(SettingsError, match=r"train\.threads"):
        textune.train(reviews, out=tmp_path / "none", settings=["train.threads=0"])


@pytest.mark.skipif(
    not HAS_KERNELS or not exact._is_intel() or not torch.backends.mkl.is_available(),
    reason="threads change only where products are known to be exact",
)
def test_a_training_whose_threads_change_gives_the_same_bits(reviews, tiny_base, tmp_path):
    environment = {name: os.environ[name] for name in os.environ if name != threads.VARIABLE}
    environment["GOMP_SPINCOUNT"] = "0"  # three threads on fewer cores
    given = [str(reviews), str(tiny_base), str(tmp_path)]
    subprocess.run([sys.executable, "-c", TRAININGS, *given], check=True, env=environment)
    for precision in ("fp32", "bf16"):
        one, changing = (
            load_file(tmp_path / f"{precision}-{mode}" / "checkpoints" / "best.safetensors")
            for mode in ("one", "changing")
        )
        assert one.keys() == changing.keys()
        assert all(one[name].equal(changing[name]) for name in one)

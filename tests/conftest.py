"""Real parts, small: an encoder of two layers, a tokenizer of words, files of labelled text."""

import functools
import gc
import importlib
import itertools
import logging
import os
import random
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import thinning
from thinning import examples

gc.disable()  # until the tests are collected: all of them are kept
logging.getLogger().addHandler(logging.NullHandler())  # what libraries log is no output of ours
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for the network
os.environ.setdefault("TEXTUNE_AUTO_PRECISION", "fp32")  # no measurement may decide a test
os.environ.setdefault("TEXTUNE_RECIPE", "classic")  # what a test leaves out stays as it is

settings.register_profile(
    "busy",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    max_examples=examples(100),  # where a test says no number
)
settings.load_profile("busy")  # a busy machine decides no test

MEMORY, ROOM = Path("/dev/shm"), 2 << 30  # of Linux; bytes, ten times what tests keep at once
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
    os.environ.setdefault("TMPDIR", str(MEMORY))  # a disk needs milliseconds to remove a folder
    tempfile.tempdir = None  # found anew

WORDS = [
    "good",
    "fine",
    "lovely",
    "bright",
    "warm",
    "bad",
    "poor",
    "dull",
    "cold",
    "awful",
    "film",
    "book",
    "meal",
    "song",
    "day",
    "was",
    "is",
    "the",
    "a",
    "very",
]
SHARED = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.hookimpl(tryfirst=True)
def pytest_collection():
    """Let every second worker load tests from the end: each compiles half of a new checkout's."""
    if os.environ.get("PYTEST_XDIST_WORKER", "")[-1:] in tuple("13579"):
        files = sorted(Path(__file__).parent.rglob("test_*.py"), reverse=True)
        for file in files[: len(files) // 2]:
            sys.path.insert(0, str(file.parent))
            with suppress(Exception, pytest.skip.Exception):  # which collecting it will meet again
                importlib.import_module(file.stem)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the cases of crosses that a few others stand for."""
    thinning.thin(items)


def pytest_collection_finish():
    """Leave all that is loaded by now out of garbage collections: each would take a second."""
    if "hypothesis" in sys.modules:  # which, as it is loaded, looks for what refers to generators
        gc.collect()
        gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # objects; after 700 of them, a fortieth of all time
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _strict_products():
    """Ask MKL for its strict mode before the first product, as every command does."""
    from textune.fast import exact

    exact.is_strict()


@pytest.fixture(scope="session", autouse=True)
def _no_power_cut():
    """Do not wait for the disk: what was flushed matters to a power cut alone, and none is made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _one_command_line():
    """Make the commands of a command line once; each call of it would make them anew."""
    from typer import main, testing

    made = functools.cache(main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(main, "get_command", made)
        patch.setattr(testing, "_get_command", made)
        yield


@pytest.fixture(scope="session", autouse=True)
def _kept_memory():
    """Keep what is freed through all tests, as a training does: the heap of so many is large.

    `tests/fast/test_kept_memory.py` gives it back.
    """
    from textune.fast import memory

    memory.keep()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "_glibc", lambda: None)
        yield


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    """Return a directory with a two-layer BERT of random weights, and a tokenizer of whole words.

    It is one of BERT's as they are usual, of which transformers need not be asked.
    """
    import torch
    from transformers import BertModel, BertTokenizer

    from families import tiny_config

    folder = tmp_path_factory.mktemp("base")
    special = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {word: number for number, word in enumerate([*special, *WORDS])}
    torch.manual_seed(0)
    BertModel(tiny_config("bert", dropout=0.1, max_position_embeddings=64)).save_pretrained(folder)
    BertTokenizer(vocab=vocabulary).save_pretrained(folder)
    return folder


def write_reviews(file):
    """Write a CSV of 160 short texts whose label their words decide, and return it."""
    draw = random.Random(0)
    lines = ["text,label"]
    for number in range(160):
        label = ("bad", "good")[number % 2]
        words = WORDS[:5] if label == "good" else WORDS[5:10]
        chosen = [draw.choice(words if draw.random() < 0.6 else WORDS[10:]) for _ in range(7)]
        lines.append(f"{' '.join([*chosen, words[number % 5]])},{label}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def reviews(tmp_path):
    """Return a CSV of 160 short texts whose label their words decide."""
    return write_reviews(tmp_path / "reviews.csv")


@pytest.fixture
def comments(tmp_path):
    """Return a CSV of 160 texts with three 0/1 labels that their words decide."""
    draw = random.Random(1)
    lines = ["id,comment,warm,cold,film"]
    for number in range(160):
        marks = [int(draw.random() < 0.35) for _ in range(3)]
        words = [draw.choice(WORDS[13:]) for _ in range(4)]
        for mark, kind in zip(marks, (WORDS[:5], WORDS[5:10], ["film"]), strict=True):
            words += [draw.choice(kind) for _ in range(2 * mark)]
        draw.shuffle(words)
        lines.append(f"c{number},{' '.join(words)},{','.join(map(str, marks))}")
    file = tmp_path / "comments.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def few(reviews, tmp_path):
    """Return a file of 40 reviews."""
    lines = reviews.read_text(encoding="utf-8").splitlines(keepends=True)
    file = tmp_path / "few.csv"
    file.write_text("".join(lines[:41]), encoding="utf-8")
    return file


@pytest.fixture
def auto_recipe(monkeypatch):
    """Leave to the recipe what a test leaves out, as users have it."""
    monkeypatch.delenv("TEXTUNE_RECIPE")


@pytest.fixture
def numbers(tmp_path):
    """Return a CSV of 80 texts with a number that their words decide."""
    draw = random.Random(0)
    rows = []
    for _ in range(80):
        words = [draw.choice(WORDS[:10]) for _ in range(6)]
        score = 70 + 3 * sum(word in WORDS[:5] for word in words) + draw.random()
        rows.append(f"{' '.join(words)},{score:.3f}")
    file = tmp_path / "numbers.csv"
    file.write_text("\n".join(["text,score", *rows]) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def tagged(tmp_path):
    """Return 60 sentences whose tags their words decide."""
    draw = random.Random(0)
    lines = []
    for _ in range(60):
        for _ in range(draw.choice([3, 6])):
            word = draw.choice(WORDS)
            lines.append(f"{word} {'B-kind' if word in WORDS[:5] else 'O'}")
        lines.append("")
    file = tmp_path / "tagged.conll"
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


@pytest.fixture(scope="session")
def shared():
    """Return the folder of public data sets, or skip."""
    if not SHARED.is_dir():
        pytest.skip("the public data sets (../shared/data) are not here")
    return SHARED


@pytest.fixture(scope="session")
def _kernels(request, tmp_path_factory):
    """Return a folder where kernels are compiled, once for all processes of all times.

    They are kept as a user's are: named by the sources, the compiler and the processor.
    """
    if hasattr(request.config, "cache"):
        return request.config.cache.mkdir("kernels")
    return tmp_path_factory.mktemp("kernels")


@pytest.fixture(scope="session")
def _loaded(tmp_path_factory):
    """Return the place of the process that has loaded everything, one for all workers."""
    is_alone = "PYTEST_XDIST_WORKER" not in os.environ
    folder = tmp_path_factory.getbasetemp()
    return (folder if is_alone else folder.parent) / "loaded"


@pytest.fixture(scope="session")
def server(tmp_path_factory, _kernels, _loaded):
    """Return a server that runs commands of textune in processes of their own, quickly."""
    from made_forks import shared_server

    folder = tmp_path_factory.mktemp("server")
    (folder / "cache").mkdir()
    (folder / "cache" / "kernels").symlink_to(_kernels)
    with shared_server(folder, _loaded) as found:
        yield found


@pytest.fixture(scope="session")
def forks(tmp_path_factory, _loaded):
    """Return what makes calls of functions of the tests in processes of their own, quickly."""
    from made_forks import Calls, shared_server

    folder = tmp_path_factory.mktemp("calls")
    with shared_server(folder, _loaded) as found:
        yield Calls(found, folder)


@pytest.fixture
def forked(server, _kernels, monkeypatch):
    """Start what bench measures without the seconds that imports, kernels and products take."""
    from bench import machine, processes
    from made_forks import starter

    shapes = machine.shapes
    monkeypatch.setattr(machine, "shapes", lambda base, _: shapes(base, 32))
    monkeypatch.setattr(processes, "start", starter(server, _kernels))


@pytest.fixture(scope="module", autouse=True)
def _drawings(request):
    """Leave drawings out, half of a tiny run's time, but where they are looked at or broken off."""
    are_drawn = request.path.parent.name in ("report", "proofs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEXTUNE_PICTURES", str(int(are_drawn)))
        yield


@pytest.fixture(scope="session")
def _caches(tmp_path_factory):
    """Return where the cache of a test is: folders by number, for `mktemp` reads all names."""
    folder = tmp_path_factory.mktemp("caches")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_cache(_caches, _kernels, monkeypatch):
    """Keep token stores and kernels out of the user's cache folder."""
    folder = next(_caches)
    folder.mkdir()
    (folder / "kernels").symlink_to(_kernels)
    monkeypatch.setenv("TEXTUNE_CACHE", str(folder))


@pytest.fixture(params=["fp32", "bf16"])
def either_format(request, monkeypatch):
    """Let the number format that is left open be the one, and in a second test the other."""
    monkeypatch.setenv("TEXTUNE_AUTO_PRECISION", request.param)
    return request.param


@pytest.fixture
def kernels():
    """Skip where there are no kernels."""
    from textune.fast import calls

    if not calls.available():
        pytest.skip(f"no kernels here: {calls.why()}")


@pytest.fixture
def products_by_kernels(kernels, monkeypatch):
    """Multiply in fp32 by kernels too, as where MKL has no strict mode."""
    import torch

    from textune.fast import exact, products

    if not products.available(torch.float32):
        pytest.skip("no processor with AVX-512")
    monkeypatch.setattr(exact, "is_strict", lambda: False)
    assert products.takes(torch.float32)


@pytest.fixture(params=["kernels", "torch"])
def products(request, fresh_kernels, monkeypatch):
    """Let layers compute by kernels, or without them."""
    from textune.fast import build, calls

    if request.param == "torch":
        monkeypatch.setenv("TEXTUNE_KERNELS", "0")
        build.library.cache_clear()
        calls._declared = None
    elif not calls.available():
        pytest.skip(f"no kernels here: {calls.why()}")
    return request.param


@pytest.fixture
def fresh_kernels():
    """Let the kernels be looked for anew in the test, and once more after it."""
    from textune.fast import build, calls

    def forget():
        build.library.cache_clear()
        calls._declared = None

    forget()
    yield
    forget()


@pytest.fixture(autouse=True, scope="module")
def _no_metrics_of_others():
    """Forget the metrics that a user's own code added while a file's tests ran."""
    from textune.metrics import catalogue  # after the environment is set

    before = dict(catalogue.METRICS)
    yield
    for name in catalogue.METRICS.keys() - before.keys():
        del catalogue.METRICS[name]

"""Kernels are compiled once for a machine; whatever is in the way becomes a reason."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from textune.fast import build, calls
from textune.settings import config
from textune.settings.config import Settings

# without optimization, a second instead of ten, and each half once for all tests; linked anew
HURRIED = """#!/bin/sh
echo "$@" >> "{log}"
case "$*" in *-DHALF=0*) half=0 ;; *-DHALF=1*) half=1 ;; *) exec cc "$@" -O0 ;; esac
sleep {seconds}
for out; do :; done
[ -f "{kept}/$half" ] || {{ cc "$@" -O0 && cp "$out" "{kept}/$half"; exit; }}
exec cp "{kept}/$half" "$out"
"""
LOAD = "import torch; from textune.fast import build; print(*build.library())"

pytestmark = pytest.mark.usefixtures("fresh_kernels")


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """Make a program the compiler, by the text of its script, and the cache an empty one."""

    def use(script):
        file = tmp_path / "compiler"
        file.write_text(script, encoding="utf-8")
        file.chmod(0o755)
        monkeypatch.setenv("CC", str(file))
        monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
        return file

    return use


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return a folder where the hurried compiler keeps what it has compiled."""
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def hurried(compiler, kernels, kept, tmp_path, monkeypatch):
    """Compile into an empty cache in a hurry; return the compiler's log."""
    if shutil.which("cc") is None:
        pytest.skip("there is no cc here")
    log = tmp_path / "log"
    compiler(HURRIED.format(log=log, kept=kept, seconds=0))
    build.library.cache_clear()
    return log


def library_in(tmp_path):
    (file,) = (tmp_path / "cache" / "kernels").glob("*.so")
    return file


def sums():
    """Call a kernel of the library that would be loaded now."""
    calls._declared = None
    return calls.column_sums(torch.ones(3, 5)).tolist()


def test_it_is_compiled_once_and_loaded_again(hurried, tmp_path):
    found, words = build.library()
    assert found is not None
    assert words == "compiled for this processor"
    assert len(hurried.read_text().splitlines()) == 3  # each format, and the link
    build.library.cache_clear()
    assert build.library()[0] is not None
    assert len(hurried.read_text().splitlines()) == 3
    assert sums() == [3.0] * 5
    assert {path.suffix for path in library_in(tmp_path).parent.iterdir()} <= {".so", ".lock"}


@pytest.mark.exhaustive
def test_two_processes_at_once_compile_it_once(hurried, compiler, kept):
    compiler(HURRIED.format(log=hurried, kept=kept, seconds=1))  # both look while it compiles
    command = [sys.executable, "-c", LOAD]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=300)[0] for process in both]
    assert all(words.endswith("compiled for this processor\n") for words in said)
    assert len(hurried.read_text().splitlines()) == 3


@pytest.mark.parametrize("keep", [0, 20, 0.5, -1, None])
def test_a_damaged_library_is_built_anew(hurried, tmp_path, keep):
    folder = tmp_path / "cache" / "kernels"
    folder.mkdir(parents=True)
    assert build.library()[0] is not None
    file = library_in(tmp_path)
    content = bytearray(file.read_bytes())
    if keep is None:
        content[len(content) // 2] ^= 1
    else:
        size = int(len(content) * keep) if isinstance(keep, float) else keep
        content = content[:size]
    file.unlink()  # what is loaded stays as it is
    file.write_bytes(content)
    build.library.cache_clear()
    assert build.library()[0] is not None
    assert len(hurried.read_text().splitlines()) == 6
    assert sums() == [3.0] * 5


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "echo 'a.c: In function f:' >&2; echo 'a.c:7: error: no such thing' >&2; "
            "echo 'a.c:9: error: nor this' >&2; echo 'compilation ended' >&2; exit 1",
            r"could not compile them: a\.c:7: error: no such thing$",
        ),
        ("echo 'out of memory' >&2; exit 1", "could not compile them: out of memory$"),
        ("printf 'a\\377b\\n' >&2; exit 1", "could not compile them: a\ufffdb$"),
        ("exit 1", "could not compile them: exit status 1, without a word$"),
        ("exit 0", "could not be built: .*No such file"),
    ],
)
def test_a_compiler_that_fails_is_quoted(compiler, kernels, script, reason):
    build.library.cache_clear()
    calls._declared = None
    compiler(f"#!/bin/sh\n{script}\n")
    found, words = build.library()
    assert found is None
    assert "\n" not in words
    assert not calls.available()
    assert re.search(reason, words)
    assert not list(Path(os.environ["TEXTUNE_CACHE"], "kernels").glob("tmp*"))


def test_a_compiler_that_takes_too_long_is_given_up(compiler, kernels, monkeypatch):
    build.library.cache_clear()
    monkeypatch.setattr(build, "SECONDS", 0.2)
    compiler("#!/bin/sh\necho waiting >&2\nexec sleep 60\n")
    found, words = build.library()
    assert found is None
    assert words.endswith("could not compile them: no end after 0.2 seconds")


def test_a_compiler_that_is_not_there_is_a_reason(kernels, monkeypatch):
    build.library.cache_clear()
    monkeypatch.setenv("CC", "no-such-compiler")
    assert build.library()[0] is None
    assert "could not be built" in build.library()[1]
    assert "no-such-compiler" in build.library()[1]


def test_a_machine_without_a_compiler_says_so(kernels, tmp_path, monkeypatch):
    build.library.cache_clear()
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.library() == (None, "no C compiler found")


def test_a_cache_that_cannot_be_written_is_a_reason(hurried, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "file"))
    found, words = build.library()
    assert found is None
    assert "could not be built: " in words
    assert str(tmp_path / "file") in words


def test_they_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("TEXTUNE_KERNELS", "0")
    assert build.library() == (None, "switched off by TEXTUNE_KERNELS=0")
    assert not calls.available()
    assert calls.why() == "switched off by TEXTUNE_KERNELS=0"


def test_training_works_without_a_compiler_and_says_so(
    compiler, kernels, reviews, tiny_base, tmp_path
):
    from textune.recipes import labelled_text, requests
    from textune.records import Message

    calls._declared = None
    build.library.cache_clear()
    compiler("#!/bin/sh\necho 'x.c:1: error: not today' >&2; exit 1\n")
    settings = config.resolve(Settings, None, (), {"base": str(tiny_base), "train.epochs": 1})
    events = list(
        labelled_text.learn(requests.TrainRequest(str(reviews), settings, tmp_path / "run"))
    )
    said = [event.text for event in events if isinstance(event, Message)]
    wanted = "could not compile them: x.c:1: error: not today)"
    assert any(
        text.startswith("layers: by torch's own operations (") and text.endswith(wanted)
        for text in said
    )
    assert (tmp_path / "run" / "metrics.json").is_file()


def test_that_it_will_be_compiled_is_known_before_and_not_after(hurried, monkeypatch):
    assert build.is_due()
    monkeypatch.setenv("TEXTUNE_KERNELS", "0")
    assert not build.is_due()
    monkeypatch.setenv("TEXTUNE_KERNELS", "1")
    assert build.library()[0] is not None
    assert not build.is_due()

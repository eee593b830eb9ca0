"""Tokens are made once, kept by content, and rebuilt when a byte of them is wrong."""

import os
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from textune.records import Example, Shape
from textune.storage import checksums
from textune.text import cache, tokenizers
from textune.text import store as stores
from thinning import crossed

TEXTS = [
    Example("good film", "a:1"),
    Example("very " * 100, "a:2"),
    Example("the meal", "a:3", pair="was cold"),
    Example("", "a:4"),
]


@pytest.fixture
def tokenizer(tiny_base):
    return tokenizers.load(str(tiny_base))


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "tokens"


def build(folder, tokenizer, texts=TEXTS, most=32):
    return stores.tokenize(texts, tokenizer, Shape(most), folder=folder)


def test_each_text_comes_back(folder, tokenizer):
    found = build(folder, tokenizer)
    own = tokenizer.backend
    assert found.window(0).tolist() == own.encode("good film").ids
    assert found.window(2).tolist() == own.encode("the meal", "was cold").ids
    assert found.window(3).tolist() == [2, 3]
    assert found.lengths.tolist() == [4, 32, 7, 2]
    assert found.first_sizes.tolist() == [4, 32, 4, 2]
    assert found.fulls.tolist() == [4, 102, 7, 2]


def test_memory_and_disk_hold_the_same(folder, tokenizer):
    kept, unkept = build(folder, tokenizer), build(None, tokenizer)
    assert isinstance(kept.ids, np.memmap)
    assert kept.ids.tolist() == unkept.ids.tolist()
    assert kept.key == unkept.key


def test_the_second_run_makes_nothing(folder, tokenizer, monkeypatch):
    first = build(folder, tokenizer)

    def never(*_):
        raise AssertionError("tokenised again")

    monkeypatch.setattr(tokenizer, "encode", never)
    assert build(folder, tokenizer).ids.tolist() == first.ids.tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"texts": [Example("good films", "a:1"), *TEXTS[1:]]},
        {"texts": [Example("good", "a:1", pair="film"), *TEXTS[1:]]},
        {"most": 31},
    ],
)
def test_other_content_is_another_store(folder, tokenizer, change):
    first = build(folder, tokenizer)
    assert build(folder, tokenizer, **change).key != first.key


def test_where_a_text_stands_is_not_content(folder, tokenizer):
    moved = [Example(item.text, f"b:{n}", pair=item.pair) for n, item in enumerate(TEXTS)]
    assert build(folder, tokenizer).key == build(folder, tokenizer, texts=moved).key


@pytest.mark.parametrize(
    ("damage", "name"),
    crossed(["flip", "cut", "empty", "gone", "manifest"], ["ids", "borders", "firsts", "fulls"]),
)
def test_a_damaged_store_is_rebuilt(folder, tokenizer, name, damage):
    first = build(folder, tokenizer)
    expected = first.ids.tolist(), first.borders.tolist(), first.fulls.tolist()
    file = folder / first.key / name
    content = bytearray(file.read_bytes())
    if damage == "flip":
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif damage == "cut":
        file.write_bytes(content[:-1])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "gone":
        file.unlink()
    else:
        (folder / first.key / "MANIFEST.json").write_text("[]", encoding="utf-8")
    again = build(folder, tokenizer)
    assert (again.ids.tolist(), again.borders.tolist(), again.fulls.tolist()) == expected


def test_what_a_killed_builder_left_is_no_store(folder, tokenizer):
    first = build(folder, tokenizer)
    place = folder / first.key
    (place / "MANIFEST.json").unlink()
    (folder / ".unfinished-abc").mkdir()
    assert build(folder, tokenizer).ids.tolist() == first.ids.tolist()


def test_the_oldest_stores_go_when_there_are_too_many(folder, tokenizer, monkeypatch):
    first = build(folder, tokenizer)
    os.utime(folder / first.key, (1, 1))
    second = build(folder, tokenizer, most=30)
    monkeypatch.setattr(cache, "MOST_BYTES", 1)
    third = build(folder, tokenizer, most=29)
    assert not (folder / first.key).exists()
    assert not (folder / second.key).exists()
    assert (folder / third.key).is_dir()


def test_used_ids_are_those_that_occur(folder, tokenizer):
    used = build(folder, tokenizer, texts=TEXTS[:1]).used(120)
    assert np.flatnonzero(used).tolist() == sorted(tokenizer.backend.encode("good film").ids)


def test_a_cache_that_cannot_be_written_is_said_and_done_without(folder, tokenizer, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    expected = build(None, tokenizer).ids.tolist()
    monkeypatch.setattr(checksums, "sha256", full)
    found = build(folder, tokenizer)
    assert found.ids.tolist() == expected
    assert found.remark is not None
    assert "No space left on device; another folder can be named with TEXTUNE_CACHE" in found.remark
    assert [entry.name for entry in folder.iterdir() if entry.is_dir()] == []
    monkeypatch.undo()
    folder.with_name("file").touch()
    found = build(folder.with_name("file"), tokenizer)
    assert found.ids.tolist() == expected
    assert f"{folder.with_name('file')}: File exists" in str(found.remark)


def test_without_a_home_nothing_is_kept_and_it_is_said(tokenizer, monkeypatch):
    for name in ("TEXTUNE_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    found = build("tokens", tokenizer)
    assert found.ids.tolist() == build(None, tokenizer).ids.tolist()
    assert "there is no home folder" in str(found.remark)
    monkeypatch.setattr(Path, "home", lambda: Path())
    assert "there is no home folder" in str(build("tokens", tokenizer).remark)


def test_cleaning_up_leaves_what_others_use_and_minds_nothing_that_vanishes(
    folder, tokenizer, monkeypatch
):
    stores = [build(folder, tokenizer, most=most) for most in (32, 31)]
    for store in stores:
        os.utime(folder / store.key, (1, 1))
    monkeypatch.setattr(cache, "MOST_BYTES", 1)
    with FileLock(f"{folder / stores[0].key}.lock"):
        build(folder, tokenizer, most=30)
    assert (folder / stores[0].key).is_dir()
    assert not (folder / stores[1].key).exists()
    monkeypatch.setattr(cache, "_size", lambda _: (_ for _ in ()).throw(FileNotFoundError()))
    assert len(build(folder, tokenizer, most=29)) == len(TEXTS)

"""Lines of every length come whole or in stretches, and every fault has its place."""

import gzip
import re
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textune.errors import DataError
from textune.reading import stretches
from textune.reading.stretches import STRETCH, Stretch
from thinning import examples

SIGNS = st.one_of(
    st.sampled_from(" \t\x0b\x0c\x85\u2028\u2029\xa0é€𝄞"),
    st.characters(exclude_categories=["C"]),
)


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def read(path: Path) -> list[Stretch]:
    return list(stretches.stretches(path))


def message_of(path: Path) -> str:
    with pytest.raises(DataError, match=r"\w") as caught:
        read(path)
    return str(caught.value)


def test_says_what_begins_a_line_and_what_follows_a_blank_one(write):
    assert read(write("\n a\nb \n\t\nc\n\n", "a.txt")) == [
        Stretch(2, " a", begins=True, after_blank=True),
        Stretch(3, "b ", begins=True, after_blank=False),
        Stretch(5, "c", begins=True, after_blank=True),
    ]


@settings(max_examples=examples(150), deadline=None)
@given(
    lines=st.lists(st.text(SIGNS, max_size=120), min_size=1, max_size=5),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.integers(5, 60),
    stretch=st.integers(8, 20),
)
def test_lines_of_every_length_are_their_stretches(tmp_path_factory, lines, end, block, stretch):
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text(end.join(lines), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "BLOCK", block)
        patch.setattr(stretches, "STRETCH", stretch)
        patch.setattr(stretches, "_END", 5)
        found = read(path)
    for number, line in enumerate(lines, start=1):
        parts = [part for part in found if part.line == number]
        whole = "".join(part.text for part in parts)
        assert whole.split() == line.split() or re.search(r"\s{4}", line)
        assert "".join(whole.split()) == "".join(line.split())
        assert [part.begins for part in parts] == [at == 0 for at in range(len(parts))]
        assert all(len(part.text) <= stretch for part in parts)


@pytest.mark.parametrize("unit", ["é" * 10, "abcdefg €𝄞"])
def test_an_endless_line_reassembles(write, unit):
    line = unit * (3_000_000 // len(unit))
    *parts, last = read(write(f"{line}\nnext\n", "a.txt"))
    assert last == Stretch(2, "next", begins=True, after_blank=False)
    assert "".join(part.text for part in parts) == line
    assert all(len(part.text) <= STRETCH for part in parts)
    assert {part.line for part in parts} == {1}
    firsts = [at == 0 for at in range(len(parts))]
    assert [part.begins for part in parts] == [part.after_blank for part in parts] == firsts
    assert len(parts) == (4 if " " in unit else 3)
    assert " " not in unit or all(part.text.endswith(" ") for part in parts[:-1])


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_line_as_long_as_a_stretch_stays_whole(write, end):
    path = write("y" * (STRETCH + 1) + "\r" + "x" * STRETCH + end, "a.txt")
    assert [len(part.text) for part in read(path)] == [STRETCH, 1, STRETCH]


def test_an_endless_line_of_white_space_is_one_blank_line(write):
    path = write("a\n" + " " * 2_500_000 + "\nb\n" + " " * 2_500_000 + "c\n", "a.txt")
    found = [(part.line, part.text.strip(), part.begins, part.after_blank) for part in read(path)]
    assert found == [(1, "a", True, True), (3, "b", True, True), (4, "c", True, False)]


def test_no_other_sign_ends_a_line(write):
    line = "a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g"
    assert [part.text for part in read(write(line, "a.txt"))] == [line]


def test_mixed_line_ends_are_counted_as_an_editor_does(write):
    assert [part.line for part in read(write("a\rb\r\nc\n\r\nd", "a.txt"))] == [1, 2, 3, 5]


def test_a_line_end_between_two_blocks_is_one(write):
    path = write("x" * (stretches.BLOCK - 1) + "\r\ny", "a.txt")
    assert [part.line for part in read(path)][-2:] == [1, 2]


@pytest.mark.parametrize("at", [0, 1, 200_000])
def test_a_bad_byte_is_found_on_its_line(write, at):
    lines = [b"some text"] * 200_001
    lines[at] = b"d\xc3\xa9j\xc3\xa0 caf\xe9 noir"
    message = message_of(write(b"\n".join(lines), "a.txt"))
    assert f"a.txt:{at + 1}:9: the byte 0xe9 is not UTF-8: 'déjà caf\\xe9 noir'" in message
    assert f"1 line is not UTF-8: {at + 1:,}\nby its bytes it may be " in message


def test_a_bad_byte_is_found_in_an_endless_line(write):
    content = "first\n" + "é" * 2_500_000
    message = message_of(write(content.encode() + b"\xff...", "a.txt"))
    assert "a.txt:2:2500001: the byte 0xff is not UTF-8" in message


def test_a_character_cut_off_at_the_end_of_the_file(write):
    message = message_of(write("ab €".encode()[:-1], "a.txt"))
    assert "a.txt:1:4: the byte 0xe2 is not UTF-8" in message


def test_lines_before_a_bad_byte_are_right(write):
    found = stretches.stretches(write(b"some text\n" * 200_000 + b"x\xff\n", "a.txt"))
    assert sum(part.text == "some text" for part in islice(found, 200_000)) == 200_000
    with pytest.raises(DataError, match=r"a\.txt:200001:2: the byte 0xff"):
        next(found)


def test_a_nul_is_refused_on_its_line(write):
    message = message_of(write("text\n" * 20_000 + "so\0me", "a.txt"))
    assert "a.txt:20001:3: a NUL character" in message


@pytest.mark.parametrize("damage", ["cut", "flip"])
def test_damaged_gzip(write, damage):
    data = gzip.compress("".join(f"{n} text {n * n}\n" for n in range(99_999)).encode())
    middle = len(data) // 2
    end = bytes(255 - byte for byte in data[middle:]) if damage == "flip" else b""
    path = write(data[:middle] + end, "a.txt.gz")
    assert "a.txt.gz: the gzip data is damaged or cut off" in message_of(path)


MEMORY = """
import sys
from pathlib import Path
from textune.reading.stretches import stretches
def peak():
    status = open("/proc/self/status").read()  # ru_maxrss would be that of who started this
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10
before = peak()
print(sum(len(part.text) for part in stretches(Path(sys.argv[1]))), peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is of Linux")
@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("line.txt", "é" * 500_000),
        ("lines.txt", f"{'word ' * 2_000}\n" * 100),
        ("bomb.txt.gz", f"{'word ' * 2_000}\n" * 100),
        ("space.txt", " " * 1_000_000),
    ],
)
@pytest.mark.first(2)
def test_memory_is_bounded_whatever_the_file(tmp_path, name, unit):
    path = tmp_path / name
    with gzip.open(path, "wb", 1) if name.endswith("gz") else path.open("wb") as file:
        for _ in range(60):
            file.write(unit.encode())
    command = [sys.executable, "-c", MEMORY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    characters, mebibytes = map(int, done.stdout.split())
    assert characters == (60 * len(unit.replace("\n", "")) if unit.strip() else 0)
    assert mebibytes < 25, f"{mebibytes} MiB for a file of 60"
    path.unlink()

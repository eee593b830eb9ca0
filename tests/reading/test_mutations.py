"""Sound files with bytes changed: read, or refused with a message, but never a crash."""

import random

import pytest

from textune.errors import DataError
from textune.reading import sources
from thinning import crossed

GOOD = [
    b'id,text,label\n1,"a ""b"" c",pos\n2,"d\ne",neg\n3,f,pos\n',
    b"text;label\ncaf\xc3\xa9;x\nth\xc3\xa9;y\n",
    b'sentence\tlabel\n"Well," he said\t1\nso it is\t0\n',
    b'{"text": "a", "label": ["x", "y"]}\n{"text": "b\\u00e9", "label": []}\n',
    b'[{"text": "a", "n": 1.5},\n {"text": "b", "n": null}]\n',
    b"one line of text, here\nanother one\r\nand a third\r",
]


ENDINGS = ["csv", "tsv", "txt", "jsonl", "data"]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("number", "ending"), crossed(range(len(GOOD)), ENDINGS))
def test_mutated_file_is_read_or_refused_but_never_a_crash(tmp_path, number, ending):
    chance = random.Random(number)
    for trial in range(40):
        data = bytearray(GOOD[number])
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data) + 1)
            kind = chance.randrange(4)
            if kind == 0:
                data[at : at + 1] = bytes([chance.randrange(256)])
            elif kind == 1:
                data[at:at] = chance.choice([b'"', b"\0", b"\r", b",", b"\t", b"\xff", b"[", b"{"])
            elif kind == 2:
                del data[at:]
            else:
                data[at:at] = data[: chance.randrange(len(data) + 1)]
        path = tmp_path / f"{trial}.{ending}"
        path.write_bytes(data)
        try:
            table = sources.read(path)
            rows = list(table.rows())
        except DataError as error:
            assert path.name in str(error)  # noqa: PT017 (either outcome is right)
        else:
            assert rows
            assert {len(row.cells) for row in rows} == {len(table.columns)}

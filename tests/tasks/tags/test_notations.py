"""Entities that a file writes in any scheme and any notation are read as the same entities."""

import json
import random

import pytest
from typer.testing import CliRunner

from textune.doors.cli import app
from textune.errors import DataError
from textune.reading import sources
from textune.tasks import examples
from textune.tasks.contract import understand
from thinning import crossed

KINDS = ("PER", "LOC", "ORG")
SCHEMES = {  # first, inside, last, only; of IOB1 and IOE1 "" where the letter depends on neighbours
    "iob2": "BIIB",
    "iob1": "",
    "io": "IIII",
    "ioe": "IIEE",
    "bioes": "BIES",
    "bilou": "BILU",
    "bmes": "BMES",
    "bmew": "BMEW",
}
STYLES = ("B-P", "B_P", "P-B", "P_B", "b-p", "b-P", "p_b", "B:P", "B.P", "B/P", "P|B", "B P", "BP")
OUTSIDE = ("O", "o", "-", "", "_", "0", "OTHER", "none")


def made(count=40):
    """Make sentences with places of entities, some of them side by side."""
    numbers = random.Random(4)
    for number in range(count):
        size = numbers.randint(4, 12)
        found, at = [], 0
        while at < size:
            if numbers.random() < 0.3:
                end = min(size, at + numbers.randint(1, 3))
                found.append((at, end, numbers.choice(KINDS)))
                at = end
            at += numbers.random() < 0.8
        yield [f"word{number}x{place}" for place in range(size)], found


def letters(found, scheme):
    """Write the letter and the type of each marked word."""
    written = {}
    for number, (start, end, kind) in enumerate(found):
        follows = number and found[number - 1][1:] == (start, kind)
        for at in range(start, end):
            first, last = at == start, at == end - 1
            if scheme == "iob1":
                letter = "B" if first and follows else "I"
            else:
                letter = SCHEMES[scheme][3 if first and last else 0 if first else 1 + last]
            written[at] = (letter, kind)
    return written


def styled(letter, kind, style):
    letter = letter.lower() if "b" in style else letter
    kind = kind.lower() if "p" in style else kind
    sign = style[1:-1]
    return f"{kind}{sign}{letter}" if style[0] in "Pp" else f"{letter}{sign}{kind}"


def merged(found):
    """Join entities of one type side by side, which no scheme without a begin can tell apart."""
    joined = []
    for start, end, kind in found:
        if joined and joined[-1][1:] == (start, kind):
            start = joined.pop()[0]
        joined.append((start, end, kind))
    return joined


def entities(example):
    found = []
    for at, tag in enumerate(example.label):
        if tag[0] == "B":
            found.append((at, at + 1, tag[2:].upper()))
        elif tag[0] == "I":
            found[-1] = (found[-1][0], at + 1, found[-1][2])
    return found


def read(path):
    table = sources.read(path)
    agreed = understand(table).contract
    assert agreed.task == "tags"
    found = list(examples.read(table, agreed))
    assert not any(example.remarks for example in found)
    return agreed, [entities(example) for example in found]


def write(tmp_path, tagged, kind="jsonl"):
    path = tmp_path / f"made.{kind}"
    if kind == "jsonl":
        lines = (json.dumps({"words": words, "tags": tags}) for words, tags in tagged)
        path.write_text("\n".join(lines))
    else:
        lines = ("\n".join(map("\t".join, zip(*both, strict=True))) for both in tagged)
        path.write_text("\n\n".join(lines))
    return path


def tagged_in(scheme, style, outside="O"):
    for words, found in made():
        marked = letters(found, scheme)
        tags = [styled(*marked[at], style) if at in marked else outside for at in range(len(words))]
        yield words, tags


@pytest.mark.parametrize(("scheme", "style"), crossed(SCHEMES, STYLES))
def test_every_scheme_in_every_style_gives_the_same_entities(tmp_path, scheme, style):
    if (scheme, style) == ("io", "BP"):
        pytest.skip("IPER may be a type of its own")
    kind = "jsonl" if style == "B P" else "conll"
    agreed, found = read(write(tmp_path, tagged_in(scheme, style), kind))
    assert found == [merged(one) if scheme == "io" else one for _, one in made()]
    is_usual = style in ("B-P", "B_P", "b-p", "b-P")
    assert is_usual or "tags are written as" in " ".join(agreed.reasons)


@pytest.mark.parametrize(("outside", "scheme"), crossed(OUTSIDE, ["iob2", "bioes", "io"]))
def test_what_stands_for_o_is_decided_over_the_file_and_said(tmp_path, scheme, outside):
    agreed, found = read(write(tmp_path, tagged_in(scheme, "B-P", outside)))
    assert found == [merged(one) if scheme == "io" else one for _, one in made()]
    said = "a blank" if not outside else repr(outside)
    assert outside == "O" or f"{said} stands for O" in " ".join(agreed.reasons)


@pytest.mark.parametrize("outside", ["O", "o", "", "0", "none"])
def test_types_alone_mark_entities_where_most_words_are_outside(tmp_path, outside):
    def tagged():
        for words, found in made():
            kinds = [outside] * len(words)
            for start, end, kind in found:
                kinds[start:end] = [kind] * (end - start)
            yield [*words, *words], [*kinds, *[outside] * len(words)]

    agreed, found = read(write(tmp_path, tagged(), "conll"))
    assert found == [merged(one) for _, one in made()]
    assert "words of one type side by side are one entity" in " ".join(agreed.reasons)


def test_the_notation_is_that_of_the_whole_file(tmp_path):
    late = [(["a", "b"], ["O", "O"])] * 1_500 + [(["a", "b"], ["PER-B", "PER-I"])] * 3
    agreed, found = read(write(tmp_path, late))
    assert found[-1] == [(0, 2, "PER")]
    assert agreed.notation[1] == "last"


@pytest.mark.parametrize(
    "tags",
    [
        ["NN", "VB", "DT", "JJ"],
        ["N", "V", "S", "O"],
        ["n.person", "v.motion", "O", "n.act"],
        ["COMMA", "O", "PERIOD", "QUESTION"],
        ["0", "3", "4", "1"],
    ],
)
def test_tags_that_mark_no_entities_stay_as_they_are(tmp_path, tags):
    table = sources.read(write(tmp_path, [([*"abcd"], tags), ([*"efgh"], tags)] * 9))
    agreed = understand(table, task="tags", text=("words",), label=("tags",)).contract
    assert (agreed.separator, agreed.notation) == ("plain", ())
    assert [one.label for one in examples.read(table, agreed)] == [tuple(tags)] * 18


def test_names_with_a_letter_in_front_are_no_scheme(tmp_path):
    tags = ["e-mail", "O", "O", "O", "phone", "O", "O", "O", "O", "fax"]
    agreed, found = read(write(tmp_path, [([*"abcdefghij"], tags)] * 9))
    assert found[0] == [(0, 1, "E-MAIL"), (4, 5, "PHONE"), (9, 10, "FAX")]
    assert agreed.separator == "io"


def test_a_blank_beside_o_stays_a_fault(tmp_path):
    path = write(tmp_path, [([*"abcd"], ["B-X", "I-X", "O", "O"])] * 9 + [(["e"], [""])])
    with pytest.raises(DataError, match=r"made.jsonl:10: word 1 'e': the tag is blank"):
        read(path)


def test_check_says_how_tags_are_written(tmp_path):
    path = write(tmp_path, tagged_in("bilou", "P_B", "-"), "conll")
    said = " ".join(CliRunner().invoke(app, ["check", str(path)]).stdout.split())
    assert "in BIOES" in said
    assert "'-' stands for O" in said
    assert "tags are written as" in said


@pytest.mark.parametrize("style", ["B-P", "P_B", "b-p", "P"])
def test_a_word_without_a_tag_may_lack_its_column(tmp_path, style):
    lines, expected = [], []
    for words, found in made():
        marked = letters(found, "iob2" if style != "P" else "io")
        tags = {at: kind if style == "P" else styled(at_letter, kind, style)
                for at, (at_letter, kind) in marked.items()}  # fmt: skip
        more = [f"more{at}" for at in range(len(words))]  # most words are outside
        rows = [f"{word} {tags[at]}" if at in tags else word for at, word in enumerate(words)]
        lines.append("\n".join([*rows, *more]))
        expected.append(merged(found) if style == "P" else found)
    path = tmp_path / "made.txt"
    path.write_text("\n\n".join(lines))
    agreed, read_back = read(path)
    assert read_back == expected
    assert "a blank stands for O" in " ".join(agreed.reasons)

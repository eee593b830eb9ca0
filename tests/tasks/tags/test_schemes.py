"""Entities written in any scheme come back as the same entities in IOB2."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from textune.tasks.tags import schemes
from textune.tasks.tags.schemes import names, recognise, to_iob2

Stretch = tuple[str | None, int]  # a type, or None outside, and the number of words

STRETCHES = st.lists(
    st.tuples(st.sampled_from([None, "PER", "LOC", "creative-work"]), st.integers(1, 4)),
    max_size=8,
)


def in_iob2(stretches: Sequence[Stretch]) -> list[str]:
    tags = []
    for kind, size in stretches:
        tags += ["O"] * size if kind is None else [f"B-{kind}", *[f"I-{kind}"] * (size - 1)]
    return tags


def in_iob1(stretches: Sequence[Stretch]) -> list[str]:
    tags, before = [], None
    for kind, size in stretches:
        if kind is None:
            tags += ["O"] * size
        else:
            first = "B" if kind == before else "I"
            tags += [f"{first}-{kind}", *[f"I-{kind}"] * (size - 1)]
        before = kind
    return tags


def in_ends(stretches: Sequence[Stretch], only: str, last: str, inner: str) -> list[str]:
    tags = []
    for kind, size in stretches:
        if kind is None:
            tags += ["O"] * size
        elif size == 1:
            tags.append(f"{only}-{kind}")
        else:
            tags += [f"B-{kind}", *[f"{inner}-{kind}"] * (size - 2), f"{last}-{kind}"]
    return tags


WRITERS = {
    "iob2": (in_iob2, "iob2"),
    "iob1": (in_iob1, "iob1"),
    "bioes": (lambda s: in_ends(s, "S", "E", "I"), "bioes"),
    "bilou": (lambda s: in_ends(s, "U", "L", "I"), "bioes"),
    "bmes": (lambda s: in_ends(s, "S", "E", "M"), "bioes"),
}


@pytest.mark.parametrize("name", WRITERS)
@given(STRETCHES)
def test_every_scheme_becomes_the_same_iob2(name, stretches):
    write, scheme = WRITERS[name]
    assert to_iob2(write(stretches), scheme) == (tuple(in_iob2(stretches)), ())


@pytest.mark.parametrize("name", WRITERS)
@given(st.lists(STRETCHES, min_size=1, max_size=6))
def test_schemes_are_recognised_or_read_alike(name, sentences):
    write, scheme = WRITERS[name]
    found = recognise(map(write, sentences))
    assert found != "plain"
    for stretches in sentences:
        assert to_iob2(write(stretches), found) == to_iob2(write(stretches), scheme)


@given(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), max_size=12))
def test_faults_of_iob_are_read_as_conlleval_reads_them(tags):
    written, faults = to_iob2(tags, "iob2")
    assert get_entities(list(written)) == get_entities(tags)
    assert all(fault.is_mended for fault in faults)
    assert [tag for tag in written if tag == "O"] == [tag for tag in tags if tag == "O"]
    changed = [place for place, tag in enumerate(tags) if tag != written[place]]
    assert [fault.word for fault in faults] == changed
    assert to_iob2(written, "iob2") == (written, ())


@given(
    st.lists(
        st.sampled_from(["O", *(f"{letter}-{kind}" for letter in "BIES" for kind in "AB")]),
        max_size=12,
    )
)
def test_faults_of_bioes_are_read_as_conlleval_reads_them(tags):
    written, faults = to_iob2(tags, "bioes")
    assert get_entities(list(written)) == get_entities(tags)
    assert to_iob2(written, "iob2") == (written, ())
    assert bool(faults) == (in_ends(stretches_of(written), "S", "E", "I") != tags)


def stretches_of(tags: Sequence[str]) -> list[Stretch]:
    found: list[Stretch] = []
    for tag in tags:
        if tag[0] == "I":
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((tag[2:] or None, 1))
    return found


@pytest.mark.parametrize(
    ("sentences", "scheme"),
    [
        ([["DT", "NN", "VBZ"]], "plain"),
        ([["O", "PER", "O", "LOC"]], "plain"),
        ([["N", "V", "S", "O"]], "plain"),
        ([["0", "3", "4"]], "plain"),
        ([["O", "O"]], "iob2"),
        ([], "iob2"),
        ([["", " "]], "iob2"),
        ([["B-X"]], "iob2"),
        ([["I-X"]], "io"),
        ([["S-X"]], "bioes"),
        ([["B", "I", "O"]], "iob2"),
        ([["B", "M", "E", "S"]], "bioes"),
        ([["B-X", "I-X", "O", "B-Y"], ["I-X"]], "iob2"),
        ([["B-X", "I-X", "O", "S-Y"], ["B-Y", "B-Z"]], "iob2"),
        ([["B-X", "FOO"]], "iob2"),
    ],
)
def test_recognises_the_scheme(sentences, scheme):
    assert recognise(sentences) == scheme


@pytest.mark.parametrize(
    ("tags", "scheme", "written", "place", "message", "is_mended"),
    [
        (["O", "I-X"], "iob2", ("O", "B-X"), 1, "I-X without B-X before it was read as B-X", True),
        (["B-Y", "I-X"], "iob2", ("B-Y", "B-X"), 1, "I-X without B-X before it", True),
        (["E-X"], "bioes", ("B-X",), 0, "E-X without B-X before it was read as B-X", True),
        (["B-X", "O"], "bioes", ("B-X", "O"), 0, "B-X without E-X after it was read as", True),
        (["I", "O"], "iob2", ("B", "O"), 0, "I without B before it was read as B", True),
        (["O", "S-X"], "iob2", ("O", "O"), 1, "the tag 'S-X' is not known in IOB2; allowed", False),
        (["B-X", "FOO"], "iob1", ("B-X", "O"), 1, "the tag 'FOO' is not known in IOB1", False),
        (["B-"], "bioes", ("O",), 0, "the tag 'B-' is not known in BIOES; allowed: O,", False),
        ([" "], "iob2", ("O",), 0, "the tag is blank", False),
        (["NN", ""], "plain", ("NN", ""), 1, "the tag is blank", False),
    ],
)  # fmt: skip
def test_a_fault_names_its_word(tags, scheme, written, place, message, is_mended):
    found, (fault,) = to_iob2(tags, scheme)
    assert (found, fault.word, fault.is_mended) == (written, place, is_mended)
    assert fault.message.startswith(message)


def test_space_around_tags_is_dropped_and_plain_tags_stay():
    assert to_iob2([" B-X ", "I-X\t"], "iob2")[0] == ("B-X", "I-X")
    assert to_iob2(["NN", " VBZ", "B-X"], "plain") == (("NN", "VBZ", "B-X"), ())


def test_names_hold_both_tags_of_each_type():
    assert names(["PER", "LOC", "PER"]) == ("O", "B-LOC", "I-LOC", "B-PER", "I-PER")
    assert names([""]) == ("O", "B", "I")
    assert names([]) == ("O",)


def test_types_are_those_of_the_entities():
    census = schemes.Census()
    census.add(["O", "B-PER", "I-LOC", "E-ORG", "S-ORG"])
    assert census.types() == ("LOC", "ORG", "PER")
    plain = schemes.Census()
    plain.add(["NN", "VBZ", "NN"])
    assert plain.types() == ("NN", "VBZ")


def test_counting_stops_where_tags_never_end(monkeypatch):
    monkeypatch.setattr(schemes, "MOST", 3)
    census = schemes.Census()
    for number in range(20):
        census.add([f"word{number}", "word0"])
    assert len(census.tags) < 6
    assert census.scheme() == "plain"


def test_an_inside_tag_without_a_type_goes_on_with_the_entity_before_it():
    census = schemes.Census()
    sentences = [["B_PS", "I", "I", "O"], ["O", "B_LC", "B_PS", "I"], ["B_LC", "O", "O", "O"]]
    for tags in sentences:
        census.add(tags)
    assert (census.scheme(), census.types()) == ("iob2", ("LC", "PS"))
    written, faults = schemes.to_iob2(sentences[1], "iob2", census.notation())
    assert (written, faults) == (("O", "B-LC", "B-PS", "I-PS"), ())
    told = list(census.notation().described(census.tags))
    assert told == ["'I' without a type goes on with the entity before it"]
    census.add(["O", "I"])  # which goes on with nothing
    assert census.types() == ("", "LC", "PS")

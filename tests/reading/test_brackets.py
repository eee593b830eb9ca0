"""Tags as CoNLL-2012 and CoNLL-2005 write them, in brackets over lines, become spans of words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textune.errors import DataError
from textune.reading import brackets, sources
from textune.records import ReadOptions
from textune.tasks import contract

FIRST = [  # word, part of speech, parse, entity, roles by two predicates, coreference
    ("In", "IN", "(TOP(S(PP*", "*", "* (ARGM-TMP*", "-"),
    ("the", "DT", "(NP*", "(DATE*", "* *", "-"),
    ("summer", "NN", "*))", "*)", "* *)", "-"),
    ("Mary", "NNP", "(NP*)", "(PERSON)", "(ARG0*) (ARG0*)", "(12)"),
    ("saw", "VBD", "(VP*", "*", "(V*) *", "-"),
    ("Rome", "NNP", "(NP*))))", "(GPE*)", "* *", "(3)"),
]
SECOND = [("Hello", "UH", "(TOP(INTJ*", "*", "", "-"), ("!", ".", "*))", "*", "", "-")]
ENTITIES = ["O", "B-DATE", "I-DATE", "B-PERSON", "O", "B-GPE"]


def ontonotes(sign="   ", torn=""):
    lines = ["#begin document (bc/cctv/00/cctv_0000); part 000"]
    for sentence in [FIRST, SECOND] * 9:
        for number, (word, pos, parse, entity, roles, chain) in enumerate(sentence):
            cells = ["bc/cctv/00/cctv_0000", "0", str(number), word, pos, parse, "-", "-", "-"]
            lines.append(sign.join([*cells, "Speaker#1", entity, *roles.split(), chain]))
        lines.append("")
    return "\n".join([*lines, *torn.splitlines(), "#end document", ""])


@pytest.mark.parametrize("sign", ["   ", "\t"])
@pytest.mark.parametrize("name", ["a.v4_gold_conll", "a.conll", "a.txt"])
def test_entities_of_conll_2012_are_read_among_its_many_columns(tmp_path, name, sign):
    path = tmp_path / name
    path.write_text(ontonotes(sign))
    table = sources.read(path)
    rows = list(table.rows())
    assert len(rows) == 18
    assert json.loads(rows[0].cells[3]) == [line[0] for line in FIRST]
    assert json.loads(rows[0].cells[-1]) == ENTITIES
    assert json.loads(rows[1].cells[-1]) == ["O", "O"]
    agreed = contract.understand(table).contract
    assert (agreed.text, agreed.label, agreed.separator) == (("word",), ("entity",), "iob2")
    assert "arguments and coreference are left out" in " ".join(table.reasons)


@pytest.mark.parametrize("sign", [" ", "\t"])
def test_a_column_of_brackets_is_one_of_tags_in_any_file_of_words(tmp_path, sign):
    sentences = [[sign.join((line[0], line[1], line[3])) for line in s] for s in (FIRST, SECOND)]
    path = tmp_path / "a.txt"
    path.write_text("\n\n".join("\n".join(lines) for lines in sentences * 9) + "\n")
    table = sources.read(path)
    assert json.loads(next(iter(table.rows())).cells[2]) == ENTITIES
    assert contract.understand(table).contract.label == ("3",)
    assert "'(PERSON*'" in " ".join(table.reasons)


def test_brackets_that_do_not_match_are_faults(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text(
        ontonotes(torn="a 0 0 Ann NNP (TOP* - - - x (PERSON* -\na 0 1 left V *) - - - x * -")
    )
    with pytest.raises(DataError, match=r"a\.conll:92: brackets of its tags that do not match"):
        list(sources.read(path).rows())
    table = sources.read(path, ReadOptions(faulty="skip"))
    assert len(list(table.rows())) == 18
    assert [fault.origin for fault in table.faults] == ["a.conll:92"]


@given(st.lists(st.tuples(st.sampled_from(["", "PER", "LOC"]), st.integers(1, 3)), max_size=8))
def test_what_is_written_in_brackets_comes_back(spans):
    written, tags = [], []
    for kind, size in spans:
        one = ["*"] * size
        if kind:
            one = [f"({kind}*", *one[1:]]
            one[-1] += ")"
        written += one
        tags += [f"B-{kind}", *[f"I-{kind}"] * (size - 1)] if kind else ["O"] * size
    assert brackets.to_iob2(written) == tags


@pytest.mark.parametrize(
    "tags", [["(A*", "*"], ["*)"], ["(A(B*)", "*)"], ["(A*", "(B*)", "*)"], ["A"]]
)
def test_brackets_of_trees_and_torn_ones_are_no_tags(tags):
    assert brackets.to_iob2(tags) is None

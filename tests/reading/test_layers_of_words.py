"""Files of words with several layers: lines above the sentences, and which layer is learned."""

import json

import pytest

from textune.reading import sources
from textune.survey import survey

NAMES = ["Ada", "Clara", "Li", "Omar", "Eve", "Bo"]
PLACES = ["Oslo", "Rome", "Lima", "Bern", "Pune", "Kiel"]
OTHERS = ["lives", "works", "sings", "reads", "stays", "eats"]
SENTENCES = [
    [(name, "PER"), (other, ""), ("in", ""), (place, "LOC"), (".", "")]
    for name, place, other in zip(NAMES, PLACES, OTHERS, strict=True)
]


def lengths(texts):
    return [9] * len(texts)


def in_lines(title: str, sign: str = " ") -> str:
    blocks = []
    for number, words in enumerate(SENTENCES):
        tags = [f"B-{kind}" if kind else "O" for _, kind in words]
        lines = [
            sign.join((word, "_", "_", tag)) for (word, _), tag in zip(words, tags, strict=True)
        ]
        blocks.append("\n".join([title.format(number), *lines]))
    return "\n\n".join(blocks) + "\n"


@pytest.mark.parametrize(
    "title", ["# id 5239-{}\tdomain=en", "# id 5239-{}   domain=train", "# id {} x"]
)
def test_a_line_above_each_sentence_is_no_word_of_it(tmp_path, title):
    file = tmp_path / "train.conll"
    file.write_text(in_lines(title))
    found = survey.check(file, count_tokens=lengths)
    assert found.contract.task == "tags"
    assert found.labels == {"LOC": 6, "PER": 6}
    first = next(iter(found.table.rows()))
    assert json.loads(first.cells[0]) == ["Ada", "lives", "in", "Oslo", "."]


def test_a_word_that_begins_sentences_with_its_tag_is_a_word(tmp_path):
    file = tmp_path / "train.conll"
    file.write_text(in_lines("# _ _ O"))
    first = next(iter(sources.read(file).rows()))
    assert json.loads(first.cells[0])[0] == "#"


LAYERS = {
    "lemma": ("#T_SP=de.dkpro.segmentation.type.Lemma|value", lambda word, kind: word.lower()),
    "entity": (
        "#T_SP=de.dkpro.ner.type.NamedEntity|identifier|value",
        lambda word, kind: f"*\t{kind}" if kind else "_\t_",
    ),
    "class": (
        "#T_SP=de.dkpro.pos.POS|coarseValue|PosValue",
        lambda word, kind: "NOUN\tNE" if kind else "VERB\tVV" if len(word) > 2 else "ADP\tAP",
    ),
}


def webanno(*layers: str) -> str:
    lines = ["#FORMAT=WebAnno TSV 3.3", *(LAYERS[name][0] for name in layers), "", ""]
    for number, words in enumerate(SENTENCES, start=1):
        lines.append(f"#Text={' '.join(word for word, _ in words)}")
        for place, (word, kind) in enumerate(words, start=1):
            held = "\t".join(LAYERS[name][1](word, kind) for name in layers)
            lines.append(f"{number}-{place}\t0-3\t{word}\t{held}\t")
        lines.append("")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "layers", [("entity", "class"), ("lemma", "entity", "class"), ("class", "lemma", "entity")]
)
def test_entities_are_learned_beside_layers_that_mark_every_word(tmp_path, layers):
    file = tmp_path / "admin.tsv"
    file.write_text(webanno(*layers))
    found = survey.check(file, count_tokens=lengths)
    assert found.labels == {"LOC": 6, "PER": 6}
    assert any("PosValue" in doubt or "coarseValue" in doubt for doubt in found.contract.doubts)


def test_a_layer_of_every_word_is_learned_where_there_is_no_other(tmp_path):
    file = tmp_path / "admin.tsv"
    file.write_text(webanno("lemma", "class"))
    assert survey.check(file, count_tokens=lengths).contract.label == ("PosValue",)


PLUS = """# global.columns = ID FORM UPOS PARSEME:MWE
# text = He took part
1\tHe\tPRON\t*
2-3\ttookpart\t_\t*
2\ttook\tVERB\t1:LVC.full;2:VID
3\tpart\tNOUN\t1

# text = It comes fast off
1\tIt\tPRON\t*
2\tcomes\tVERB\t1:VPC
3\tfast\tADV\t*
4\toff\tADP\t1
"""


@pytest.mark.parametrize("name", ["a.cupt", "a.conllup", "a.txt"])
def test_the_columns_of_conllu_plus_have_names_and_expressions_are_spans(tmp_path, name):
    file = tmp_path / name
    file.write_text(PLUS)
    table = sources.read(file)
    assert (table.columns, table.has_header) == (("ID", "FORM", "UPOS", "PARSEME:MWE"), True)
    assert [[json.loads(row.cells[at]) for at in (1, 3)] for row in table.rows()] == [
        [["He", "took", "part"], ["O", "B-LVC.full", "I-LVC.full"]],
        [["It", "comes", "fast", "off"], ["O", "B-VPC", "O", "B-VPC"]],
    ]
    found = survey.check(file, count_tokens=lengths)
    assert (found.contract.text, found.contract.label) == (("FORM",), ("PARSEME:MWE",))


def test_numbers_in_the_last_column_are_no_expressions(tmp_path):
    file = tmp_path / "a.conll"
    file.write_text("He\t*\ntook\t1\npart\t2\n\nIt\t*\ncomes\t1\noff\t3\n")
    held = [json.loads(row.cells[1]) for row in sources.read(file).rows()]
    assert held == [["*", "1", "2"], ["*", "1", "3"]]

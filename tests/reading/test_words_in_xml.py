"""Words that stand an element each, with layers that name them, become sentences."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources

WORDS = [["Ada", "Moss", "met", "Bo"], ["Nobody", "came"]]
NUMBERED = [(f"{s}.{n}", word) for s, words in enumerate(WORDS) for n, word in enumerate(words)]
KINDS = {"met": "V", "came": "V"}


def kind(word: str) -> str:
    return KINDS.get(word, "N")


def folia() -> str:
    sentences = "".join(
        f'<s xml:id="s{s}">'
        + "".join(
            f'<w xml:id="{s}.{n}"><t>{word}</t><pos class="{kind(word)}"/></w>'
            for n, word in enumerate(words)
        )
        + "</s>"
        for s, words in enumerate(WORDS)
    )
    return (
        f'<FoLiA xmlns="http://ilk.uvt.nl/folia" version="2.5"><text>{sentences}<entities>'
        '<entity class="PER"><wref id="0.0"/><wref id="0.1"/></entity>'
        '<entity class="PER"><wref id="0.3"/></entity></entities></text></FoLiA>'
    )


def naf(root: str = "NAF", own: tuple[str, str] = ("id", "id")) -> str:
    words = "".join(f'<wf {own[0]}="{n}" sent="{n[0]}">{word}</wf>' for n, word in NUMBERED)
    terms = "".join(
        f'<term {own[1]}="t{n}" pos="{kind(word)}"><span><target id="{n}"/></span></term>'
        for n, word in NUMBERED
    )
    spans = [["t0.0", "t0.1"], ["t0.3"]]
    entities = "".join(
        '<entity type="PER"><references><span>'
        + "".join(f'<target id="{one}"/>' for one in ids)
        + "</span></references></entity>"
        for ids in spans
    )
    held = f"<text>{words}</text><terms>{terms}</terms><entities>{entities}</entities>"
    return f'<{root} xml:lang="en">{held}</{root}>'


def tcf() -> str:
    tokens = "".join(f'<token ID="{n}">{word}</token>' for n, word in NUMBERED)
    tags = "".join(f'<tag tokenIDs="{n}">{kind(word)}</tag>' for n, word in NUMBERED)
    ids = [" ".join(n for n, _ in NUMBERED if n[0] == str(s)) for s in (0, 1)]
    sentences = "".join(f'<sentence tokenIDs="{one}"/>' for one in ids)
    return (
        '<D-Spin xmlns="http://www.dspin.de/data"><TextCorpus xmlns="http://www.dspin.de/data/textcorpus">'
        f"<tokens>{tokens}</tokens><sentences>{sentences}</sentences><POStags>{tags}</POStags>"
        '<namedEntities><entity class="PER" tokenIDs="0.0 0.1"/>'
        '<entity class="PER" tokenIDs="0.3"/></namedEntities></TextCorpus></D-Spin>'
    )


FORMS = {"FoLiA": folia, "NAF": naf, "KAF": lambda: naf("KAF", ("wid", "tid")), "TCF": tcf}


@pytest.mark.parametrize("name", FORMS)
def test_words_have_their_class_and_their_entities(tmp_path, name):
    file = tmp_path / "a.xml"
    file.write_text(f'<?xml version="1.0"?>\n{FORMS[name]()}')
    table = sources.read(file)
    assert (table.format, table.columns) == ("conll", ("word", "pos", "entity"))
    assert [[json.loads(cell) for cell in row.cells] for row in table.rows()] == [
        [WORDS[0], ["N", "N", "V", "N"], ["B-PER", "I-PER", "O", "B-PER"]],
        [WORDS[1], ["N", "V"], ["O", "O"]],
    ]


def test_entities_that_overlap_are_counted(tmp_path):
    file = tmp_path / "a.xml"
    more = '<entity class="X"><wref id="0.1"/></entity></entities>'
    file.write_text(folia().replace("</entities>", more))
    assert "entities that overlap others (1)" in sources.read(file).findings[0].message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<NAF><text/></NAF>", "NAF without a word"),
        ("<NAF><text></NAF>", "a.xml:1: this is no XML"),
    ],
)
def test_a_document_without_words_or_that_breaks_off_is_refused(tmp_path, content, message):
    file = tmp_path / "a.xml"
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        sources.read(file)

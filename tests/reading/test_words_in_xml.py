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
        ("<NAF><text><wf id='1'> </wf></text></NAF>", "NAF without a word"),
        ("<NAF><text><wf>a</wf></NAF>", "a.xml:1: this is no XML"),
        ("<NAF>" + "<wf>" * 5000 + "</wf>" * 5000 + "</NAF>", "more than 200 deep"),
    ],
)
def test_a_document_without_words_or_that_breaks_off_is_refused(tmp_path, content, message):
    file = tmp_path / "a.xml"
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        sources.read(file)


def folia_of(content: str) -> str:
    return f'<FoLiA xmlns="http://ilk.uvt.nl/folia" version="2.5"><text>{content}</text></FoLiA>'


def w(word: str, more: str = "") -> str:
    return f'<w xml:id="{word}"><t>{word}</t>{more}</w>'


OLD = f'<original auth="no">{w("Ihear")}</original>'
CORRECTED = {
    "words, corrected": f"<correction><new>{w('I')}{w('hear')}</new>{OLD}</correction>{w('rain')}",
    "words, and what is suggested": f"{w('I')}<correction><current>{w('hear')}</current>"
    f'<suggestion auth="no">{w("heard")}</suggestion></correction>{w("rain")}',
    "a word": f"{w('I')}<w xml:id='b'><correction><new><t>hear</t></new><original><t>haer</t>"
    f"</original></correction></w>{w('rain')}",
    "of other classes": f"{w('I')}<w><t class='OCR'>hcar</t><t>hear</t></w>{w('rain')}",
    "of morphemes": f"{w('I')}{w('hear', '<morpheme><t>he</t></morpheme>')}{w('rain')}",
    "words without ids": "<w><t>I</t></w><w><t>hear</t></w><w><t>rain</t></w>",
    "a sentence in another": f"{w('I')}{w('hear')}{w('rain')}<quote><s>{w('now')}</s></quote>",
}


@pytest.mark.parametrize("name", CORRECTED)
def test_words_of_folia_are_those_that_hold_each_once(tmp_path, name):
    file = tmp_path / "a.xml"
    file.write_text(folia_of(f"<head>{w('Rain')}</head><p><s>{CORRECTED[name]}</s></p>"))
    found = [json.loads(row.cells[0]) for row in sources.read(file).rows()]
    assert found[:2] == [["Rain"], ["I", "hear", "rain"]]
    assert found[2:] in ([], [["now"]])


def test_what_could_be_said_instead_is_not_said_of_words(tmp_path):
    file = tmp_path / "a.xml"
    mark = '<entity class="{}"><wref id="Ada"/></entity>'
    other = f"<altlayers><entities>{mark.format('LOC')}</entities></altlayers>"
    kinds = '<alt><pos class="V"/></alt><pos class="N"/>'
    marks = f"<entities>{mark.format('PER')}{mark.format('')}</entities>"
    file.write_text(folia_of(f"<s>{w('Ada', kinds)}{w('came')}{other}{marks}</s>"))
    table = sources.read(file)
    (row,) = table.rows()
    assert row.cells == ('["Ada", "came"]', '["N", "_"]', '["B-PER", "O"]')
    assert [one.count for one in table.findings] == [1]


def test_folia_without_words_is_read_as_any_xml(tmp_path):
    file = tmp_path / "a.xml"
    lines = "".join(f"<p><t>a text of some words {n}</t></p>" for n in range(4))
    file.write_text(folia_of(lines))
    table = sources.read(file)
    at = table.columns.index("t")
    assert [row.cells[at][:6] for row in table.rows()] == ["a text"] * 4

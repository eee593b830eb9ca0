"""What textune doesn't read is named for what it is, with the way out."""

import json
import re
import subprocess

import pytest

from textune.errors import DataError
from textune.reading import sources

XMI = """\
<?xml version="1.0" encoding="UTF-8"?>
<xmi:XMI xmlns:xmi="http://www.omg.org/XMI" xmlns:cas="http:///uima/cas.ecore" xmi:version="2.0">
<cas:Sofa xmi:id="1" sofaNum="1" sofaString="Ada saw Bo."/></xmi:XMI>
"""
TURTLE = '@prefix nif: <http://x.org/nif#> .\n\n<http://x.org/1#char=0,9>\n  nif:isString "Ada" .\n'
TRIPLE = "<http://x.org/{}#char=0,9> <http://x.org/nif#isString> {} .\n"
TRIPLES = TRIPLE.format(1, '"Ada saw Bo."') + TRIPLE.format(1, "<http://x.org/nif#Context>")
PIECES = "<Part>Mr </Part><Name uri='x'>Bo</Name><Part> met </Part><Name uri='y'>Ada</Name>"


@pytest.mark.parametrize("name", ["a.xmi", "a.xml", "a.txt"])
def test_a_cas_of_uima_without_a_text_is_named(tmp_path, name):
    (tmp_path / name).write_text(XMI.replace("sofaString", "sofaURI"))
    with pytest.raises(DataError, match=r"without the text of its view.*WebAnno TSV 3.*cassis"):
        sources.read(tmp_path / name)


@pytest.mark.parametrize("name", ["a.xmi", "a.xml", "a.txt"])
def test_a_cas_of_uima_without_spans_is_a_text(tmp_path, name):
    (tmp_path / name).write_text(XMI)
    table = sources.read(tmp_path / name)
    assert [row.cells for row in table.rows()] == [("Ada saw Bo.",)]
    assert "a row for each sentence; no layer marks a span of text" in table.reasons


@pytest.mark.parametrize("content", [TURTLE, TRIPLES, TURTLE.replace("@prefix", "PREFIX")])
@pytest.mark.parametrize("name", ["a.ttl", "a.nt", "a.txt"])
def test_rdf_is_no_plain_text(tmp_path, content, name):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=r"this is RDF .*SPARQL"):
        sources.read(tmp_path / name)


@pytest.mark.parametrize(
    "line", ["base <3 you all", "<http://x.org> is down again .", "prefix: < a"]
)
def test_text_about_addresses_is_text(tmp_path, line):
    (tmp_path / "a.txt").write_text(f"{line}\n" * 9)
    assert len(list(sources.read(tmp_path / "a.txt").rows())) == 9


def test_a_text_in_pieces_is_named_with_these(tmp_path):
    documents = "".join(f"<Document id='{n}'><Text>{PIECES}</Text></Document>" for n in range(9))
    (tmp_path / "a.xml").write_text(f"<?xml version='1.0'?><corpus>{documents}</corpus>")
    said = r"in which a text stands in pieces: <Text> is made of <Part>, <Name>; put the pieces"
    with pytest.raises(DataError, match=said):
        sources.read(tmp_path / "a.xml")


BLOCK = "Ken beat Bo since [MASK] is strong in game {} .\n{}\nKen,Bo\n{}\n"
SCHEMA = [["the cup", [0, 2], ["the", "cup"], True], ["the box", [4, 6], ["the", "box"], False]]


@pytest.mark.parametrize(
    "content",
    [
        "\n".join(BLOCK.format(n, "[MASK]", "Ken" if n % 2 else "bo") for n in range(9)),
        "".join(f"en\ttest\tthe cup fits the box {n}\t{json.dumps(SCHEMA)}\n" for n in range(9)),
    ],
)
def test_schemas_of_winograd_are_named(tmp_path, content):
    (tmp_path / "a.tsv").write_text(content)
    with pytest.raises(
        DataError, match=r"a.tsv: these are schemas of Winograd.*a row for each can"
    ):
        sources.read(tmp_path / "a.tsv")


def test_verses_of_four_lines_are_no_schemas(tmp_path):
    verses = "\n".join(f"the sun rose {n}\nthe moon\nit, she, they\nall gone\n" for n in range(9))
    (tmp_path / "a.txt").write_text(verses)
    assert len(list(sources.read(tmp_path / "a.txt").rows())) == 36


UNIT = "<tu><tuv xml:lang='en'><seg>bus {0} was late</seg></tuv><tuv xml:lang='de'><seg>Bus {0}"
UNIT += " kam zu spät</seg></tuv></tu>"
WORDS = "<s type='q'>\nis\tVBZ\tbe\nbus\tNN\tbus\n{0}\tCD\t{0}\n</s>\n"


@pytest.mark.parametrize("name", ["a.tmx", "a.xml"])
def test_translations_are_no_languages_to_be_told(tmp_path, name):
    units = "".join(UNIT.format(n) for n in range(9))
    (tmp_path / name).write_text(f"<?xml version='1.0'?>\n<tmx version='1.4'>{units}</tmx>")
    with pytest.raises(DataError, match=r"a file of translations \(TMX, XLIFF\), which has no lab"):
        sources.read(tmp_path / name)


def test_words_with_columns_in_elements_are_written_as_sentences(tmp_path):
    words = "".join(WORDS.format(n) for n in range(9))
    (tmp_path / "a.xml").write_text(f"<text id='t'>\n{words}</text>\n")
    with pytest.raises(DataError, match=r"each <s> holds words with columns") as caught:
        sources.read(tmp_path / "a.xml")
    command = re.search("sed .*", str(caught.value))[0]
    subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    rows = list(sources.read((tmp_path / "words-a.xml").rename(tmp_path / "a.conll")).rows())
    assert [json.loads(row.cells[0])[1] for row in rows] == ["bus"] * 9


@pytest.mark.parametrize(
    "line",
    [
        "Base <br/> of the hill",
        "prefix <e1/> was it",
        '<s> <b> "It was late" he said.',
        "base <a/b> and more",
    ],
)
def test_text_with_marks_is_no_rdf(tmp_path, line):
    (tmp_path / "a.txt").write_text(f"{line}\n" * 9)
    assert len(list(sources.read(tmp_path / "a.txt").rows())) == 9


def test_brackets_in_each_other_are_no_schemas(tmp_path):
    (tmp_path / "a.txt").write_text(f"{'[' * 1200}\n" * 9)
    assert len(list(sources.read(tmp_path / "a.txt").rows())) == 9


@pytest.mark.parametrize(
    "marked",
    [
        [["the", 0], ["cup", 1]],
        [["the", False], ["cup", True]],
        [["cup", [4, 7], "THING", True], ["Bo", [9, 11], "PER", True]],
    ],
)
def test_words_with_a_mark_each_are_no_schemas(tmp_path, marked):
    rows = "".join(f"the cup, Bo {n}\t{json.dumps(marked)}\t{n % 2}\n" for n in range(30))
    (tmp_path / "a.tsv").write_text(rows)
    assert len(list(sources.read(tmp_path / "a.tsv").rows())) == 30


@pytest.mark.parametrize(
    "text",
    [
        "the bus {0} was late{1}",
        "\n\t\tthe bus {0}\n\t\twas late\n\t",
        "the bus\twas late {0}",
        "the bus\twas late {0}\nthe car\twas not\n",
    ],
)
def test_tabs_in_a_text_make_no_columns_of_it(tmp_path, text):
    rows = "".join(
        f"<row><text>{text.format(n, chr(9) + 'so' if n in (3, 9) else '')}</text><label>{n % 2}"
        "</label></row>\n"
        for n in range(30)
    )
    (tmp_path / "a.xml").write_text(f"<?xml version='1.0'?>\n<rows>\n{rows}</rows>\n")
    table = sources.read(tmp_path / "a.xml")
    assert (table.columns, len(list(table.rows()))) == (("text", "label"), 30)


@pytest.mark.parametrize("sign", ["\t", "####"])
def test_quadruples_of_aspects_are_named(tmp_path, sign):
    quads = ("0,2 LAPTOP#GENERAL 1 3,4", "-1,-1 LAPTOP#PRICE 0 -1,-1")
    lines = [f"this one is no. {n} .{sign}{sign.join(quads[: 1 + n % 2])}" for n in range(20)]
    (tmp_path / "dev.tsv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"the places of a term and an opinion.*a row for each"):
        sources.read(tmp_path / "dev.tsv")
    (tmp_path / "dev.tsv").write_text("this is 1,2 or 3 4,5 of them\tgood\n" * 20)
    assert sources.read(tmp_path / "dev.tsv").columns == ("1", "2")

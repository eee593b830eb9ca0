"""XML of BioC and of SemEval's aspects becomes rows; other XML is refused by name."""

import json

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.survey import survey

BIOC = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE collection SYSTEM "BioC.dtd">
<collection>
  <source>made</source>
  <document>
    <id>7</id>
    <passage>
      <infon key="type">title</infon>
      <offset>0</offset>
      <text>Dan fell.</text>
      <annotation id="1">
        <infon key="type">PER</infon>
        <location offset="0" length="3"/>
        <text>Dan</text>
      </annotation>
    </passage>
    <passage>
      <offset>10</offset>
      <text>He had back &amp; arm pain.</text>
      <annotation id="2">
        <infon key="type">SIGN</infon>
        <location offset="17" length="4"/>
        <location offset="28" length="4"/>
        <text>back pain</text>
      </annotation>
      <relation id="R"><node refid="1" role="of"/></relation>
    </passage>
  </document>
</collection>
"""


def rows_of(table):
    return [
        (row.origin, *(json.loads(cell) if cell[:1] == "[" else cell for cell in row.cells))
        for row in table.rows()
    ]


def test_bioc_has_a_row_for_each_passage(tmp_path):
    file = tmp_path / "notes.xml"
    file.write_text(BIOC)
    table = sources.read(file)
    per = {"start": 0, "end": 3, "label": "PER", "text": "Dan"}
    back = {"start": 7, "end": 11, "label": "SIGN"}
    pain = {"start": 18, "end": 22, "label": "SIGN"}
    place = "notes.xml: document 7"
    assert rows_of(table) == [
        (place, "7", "Dan fell.", [per]),
        (place, "7", "He had back & arm pain.", [back, pain]),
    ]
    assert "relations between entities (1)" in table.findings[0].message
    file.write_text(BIOC.replace('length="3"', 'length="x"'))
    with pytest.raises(DataError, match=r"document 7: a place is 'x'; allowed: a whole number"):
        list(sources.read(file).rows())
    file.write_text(BIOC.replace("</document>", ""))
    with pytest.raises(DataError, match=r"notes.xml:29: this is no XML \(mismatched tag"):
        sources.read(file)


SENTENCES_2014 = """\
<sentences>
  <sentence id="a:1">
    <text>The soup was good, the staff was not.</text>
    <aspectTerms>
      <aspectTerm term="soup" polarity="positive" from="4" to="8"/>
      <aspectTerm term="staff" polarity="negative" from="23" to="28"/>
    </aspectTerms>
    <aspectCategories>
      <aspectCategory category="food" polarity="positive"/>
      <aspectCategory category="service" polarity="negative"/>
    </aspectCategories>
  </sentence>
  <sentence id="a:2"><text>We came back.</text></sentence>
</sentences>
"""

REVIEWS_2016 = """\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Reviews>
  <Review rid="1">
    <sentences>
      <sentence id="1:0">
        <text>The soup was good.</text>
        <Opinions>
          <Opinion target="soup" category="FOOD#QUALITY" polarity="positive" from="4" to="8"/>
          <Opinion target="soup" category="FOOD#PRICE" polarity="negative" from="4" to="8"/>
          <Opinion target="NULL" category="SERVICE" polarity="neutral" from="0" to="0"/>
        </Opinions>
      </sentence>
    </sentences>
  </Review>
</Reviews>
"""


def test_aspects_have_their_terms_and_a_column_a_category(tmp_path):
    file = tmp_path / "train.xml"
    file.write_text(SENTENCES_2014)
    table = sources.read(file)
    assert table.columns == ("id", "text", "terms", "food", "service")
    spans = [
        {"start": 4, "end": 8, "label": "positive", "text": "soup"},
        {"start": 23, "end": 28, "label": "negative", "text": "staff"},
    ]
    assert rows_of(table) == [
        (
            *("train.xml: sentence a:1", "a:1", "The soup was good, the staff was not."),
            *(spans, "positive", "negative"),
        ),
        ("train.xml: sentence a:2", "a:2", "We came back.", [], "none", "none"),
    ]
    found = survey.check(file, count_tokens=lambda texts: [9] * len(texts))
    assert dict(found.labels) == {"negative": 1, "positive": 1}
    file.write_text(SENTENCES_2014.replace('from="4"', 'from="four"'))
    with pytest.raises(DataError, match=r"train.xml: sentence a:1: a term from 'four' to '8'"):
        list(sources.read(file).rows())


def test_opinions_of_several_polarities_are_a_conflict(tmp_path):
    file = tmp_path / "train.xml"
    file.write_text(REVIEWS_2016)
    table = sources.read(file)
    assert table.columns == ("id", "text", "terms", "FOOD#PRICE", "FOOD#QUALITY", "SERVICE")
    span = {"start": 4, "end": 8, "label": "conflict", "text": "soup"}
    assert rows_of(table)[0][3:] == ([span], "negative", "positive", "neutral")


@pytest.mark.parametrize(
    "content",
    [
        "<?xml version='1.0'?>\n<corpus><s>a</s></corpus>",
        "<!-- ours -->\n<project><name>a</name></project>",
    ],
)
def test_other_xml_is_refused(tmp_path, content):
    file = tmp_path / "a.xml"
    file.write_text(content)
    with pytest.raises(DataError, match=r"a.xml: this is XML.*(export it|or as JSON, one)"):
        sources.read(file)


def test_xml_of_sentences_without_aspects_is_refused(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text('<sentences><sentence id="1"><text>Words.</text></sentence></sentences>')
    with pytest.raises(DataError, match=r"its sentences have no aspect terms, categories"):
        sources.read(file)

"""XML of a document with its tags beside the text, of MAE, i2b2 and GATE, becomes a row."""

import json
import shutil
import time
from pathlib import Path

import pytest

from made_tables import checked
from textune.errors import DataError
from textune.reading import sources
from textune.reading.forms import tagged_documents
from textune.records import ReadOptions

TEXT = "\nDr. Lee saw Mrs\nMoss in Rome.\n"
I2B2 = """\
<?xml version="1.0" encoding="UTF-8" ?>
<deIdi2b2>
<TEXT><![CDATA[{text}]]></TEXT>
<TAGS>
<NAME id="P0" start="5" end="8" text="Lee" TYPE="DOCTOR" comment="" />
<NAME id="P1" start="13" end="21" text="Mrs Moss" TYPE="PATIENT" comment="" />
<LOCATION id="P2" start="25" end="29" text="Rome" TYPE="CITY" comment="" />
</TAGS>
</deIdi2b2>
"""
MAE = """\
<Task><TEXT><![CDATA[{text}]]></TEXT><TAGS>
<NOUN id="N0" spans="5~8" text="Lee" type="" />
<NOUN id="N1" spans="13~16,25~29" text="Mrs ... Rome" type="x" />
<NOUN id="N2" spans="-1~-1" text="" type="" />
<VERB id="V0" spans="9~12" text="saw" tense="past" />
<DOES id="L0" fromID="N0" fromText="Lee" toID="V0" toText="saw" />
</TAGS></Task>
"""
GATE = """\
<?xml version='1.0' encoding='UTF-8'?>
<GateDocument version="3">
<GateDocumentFeatures></GateDocumentFeatures>
<TextWithNodes><Node id="0"/>Dan<Node id="3"/> &amp; <Node id="6"/>Eve<Node id="9"/></TextWithNodes>
<AnnotationSet>
<Annotation Id="0" Type="Token" StartNode="0" EndNode="3"><Feature/></Annotation>
</AnnotationSet>
<AnnotationSet Name="Key">
<Annotation Id="1" Type="Person" StartNode="0" EndNode="3"></Annotation>
<Annotation Id="2" Type="Person" StartNode="6" EndNode="9"></Annotation>
<Annotation Id="3" Type="Text" StartNode="0" EndNode="9"></Annotation>
</AnnotationSet>
</GateDocument>
"""


def written(folder, *documents):
    folder.mkdir(parents=True, exist_ok=True)
    for number, held in enumerate(documents):
        (folder / f"{number}.xml").write_text(held.replace("{text}", TEXT))
    return folder


def spans(cell):
    return [(one["start"], one["end"], one["label"]) for one in json.loads(cell)]


def test_tags_of_i2b2_are_spans_by_their_names_and_by_their_types(tmp_path):
    table = sources.read(written(tmp_path, I2B2) / "0.xml")
    (row,) = table.rows()
    assert (table.columns, row.origin, row.cells[0]) == (("text", "label", "type"), "0.xml", TEXT)
    assert spans(row.cells[1]) == [(5, 8, "NAME"), (13, 21, "NAME"), (25, 29, "LOCATION")]
    assert spans(row.cells[2]) == [(5, 8, "DOCTOR"), (13, 21, "PATIENT"), (25, 29, "CITY")]
    assert json.loads(row.cells[1])[1]["text"] == "Mrs\nMoss"


def test_tags_of_mae_are_spans_and_links_are_told(tmp_path):
    table = sources.read(written(tmp_path, MAE) / "0.xml")
    (row,) = table.rows()
    assert table.columns == ("text", "label")
    noun, verb = "NOUN", "VERB"
    assert spans(row.cells[1]) == [(5, 8, noun), (13, 16, noun), (25, 29, noun), (9, 12, verb)]
    (said,) = table.findings
    for held in ("links between tags (1)", "tags of no words (1)", "parts are marked each (1)"):
        assert held in said.message


def test_annotations_of_gate_are_spans_but_for_its_tokens(tmp_path):
    table = sources.read(written(tmp_path, GATE) / "0.xml")
    (row,) = table.rows()
    assert (table.columns, row.cells[0]) == (("text", "Key"), "Dan & Eve")
    assert spans(row.cells[1]) == [(0, 3, "Person"), (6, 9, "Person")]
    (said,) = table.findings
    assert "tokens, sentences and the like (1), annotations of whole texts (1)" in said.message


@pytest.mark.parametrize("document", [I2B2, MAE, GATE])
def test_a_folder_or_an_archive_of_documents_is_a_table(tmp_path, document):
    folder = written(tmp_path / "data", *[document] * 3)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    for place in (folder, Path(archive)):
        table = sources.read(place)
        assert (tagged_documents.NAME in " ".join(table.reasons), len(list(table.rows()))) == (
            True,
            3,
        )


def test_the_folder_where_one_is_has_its_name(tmp_path, monkeypatch):
    folder = written(tmp_path / "letters", MAE, MAE)
    monkeypatch.chdir(folder)
    assert sources.read(".").name == "letters"


def test_the_part_of_a_folder_that_is_learned_from_is_read(tmp_path):
    written(tmp_path / "test", I2B2, I2B2)
    table = sources.read(written(tmp_path / "train", I2B2).parent)
    assert len(list(table.rows())) == 1
    assert "the part 'train' is read" in " ".join(table.reasons)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (I2B2.replace('start="5"', 'start="five"'), r"1.xml: a tag has the place 'five~8'"),
        (I2B2.replace("</TAGS>", "</TAG>"), r"1.xml: this is no sound XML"),
        (GATE.replace('StartNode="6"', 'StartNode="7"'), r"1.xml: an annotation 'Person' has a"),
        ("<a><b>c</b></a>", r"1.xml: there is no <TEXT> in it"),
    ],
)
def test_a_faulty_document_is_named_or_left_out(tmp_path, held, said):
    folder = written(tmp_path / "data", I2B2, held, I2B2)
    with pytest.raises(DataError, match=said):
        sources.read(folder)
    assert len(list(sources.read(folder, ReadOptions(faulty="skip")).rows())) == 2


def test_a_file_of_several_texts_is_refused(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text("<R><TEXT>one</TEXT><TAGS/><TEXT>two</TEXT><TAGS/></R>")
    with pytest.raises(DataError, match=r"a.xml: there are 2 <TEXT> and 2 <TAGS> in it"):
        sources.read(file, ReadOptions())


def test_places_of_thousands_of_digits_are_named_as_such(tmp_path):
    file = tmp_path / "a.xml"
    nines = "9" * 5000
    file.write_text(f'<R><TEXT>one</TEXT><TAGS><A start="0" end="{nines}"/></TAGS></R>')
    with pytest.raises(DataError, match=r"a.xml: a tag has the place '0~999"):
        sources.read(file, ReadOptions())


def test_thousands_of_annotations_of_a_long_text_are_read_at_once(tmp_path):
    count = 20_000
    words = "".join(f'<Node id="{n}"/>Ada <Node id="-{n}"/>met Bob. ' for n in range(count))
    each = "".join(
        f'<Annotation Type="P" StartNode="{n}" EndNode="-{n}"/>' for n in range(1, count)
    )
    file = tmp_path / "a.xml"
    file.write_text(
        f"<GateDocument><TextWithNodes>{words}</TextWithNodes>"
        f"<AnnotationSet>{each}</AnnotationSet></GateDocument>"
    )
    begun = time.process_time()
    tagged_documents.read(file)
    assert time.process_time() - begun < 1.5


LABELLED = {"train.csv": "text,label\n" + "".join(f"a bus {n},{'ab'[n % 2]}\n" for n in range(30))}
CLASSES = {f"{name}/{n}.txt": f"a bus {n}" for name in "ab" for n in range(15)}
ITEMS = "".join(f"<row><text>a bus {n}</text><label>{'ab'[n % 2]}</label></row>" for n in range(30))


@pytest.mark.parametrize("is_packed", [True, False])
@pytest.mark.parametrize("others", [LABELLED, CLASSES], ids=["table", "classes"])
def test_a_document_among_labelled_texts_does_not_hide_them(tmp_path, others, is_packed):
    folder = tmp_path / "set"
    for name, held in {**others, "more/meta.xml": I2B2 if others is LABELLED else ""}.items():
        place = folder / (name if held else "meta.xml")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(held or I2B2)
    if is_packed:
        folder = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", folder))
    assert dict(checked(folder).labels) == {"a": 15, "b": 15}


@pytest.mark.parametrize("names", [["a.xml"], ["train.xml", "test.xml"]])
def test_rows_of_xml_in_an_archive_are_no_documents(tmp_path, names):
    folder = tmp_path / "set"
    folder.mkdir()
    for name in names:
        (folder / name).write_text(f"<rows>{ITEMS}</rows>")
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    assert dict(checked(Path(archive)).labels) == {"a": 15, "b": 15}


BARE = (
    '<?xml version="1.0"?>\n<deId><TEXT><![CDATA[\nSeen by Dr Bo{} in Oslo .\n]]></TEXT></deId>\n'
)


def test_documents_that_are_to_be_annotated_have_their_text_alone(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.xml").write_text(BARE.format(number))
    for place, count in ((tmp_path / "1.xml", 1), (tmp_path, 3)):
        table = sources.read(place)
        assert table.columns == ("text",)
        assert [row.cells[0].strip()[:13] for row in table.rows()][:1] == ["Seen by Dr Bo"]
        assert len(list(table.rows())) == count


def test_rows_of_xml_with_a_text_each_are_no_document(tmp_path):
    (tmp_path / "a.xml").write_text(
        "<DOCS>" + "".join(f"<TEXT>the bus was late {n}</TEXT>" for n in range(9)) + "</DOCS>"
    )
    assert len(list(sources.read(tmp_path / "a.xml").rows())) == 9

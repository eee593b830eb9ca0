"""Elements of XML or SGML that come back are rows; marks and places in their texts are spans."""

import json

import pytest

from made_tables import checked, read_as
from textune.errors import DataError
from textune.reading import sources
from textune.reading.forms import xml_layout, xml_rows
from textune.records import ReadOptions

FLAT = (
    "<tweet><id>{n}</id><content><![CDATA[the soup {n} & all]]></content>"
    "<polarity>{l}</polarity></tweet>"
)
NESTED = (
    "<tweet user='u{n}'><content>the soup was {n} days old</content>"
    "<sentiments><polarity><value>{l}</value></polarity></sentiments></tweet>"
)
GROUPED = "<doc class='{l}' id='{n}'><p>the soup was cold</p><p>it is {n} days old</p></doc>"
PLAIN = "<doc class='{l}'>the soup was {n} days old</doc>"


def written(folder, row, *, around="<?xml version='1.0'?>\n<all>{}</all>", name="a.xml", rows=30):
    file = folder / name
    file.write_text(around.format("\n".join(row.format(n=n, l="ab"[n % 2]) for n in range(rows))))
    return file


def held(table):
    return [
        tuple(json.loads(cell) if cell[:1] == "[" else cell for cell in row.cells)
        for row in table.rows()
    ]


@pytest.mark.parametrize(
    ("row", "text", "label", "first"),
    [
        (FLAT, "content", "polarity", "the soup 0 & all"),
        (NESTED, "content", "sentiments.polarity.value", "the soup was 0 days old"),
        (GROUPED, "p", "class", "the soup was cold\nit is 0 days old"),
        (PLAIN, "text", "class", "the soup was 0 days old"),
    ],
)
def test_what_an_element_holds_are_columns(tmp_path, row, text, label, first):
    file = written(tmp_path, row)
    assert read_as(checked(file)) == ("single", text, label, 30)
    table = sources.read(file)
    assert next(table.rows()).cells[table.columns.index(text)] == first


def test_what_stands_around_rows_is_said_of_each(tmp_path):
    topic = (
        "<topic name='t{n}'><title>On soup {n}</title><post by='x'>it was cold</post>"
        "<post by='y'>but mine was hot</post></topic>"
    )
    table = sources.read(written(tmp_path, topic, rows=3))
    assert table.columns == ("by", "text", "topic.name", "topic.title")
    assert held(table)[1:3] == [
        ("y", "but mine was hot", "t0", "On soup 0"),
        ("x", "it was cold", "t1", "On soup 1"),
    ]


def test_values_that_come_back_in_a_row_are_lists(tmp_path):
    row = "<doc><topic>{l}</topic><topic>{l}{l}</topic><body>the soup was {n} days old</body></doc>"
    assert read_as(checked(written(tmp_path, row))) == ("multi", "body", "topic", 30)
    words = (
        "<s>"
        + "<w pos='N' ne='B-PER'>Ada</w><w pos='V' ne='O'>met{n}</w><w pos='P' ne='O'>us</w>"
        + "</s>"
    )
    found = checked(written(tmp_path, words))
    assert (found.contract.task, found.contract.text) == ("tags", ("w",))


def test_marks_in_running_text_are_spans(tmp_path):
    row = "<P>met  <EM CATEG='PER'>Ada <ALT>Lee</ALT></EM> in\n<EM CATEG='LOC'>Rome</EM>.</P>"
    table = sources.read(written(tmp_path, row))
    ada = {"start": 4, "end": 11, "label": "PER", "text": "Ada Lee"}
    rome = {"start": 15, "end": 19, "label": "LOC", "text": "Rome"}
    assert held(table)[0] == ("met Ada Lee in Rome.", [ada, rome])


@pytest.mark.parametrize("end", [7, 8])
def test_elements_with_places_are_spans_whose_ends_may_be_inclusive(tmp_path, end):
    row = f"<s text='the soup {{n}} was cold'><e charOffset='4-{end}' type='food' text='soup'/></s>"
    table = sources.read(written(tmp_path, row))
    assert table.columns == ("text", "spans")
    assert held(table)[0][1] == [{"start": 4, "end": 8, "label": "food", "text": "soup"}]


def test_sgml_needs_no_root_and_has_looser_signs(tmp_path):
    row = "<DOC>\n<DOCNO> A-{n} </DOCNO>\n<TEXT>\nthe soup &#5;& the &eacute;tude\n</TEXT>\n</DOC>"
    table = sources.read(written(tmp_path, row, around="{}", name="a.txt"))
    assert held(table)[1] == ("A-1", "the soup & the étude")


def test_the_encoding_that_the_first_line_names_is_read(tmp_path):
    file = tmp_path / "a.xml"
    rows = "".join(f"<r><t>für {n} Tage</t><label>{n % 2}</label></r>" for n in range(30))
    text = f"<?xml version='1.0' encoding='ISO-8859-1'?><all>{rows}</all>"
    file.write_bytes(text.encode("latin-1"))
    table = sources.read(file)
    assert held(table)[0] == ("für 0 Tage", "0")
    assert "encoding: ISO-8859-1, as its first line says" in table.reasons
    file.write_bytes(text.replace("ISO-8859-1", "utf-8").encode("latin-1"))
    assert held(sources.read(file, ReadOptions(encoding="latin-1")))[0][0] == "für 0 Tage"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("<n><a>the soup was cold</a><b>x</b><a>and so on</a></n>", "a text stands in pieces"),
        ("<a><t>the soup was cold</t></a><b><t>and so on it is</t></b>", "<a>, <b>"),
    ],
)
def test_unclear_rows_are_refused(tmp_path, row, said):
    with pytest.raises(DataError, match=said):
        sources.read(written(tmp_path, row))


def test_what_has_no_column_is_told_with_its_row(tmp_path):
    rows = "<r a='1'><t>it is cold</t></r>" * 30
    file = tmp_path / "a.xml"
    file.write_text(f"<all>{rows}<r a='1'>so <t>it is cold</t></r></all>")
    with pytest.raises(DataError, match=r"a.xml: r 31: text stands beside elements.*'so'"):
        held(sources.read(file))
    file.write_text(f"<all>{rows}<r>")
    with pytest.raises(DataError, match=r"a.xml:1: this is no sound XML .*close each element"):
        sources.read(file)


@pytest.mark.parametrize("around", ["<all>{}</all>", "<?xml version='1.0'?>\n<all>{}</all>", "{}"])
def test_rows_are_found_in_the_beginning_of_a_long_file(tmp_path, monkeypatch, around):
    monkeypatch.setattr(xml_rows, "SAMPLE", 3_000)
    row = FLAT.replace("<content>", "\n<content>")  # the beginning may end in a row
    file = written(tmp_path, row, around=around, name="a.sgml", rows=4_000)
    assert file.stat().st_size > 1 << 18  # several pieces of it are read
    table = sources.read(file)
    assert table.columns == ("id", "content", "polarity")
    assert sum(1 for _ in table.rows()) == 4_000


def test_elements_in_each_other_without_end_are_refused(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text("<all>" + "<a>\n" * 3_000 + "x" + "</a>" * 3_000 + "</all>")
    with pytest.raises(DataError, match=r"a\.xml: elements stand in each other more than 200 deep"):
        sources.read(file)


ARGUMENT = "<text>bottles number {} are good for the town</text><id>{}</id>"
VOTES = "".join(
    f"<vote><reason>since it says more of case {n}</reason><value>a{n}</value></vote>"
    for n in (1, 2)
)


def test_texts_around_rows_that_are_in_none_of_them_are_said(tmp_path):
    """As in the pairs of arguments of UKPConvArg, each with the reasons of annotators."""
    pairs = "".join(
        f"<pair><id>p{n}</id><one>{ARGUMENT.format(n, n)}</one><two>{ARGUMENT.format(-n, n)}</two>"
        f"<votes>{VOTES}</votes><gold>a{1 + n % 2}</gold></pair>"
        for n in range(9)
    )
    (tmp_path / "a.xml").write_text(f"<?xml version='1.0'?>\n<list>{pairs}</list>")
    table = sources.read(tmp_path / "a.xml")
    assert "a row for each <vote>" in " ".join(table.reasons)
    (said,) = table.findings
    assert said.message.startswith(
        "texts that stand around each <vote> are not read: 'pair.one.text', 'pair.two.text'; if"
    )


def test_a_row_is_not_held_against_thousands_beside_it(tmp_path, monkeypatch):
    told, beside = xml_layout.told, []

    def watched(element, before):
        beside.append(len(element))
        return told(element, before)

    rows = "".join(f"<doc><text>It was day {n}.</text><y>{n % 2}</y></doc>\n" for n in range(9000))
    file = tmp_path / "many.xml"
    file.write_text(f"<?xml version='1.0'?>\n<docs>\n<from>Oslo</from>\n{rows}</docs>\n")
    table = sources.read(file)
    monkeypatch.setattr(xml_layout, "told", watched)
    assert sum(row.cells[-1] == "Oslo" for row in table.rows()) == 9000
    assert max(beside) < 400

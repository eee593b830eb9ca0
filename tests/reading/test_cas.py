"""A CAS of UIMA is read by its sentences, in each form; files of an export may differ in layers."""

import json
from xml.etree.ElementTree import Element, register_namespace, tostring

import pytest

from made_tables import checked
from textune.errors import DataError
from textune.reading import sources

TEXTS = [f"Ann Bell met Tom in town {n} today" for n in range(24)]

LAYER = "de.tudarmstadt.ukp.dkpro.core.api.{}"


def cas(*, spans=(), sentences=True):
    held = [{"%ID": 1, "%TYPE": "uima.cas.Sofa", "sofaID": "_InitialView"}]
    text = "\n".join(["\U0001f600 " + one for one in TEXTS])
    held[0]["sofaString"] = text
    at = 0
    for one in TEXTS:
        size = len(one) + 3  # the sign is two units of UTF-16
        places = {"@sofa": 1, "begin": at, "end": at + size}
        if sentences:
            held.append({"%TYPE": LAYER.format("segmentation.type.Sentence"), **places})
        held.append({"%TYPE": LAYER.format("segmentation.type.Token"), **places})
        places = {"@sofa": 1, "begin": at + 3, "end": at + 11}
        held.append({"%TYPE": LAYER.format("ner.type.NamedEntity"), **places, "value": "PER"})
        at += size + 1
    return {"%TYPES": {}, "%FEATURE_STRUCTURES": [*held, *spans], "%VIEWS": {}}


def test_a_cas_is_read_by_its_sentences(tmp_path):
    file = tmp_path / "doc.json"
    file.write_text(json.dumps(cas(), indent=1))
    found = checked(file)
    assert (found.contract.task, found.rows, dict(found.labels)) == ("tags", 24, {"PER": 24})
    text, spans = next(found.table.rows()).cells
    assert text == f"\U0001f600 {TEXTS[0]}"
    assert json.loads(spans) == [{"start": 2, "end": 10, "label": "PER", "text": "Ann Bell"}]


def as_version_2(value):
    """Write a CAS by its layers, as version 2 does: no place of 0, some layers by reference."""
    sofa, *spans = value["%FEATURE_STRUCTURES"]
    referred = {"1": {"_type": "Sofa", **sofa}}
    layers = {}
    for number, one in enumerate(spans, start=2):
        held = {key: value for key, value in one.items() if key[0] not in "%@" and value != 0}
        held["sofa"] = 1
        layer = one["%TYPE"].rpartition(".")[2]
        if number % 3 == 0:
            referred[str(number)] = {"_type": layer, **held}
        layers.setdefault(layer, []).append(number if number % 3 == 0 else held)
    return {"_context": {}, "_views": {"_InitialView": layers}, "_referenced_fss": referred}


def as_xmi(value):
    root = Element("{http://www.omg.org/XMI}XMI")
    root.append(Element("{http:///uima/cas.ecore}NULL", {"{http://www.omg.org/XMI}id": "0"}))
    for number, one in enumerate(value["%FEATURE_STRUCTURES"], start=1):
        space, _, name = one["%TYPE"].rpartition(".")
        held = {key.strip("@"): str(text) for key, text in one.items() if key[0] != "%"}
        held |= {"order": "0", "isLastSegment": "false", "{http://www.omg.org/XMI}id": str(number)}
        root.append(Element(f"{{http:///{space.replace('.', '/')}.ecore}}{name}", held))
    register_namespace("xmi", "http://www.omg.org/XMI")
    return tostring(root, encoding="utf-8", xml_declaration=True)


def test_a_cas_is_the_same_in_each_form(tmp_path):
    wide = {"%TYPE": "webanno.custom.Claim", "@sofa": 1, "begin": 0, "end": 9}
    noun = {"%TYPE": LAYER.format("lexmorph.type.pos.POS_NOUN"), "@sofa": 1, "begin": 3, "end": 6}
    value = cas(spans=[wide, noun | {"PosValue": "NN", "coarseValue": "NOUN"}])
    (tmp_path / "a.json").write_text(json.dumps(value))
    (tmp_path / "b.json").write_text(json.dumps(as_version_2(value)))
    (tmp_path / "c.xmi").write_bytes(as_xmi(value))
    tables = [sources.read(tmp_path / name) for name in ("a.json", "b.json", "c.xmi")]
    assert {table.columns for table in tables} == {("text", "NamedEntity", "Claim", "POS")}
    first, *others = [[row.cells for row in table.rows()] for table in tables]
    assert len(first) == 24
    assert json.loads(first[0][2])[0]["label"] == "Claim"
    assert others == [first, first]
    assert "format: a CAS of UIMA as XMI" in tables[2].reasons


def test_files_of_an_export_need_not_have_the_same_layers(tmp_path):
    wide = {"%TYPE": "webanno.custom.Claim", "@sofa": 1, "begin": 3, "end": 9}
    bare = cas()
    bare["%FEATURE_STRUCTURES"] = bare["%FEATURE_STRUCTURES"][:2]
    (tmp_path / "a.json").write_text(json.dumps(bare))
    (tmp_path / "b.xmi").write_bytes(as_xmi(cas()))
    (tmp_path / "c.json").write_text(json.dumps(cas(spans=[wide])))
    table = sources.read([str(tmp_path / name) for name in ("a.json", "b.xmi", "c.json")])
    assert table.columns == ("text", "NamedEntity", "Claim")
    rows = [row.cells[1:] for row in table.rows()]
    assert rows[0] == ("[]", "[]")
    assert [len(json.loads(cell)) for cell in rows[1]] == [1, 0]
    assert [len(json.loads(cell)) for cell in rows[25]] == [1, 1]


CLAIM = {"%TYPE": "webanno.custom.Claim", "@sofa": 1, "begin": 3, "end": 9}


@pytest.mark.parametrize("more", [{"kind": "fact", "tone": "mild"}, {"tone": "mild"}])
def test_features_of_a_layer_have_columns_where_files_differ_in_them(tmp_path, more):
    (tmp_path / "a.json").write_text(json.dumps(cas(spans=[CLAIM | {"kind": "fact"}])))
    (tmp_path / "b.xmi").write_bytes(as_xmi(cas(spans=[CLAIM | more])))
    table = sources.read([str(tmp_path / "a.json"), str(tmp_path / "b.xmi")])
    assert table.columns == ("text", "NamedEntity", "Claim.kind", "Claim.tone")
    rows = [[json.loads(cell) for cell in row.cells[2:]] for row in table.rows()]
    assert [one["label"] for one in rows[0][0]] == ["fact"]
    assert rows[0][1] == []
    assert [[one["label"] for one in cell] for cell in rows[24]] == [
        [more[name]] if name in more else [] for name in ("kind", "tone")
    ]


def test_marks_without_a_feature_are_not_put_together_with_those_of_one(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(cas(spans=[CLAIM])))
    spans = [CLAIM | {"kind": "fact", "tone": "mild"}]
    (tmp_path / "b.json").write_text(json.dumps(cas(spans=spans)))
    with pytest.raises(DataError, match=r"it lacks 'Claim' and has 'Claim.kind', 'Claim.tone'"):
        sources.read([str(tmp_path / "a.json"), str(tmp_path / "b.json")])


def test_a_place_of_xmi_that_is_no_number_is_named(tmp_path):
    wide = {"%TYPE": "webanno.custom.Claim", "@sofa": 1, "begin": "x", "end": 9}
    (tmp_path / "a.xmi").write_bytes(as_xmi(cas(spans=[wide])))
    with pytest.raises(DataError, match=r"a\.xmi: .*'x'"):
        sources.read(tmp_path / "a.xmi")


def test_layers_of_a_cas_are_columns_and_those_without_a_feature_marks(tmp_path):
    wide = {"%TYPE": "webanno.custom.Claim", "@sofa": 1, "begin": 3, "end": 60}
    file = tmp_path / "doc.json"
    file.write_text(json.dumps(cas(spans=[wide])))
    table = sources.read(file)
    assert table.columns == ("text", "NamedEntity", "Claim")
    (row,) = table.rows()  # a claim of two sentences is in none of them
    assert [span["label"] for span in json.loads(row.cells[2])] == ["Claim"]
    assert len(json.loads(row.cells[1])) == 24


def test_a_layer_of_several_features_has_the_same_columns_where_one_is_missing(tmp_path):
    claim = {"%TYPE": "webanno.custom.Claim", "@sofa": 1}
    spans = [
        claim | {"begin": 3, "end": 11, "kind": "fact", "tone": "mild"},
        claim | {"begin": 16, "end": 19, "kind": "fact", "tone": ""},
        claim | {"begin": 20, "end": 22},
    ]
    file = tmp_path / "doc.json"
    file.write_text(json.dumps(cas(spans=spans)))
    table = sources.read(file)
    assert table.columns == ("text", "NamedEntity", "Claim.kind", "Claim.tone")
    row = next(iter(table.rows())).cells
    assert [len(json.loads(cell)) for cell in row[1:]] == [1, 2, 1]
    assert "annotations without a value (1)" in table.findings[0].message

"""Potato, GATE, HateXplain, INCEpTION's CAS, tagtog and TEI, as they write."""

import json
import shutil

import pytest

from textune.errors import DataError
from textune.reading import sources, units
from textune.survey import survey

TEXTS = [f"Ann Bell met Tom in town {n} today" for n in range(24)]
PERSON = {"start": 0, "end": 8, "label": "PER", "text": "Ann Bell"}


def checked(place):
    return survey.check(place, count_tokens=lambda texts: [len(t.split()) for t in texts])


def lines(file, values):
    file.write_text("\n".join(map(json.dumps, values)))
    return file


def potato(text, number, labels, spans=()):
    behaviour = {"time_string": "Time spent: 0d 0h 0m 7s"}
    value = {"user_id": "u", "instance_id": str(number), "displayed_text": text}
    value |= {"label_annotations": labels, "span_annotations": spans}
    return value | {"behavioral_data": behaviour}


def test_schemes_of_potato_are_columns(tmp_path):
    held = [
        potato(
            text,
            n,
            {
                "tone": {("good", "bad")[n % 2]: "1"},
                "topics": {"a": "true", **({"b": "true"} if n % 3 == 0 else {})},
                "sure": {f"scale_{n % 5}": str(n % 5)},
                "why": {"text_box": f"since it is so, {n}"},
            },
        )
        for n, text in enumerate(TEXTS)
    ]
    table = sources.read(lines(tmp_path / "annotated_instances.jsonl", held))
    assert table.columns == ("text", "user_id", "instance_id", "tone", "topics", "sure", "why")
    assert next(table.rows()).cells[3:] == ("good", '["a", "b"]', "0", "since it is so, 0")


@pytest.mark.parametrize("by_scheme", [False, True])
def test_spans_of_potato_are_spans(tmp_path, by_scheme):
    mark = {"start": 0, "end": 8, "span": "Ann Bell", "annotation": "PER"}
    spans = {"names": [mark]} if by_scheme else [mark]
    file = lines(tmp_path / "a.jsonl", [potato(text, n, {}, spans) for n, text in enumerate(TEXTS)])
    found = checked(file)
    assert (found.contract.task, dict(found.labels)) == ("tags", {"PER": 24})


def test_entities_of_gate_go_by_their_types(tmp_path):
    of_twitter = {"hashtags": [], "urls": [{"indices": [0, 3]}]}
    held = [
        {
            "full_text": text,
            "entities": {**of_twitter, "Person": [{"indices": [0, 8], "rule": "x"}]},
        }
        for text in TEXTS
    ]
    held[3]["entities"] = of_twitter
    found = checked(lines(tmp_path / "a.jsonl", held))
    assert (found.contract.task, dict(found.labels)) == ("tags", {"Person": 23})
    plain = [{"id": n, "text": t, "entities": of_twitter} for n, t in enumerate(TEXTS)]
    assert checked(lines(tmp_path / "b.jsonl", plain)).contract.task == "plain"


def test_words_with_their_annotators_are_texts_with_the_label_of_most(tmp_path):
    said = [["hate", "hate", "normal"], ["normal"] * 3, ["hate", "normal", "offensive"]]
    held = {
        f"{n}_twitter": {
            "post_id": f"{n}_twitter",
            "annotators": [{"label": one, "annotator_id": n} for n, one in enumerate(said[n % 3])],
            "rationales": [[0] * len(text.split())],
            "post_tokens": text.split(),
        }
        for n, text in enumerate(TEXTS)
    }
    file = tmp_path / "dataset.json"
    file.write_text(json.dumps(held, indent=2))
    found = checked(file)
    assert (found.contract.text, found.contract.label) == (("text",), ("label",))
    assert dict(found.labels) == {"hate": 8, "normal": 8}
    assert next(found.table.rows()).cells[0] == TEXTS[0]


def test_places_in_units_of_utf16():
    place = units.of_utf16("a\U0001f600b\U0001f600c")
    assert [place(at) for at in (0, 1, 3, 4, 6, 7)] == [0, 1, 2, 3, 4, 5]
    assert units.of_utf16("plain")(3) == 3


def tagtog(folder, *, people=("master",), confirmed=True):
    page = (
        '<!DOCTYPE html >\n<html id="{n}" xmlns="http://www.w3.org/1999/xhtml"><head><title>x'
        '</title></head>\n<body><article><section><h2 id="s1h1">Of &amp; on</h2>\n'
        '<div class="content"><p id="s1p1">{text}</p></div></section></article></body></html>'
    )
    (folder / "plain.html/pool").mkdir(parents=True)
    for n, text in enumerate(TEXTS):
        file = folder / f"plain.html/pool/a{n}.plain.html"
        file.write_text(page.format(n=n, text=text))
    for who in people:
        (folder / f"ann.json/{who}/pool").mkdir(parents=True)
        for n in range(len(TEXTS)):
            offsets = [{"start": 0, "text": "Ann Bell"}]
            held = {"annotatable": {"parts": ["s1p1"]}, "anncomplete": confirmed or n < 9}
            held |= {"metas": {"m_2": {"value": ("good", "bad")[n % 2]}}, "relations": []}
            held |= {"entities": [{"classId": "e_1", "part": "s1p1", "offsets": offsets}]}
            file = folder / f"ann.json/{who}/pool/a{n}.ann.json"
            file.write_text(json.dumps(held))
    (folder / "annotations-legend.json").write_text('{"e_1": "PER", "m_2": "tone"}')
    return folder


def test_an_export_of_tagtog_is_read_as_a_folder_or_an_archive(tmp_path):
    folder = tagtog(tmp_path / "set", confirmed=False)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", folder)
    for place in (folder, archive):
        table = sources.read(place)
        rows = [row.cells for row in table.rows()]
        text, spans, tone = rows[0]
        assert (table.columns, len(rows)) == (("text", "label", "tone"), 9)
        assert (text, tone) == (f"Of & on\n{TEXTS[0]}", "good")
        (span,) = json.loads(spans)
        assert span == {"start": 8, "end": 16, "label": "PER", "text": "Ann Bell"}
        assert "nobody confirmed (15)" in table.findings[0].message


def test_texts_of_tagtog_of_one_name_in_two_folders_are_two(tmp_path):
    folder = tagtog(tmp_path / "set")
    for part, ending in (("plain.html", ".plain.html"), ("ann.json/master", ".ann.json")):
        (folder / part / "other").mkdir()
        held = (folder / part / f"pool/a3{ending}").read_text()
        (folder / part / f"other/a0{ending}").write_text(held)
    texts = {row.cells[0] for row in sources.read(folder).rows()}
    assert texts == {f"Of & on\n{text}" for text in TEXTS}


def test_of_several_people_in_tagtog_one_is_to_be_named(tmp_path):
    with pytest.raises(DataError, match=r"several people annotated these texts \(ann, eve\)"):
        sources.read(tagtog(tmp_path / "set", people=("ann", "eve")))
    assert len(list(sources.read(tagtog(tmp_path / "two", people=("ann", "master"))).rows())) == 24


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("relations", 3, "a4.ann.json: 'relations' holds 3"),
        ("metas", [1], r"a4.ann.json: 'metas' holds \[1\]"),
        ("entities", [3], "a4.ann.json: the key 'part' is missing"),
        (
            "entities",
            [{"classId": "e_1", "part": "s1p1", "offsets": [3]}],
            "a4.ann.json: the key 'start' is missing",
        ),
    ],
)
def test_what_tagtog_does_not_write_is_named_with_its_file(tmp_path, key, value, words):
    folder = tagtog(tmp_path / "set")
    file = folder / "ann.json/master/pool/a4.ann.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), key: value}))
    with pytest.raises(DataError, match=words):
        list(sources.read(folder).rows())


def test_a_post_of_gate_without_its_text_is_named_with_its_line(tmp_path):
    held = {"full_text": TEXTS[0], "entities": {"Person": [{"indices": [0, 8]}]}}
    file = lines(tmp_path / "a.jsonl", [held] * 210 + [{**held, "full_text": 3}])
    with pytest.raises(DataError, match=r"a\.jsonl:211: expected a text in full_text"):
        list(sources.read(file).rows())


TEI = '<?xml version="1.0"?>\n<TEI xmlns="http://www.tei-c.org/ns/1.0"><teiHeader>x</teiHeader>'


def test_words_of_tei_have_their_classes_and_names(tmp_path):
    sentence = (
        '<s><name type="PER"><w pos="NP" lemma="Ann">Ann</w> <w pos="NP">Bell</w></name> '
        '<w pos="VB"><choice><orig>mett</orig><reg>met</reg></choice></w><note><w>no</w></note> '
        '<persName><w ana="mte:NN">Tom</w></persName><c> </c><c type="pct">,</c>'
        '<mw pos="DOD *">didn\'t </mw><pc pos=".">.</pc></s>'
    )
    file = tmp_path / "a.xml"
    file.write_text(f"{TEI}<text><body><p>{sentence * 12}</p></body></text></TEI>")
    table = sources.read(file)
    assert (table.columns, len(list(table.rows()))) == (("word", "pos", "entity"), 12)
    assert [json.loads(cell) for cell in next(table.rows()).cells] == [
        ["Ann", "Bell", "mett", "Tom", ",", "didn't", "."],
        ["NP", "NP", "VB", "NN", "pct", "DOD+*", "."],
        ["B-PER", "I-PER", "O", "B-persName", "O", "O", "O"],
    ]


@pytest.mark.parametrize("root", ["TEI.2", "teiCorpus.2"])
def test_words_of_tei_before_p5_are_words_and_plain_text_stays_text(tmp_path, root):
    file, end = tmp_path / "a.xml", f"</body></text></TEI.2>{'</teiCorpus.2>' * (root != 'TEI.2')}"
    inner = "<TEI.2>" * (root != "TEI.2")
    begin = f'<?xml version="1.0"?>\n<!DOCTYPE TEI.2 SYSTEM "t.dtd">\n<{root}>{inner}<text><body>'
    words = '<s><w ana="Vm">was</w> <w ana="Nc">rain</w></s>'
    file.write_text(f"{begin}<p>{words * 9}</p>{end}")
    table = sources.read(file)
    assert table.columns == ("word", "pos")
    assert next(table.rows()).cells == ('["was", "rain"]', '["Vm", "Nc"]')
    file.write_text(f"{begin}{'<p>It was the rain of May.</p>' * 9}{end}")
    assert sources.read(file).columns == ("text",)


def test_names_in_the_text_of_tei_are_spans(tmp_path):
    said = (
        "<p>Then\n   <persName>Ann <surname>Bell</surname></persName> met <rs type='pet'> Tom"
        "</rs>,<lb/>in <placeName>New<lb break='no'/>ton</placeName><note>or so</note>.</p>"
    )
    file = tmp_path / "a.xml"
    file.write_text(f"{TEI}<text><body>{said * 9}</body></text></TEI>")
    table = sources.read(file)
    text, spans = next(table.rows()).cells
    assert text == "Then Ann Bell met Tom, in Newton."
    assert [(text[one["start"] : one["end"]], one["label"]) for one in json.loads(spans)] == [
        ("Ann Bell", "persName"),
        ("Tom", "pet"),
        ("Newton", "placeName"),
    ]


def test_tei_in_which_nothing_is_marked_is_named(tmp_path):
    file = tmp_path / "a.xml"
    file.write_text(f"{TEI}<text><body><p>So it is.</p></body></text></TEI>")
    with pytest.raises(DataError, match=r"neither words .* nor names .* are marked; write a row"):
        sources.read(file)

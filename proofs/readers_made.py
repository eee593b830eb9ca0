"""Sound files for every reader: the same few rows, in each container and form."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

Quoting = Literal[0, 1]  # where it is needed, or all
ROWS = 14
TEXTS = [f"Dan Moss met Eve Carr in place{n:02} today" for n in range(ROWS)]
LABELS = [("good", "bad")[n % 2] for n in range(ROWS)]
RECORDS = [{"text": text, "label": name} for text, name in zip(TEXTS, LABELS, strict=True)]
OTHERS = [{"text": f"another place{n} was seen", "label": "good"} for n in range(3)]
SPANS = [(0, 8, "PER"), (13, 21, "PER")]
TAGS = ["B-PER", "I-PER", "O", "B-PER", "I-PER", "O", "O", "O"]


def files() -> dict[str, bytes]:
    """Return sound files, by the name that each would have."""
    made: dict[str, str | bytes] = {**_tables(), **_objects(), **_words(), **_tools()}
    made |= _answers() | _packed()
    return {name: held if isinstance(held, bytes) else held.encode() for name, held in made.items()}


def _table(delimiter: str, *, quoting: Quoting = csv.QUOTE_MINIMAL, header: bool = True) -> str:
    taken = io.StringIO(newline="")
    writer = csv.writer(taken, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    if header:
        writer.writerow(["text", "label"])
    writer.writerows(zip(TEXTS, LABELS, strict=True))
    return taken.getvalue()


def _tables() -> dict[str, str | bytes]:
    return {
        "comma.csv": _table(","),
        "quoted.csv": _table(",", quoting=csv.QUOTE_ALL),
        "semicolon.csv": _table(";"),
        "tab.tsv": _table("\t"),
        "bar.txt": _table("|"),
        "headless.csv": _table(",", header=False),
        "crlf.csv": _table(",").replace("\n", "\r\n"),
        "mark.csv": b"\xef\xbb\xbf" + _table(",").encode(),
        "separator.csv": "sep=;\n" + _table(";"),
        "lines.txt": "".join(f"{text}\n" for text in TEXTS),
        "labels.txt": "".join(f"__label__{r['label']} {r['text']}\n" for r in RECORDS),
    }


def _lines(values: Sequence[object]) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


def _objects() -> dict[str, str | bytes]:
    columns = {"text": TEXTS, "label": LABELS}
    by_place = {name: {str(n): one for n, one in enumerate(held)} for name, held in columns.items()}
    return {
        "lines.jsonl": _lines(RECORDS),
        "array.json": json.dumps(RECORDS),
        "spread.json": json.dumps(RECORDS, indent=1),
        "sequence.json": "\n".join(json.dumps(row, indent=1) for row in RECORDS),
        "lists.json": json.dumps([[row["text"], row["label"]] for row in RECORDS]),
        "split.json": json.dumps(
            {"columns": ["text", "label"], "data": [[*row.values()] for row in RECORDS]}
        ),
        "index.json": json.dumps({f"r{n}": row for n, row in enumerate(RECORDS)}),
        "columns.json": json.dumps(by_place),
        "frames.json": json.dumps(columns),
        "inside.json": json.dumps({"version": 1, "body": {"items": RECORDS}}),
        "parts.json": json.dumps({"train": RECORDS, "test": OTHERS}),
        "nested.jsonl": _lines([{"data": {"text": r["text"]}, "meta": r} for r in RECORDS]),
        "turns.json": json.dumps(
            [{"id": n, "turns": RECORDS[n : n + 2]} for n in range(0, ROWS, 2)]
        ),
    }


def _words() -> dict[str, str | bytes]:
    pairs = [list(zip(text.split(), TAGS, strict=True)) for text in TEXTS]
    columns = [[f"{n},{w},{t}" for w, t in row] for n, row in enumerate(pairs, start=1)]
    blocks = "\n".join("".join(f"{w}\t{t}\n" for w, t in row) for row in pairs)
    indexed = "\n".join(
        "".join(f"{n}\t{w}\t{t}\n" for n, (w, t) in enumerate(row, start=1)) for row in pairs
    )
    weban = ["#FORMAT=WebAnno TSV 3.3", "#T_SP=webanno.custom.Entity|value", ""]
    for n, row in enumerate(pairs, start=1):
        weban += ["", f"#Text={TEXTS[n - 1]}"]
        at = 0
        for m, (word, _) in enumerate(row, start=1):
            kind = {1: "PER[1]", 2: "PER[1]", 4: "PER[2]", 5: "PER[2]"}.get(m, "_")
            weban.append(f"{n}-{m}\t{at}-{at + len(word)}\t{word}\t{kind}\t")
            at += len(word) + 1
    return {
        "weban.tsv": "\n".join(weban) + "\n",
        "two.conll": blocks,
        "spaces.conll": blocks.replace("\t", " "),
        "indexed.tsv": indexed,
        "kaggle.csv": "sentence,word,tag\n" + "".join(f"{one}\n" for row in columns for one in row),
        "lists.jsonl": _lines([{"tokens": text.split(), "ner_tags": TAGS} for text in TEXTS]),
        "cells.csv": "text,tags\n" + "".join(f"{text},{' '.join(TAGS)}\n" for text in TEXTS),
    }


def _by(make: Callable[[str, int], Mapping[str, object]]) -> list[Mapping[str, object]]:
    return [make(text, n) for n, text in enumerate(TEXTS)]


def _tools() -> dict[str, str | bytes]:
    spans = [{"start": a, "end": b, "label": kind} for a, b, kind in SPANS]
    choice = {"from_name": "topic", "type": "choices"}
    studio = _by(
        lambda text, n: {
            "id": n,
            "data": {"text": text},
            "annotations": [{"result": [{**choice, "value": {"choices": [LABELS[n]]}}]}],
        }
    )
    return {
        "spans.jsonl": _lines(_by(lambda text, n: {"text": text, "label": SPANS})),
        "doccano.jsonl": _lines(
            _by(lambda text, n: {"id": n, "text": text, "entities": spans, "relations": []})
        ),
        "prodigy.jsonl": _lines(
            _by(lambda text, n: {"text": text, "label": LABELS[n], "answer": "accept"})
        ),
        "spacy.json": json.dumps([[text, {"entities": SPANS}] for text in TEXTS]),
        "studio.json": json.dumps(studio),
        "rasa.json": json.dumps(
            {
                "rasa_nlu_data": {
                    "common_examples": _by(
                        lambda text, n: {"text": text, "intent": LABELS[n], "entities": []}
                    )
                }
            }
        ),
        "rasa.yml": 'version: "3.1"\nnlu:\n- intent: good\n  examples: |\n'
        + "".join(f"    - {text}\n" for text in TEXTS[::2])
        + "- intent: bad\n  examples: |\n"
        + "".join(f"    - {text}\n" for text in TEXTS[1::2]),
        "pubtator.txt": "".join(
            f"{n}|t|{text}\n{n}|a|And more.\n{n}\t0\t8\tDan Moss\tPerson\tX\n\n"
            for n, text in enumerate(TEXTS, start=1)
        ),
    }


def _answers() -> dict[str, str | bytes]:
    answer = {"text": "Eve Carr", "answer_start": 13}
    asked = _by(lambda text, n: {"id": n, "question": f"Who was met, {n}?", "answers": [answer]})
    passages = [{"context": text, "qas": [one]} for text, one in zip(TEXTS, asked, strict=True)]
    detected = {"text": "Eve Carr", "char_spans": [[13, 20]]}
    mrqa = [
        {"context": text, "qas": [{"qid": n, "question": "Who?", "detected_answers": [detected]}]}
        for n, text in enumerate(TEXTS)
    ]
    return {
        "squad.json": json.dumps({"data": [{"title": "t", "paragraphs": passages}]}),
        "passages.json": json.dumps(passages),
        "mrqa.jsonl": _lines([{"header": {"dataset": "x"}}, *mrqa]),
        "answers.csv": "question,context,answer,answer_start\n"
        + "".join(f"Who was it,{text},Eve Carr,13\n" for text in TEXTS),
        "starts.csv": "question,context,answer_start,answer_end\n"
        + "".join(f"Who was it,{text},13,21\n" for text in TEXTS),
    }


def _packed() -> dict[str, str | bytes]:
    import pyarrow as pa
    import pyarrow.feather as feather
    import pyarrow.parquet as pq

    parquet, arrow, packed = io.BytesIO(), io.BytesIO(), io.BytesIO()
    table = pa.table({"text": TEXTS, "label": LABELS})
    pq.write_table(
        table,
        parquet,
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
    )
    feather.write_feather(table, arrow, compression="uncompressed")
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("rows.csv", _table(","))
    return {
        "sheet.xlsx": _sheet(),
        "rows.parquet": parquet.getvalue(),
        "rows.feather": arrow.getvalue(),
        "rows.csv.gz": gzip.compress(_table(",").encode(), mtime=0),
        "rows.zip": packed.getvalue(),
    }


def _sheet() -> bytes:
    """Write the least that is a spreadsheet: one sheet, its texts in the cells."""
    kind = "http://schemas.openxmlformats.org/{}2006/{}"
    main = kind.format("spreadsheetml/", "main")
    office = kind.format("officeDocument/", "relationships")
    package = kind.format("package/", "relationships")
    cell = '<c r="{}{}" t="inlineStr"><is><t>{}</t></is></c>'
    rows = [("text", "label"), *zip(TEXTS, LABELS, strict=True)]
    body = "".join(
        f'<row r="{n}">{cell.format("A", n, one)}{cell.format("B", n, two)}</row>'
        for n, (one, two) in enumerate(rows, start=1)
    )
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Rows" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}"><Relationship Id="r1" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData>'
        "</worksheet>",
    }
    taken = io.BytesIO()
    with zipfile.ZipFile(taken, "w") as file:
        for name, text in parts.items():
            file.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return taken.getvalue()

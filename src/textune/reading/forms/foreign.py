"""The first bytes of a file become the refusal that names what it is, and how to export it."""

import re
from pathlib import Path

from textune.errors import DataError
from textune.reading import yaml_values

FORMATS = (
    "CSV, TSV, text, JSON (.jsonl, .ndjson, .json), YAML, CoNLL, WebAnno TSV, brat, PubTator, "
    "Rasa's Markdown, XML, ARFF, spaCy's DocBin, Excel, ODS, Arrow and Parquet, "
    "each also as .gz, .bz2, .xz and .zst"
)


_AS_ROWS = "its texts and labels as CSV or as JSON, one object a row"
_PAGE = re.compile(rb"(?i)<!doctype html|<html[\s>]")
_PAGES = (".htm", ".html")
XML = rb"<\?xml|<xmi:|<TEI|<corpus|<dataset"
ENDINGS = (".tei", ".tmx", ".xlf", ".xliff", ".xmi", ".xml")
FOREIGN = (  # how a file begins, what it is, and the way out
    (rb"PK\x03\x04", "a zip archive or a file of Office", "unpack it, or save it as CSV UTF-8"),
    (rb"\x1f\x8b|BZh\d1AY|\xfd7zXZ\0|\(\xb5/\xfd", "packed twice", "unpack it once"),
    (rb"7z\xbc\xaf", "a 7-Zip archive", "unpack it first (7z x)"),
    (rb"Rar!\x1a", "a RAR archive", "unpack it first (unrar x)"),
    (rb"(?s).{257}ustar", "a tar archive", "name it .tar, .tar.gz or the like"),
    (  # pyarrow dies, as a process, of one that is damaged
        rb"FEA1",
        "a Feather file of version 1, which nobody reads safely any more",
        'write it anew: python -c "import pyarrow.feather as f; '
        "f.write_feather(f.read_table('old.feather'), 'new.feather')\"",
    ),
    (rb"SQLite format 3", "a database", "export the table as CSV"),
    (
        rb"(?i)(--.*\n|/\*.*\n|\s)*(insert into|create (table|database)|drop table)\s",
        "a dump of a database, as SQL",
        "load it, and export the table as CSV",
    ),
    (rb"(?i)\{\\rtf\d", "a document as RTF", "export the text as CSV or plain text"),
    (rb"%PDF", "a PDF", "export the text as CSV"),
    (
        rb"([+-]?\d+(\.\d+)?( qid:\d+)?( \d+:[-+.\deE]+){2,}[ \t]*(#[^\n]*)?\r?\n){2}",
        "a table of numbers without its texts (SVMlight, LIBSVM)",
        "give the texts that the numbers were made of, each beside its label",
    ),
    (
        rb"[^\t\n]{1,5000}?(\t|####)-?\d+,-?\d+ \S{1,80} [0-2] -?\d+,-?\d+[ \t#\r\n]",
        "sentences with the places of a term and an opinion, a category and a polarity (ACOS), "
        "which no task of textune's learns together",
        "write a row for each term with its polarity as the label, or a column for each category",
    ),
    (
        rb"version https://git-lfs",
        "a pointer of Git LFS, not the data",
        "fetch the file: git lfs pull",
    ),
    (
        rb"(?s)(<\?xml.*?\?>\s*)?<xmi:XMI",
        "a CAS of UIMA as XMI, whose annotations may be of any layer",
        "export from the tool that made it (INCEpTION, WebAnno: WebAnno TSV 3), or write the texts "
        'with their spans by dkpro-cassis: {"text": …, "label": [[start, end, "type"], …]}, where '
        "'text' is the sofa's string",
    ),
    (
        rb"(?i)@?(prefix\s+[\w.-]*:|base)\s*<([a-z][\w+.-]*:|#)[^<>\s]*>[ \t]*(\.|\r?\n)"
        rb"|(<[^<>\s:]+:[^<>\s]*> <[^<>\s:]+:[^<>\s]*> [<\"_][^\n]*\.\s*\n){2}",
        "RDF (Turtle, or triples a line; NIF keeps its texts so)",
        "ask it for the texts with their labels (by SPARQL), and write these as CSV or as JSON",
    ),
    (
        rb"(?s)(<\?xml.*?\?>\s*)?(<!DOCTYPE[^>]*>\s*)?<(tmx|xliff)[\s>]",
        "a file of translations (TMX, XLIFF), which has no labels",
        "write a column for each of two languages and one for what is to be learned of them, or, "
        "to tell languages, 'text' and 'language', as CSV or as JSON",
    ),
    (
        XML,
        "XML",
        "export it as JSON, CSV or CoNLL (INCEpTION and WebAnno: WebAnno TSV 3 or CoNLL 2002)",
    ),
    (
        rb"\x80[\x02-\x05][c}\]\x95K]",
        "a pickle of Python, which may run any program when it is read",
        'write it with pandas: frame.to_json(path, orient="records", lines=True)',
    ),
)


def refuse(path: Path, head: bytes) -> None:
    """Refuse what is no file of text or of a table that is read.

    Raises:
        DataError: It is something else, named for what it is, with the way out.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for sign, what, way_out in FOREIGN:
        is_xml = sign is XML and path.suffix.lower() in ENDINGS and text.startswith(b"<")
        if is_xml or re.match(sign, head) or re.match(sign, text):
            raise DataError(f"{path.name}: this is {what}; {way_out}. textune reads {FORMATS}")
    if yaml_values.is_named(path) and not yaml_values.begins(head):
        raise DataError(
            f"{path.name}: this is YAML without rows ('- text: …', 'label: …' beneath it); write "
            f"{_AS_ROWS}. textune reads {FORMATS}"
        )
    if path.suffix.lower() == ".toml":
        raise DataError(f"{path.name}: this is TOML; write {_AS_ROWS}. textune reads {FORMATS}")
    is_page = path.suffix.lower() in _PAGES and text.startswith(b"<")
    if is_page or _PAGE.match(text):
        raise DataError(
            f"{path.name}: this is a web page, not data; fetch the file itself, or write {_AS_ROWS}"
        )

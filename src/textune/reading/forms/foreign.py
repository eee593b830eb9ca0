"""The first bytes of a file become the refusal that names what it is, and how to export it."""

import re
from pathlib import Path

from textune.errors import DataError
from textune.reading import yaml_values

FORMATS = (
    "CSV, TSV, text, JSON (.jsonl, .ndjson, .json), YAML, CoNLL, WebAnno TSV, brat, PubTator, "
    "Rasa's Markdown, XML, ARFF, spaCy's DocBin, Excel, ODS, Arrow and Parquet, "
    "mails (.eml, mbox), tables of HTML and Markdown, each also as .gz, .bz2, .xz and .zst"
)


_AS_ROWS = "its texts and labels as CSV or as JSON, one object a row"
_PAGE = re.compile(rb"(?i)<!doctype html|<html[\s>]")
_PAGES = (".htm", ".html")
XML = rb"<\?xml|<xmi:|<TEI|<corpus|<dataset"
ENDINGS = (".tei", ".tmx", ".xlf", ".xliff", ".xmi", ".xml")
_PAIRS = "write the texts that it names beside each other, as CSV with the columns"


def _pandas(reader: str, needed: str = "", *, ending: str = "") -> str:
    """Give the command by which pandas makes a CSV of a file."""
    call = f"import pandas; pandas.{reader}('FILE{ending}').to_csv('rows.csv', index=False)"
    more = f" (pip install pandas {needed})" if needed else ""
    return f'write it as CSV: python -c "{call}"{more}'


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
    (
        rb"SQLite format 3",
        "a database",
        "export the table as CSV: sqlite3 -header -csv FILE 'select * from TABLE' > rows.csv "
        "(sqlite3 FILE .tables names the tables)",
    ),
    (rb"(?s).{8}DUCK.\0{7}", "a database of DuckDB", "duckdb FILE \"copy TABLE to 'rows.csv'\""),
    (rb"\$FL[23]", "a file of SPSS", _pandas("read_spss", "pyreadstat")),
    (
        rb"ASCII SPSS PORT FILE",
        "a portable file of SPSS",
        "save it as .csv, there or by pyreadstat",
    ),
    (
        rb"<stata_dta>|[\x69-\x73][\x01\x02]\x01\x00",
        "a file of Stata",
        _pandas("read_stata"),
    ),
    (rb"\0{12}\xc2\xea\x81\x60", "a data set of SAS", _pandas("read_sas")),
    (rb"HEADER RECORD\*{7}", "a transport file of SAS", _pandas("read_sas", ending=".xpt")),
    (
        rb"(RD[AX][23]\n)?[XA]\n\0\0\0[\x02\x03]|RD[AX][23]\n",
        "data of R",
        "write it there: write.csv(readRDS('FILE'), 'rows.csv', row.names = FALSE); of an .RData, "
        "load('FILE'), and write.csv of the frame that it names",
    ),
    (rb"Obj\x01", "a file of Avro", "write it as Parquet or as JSON, one object a row"),
    (rb"ORC\n?[\0-\x08\x0b-\x1f]", "a file of ORC", _pandas("read_orc")),
    (rb"\x89HDF\r\n", "a file of HDF5", _pandas("read_hdf", "tables")),
    (rb"\x93NUMPY", "an array of NumPy", "write its texts and labels as CSV"),
    (
        rb"([A-Za-z]{0,8}-?\d+[ \t]+0[ \t]+\S{0,99}\d\S{0,99}[ \t]+-?\d+[ \t]*\r?\n){3}",
        "a list of judgements for a search (qrels of TREC), which names texts and holds none",
        f"{_PAIRS} 'query', 'document' and 'label'",
    ),
    (
        rb"(\S{1,99}[ \t]+Q0[ \t]+\S{1,199}[ \t]+\d+[ \t]+[-+.\deE]+[ \t]+\S{1,99}[ \t]*\r?\n){2}",
        "what a search found (a run of TREC), which names texts and holds none",
        f"{_PAIRS} 'query', 'document' and 'score'",
    ),
    (
        rb"([-+]?\d+(\.\d+)? ([\d.]+ )?('[^\s|]{0,99})?\|[^\s|:]{1,99} [^\n|]*\r?\n){2}",
        "a file of Vowpal Wabbit with namespaces",
        "keep the label and the text: sed -E 's/^([^ ]+)[^|]*[|][^ ]+ /\\1\\t/' FILE > rows.tsv",
    ),
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
        rb"([+-]?\d+(\.\d+)?( \d+:\d+:[-+.\deE]+){2,}[ \t]*\r?\n){2}",
        "a table of numbers without its texts (LIBFFM)",
        "give the texts that the numbers were made of, each beside its label",
    ),
    (
        rb"(WEBVTT[ \t\r\n]|(\d+\r?\n)?\d\d:\d\d:\d\d[,.]\d{3} --> \d\d:)",
        "subtitles, whose lines stand between numbers and times",
        "keep what is said: grep -vE '^WEBVTT|^[0-9]*.?$|-->' FILE > texts.txt, and write labels "
        "beside it, as CSV",
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

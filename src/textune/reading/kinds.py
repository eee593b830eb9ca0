"""The ending of a file's name becomes the format that it is likely to have."""

from pathlib import Path

from textune.reading import packing

SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "text",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    **dict.fromkeys(SHEETS, "sheet"),
}
TEXTS = (*KINDS, ".text", ".md")  # of files that may hold plain text
OTHERS = (".conll", ".conllu", ".iob", ".iob2", ".bio", ".spacy", ".xmi", ".yml")


def ending(path: Path) -> str:
    """Return the ending of a name in lower case, that before .gz or the like if it has one."""
    return Path(packing.bare(path.name)).suffix


def holds_rows(path: Path) -> bool:
    """Tell by its ending whether a file is likely to hold rows with labels, rather than prose."""
    end = ending(path)
    return end in OTHERS or (end in KINDS and end != ".txt")

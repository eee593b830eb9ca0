"""A corpus becomes the files of its run that say what was learned from."""

from dataclasses import asdict
from pathlib import Path

from textune.corpora.corpus import Corpus
from textune.runs import seen_texts
from textune.runs.written import DataCard
from textune.storage import atomic, faulty_rows

PARTS = ("train", "valid", "test")


def write(folder: Path, corpus: Corpus) -> None:
    """Write what was understood of the files, which rows are in which part, and which were seen."""
    DataCard(
        contract=asdict(corpus.contract),
        files=corpus.files,
        columns=corpus.table.columns,
        layout=corpus.table.reasons,
        labels=corpus.label_counts(),
        max_tokens=corpus.max_tokens,
        splits={part: len(getattr(corpus.split, part)) for part in PARTS},
        findings=tuple(asdict(finding) for finding in corpus.findings),
        left_out=corpus.left_out,
    ).write(folder)
    rows = {part: [example.origin for example in corpus.part(part)] for part in PARTS}
    atomic.write_json(folder / "splits.json", rows)
    seen_texts.write(folder, corpus.part("train"))
    faulty_rows.write(folder / faulty_rows.FILE, corpus.faulty)

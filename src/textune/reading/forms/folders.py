"""A folder becomes a Table: texts in folders named for their label, or what `datasets` saved.

Of several parts (train, test, …) that which is to be learned from is read; the others are named.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from textune.errors import DataError, some
from textune.reading import jsonlines, kinds, splits
from textune.reading.forms import (
    anafora,
    brat,
    concepts,
    mail,
    side_by_side,
    tagged_documents,
    tagtog_folders,
)
from textune.reading.lines import pieces
from textune.reading.splits import Parts
from textune.reading.told import below, problems_of
from textune.records import Finding, Row, Table

WHOLE = {  # forms of folders that are a table by themselves → a file of theirs has such an ending
    anafora: (anafora.ENDING,),
    brat: (brat.ENDING,),
    concepts: concepts.ENDINGS,
    side_by_side: (),  # whatever it has
    tagged_documents: (tagged_documents.ENDING,),
    tagtog_folders: (tagtog_folders.ENDING,),
}
UNLABELLED = frozenset(["unsup", "unlabeled", "unlabelled", "unsupervised"])
_CODE = re.compile(r"\.\d*|\.[0-9a-f]{8,}")  # in place of an ending
MOST_TEXTS = 20  # texts in a folder to a file that is none of them
COLUMNS = ("text", "label")
SHOWN = 5  # tables that are named


def is_sign(file: Path) -> bool:
    """Tell a file that stands where a folder is read as a whole, and not file by file."""
    signs = ("dataset_dict.json", "state.json", "seq.in")
    is_sign = file.suffix in (brat.ENDING, *concepts.ENDINGS) or file.name in signs
    return is_sign or file.name.endswith((anafora.DONE, tagtog_folders.NOTED))


def is_table(folder: Path) -> bool:
    """Tell whether a folder holds labelled texts, rather than files that are read one by one."""
    return _is_saved(folder) or _whole(folder) is not None or _part(folder) is not None


def parts(folder: Path) -> Parts | None:
    """Find the parts of a folder of labelled texts; None where it is none.

    Raises:
        DataError: What `datasets` saved is damaged.
    """
    if (folder / "dataset_dict.json").is_file():
        first, others = _saved_parts(folder)
    elif _is_saved(folder) or _whole(folder) is not None:
        return Parts((folder,))
    elif found := _part(folder):
        first, others = found
    else:
        return None
    if first == folder:
        return Parts((folder,))
    return splits.of_folders(folder, [first.name, *others])


def read(folder: Path) -> Table | None:
    """Read a folder of labelled texts; None where it is none.

    Raises:
        DataError: What `datasets` saved is damaged.
    """
    if _is_saved(folder):
        return _saved(folder)
    if form := _whole(folder):
        table: Table = form.read_folder(folder)
        return replace(table, findings=(*table.findings, *_beside(table, folder)))
    found = _part(folder)
    if found is None:
        return None
    part, others = below(folder, found[0]), found[1]
    labels = _labels(part)
    files = {label: _texts_in(part / label) for label in labels}
    left_out = [name for name in _folders(part) if name in UNLABELLED]
    reasons = (
        f"format: a folder for each label ({', '.join(labels[:8])}), a text file for each text",
        _said_of_mails(files),
        *_said(folder, part, others),
    )
    findings = []
    for name in left_out:
        message = f"the folder {name!r} is left out: its texts have no label"
        count = len(list((part / name).glob("*.txt")))
        findings.append(Finding("left out", "warning", message, count))
    findings += _others(part, labels)
    rows = partial(_texts, part, files)
    return Table.of_file(part, "folder", COLUMNS, reasons, rows, findings=tuple(findings))


def _whole(folder: Path) -> Any:
    """Find the form of a folder that is a table by itself; None where it is none."""
    endings = {os.path.splitext(name)[1] for _, _, names in os.walk(folder) for name in names}  # noqa: PTH122 (there may be a million of them)
    for form, signs in WHOLE.items():
        is_likely = not signs or endings.intersection(signs)
        if is_likely and form.is_folder(folder) and not _is_beside(form, folder):
            return form
    return None


def _is_beside(form: object, folder: Path) -> bool:
    """Tell a document of XML that stands beside folders of texts, which are named for labels."""
    return form is tagged_documents and _part(folder) is not None


def _beside(table: Table, folder: Path) -> Iterator[Finding]:
    """Say which tables stand in a folder that is a table by itself, and are not read."""
    signs = {ending for endings in WHOLE.values() for ending in endings}
    found = [
        str(file.relative_to(folder))
        for file in sorted(folder.rglob("*"))
        if kinds.holds_rows(file) and file.suffix not in signs and not splits.is_noise(file)
    ]
    if found and table.format == "jsonl":
        named = some(found, SHOWN)
        message = f"not read beside the annotated texts: {named}; name such a file to read it alone"
        yield Finding("left out", "warning", message, len(found))


def _said(folder: Path, part: Path, others: list[str]) -> tuple[str, ...]:
    if part == folder:
        return ()
    return (splits.chosen(part.name, [folder / name for name in others]),)


def _folders(place: Path) -> list[str]:
    return sorted(entry.name for entry in place.iterdir() if entry.is_dir())


def _labels(place: Path) -> list[str]:
    """Name the folders that hold text files and nothing else, unlabelled ones aside."""
    return [
        name for name in _folders(place) if name not in UNLABELLED and _is_of_texts(place / name)
    ]


def _is_of_texts(place: Path) -> bool:
    with os.scandir(place) as found:  # which asks the disk nothing of each
        entries = [entry for entry in found if not entry.name.startswith(".")]
        others = [entry for entry in entries if not (is_text(entry.name) and entry.is_file())]
        # a list of commands, or a word on the texts, may stand among many of them
        is_told = all(entry.is_file() and "." not in entry.name for entry in others)
        return len(entries) > MOST_TEXTS * len(others) and is_told


def is_text(name: str) -> bool:
    """Tell a name of a text: with .txt, of a mail (.eml), or a number or a hash, or no ending."""
    stem, ending = os.path.splitext(name)  # noqa: PTH122 (there may be a million of them)
    if ending.lower() in (".txt", mail.ENDING):
        return True
    return _CODE.fullmatch(ending or ".") is not None and any(map(str.isdigit, stem))


def _texts_in(place: Path) -> list[Path]:
    with os.scandir(place) as found:
        return sorted(
            Path(entry.path) for entry in found if is_text(entry.name) and entry.name[0] != "."
        )


def _others(part: Path, labels: list[str]) -> Iterator[Finding]:
    """Say which files among the texts are none of them."""
    found = [
        f"{label}/{name}"
        for label in labels
        for name in sorted(os.listdir(part / label))  # noqa: PTH208
        if not is_text(name) and name[0] != "."
    ]
    if found:
        message = f"not read among the texts, by their names: {some(found, SHOWN)}"
        yield Finding("left out", "note", message, len(found))


def _said_of_mails(files: Mapping[str, list[Path]]) -> str:
    first = next((paths[0] for paths in files.values() if paths), None)
    if first is None or not mail.is_one(first):
        return ""
    return "mails: the subject and the text of each are read, without its other headers"


def _part(folder: Path) -> tuple[Path, list[str]] | None:
    """Find the part that is learned from, and name the others; None where nothing has labels."""
    names = _folders(folder)
    parts = [name for name in splits.FOLDERS if name in names and len(_labels(folder / name)) > 1]
    if parts:
        return folder / parts[0], parts[1:]
    is_mixed = any(entry.suffix.lower() in (".txt", ".md") for entry in folder.iterdir())
    # A part may have lists of files beside the labels, as in aclImdb.
    is_part = folder.name in splits.FOLDERS
    labels = _labels(folder)
    other = set(names) - {*labels, *UNLABELLED}
    if len(labels) > 1 and not other and (is_part or not is_mixed):
        return folder, []
    return None


def _texts(part: Path, files: Mapping[str, list[Path]]) -> Iterator[Row]:
    with problems_of(part) as problems:
        for label, path in ((label, path) for label, paths in files.items() for path in paths):
            origin = f"{part.name}/{label}/{path.name}"
            try:
                cells = (_text(below(part, path)), label)
            except DataError as error:
                problems.add(f"{origin}: {error}" if problems.skips else str(error))
                continue
            yield from jsonlines.sound(cells, COLUMNS, origin, problems)


def _text(path: Path) -> str:
    return mail.text_of(path) if mail.is_one(path) else "".join(pieces(path)).strip()


def _is_saved(folder: Path) -> bool:
    return (folder / "dataset_dict.json").is_file() or (
        (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file()
    )


def _saved(folder: Path) -> Table:
    """Read what `datasets.save_to_disk` wrote: Arrow, in one file or several."""
    from textune.reading import columnar  # pyarrow, which a single text does not need

    part, others = folder, list[str]()
    if (folder / "dataset_dict.json").is_file():
        part, others = _saved_parts(folder)
    state = _json(part / "state.json")
    files = [part / str(item.get("filename")) for item in state.get("_data_files") or []]
    features = _json(part / "dataset_info.json").get("features") or {}
    reasons = ("format: saved by `datasets` (save_to_disk), Arrow", *_said(folder, part, others))
    return columnar.read_arrow(
        files or sorted(part.glob("*.arrow")), part, reasons=reasons, features=features
    )


def _saved_parts(folder: Path) -> tuple[Path, list[str]]:
    """Find the part that is learned from, and name the others."""
    names = [str(name) for name in _json(folder / "dataset_dict.json").get("splits") or []]
    known = [name for name in (*splits.FOLDERS, *names) if name in names]
    if not known or not (folder / known[0]).is_dir():
        raise DataError(
            f"{folder}: dataset_dict.json names no part that is there; save the data set again"
        )
    return folder / known[0], [name for name in names if name != known[0]]


def _json(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read ({error}); save the data set again") from error
    return found if isinstance(found, Mapping) else {}

"""A data set's card (README.md, as on Hugging Face's hub) becomes its parts and its class names.

The card begins with YAML: `configs` says which files are which part, `dataset_info` which columns
are classes, and what they are called.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatch
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import yaml

from textune.errors import DataError, among
from textune.reading import class_names, splits
from textune.reading.splits import Parts
from textune.records import Row, Table

NAME = "README.md"
MOST_BYTES = 1 << 22
MOST_ABOVE = 3  # folders between a file and the card


def read(folder: Path) -> Mapping[str, Any]:
    """Return what the card in a folder says; nothing where none can be read."""
    try:
        found = (folder / NAME).stat()
    except OSError:
        return {}
    return _parsed(folder / NAME, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=8)  # a card is asked for each file of its data set
def _parsed(card: Path, changed: int, size: int) -> Mapping[str, Any]:
    try:
        with card.open(encoding="utf-8") as file:
            text = file.read(MOST_BYTES)
    except (OSError, UnicodeDecodeError):
        return {}
    if not text.startswith("---\n") or "\n---" not in text[3:]:
        return {}
    try:
        found = yaml.load(text[4 : text.index("\n---", 3)], Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def parts(folder: Path, files: Sequence[Path], config: str | None = None) -> Parts | None:
    """Find the parts that the card names; None where it names none.

    Args:
        folder: The data set.
        files: All that is in it.
        config: Which of several data sets in it is meant.

    Raises:
        DataError: Several are there and none is named, or there is none of this name.
    """
    known = {str(item.get("config_name")): item for item in _several(read(folder), "configs")}
    known = {name: item for name, item in known.items() if item.get("data_files")}
    if not known or (config is not None and config not in known):
        return None
    usual = [name for name, item in known.items() if item.get("default") or name == "default"]
    chosen = config or (usual or list(known))[0]
    if config is None and len(known) > 1 and not usual:
        raise DataError(several(str(folder), list(known)))
    found: dict[str, tuple[Path, ...]] = {}
    others: list[str] = []
    for split, patterns in _data_files(known[chosen]["data_files"]):
        held = [file for file in files if _fits(file.relative_to(folder), patterns)]
        part = splits.NAMES.get(split.lower(), "train" if split == "" else None)
        if held and part is not None and part not in found:
            found[part] = tuple(sorted(held))
        else:
            others.append(split)
    if "train" not in found:
        return None
    said = "; ".join(f"{part}: {len(held)} files" for part, held in found.items())
    named = f" of {chosen!r}" if len(known) > 1 else ""
    more = (f"not read: {', '.join(others)}",) if others else ()
    return Parts(**found, reasons=(f"parts{named}, by the data set's card: {said}", *more))


def several(place: str, names: Sequence[str]) -> str:
    """Ask which of several data sets is meant."""
    return (
        f"{place}: there are several data sets in it; name one, as {place.rstrip('/')}/{names[0]}; "
        f"{among('', names)}"
    )


def named(table: Table, path: Path) -> Table:
    """Write the names of classes for numbers, where the card of the folder above tells them."""
    if table.schema is not None and class_names.listed(table.schema.metadata):
        return table
    classes = {name: one for name, one in _classes(path).items() if name in table.columns}
    if not classes:
        return table
    listed = ", ".join(map(repr, classes))
    said = f"names of the classes of {listed}: as the data set's card has them"
    rows = partial(_rows, table, classes)
    return replace(table, rows=rows, reasons=(*table.reasons, said))


def _rows(table: Table, classes: Mapping[str, tuple[str, ...]]) -> Iterator[Row]:
    return class_names.written(table.rows(), table.columns, classes)


def _classes(path: Path) -> dict[str, tuple[str, ...]]:
    """Find the columns of classes that the nearest card above a file tells of."""
    for folder in [*path.parents][:MOST_ABOVE]:
        if not (folder / NAME).is_file():
            continue
        inside = set(path.relative_to(folder).parts)
        infos = list(_several(read(folder), "dataset_info"))
        own = [item for item in infos if item.get("config_name") in inside] or infos
        found = [class_names.of_features(_features(item)) for item in own]
        return found[0] if found and all(one == found[0] for one in found) else {}
    return {}


def _several(card: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    held = card.get(key)
    for item in held if isinstance(held, list) else [held]:
        if isinstance(item, Mapping):
            yield item


def _data_files(held: Any) -> Iterator[tuple[str, list[str]]]:
    for item in held if isinstance(held, list) else [held]:
        if isinstance(item, Mapping) and "path" in item:
            paths = item["path"]
            yield str(item.get("split", "")), list(map(str, _listed(paths)))
        elif isinstance(item, Mapping):
            yield from ((str(name), list(map(str, _listed(one)))) for name, one in item.items())
        elif isinstance(item, str):
            yield "", [item]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _fits(file: Path, patterns: Sequence[str]) -> bool:
    name = file.as_posix()
    return any(fnmatch(name, pattern.removeprefix("./")) for pattern in patterns)


def _features(info: Mapping[str, Any]) -> dict[str, object]:
    """Write the features of a card as the JSON of `datasets` has them."""
    held = info.get("features")
    return {
        str(item.get("name")): _feature(item)
        for item in (held if isinstance(held, list) else [])
        if isinstance(item, Mapping)
    }


def _feature(item: Mapping[str, Any]) -> object:
    for key in ("sequence", "list"):
        if isinstance(item.get(key), Mapping):
            return {"feature": _feature({"dtype": item[key], **item[key]})}
    held = item.get("dtype")
    kind = held.get("class_label") if isinstance(held, Mapping) else None
    names = kind.get("names") if isinstance(kind, Mapping) else None
    if isinstance(names, Mapping):  # by their numbers, of which none may be missing
        known = {str(key): name for key, name in names.items()}
        numbers = [str(number) for number in range(len(known))]
        names = [known[number] for number in numbers] if known.keys() == set(numbers) else None
    if not isinstance(names, list):
        return {}
    return {"_type": "ClassLabel", "names": list(map(str, names))}

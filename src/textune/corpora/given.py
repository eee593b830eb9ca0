"""What was named becomes the three sources of a run: a data set's own parts where it has some."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from textune.errors import DataError
from textune.reading import obtained, remote, sources
from textune.records import Contract, Message, ReadOptions
from textune.runs.written import File
from textune.settings.data_config import DataSettings
from textune.storage.checksums import Inputs

HEAD = 1_000  # rows by which it is judged whether a part has labels
SECRET = {"", "-1"}  # cells of a test part whose labels were never published
JUDGING = ("valid", "test")

Sums = Mapping[str, tuple[list[Path], Inputs]]


@dataclass(frozen=True, slots=True)
class Given:
    """What is learned from and judged by, as it was named, and as the data set has it."""

    named: Mapping[str, object]  # part → what the user named
    own: Mapping[str, object]  # part → what the data set has

    @classmethod
    def of(
        cls, source: object, valid: object | None, test: object | None, *, sealed: bool = False
    ) -> "Given":
        """Look which parts the source has; one for the test is as if it were not there if sealed.

        Raises:
            DataError: There is no such file.
        """
        parts = {"valid": valid} if sealed else {"valid": valid, "test": test}
        named = {name: one for name, one in parts.items() if one is not None}
        own = dict(sources.parts(source))
        if sealed:
            own.pop("test", None)
        return cls({"train": own.get("train", source), **named}, own)

    def others(
        self, agreed: Contract, data: DataSettings
    ) -> Generator[Message, None, tuple[object | None, object | None]]:
        """Choose what judges: what was named, or else the data set's own parts with labels."""
        found = dict.fromkeys(JUDGING, None) | {k: v for k, v in self.named.items() if k in JUDGING}
        for part in JUDGING:
            if found[part] is not None or part not in self.own:
                continue
            if why := _is_drawn(part, data) or _why_not(self.own[part], agreed, data):
                yield Message(f"the data set's own part {part!r} is not used: {why}")
                continue
            found[part] = self.own[part]
            yield Message(f"{part}: the data set's own part ({_shown(self.own[part])})")
        return found["valid"], found["test"]

    def sums(self) -> Sums:
        """Take the checksums of the files of each part; a data frame has none."""
        parts = {**self.own, **self.named}
        paths = {part: obtained.on_machine(one) for part, one in parts.items()}
        return {part: (held, Inputs.of(held)) for part, held in paths.items() if held}


def refuse_same_rows(source: object, valid: object, test: object, options: ReadOptions) -> None:
    """Refuse to judge by the rows of a file that are learned from, if options name some of them.

    Raises:
        DataError: A file is named twice, and a sheet, or a key of JSON, that is read in every file.
    """
    asked = [(name, one) for name in ("sheet", "rows") if (one := getattr(options, name))]
    held = set(obtained.on_machine(source)) if asked else set()
    for part, one in zip(JUDGING, (valid, test), strict=True):
        if held.intersection(obtained.on_machine(one)):
            name, value = asked[0]
            if name == "sheet" and sources.has_sheet_of(one, part, value):
                continue
            raise DataError(
                f"--{part} {_shown((one,))}: its rows would be those learned from, for --{name} "
                f"{value!r} holds for every file; save the others as a file of their own, or judge "
                f"by them when training is over: textune evaluate RUN FILE --{name} NAME"
            )


def said(source: object, name: str) -> Iterator[Message]:
    """Say which files were found by a name, and which of them are not read."""
    if obtained.are_places(source):
        yield from (Message(f"{name}: {why}") for why in obtained.obtain(source).reasons)


def unchanged(sums: Sums, others: Sequence[object]) -> tuple[File, ...]:
    """Describe the files that are learned from, and those of the others that judge.

    Raises:
        DataError: Somebody has written to one of them in the meantime.
    """
    unused = {part for part, one in zip(JUDGING, others, strict=True) if one is None}
    used = {part: one for part, one in sums.items() if part not in unused}
    for paths, inputs in used.values():
        inputs.refuse_changed(paths)
    return tuple(
        File(remote.address_of(Path(file.path)), file.sha256, file.bytes, part)
        for part, (_, inputs) in used.items()
        for file in inputs.files
    )


def _is_drawn(part: str, data: DataSettings) -> str:
    """Say that rows are drawn for a part, where somebody asked for it."""
    is_asked = data.valid_share is not None if part == "valid" else data.test_share > 0
    return "rows are drawn instead, as asked" if is_asked or data.folds is not None else ""


def _why_not(source: object, agreed: Contract, data: DataSettings) -> str:
    """Say why a part of a data set cannot judge; "" where it can."""
    try:
        table = sources.read(source, data.file)
    except DataError as error:
        return str(error)
    absent = [name for name in agreed.label if name not in table.columns]
    if absent:
        return f"{table.name} has no column {absent[0]!r}"
    places = [table.columns.index(name) for name in agreed.label]
    cells = (row.cells[at] for row in islice(table.rows(), HEAD) for at in places)
    return "" if not places or any(_told(cells)) else f"{table.name} does not tell its labels"


def _told(cells: Iterator[str]) -> Iterator[bool]:
    return (cell not in SECRET for cell in cells)


def _shown(source: object) -> str:
    files = source if isinstance(source, tuple) else ()
    return ", ".join(str(file) for file in files[:3]) if files else "of the same dict"

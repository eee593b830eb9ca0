"""`python -m proofs.public --files DIR`: public files, read as their owners mean them or refused.

Each file is looked for at DIR/OWNER+NAME/PATH, as in a clone of its repository; nothing is fetched.
"""

import argparse
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from textune.errors import DataError, TextuneError
from textune.records import Survey
from textune.survey import survey

MANIFEST = Path(__file__).with_name("public_files.toml")
SHOWN = 150  # characters of a message
Outcome = Literal["right", "asked", "refused", "wrong", "absent"]


@dataclass(frozen=True, slots=True)
class Expected:
    """A file, and what its owner means."""

    repository: str
    path: str
    reading: str = ""  # "single: text -> label", columns parted by |
    rows: int = 0
    labels: int | None = None  # how many; None where it does not matter
    refused: str = ""  # part of the message that is right
    encoding: str = ""  # to be asked for first
    batch: str = ""

    def place(self, folder: Path) -> Path:
        """Return where it lies in a folder of clones."""
        return folder / self.repository.replace("/", "+") / self.path


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a file."""

    expected: Expected
    outcome: Outcome
    said: str


def expected(manifest: Path = MANIFEST) -> list[Expected]:
    """Read what is expected of each file."""
    return [Expected(**one) for one in tomllib.loads(manifest.read_text("utf-8"))["file"]]


def judge(wanted: Expected, folder: Path) -> Found:
    """Check a file and compare what is understood with what its owner means.

    "asked" is a file whose reading is another, where a doubt offers the columns that are meant, or
    one that is read as it is meant with the encoding for which its refusal asks.
    """
    place = wanted.place(folder)
    if not place.exists():
        return Found(wanted, "absent", f"git clone https://github.com/{wanted.repository}")
    try:
        found = _checked(place)
    except DataError as error:
        return _judged_refusal(wanted, place, str(error))
    except Exception as error:
        return Found(wanted, "wrong", f"{type(error).__name__}: {error}")
    return _judged(wanted, found)


def _checked(place: Path, **options: Any) -> Survey:
    return survey.check(str(place), count_tokens=lambda texts: [len(texts)] * len(texts), **options)


def _judged_refusal(wanted: Expected, place: Path, message: str) -> Found:
    if wanted.refused:
        is_right = wanted.refused in message
        return Found(wanted, "refused" if is_right else "wrong", message)
    if not wanted.encoding or f"--encoding {wanted.encoding}" not in message:
        return Found(wanted, "wrong", message)
    try:
        found = _judged(wanted, _checked(place, encoding=wanted.encoding))
    except TextuneError as error:
        return Found(wanted, "wrong", str(error))
    is_right = found.outcome in ("right", "asked")
    return Found(wanted, "asked", f"--encoding {wanted.encoding}") if is_right else found


def _judged(wanted: Expected, found: Survey) -> Found:
    agreed = found.contract
    read = f"{agreed.task}: {'|'.join(agreed.text)}"
    read += f" -> {'|'.join(agreed.label)}" if agreed.label else ""
    said = f"{read}, {found.rows} rows, {len(found.labels)} classes"
    if wanted.refused:
        return Found(wanted, "wrong", f"{said}; expected to be refused ({wanted.refused})")
    if found.rows != wanted.rows:
        return Found(wanted, "wrong", f"{said}; expected {wanted.rows} rows")
    if read == wanted.reading and wanted.labels in (None, len(found.labels)):
        return Found(wanted, "right", read)
    if read != wanted.reading and _is_offered(wanted.reading, read, found.second):
        return Found(wanted, "asked", f"{read}; a doubt offers {wanted.reading}")
    return Found(wanted, "wrong", f"{said}; expected {wanted.reading}, {wanted.labels} classes")


def _is_offered(reading: str, read: str, second: Any) -> bool:
    """Tell whether commands that settle doubts name all that a reading differs in."""
    wanted, given = _parts(reading), _parts(read)
    offered = " ".join(command for commands in second.values() for command in commands)
    offered += " " + " ".join(second)
    options = ("--task", "--text", "--label")
    return all(
        re.search(rf"{option} ['\"]?{re.escape(part.replace('|', ','))}", offered) is not None
        for option, part, other in zip(options, wanted, given, strict=True)
        if part != other
    )


def _parts(reading: str) -> tuple[str, str, str]:
    task, _, rest = reading.partition(": ")
    text, _, label = rest.partition(" -> ")
    return task, text, label


def shown(found: Sequence[Found]) -> Iterator[str]:
    """Describe each file in a line, and count them."""
    for one in found:
        said = " ".join(one.said.split())[:SHOWN]
        yield f"{one.outcome:8} {one.expected.repository} {one.expected.path}: {said}"
    for batch in dict.fromkeys(one.expected.batch for one in found):
        counts = Counter(one.outcome for one in found if one.expected.batch == batch)
        listed = ", ".join(f"{name} {count}" for name, count in counts.most_common())
        yield f"{batch or 'files'}: {listed}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the files that are there and print what became of each."""
    parser = argparse.ArgumentParser(prog="python -m proofs.public", description=__doc__)
    parser.add_argument("--files", type=Path, required=True, help="folder of clones, OWNER+NAME")
    parser.add_argument("--manifest", type=Path, default=MANIFEST)
    parser.add_argument("--only", default="", help="part of repository and path")
    parser.add_argument("--json", action="store_true", help="one object a file")
    asked = parser.parse_args(arguments)
    found: list[Found] = []
    for wanted in expected(asked.manifest):
        if asked.only in f"{wanted.repository}/{wanted.path}":
            found.append(judge(wanted, asked.files))
    for one in found if asked.json else ():
        print(json.dumps([one.expected.repository, one.expected.path, one.outcome, one.said]))
    for line in () if asked.json else shown(found):
        print(line)
    return 1 if any(one.outcome == "wrong" for one in found) else 0


if __name__ == "__main__":
    sys.exit(main())

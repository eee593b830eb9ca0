"""A tag for each word: the row of the registry, and what `check` says of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from textune.data.columns import Scan
from textune.data.cut import CutDifference
from textune.metrics.catalogue import Judged
from textune.records import OUTSIDE, Contract, Example, Finding, Prediction, Survey, Table
from textune.tasks import doubt, drawn, probes, shown
from textune.tasks.kind import Chart, Kind, Places, Tally, ToExample
from textune.tasks.tags import coreference, misread, own_scheme, schemes, tag_columns, tagged
from textune.tasks.tags.census import WordCensus
from textune.tasks.tags.offsets import CHARACTERS, READINGS
from textune.tasks.tags.spans import LEFT_OUT
from textune.tasks.tags.tag import Tag


class TagTally(Tally):
    """Counts the entities of each type, or the words of each plain tag."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._words = 0  # that have a tag
        is_plain = contract.separator == "plain"
        self._census = WordCensus(
            marks_entities=not is_plain, are_sentences=contract.form == "words"
        )
        self._difference = CutDifference(contract.cut)
        self.golds = "words" if is_plain else "entities"
        self._counts: Counter[str] = Counter()
        self._beside: list[str] = []  # origins of spans whose words others have

    def add(self, example: Example) -> None:
        """Take its tags and its words into account."""
        self._census.add(example)
        if self._contract.form == "words":
            self._difference.add(example)
        self._counts.update(tagged.counted(self._contract, example.label or ()))
        self._words += len(example.label or ())
        left_out = sum(remark.endswith(LEFT_OUT) for remark in example.remarks)
        self._beside += [example.origin] * left_out

    def in_order(self) -> dict[str, int]:
        """Return the counts by name."""
        return {name: self._counts[name] for name in sorted(self._counts)}

    def targets(self, sizes: Sequence[int]) -> dict[str, object]:
        """Return how many there are, in how many words."""
        return {self.golds: self._counts.total(), "of_words": self._words}

    def findings(self, rows: int) -> Iterator[Finding]:
        """Say what is doubtful about words and tags."""
        yield from self._overlaps()
        yield from self._census.findings()
        yield from filter(None, [self._difference.finding()])

    def _overlaps(self) -> Iterator[Finding]:
        """Say how many spans are left out, since others have their words."""
        if not self._beside:
            return
        count, first = len(self._beside), tuple(dict.fromkeys(self._beside))[:3]
        message = (
            f"{count:,} of {count + self._counts.total():,} spans overlap another one or lie in "
            "it, and are neither learned nor judged: a word has one tag, and of such spans the "
            "longest is kept (of equally long ones the first); first places: "
            f"{', '.join(first)}"
        )
        yield Finding("overlap", "warning", message, count, first)


def read(table: Table, contract: Contract, places: Places) -> ToExample:
    """Make the function that turns a row into a text with a tag for each word."""
    label = places.labels[0] if places.labels else None
    return tagged.reader(table, contract, text=places.texts[0], label=label, group=places.group)


def findings(table: Table, contract: Contract, seen: Scan) -> Iterator[Finding]:
    """Say that the places of spans are counted otherwise than in characters.

    Raises:
        DataError: What was taken for tags is coreference.
    """
    coreference.refuse(table, contract)
    if contract.offsets != CHARACTERS:
        message = (
            f"the places of the spans in {contract.label[0]!r} count "
            f"{READINGS[contract.offsets]}, by which they fit the words of the file: read so"
        )
        yield Finding("mended", "warning", message, seen.rows)


def class_of(tag: str) -> str:
    """Return the type of the entity that a tag belongs to; any other tag as it is."""
    return schemes.type_of(tag) or tag


def picture(found: Survey) -> Iterator[Chart | str]:
    """Show how many entities of each type there are, or words of each tag."""
    kind = "entities" if "entities" in found.targets else "words"
    total, words = found.targets[kind], found.targets["of_words"]
    yield Chart(f"{kind} by {'type' if kind == 'entities' else 'tag'}", found.labels, total)
    many = f"{total:,} {kind} in {words:,} words" if kind == "entities" else f"{words:,} words"
    yield f"  {many} of {found.rows:,} texts"


def show(item: Prediction) -> Iterator[shown.Line]:
    """Show a text, and below it what tags mark in it; tags that stand alone beside their words."""
    yield ((shown.short(item.text), "bold"),)
    for found in item.entities:
        yield (f"    {found.label}  ", ""), *shown.placed(found)
    if item.entities:
        return
    if set(item.labels) <= {OUTSIDE}:
        yield ("    ", ""), ("(nothing)", "dim")
        return
    line = [("   ", "")]
    for (start, end), tag in zip(item.words, item.labels, strict=True):
        line += [(f" {item.text[start:end]}", ""), (f"/{tag}", "dim")]
    yield tuple(line)


def plain(item: Prediction) -> dict[str, Any]:
    """Return the places of the words, and the entities."""
    entities = [asdict(entity) for entity in item.entities]
    return {"words": [list(word) for word in item.words], "entities": entities}


KIND = Kind(
    name=Tag.name,
    words="a tag for each word",
    make=Tag,
    judged=Judged(("accuracy", "macro_f1", "f1", "precision", "recall", "log_loss"), "log_loss"),
    read=read,
    asks=Tag.asks,
    pipeline="token-classification",
    has_classes=True,
    class_of=class_of,
    noun="tags",
    decisions=frozenset(["tags"]),
    calibrates=True,
    formats=frozenset(["conll"]),
    understand=tag_columns.understand,
    refuse=misread.refuse,
    of_file=own_scheme.of_file,
    described=tag_columns.described,
    findings=findings,
    doubt=doubt.of_words,
    drawn=drawn.tags,
    label_names=tagged.label_names,
    tally=TagTally,
    picture=picture,
    show=show,
    plain=plain,
    probe=probes.exclusive,  # of words; those that no window shows are left out
)

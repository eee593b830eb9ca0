"""Spans, or tags, that a person corrected become a row's own cells."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from textune.errors import DataError, SettingsError, excerpt
from textune.records import Contract, Example, Row, Table
from textune.tasks import examples
from textune.tasks.kind import ToExample
from textune.tasks.tags import spans
from textune.tasks.tags.offsets import CHARACTERS
from textune.tasks.tags.word_lists import read_list

ALLOWED = 'allowed: a list of spans such as [{"start": 0, "end": 2, "label": "ORG"}]'


@dataclass(frozen=True, slots=True)
class TagCells:
    """How the tags of a table are written."""

    contract: Contract
    place: int  # of the column of tags, or spans
    read: ToExample

    @classmethod
    def of(cls, table: Table, contract: Contract) -> "TagCells":
        """Learn it from a contract.

        Raises:
            SettingsError: Tags cannot be written so.
        """
        is_usual = contract.separator in ("iob2", "plain") and not contract.notation
        if contract.form == "words" and not (is_usual and not contract.names):
            raise SettingsError(
                f"{table.name}: corrections go into tags in IOB2 (B-, I-, O) or into spans, and "
                f"these are written otherwise ({contract.separator}); write them so first"
            )
        if contract.form == "spans" and contract.offsets != CHARACTERS:
            raise SettingsError(
                f"{table.name}: the places of its spans count {contract.offsets}; corrections go "
                "into spans that count characters"
            )
        place = table.columns.index(contract.label[0])
        return cls(contract, place, examples.reader(table, contract))

    def given(self, row: Row) -> str:
        """Return the tags of a row, to be compared."""
        return json.dumps(self.read(row).label)

    def text(self, row: Row) -> str:
        """Return the text of a row, its words with spaces between them."""
        return self.read(row).text

    def names(self, row: Row) -> tuple[str, ...]:
        """Return the tags of a row."""
        return tuple(self.read(row).label or ())

    def changed(self, row: Row, corrected: str) -> Row:
        """Return a row with other tags.

        Raises:
            DataError: What was corrected is no list of spans or tags of this text.
        """
        item = self.read(row)
        if self.contract.separator == "plain":
            return self._with(row, self._plain(item, corrected))
        found = spans.items(corrected)
        if found is None:
            raise DataError(f"{row.origin}: corrected to {excerpt(corrected)}; {ALLOWED}")
        sound, faults = spans.read(found, item.text)
        tags, more, _ = spans.tags(sound, item.words or (), item.text)
        if faults or more:
            raise DataError(f"{row.origin}: corrected to {'; '.join((*faults, *more)[:3])}")
        if self.contract.form == "words":
            return self._with(row, tags)
        listed = [{"start": one.start, "end": one.end, "label": one.label} for one in sound]
        return self._with(row, listed)

    def _plain(self, item: Example, corrected: str) -> list[str]:
        tags = read_list(corrected)
        words = len(item.words or ())
        if tags is None or len(tags) != words:
            raise DataError(
                f"{item.origin}: corrected to {excerpt(corrected)}; allowed: a list of {words:,} "
                "tags, one for each word"
            )
        return tags

    def _with(self, row: Row, value: Sequence[Any]) -> Row:
        cell = json.dumps(value, ensure_ascii=False)
        cells = tuple(cell if n == self.place else old for n, old in enumerate(row.cells))
        given = row.given
        if given is not None:
            given = tuple(
                (list(value) if not isinstance(old, str) else cell) if n == self.place else old
                for n, old in enumerate(given)
            )
        return replace(row, cells=cells, given=given)

"""Rows without a text, or without a label, are recognised, and counted for people."""

from collections.abc import Sequence

from textune.errors import counted
from textune.metrics.one_label import is_blank
from textune.records import Example


def skipped(found: Sequence[Example], name: str) -> str:
    """Say how many examples are neither learned from nor judged, and which is the first."""
    origins = [item.origin for item in found if is_skipped(item)]
    if not origins:
        return ""
    which = f"{counted(len(origins), 'row')} with an empty text or without any scored label"
    if len(origins) == 1:
        return f"{name}: {which} was skipped: {origins[0]}"
    return f"{name}: {which} were skipped; first: {origins[0]}"


def mended(found: Sequence[Example], name: str) -> str:
    """Say how many places of some examples were mended while they were read, and the first."""
    remarks = [remark for item in found for remark in item.remarks]
    if not remarks:
        return ""
    if len(remarks) == 1:
        return f"{name}: 1 place was mended while it was read: {remarks[0]}"
    return f"{name}: {len(remarks):,} places were mended while they were read; first: {remarks[0]}"


def is_skipped(example: Example) -> bool:
    """Tell whether a text is empty, or none of its labels is scored."""
    texts = example.text, "-" if example.pair is None else example.pair
    return any(map(is_blank, texts)) or is_unscored(example)


def is_unscored(example: Example) -> bool:
    """Tell whether none of a text's labels is scored (-1 in every label column)."""
    return example.label is None and bool(example.unscored)

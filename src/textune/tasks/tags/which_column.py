"""Of columns of words and what is said of them, which holds the words, and which their tags?"""

from collections.abc import Sequence

from textune.data.columns import Column
from textune.data.numerals import is_number
from textune.records import Row, Table
from textune.tasks.tags import word_lists
from textune.tasks.tags.notation import OUTSIDES
from textune.tasks.tags.word_lists import read_list

COUNTING = 10  # columns of CoNLL-U, of which the second holds the words and the fourth their class


def not_around(lists: Sequence[word_lists.Lists]) -> str:
    """Name the first column that numbers no words, and names no documents; else the first one."""
    able = (found for found in lists if not (_are_numbers(found) or _are_of_documents(found)))
    return next(able, lists[0]).column.name


def _are_numbers(found: word_lists.Lists) -> bool:
    return bool(found.items) and all(map(is_number, found.items))


def _are_of_documents(found: word_lists.Lists) -> bool:
    """Tell names of documents, which are the same for all words of a sentence, from words."""
    rows = [row for row in found.rows if len(row or ()) > 1]
    return len(rows) > 1 and all(len(set(row or ())) == 1 for row in rows)


def first(columns: Sequence[Column], sample: Sequence[Row]) -> int:
    """Return the place of the words among columns: the first, or the second if that counts them."""
    counts = [read_list(row.cells[columns[0].place]) or [] for row in sample[:100]]
    return int(len(columns) > 2 and word_lists.are_counts(counts))


def last(table: Table, lists: Sequence[word_lists.Lists], marks: Sequence[str]) -> str | None:
    """Choose the tags: the last column, or the last one that marks entities where that does not."""
    full = [found for found in lists if word_lists.is_full(found)]
    if not full:
        return None
    marked = {
        found.column.name: sum(tag not in OUTSIDES for tag in found.items)
        for found in full
        if found.column.name in marks
    }
    if marked:  # the last one, unless it marks far less of the same, as inner entities do
        kinds = {
            found.column.name: word_lists.kinds(found)
            for found in full
            if found.column.name in marked
        }
        lettered = [name for name in marked if kinds[name]]  # B-PER; not types alone
        sizes = {found.column.name: len(found.items) for found in full}
        partly = [name for name in lettered if marked[name] < sizes[name]]  # not lemmas of all
        *others, latest = partly or lettered or marked
        same = [name for name in others if kinds[latest] <= kinds[name]]
        most = max((marked[name] for name in same), default=0)
        able = [name for name in (*same, latest) if 2 * marked[name] >= most]
        return able[-1]
    by_name = {found.column.name for found in full}
    is_universal = len(table.columns) == COUNTING and table.columns[3] in by_name
    return table.columns[3] if is_universal else full[-1].column.name

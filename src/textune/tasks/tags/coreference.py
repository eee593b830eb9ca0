"""Words with the numbers of what they name become the refusal that says so: they are no tags.

So a column of (abstract-1), (person-2 … person-2) says where what is spoken of comes again.
"""

import re
from itertools import islice

from textune.errors import DataError, some
from textune.records import Contract, Table
from textune.tasks.tags.word_lists import read_list

READ = 500  # sentences that are looked at
LEAST = 3  # different ones
OUTSIDE = frozenset(["", "-", "*", "_", "O"])
_ID = r"(?=[^()|\s]*\d)[^()|\s]++"  # never given back, or long ones would be parted in all ways
ENDS = re.compile(rf"(?:\|?(?:\({_ID}\)?|{_ID}\)))+")


def refuse(table: Table, contract: Contract) -> None:
    """Refuse a column of coreference that was taken for the tags.

    Raises:
        DataError: It is one, with the ways out.
    """
    if contract.form != "words" or contract.separator != "plain":
        return
    name = contract.label[0]
    place = table.columns.index(name)
    rows = islice(table.rows(), READ)
    found = {tag for row in rows for tag in read_list(row.cells[place]) or ()} - OUTSIDE
    if len(found) < LEAST or not all(map(ENDS.fullmatch, found)):
        return
    if not any(tag[0] == "(" for tag in found):
        return
    others = [other for other in table.columns if other not in (name, *contract.text)]
    raise DataError(
        f"{table.name}: column {name!r} holds coreference (such as {some(sorted(found), 3)}): "
        "which words name the same thing, by a number of each thing; these are no tags, and no "
        "task of textune's; name another column with --label"
        + f" ({some([*map(repr, others)], 8)})" * bool(others)
        + ", or take the sentences alone with --task plain"
    )

"""Several rows of one text, each by another annotator, become one row with one label."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data import lists, skipping
from textune.data.numerals import is_number
from textune.errors import SettingsError, some
from textune.metrics import votes
from textune.metrics.votes import Judged, Panel
from textune.records import Annotators, Contract, Example, Finding, Row, Table
from textune.tasks import registry

# fmt: off
NAMES = frozenset(
    [
        "annotatedby", "annotator", "annotatorid", "annotatorname", "annotators", "coder",
        "coderid", "completedby", "crowdworker", "expertid", "judge", "judgeid", "labeledby",
        "labeler", "labelerid", "labelledby", "labeller", "labellerid", "rater", "raterid",
        "turker", "turkerid", "worker", "workerid",
    ]
)
# fmt: on
"""Names of columns that say who labelled a row, without signs and case."""
LEAST = 0.05  # share of the texts that several people labelled, from which rows are one text's
AGAIN = 0.2  # share of rows whose text the same person has in another, from which it is not all
SOME = 1_000  # of these that are compared

_SIGNS = re.compile(r"[\W_]+")
_OF_PART = re.compile(r"^\w+[:.]")
_SPANS = "spans"


@dataclass(frozen=True, slots=True)
class Merging:
    """What becomes of the rows of a table in which several people labelled a text."""

    column: str  # that says who; "" where the rows stay as they are
    rows: int  # that are left
    findings: tuple[Finding, ...]


def names_people(column: str) -> bool:
    """Tell by its name whether a column says who labelled a row."""
    own = _OF_PART.sub("", column)  # worker_id of ASSIGNMENT:worker_id
    return not {_SIGNS.sub("", name).lower() for name in (column, own)}.isdisjoint(NAMES)


def find(table: Table, contract: Contract, rule: Annotators | None) -> Merging | None:
    """Look whether several people labelled the same texts of a table; None where nobody did.

    Args:
        table: Read once, where a column has the name of one that says who labelled a row.
        contract: What it holds.
        rule: Whose label is taken, if somebody says so.

    Raises:
        SettingsError: Somebody says so, and no column tells who labelled a row.
        DataError: They differ, and that is to be refused.
    """
    used = {*contract.text, *contract.label}
    named = [name for name in table.columns if name not in used and names_people(name)]
    if not named or not contract.label:
        is_said = any(finding.kind == "annotators" for finding in table.findings)
        if rule and not is_said and table.format in ("csv", "tsv", "parquet", "frame"):
            raise SettingsError(
                f"{table.name}: --annotators {rule}: no column says who labelled a row; name it "
                "annotator, worker or rater, or, where each person has a column of their own, "
                "annotator1, annotator2, …"
            )
        return None
    who = _place(table, named[0])
    groups = _grouped(table, contract, who)
    shared = sum(len(set(group.who)) > 1 for group in groups.values())
    if shared < (1 if rule else max(1, LEAST * len(groups))):
        return None
    if rule is None and (said := _again(table, contract, named[0], groups)):
        return Merging("", sum(len(group.who) for group in groups.values()), (said,))
    panel, tied = Panel(rule, blanks=False), []
    for group in groups.values():
        judged = Judged(
            {"text": group.text}, tuple(_vote(cells, contract) for cells in group.cells)
        )
        panel.watch(judged, group.origin)
        if _settled(judged.votes, contract, rule) is None:
            tied.append(group.origin)
    findings = panel.findings(table.name)
    if tied:
        are = "texts are" if len(tied) > 1 else "text is"
        message = f"{len(tied):,} {are} left out, since each {votes.TIED}; first: {tied[0]}"
        findings.append(Finding("left out", "warning", message, len(tied), tuple(tied[:3])))
    return Merging(named[0], len(groups) - len(tied), tuple(findings))


def merged(table: Table, contract: Contract) -> Table:
    """Give each text one row, with the label that the contract's rule takes.

    Rows are as they are where the contract names no column of annotators, or the table has none.
    """
    needed = {*contract.annotators[:1], *contract.label}
    is_read = contract.annotators[:1] == contract.label  # columns of people, which reading merges
    if not contract.annotators or is_read or not needed <= set(table.columns):
        return table
    column, rule = contract.annotators
    who = _place(table, column)
    places = [_place(table, name) for name in contract.label]

    def made(row: Row, group: _Group | None) -> Row | None:
        if group is None:
            return None
        said = tuple(_vote(cells, contract) for cells in group.cells)
        settled = _settled(said, contract, rule)  # type: ignore[arg-type]  # from `Annotators`
        if settled is None:
            return None
        cells = list(row.cells)
        for place, name in zip(places, contract.label, strict=True):
            cells[place] = _written(settled[name], contract, cells[place])
        shares = votes.shares(Judged({}, said)) if rule == "soft" else None
        return replace(row, cells=tuple(cells), given=None, shares=shares)

    def rows() -> Iterator[Row]:
        groups = _grouped(table, contract, who)
        return skipping.kept(
            (row, made(row, groups.pop(_key(row, table, contract), None))) for row in table.rows()
        )

    return replace(table, rows=rows)


def shares_of(examples: Sequence[Example], labels: Sequence[str]) -> NDArray[np.float32] | None:
    """Return the share of each label in what was said of each text, (N, C); None where all agree.

    Labels that are none of the task's are left out, and the shares of the others made to sum to 1.
    """
    if not any(example.shares for example in examples):
        return None
    place = {label: number for number, label in enumerate(labels)}
    found = np.zeros((len(examples), len(labels)), dtype=np.float32)
    for row, example in enumerate(examples):
        for name, share in example.shares or ((str(example.label), 1.0),):
            if name in place:
                found[row, place[name]] = share
        if not found[row].any():
            found[row, place[str(example.label)]] = 1.0
    return found / found.sum(axis=1, keepdims=True)


@dataclass(slots=True)
class _Group:
    """The rows of a text."""

    origin: str  # of the first
    who: list[str]
    cells: list[tuple[str, ...]]  # of the labels
    text: str = ""  # where spans lie in it


def _again(
    table: Table, contract: Contract, column: str, groups: Mapping[bytes, _Group]
) -> Finding | None:
    """Say that one person judged a text several times: what is judged is more than the text."""
    named = [[name for name in group.who if name] for group in groups.values()]
    again = sum(len(who) - len(set(who)) for who in named)
    if again <= AGAIN * sum(map(len, named)):
        return None
    if _come_back(table):
        return None
    first: dict[tuple[bytes, str], tuple[str, ...]] = {}
    used = {column, *contract.text, *contract.label}
    free = [name for name in table.columns if name not in used]
    differ: dict[str, None] = {}
    for row in islice(table.rows(), SOME):
        who = row.cells[_place(table, column)].strip()
        before = first.setdefault((_key(row, table, contract), who), row.cells)
        for name in free:
            if before[_place(table, name)] != row.cells[_place(table, name)]:
                differ[name] = None
    where = f", in rows that differ in {some([*map(repr, differ)], 8)}" * bool(differ)
    message = (
        f"{column!r} says who labelled a row, and the same person did so again for {again:,} texts"
        f"{where}: what is judged is more than {some([*map(repr, contract.text)], 2)}, so that the "
        "rows are taken one by one; name all of it with --text (two columns at most), or make a "
        "text one row: `--annotators majority`"
    )
    return Finding("annotators", "warning", message, again)


def _come_back(table: Table) -> bool:
    """Tell a table whose rows come back, as when a file was added twice.

    Numbers and times of rows, each another, make no difference.
    """
    seen: dict[int, set[int]] = {place: set() for place in range(len(table.columns))}
    rows = 0
    for row in table.rows():
        rows += 1
        for place, cells in [*seen.items()]:
            cells.add(hash(row.cells[place]))
            if len(cells) < rows:
                del seen[place]
    kept = [place for place in range(len(table.columns)) if place not in seen]
    return len({hash(tuple(row.cells[at] for at in kept)) for row in table.rows()}) <= (
        (1 - AGAIN) * rows
    )


def _place(table: Table, name: str) -> int:
    return table.columns.index(name)


def _key(row: Row, table: Table, contract: Contract) -> bytes:
    texts = "\0".join(row.cells[_place(table, name)].strip() for name in contract.text)
    return blake2b(texts.encode(errors="surrogatepass"), digest_size=16).digest()


def _grouped(table: Table, contract: Contract, who: int) -> dict[bytes, _Group]:
    """Collect what was said of each text, in the order of the file."""
    places = [_place(table, name) for name in contract.label]
    groups: dict[bytes, _Group] = {}
    known: dict[object, Any] = {}  # cells that are alike are held once
    for row in table.rows():
        cells = tuple(row.cells[place].strip() for place in places)
        name = row.cells[who].strip()
        group = groups.setdefault(_key(row, table, contract), _Group(row.origin, [], []))
        if contract.form == _SPANS:
            group.text = row.cells[_place(table, contract.text[0])]
        group.who.append(known.setdefault(name, name))
        group.cells.append(known.setdefault(cells, cells))
    return groups


def _vote(cells: Sequence[str], contract: Contract) -> dict[str, Any]:
    return {name: _value(cell, contract) for name, cell in zip(contract.label, cells, strict=True)}


def _value(cell: str, contract: Contract) -> Any:
    """Take what a cell says: a name, a number, names or spans; None where it is blank.

    Labels that are one by the contract are one here, so that nobody differs by their spelling.
    """
    if not cell:
        return None
    same = dict(contract.merged)
    if contract.form == _SPANS:
        return votes.renamed(_listed(cell), same)
    if contract.form == "list" and contract.separator != "vector":
        names = lists.parse(cell, contract.separator or ",")
        return cell if names is None else list(dict.fromkeys(same.get(one, one) for one in names))
    if not registry.of(contract.task).has_classes and is_number(cell):
        return float(cell)
    return same.get(cell, cell)


def _listed(cell: str) -> Any:
    try:
        found = json.loads(cell)
    except ValueError:
        return cell
    return found if isinstance(found, list) else cell


def _settled(
    said: Sequence[Mapping[str, Any]], contract: Contract, rule: Annotators | None
) -> Mapping[str, Any] | None:
    """Take one label of those that were given; None where as many say one thing as another."""
    if rule == "first" or len(said) == 1:
        return said[0]
    settled: dict[str, Any] = {}
    for name in contract.label:
        held = votes.said_of(said, name)
        if rule != "soft" and votes.is_tied(held):
            if not registry.of(contract.task).several:
                return None
            settled[name] = "0"  # as of lists, a label needs more than half
        else:
            settled[name] = votes.majority(held)
    return settled


def _written(value: Any, contract: Contract, cell: str) -> str:
    """Write a label as the table does."""
    if value is None:
        return ""
    if not isinstance(value, list):
        return str(value)
    separator = contract.separator
    if contract.form == _SPANS or separator in ("json", "mixed") or cell.startswith("["):
        return json.dumps(value, ensure_ascii=False)
    if separator == "<>":
        return "".join(f"<{name}>" for name in value)
    return str(separator).join(value)

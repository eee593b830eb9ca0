"""Columns become roles: which holds words and which their tags, or texts and their spans."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from textune.data import choice, names, text_choice
from textune.data.choice import MOST_DOUBTS, option, quoted
from textune.data.columns import Column, Scan
from textune.data.cut import CutCensus
from textune.data.numerals import is_number
from textune.data.words import RULE
from textune.errors import DataError, SettingsError, some
from textune.records import Contract, Row, Table
from textune.tasks.tags import beside_words, schemes, spans, which_column, word_lists
from textune.tasks.tags.moved_words import COUNTED
from textune.tasks.tags.offsets import CHARACTERS, READINGS, OffsetCensus
from textune.tasks.tags.word_lists import MOST, read_list

READ = 1_000  # rows that are looked at whole, for cells of a sample are shortened
SCHEMES = {
    "iob2": "in IOB2 (B- begins an entity, I- goes on with it)",
    "iob1": "in IOB1 (I- begins an entity too, B- only after another of its type), read as IOB2",
    "io": "in IO (no tag begins an entity: a run of words of one type is one), read as IOB2",
    "ioe": "in IOE (E- ends an entity, none begins one), read as IOB2",
    "bioes": "in BIOES (E- ends an entity, S- is a whole one; also L-, U-, M-), read as IOB2",
    "plain": "each for its word alone (they mark no entities)",
}
SHOWN = 8  # types that are listed


@dataclass(frozen=True, slots=True)
class _Found:
    form: str  # "words" or "spans"
    text: Column
    label: Column
    reasons: tuple[str, ...]
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the caller named."""

    text: str | None
    label: str | None
    is_asked: bool  # whether the task was


def understand(
    table: Table,
    seen: Scan,
    *,
    task: str | None,
    text: tuple[str, ...] | None,
    label: tuple[str, ...] | None,
    group: str | None,
) -> Contract | None:
    """Find words and their tags, or texts and their spans; None where a table holds no such.

    Lists are known by what the cells look like: two columns of lists of equal lengths, of which one
    holds tags, or lists of starts, ends and labels beside a text. The scheme of the tags is found
    by reading the table once more, and is the contract's separator. Sentences of a CoNLL file are
    plain text where that was asked for, or where there is no column but one.

    Args:
        table: Its first rows are read once more.
        seen: The table.
        task: "tags", "plain", or None to recognise it.
        text: The words or the text, if named.
        label: The tags or the spans, if named.
        group: Taken as it is.

    Raises:
        SettingsError: Tags are asked for, and several columns are named.
        DataError: Tags are asked for, and no columns fit; or a task that CoNLL files do not have.
    """
    is_conll = table.format == "conll"
    if is_conll and task not in (None, "tags", "plain"):
        raise DataError(
            f"{table.name}: this is a CoNLL file, a tag for each word, which does not fit task "
            f"{task!r}; allowed: 'tags', or 'plain' for its sentences as text (if every line is a "
            "text, name the sign between its cells with --delimiter)"
        )
    if task not in (None, "tags") and not is_conll:
        return None
    if task == "tags" or is_conll:
        _check_options(text, label)
    elif len(text or ()) > 1 or len(label or ()) > 1:
        return None
    asked = _Asked((text or (None,))[0], (label or (None,))[0], task == "tags")
    sample = list(islice(table.rows(), READ))
    if is_conll and (task == "plain" or (len(seen.columns) == 1 and task is None)):
        return _sentences(seen, sample, asked, is_asked=task is not None)
    free = [column for column in seen.columns if column.name != group]
    found = _in_conll(table, free, sample, asked) if is_conll else _in_cells(free, sample, asked)
    found = found or (None if is_conll else _marked(table, seen, sample, asked, group))
    if found is not None:
        return _contract(table, found if is_conll else _with_beside(table, seen, found), group)
    if not asked.is_asked:
        return _sentences(seen, sample, asked, is_asked=False) if is_conll else None
    raise DataError(
        f"{table.name}: no columns hold words and their tags, or texts and their spans "
        f"({quoted(column.name for column in seen.columns)}); write a list of words and a list of "
        "as many tags, or a list of spans with start, end and label, and name the columns with "
        "--text and --label"
    )


def described(contract: Contract) -> dict[str, str]:
    """Say what the columns of a contract of tags were taken for."""
    text, label = contract.text[0], contract.label[0]
    if contract.form == "words":
        return {
            text: "words: lists of words",
            label: f"tags: {SCHEMES[contract.separator or 'plain']}",
        }
    return {label: "spans: lists of starts, ends and labels"}


def _check_options(text: tuple[str, ...] | None, label: tuple[str, ...] | None) -> None:
    for flag, named in (("--text", text), ("--label", label)):
        if named is not None and len(named) != 1:
            raise SettingsError(
                f"{flag} names {len(named)} columns ({quoted(named)}); tags on words take one"
            )


def _sentences(seen: Scan, sample: Sequence[Row], asked: _Asked, *, is_asked: bool) -> Contract:
    words = asked.text or seen.columns[which_column.first(seen.columns, sample)].name
    reasons = (
        f"{words!r} is the text: the words of a sentence, one a line, with a space between any two",
        "no labels, as asked" if is_asked else "no column looks like labels → plain text",
    )
    return Contract("plain", (words,), (), "none", reasons=reasons)


def _in_conll(
    table: Table, columns: Sequence[Column], sample: Sequence[Row], asked: _Asked
) -> _Found | None:
    """Take the first column as the words and the last as the tags, unless they say otherwise."""
    lists = {column.name: word_lists.lists_of(column, sample) for column in columns}
    marks = [
        name
        for name, found in lists.items()
        if found.census.scheme() != "plain"
        and found.census.tags
        and name != asked.text
        and not word_lists.are_features(found)
    ]
    names_left = [name for name in lists if name != asked.label]
    if not names_left:
        return None
    first = which_column.not_around([lists[name] for name in names_left])
    first = first if len(lists) > 2 else names_left[0]
    is_counted = columns[which_column.first(columns, sample)].name != columns[0].name
    if is_counted and len(names_left) > 1:
        first = next(name for name in names_left if name != columns[0].name)
    elif asked.label is None and first in marks and len(names_left) > 1 and len(marks) == 1:
        first = next(name for name in names_left if name not in marks)
    words = asked.text or first
    last = which_column.last(
        table, [found for name, found in lists.items() if name != words], marks
    )
    tags = asked.label or last
    if tags is None:
        return None
    barred = (words, tags, columns[0].name)
    others = [
        name for name, found in lists.items() if name not in barred and word_lists.is_full(found)
    ]
    by_name = {column.name: column for column in columns}
    doubts = [
        f"{name!r} could hold the tags: {option('--label', [by_name[name]])}"
        for name in others[:MOST_DOUBTS]
    ]
    doubts += choice.others([by_name[name] for name in others[MOST_DOUBTS:]], "label")
    why = "as asked" if asked.text else "one a line" + (f", {COUNTED}" if is_counted else "")
    reasons = (f"{words!r} is the text: the words of a sentence, {why}",)
    return _Found("words", by_name[words], by_name[tags], reasons, tuple(doubts))


def _with_beside(table: Table, seen: Scan, found: _Found) -> _Found:
    """Add the doubts that columns beside words raise."""
    if found.form != "words":
        return found
    beside = beside_words.doubts(seen, found.text, found.label, headed=table.has_header)
    return replace(found, doubts=(*found.doubts, *beside)[:MOST_DOUBTS])


def _in_cells(columns: Sequence[Column], sample: Sequence[Row], asked: _Asked) -> _Found | None:
    """Find a column of lists of words, and one of as many tags."""
    lists = [
        word_lists.lists_of(c, sample) for c in columns if word_lists.is_listed(c, sample, "[")
    ]
    lists = [found for found in lists if word_lists.are_lists(found)]
    by_name = {found.column.name: found for found in lists}
    pairs = [
        (words, tags)
        for words in lists
        for tags in lists
        if words is not tags
        and asked.text in (None, words.column.name)
        and asked.label in (None, tags.column.name)
        and word_lists.fit(words, tags, named=asked.text is not None and asked.label is not None)
        and (asked.is_asked or asked.label or word_lists.are_tags(words, tags))
    ]
    if asked.is_asked and asked.text and asked.label and not pairs:
        if asked.text not in by_name or asked.label not in by_name:
            return None
        pairs = [(by_name[asked.text], by_name[asked.label])]
    if not pairs:
        return None
    words, tags = max(pairs, key=lambda pair: word_lists.likely(*pair))
    others = [other.column for one, other in pairs if one is words and other is not tags]
    doubts = tuple(
        f"{other.name!r} could hold the tags: {option('--label', [other])}"
        for other in others[:MOST_DOUBTS]
    )
    mean = len(words.items) / max(1, len(words.rows))
    why = "as asked" if asked.text else f"lists of words, {mean:.0f} a row"
    reasons = (f"{words.column.name!r} is the text: {why}",)
    return _Found("words", words.column, tags.column, reasons, doubts)


def _refuse_words(table: Table, text: Column, spans: Column, sample: Sequence[Row]) -> None:
    """Refuse spans beside lists of words.

    Raises:
        DataError: The text is such lists.
    """
    is_list = word_lists.is_listed(text, sample, "[")
    if is_list and word_lists.are_lists(word_lists.lists_of(text, sample)):
        raise DataError(
            f"{table.name}: {text.name!r} holds lists of words, and {spans.name!r} spans, whose "
            "places are those of characters in a text: write a list of as many tags beside the "
            "words, or a text in their place, and name the columns with --text and --label"
        )


def _marked(
    table: Table, seen: Scan, sample: Sequence[Row], asked: _Asked, group: str | None
) -> _Found | None:
    """Find a text, and a column of labelled spans in it."""
    able = [
        column
        for column in seen.columns
        if column.name not in (group, asked.text)
        and asked.label in (None, column.name)
        and word_lists.is_listed(column, sample, "[{")
        and (_are_spans(column, sample) or (asked.is_asked and asked.label is not None))
    ]
    if not able:
        return None
    best = max(able, key=lambda column: (word_lists.rank(column), -column.place))
    given = None if asked.text is None else (asked.text,)
    taken = {best.name, *([group] if group else ())}
    texts = text_choice.choose(seen, given, taken=taken, headed=table.has_header)
    if not texts.columns:
        return None
    text = max(texts.columns, key=lambda column: column.words)
    _refuse_words(table, text, best, sample)
    reasons = texts.reasons if len(texts.columns) == 1 else (f"{text.name!r} is the text",)
    doubts = [
        f"{other.name!r} holds spans too: {option('--label', [other])}"
        for other in able
        if other is not best
    ]
    doubts += texts.doubts if len(texts.columns) == 1 else ()
    doubts += [
        f"{other.name!r} could be the labels of each text instead: {option('--label', [other])}"
        if other.kind == "list"
        else f"{other.name!r} could be the one label of each text instead: "
        f"{option('--label', [other])} with `--task single`"
        for other in seen.columns
        if other not in (best, text)
        and other.kind in ("category", "flags", "list")
        and table.has_header
        and names.label_evidence(other.name) >= 4
    ]
    return _Found("spans", text, best, reasons, tuple(doubts[:MOST_DOUBTS]))


def _are_spans(column: Column, sample: Sequence[Row]) -> bool:
    cells = [cell for row in sample if (cell := row.cells[column.place]).strip()]
    found = [spans.items(cell) for cell in cells]
    every = [item for items in found for item in items or ()]
    sound = sum(items is not None for items in found)
    return (
        sound >= MOST * len(cells)
        and bool(every)
        and sum(map(spans.is_span, every)) >= MOST * len(every)
    )


def _contract(table: Table, found: _Found, group: str | None) -> Contract:
    census, places, words = schemes.Census(), OffsetCensus(), CutCensus()
    for row in table.rows():
        cell = row.cells[found.label.place]
        if found.form == "words":
            census.add(read_list(cell) or [])
            words.add(read_list(row.cells[found.text.place]) or [])
            continue
        marked = spans.items(cell) or []
        census.add([f"B-{kind}" for kind in spans.labels(marked)])
        spans.count(places, marked, row.cells[found.text.place])
    offsets = places.reading()
    notation = census.notation() if found.form == "words" else None
    scheme = census.scheme() if found.form == "words" else "iob2"
    kinds = [kind for kind in census.types() if kind]
    return Contract(
        "tags",
        (found.text.name,),
        (found.label.name,),
        found.form,
        scheme,
        group,
        (
            *found.reasons,
            *_reasons(found, scheme, offsets, kinds),
            *(notation.described(census.tags) if notation else ()),
        ),
        (*found.doubts, *_doubts(found.label.name, scheme, kinds)),
        cut=words.cut(),
        notation=notation.written() if notation else (),
        offsets=offsets,
    )


def _reasons(found: _Found, scheme: str, offsets: str, kinds: Sequence[str]) -> Iterator[str]:
    """Say how the labels were understood."""
    name, listed = found.label.name, some(kinds, SHOWN)
    if found.form == "words":
        how = SCHEMES[scheme] + (f": {listed}" if kinds else "")
        yield f"{name!r} is the label: a tag for each word, {how} → tags on words"
        return
    yield f"{name!r} is the label: spans of characters ({listed}) → tags on words"
    yield f"words: {RULE}; a span that cuts a word is widened to the whole word"
    if offsets != CHARACTERS:
        yield f"the places of its spans count {READINGS[offsets]}: so the words fit"


def _doubts(name: str, scheme: str, kinds: Sequence[str]) -> Iterator[str]:
    """Say what tags that mark no entity may have been meant as."""
    if scheme == "plain" and kinds and all(map(is_number, kinds)):
        yield (
            f"the tags in {name!r} are numbers, and the file does not say their names: each is "
            "learned as it is, no entity is found; --names FILE names them, a line for each (O …)"
        )
    elif scheme == "plain" and (marks := [kind for kind in kinds if schemes.type_of(kind)]):
        yield (
            f"tags such as {marks[0]!r} in {name!r} look like marks of entities, but most tags do "
            "not: no entity is found; write the others as O or in the same way"
        )

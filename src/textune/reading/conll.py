"""Lines of words, with their tags in columns, become sentences: a row each, a JSON list a column.

One word a line, its columns parted by tabs or by runs of spaces, and a blank line after each
sentence. Lines that begin with -DOCSTART- are skipped and end a sentence. So are comments skipped:
"# anything" before the first word of a sentence, and "# key = value" anywhere; a line that begins
with # and has all its columns is a word. Of CoNLL-U, the lines of joined words ("1-2") and of words
that are not written ("8.1") are skipped.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from io import StringIO
from itertools import chain, dropwhile, groupby, islice
from pathlib import Path

from textune.errors import DataError, Problems, excerpt
from textune.reading import borders, brackets, expressions, kinds, marks, universal, word_columns
from textune.reading.lines import RECORD_LIMIT, lines, pieces
from textune.reading.told import problems_of
from textune.reading.word_columns import (
    SPACES,
    TABS,
    TAG,
    TAGS,
    UNIVERSAL,
    Layout,
    cells_of,
    is_note,
    unnumbered,
)
from textune.records import Row, Table

LONGEST = 100_000  # words in a sentence
ENDINGS = frozenset(
    [".bilou", ".bio", ".bioes", ".conll", ".conllu", ".conllx", ".iob", ".iob1", ".iob2"]
)
SAMPLE = 1 << 19  # characters
SAMPLE_LINES = 50_000  # each of them takes a hundred bytes and more, however short it is

_FIRST = 20  # lines that are looked at for signs that words do not have
_TORN = 0.9  # share of lines with all columns, above which the others are faults
_SURE = 0.98  # share of first or last columns that hold spaces, from which they are sentences
_MOST_TAGS = 0.2  # different tags / words, above which they are no tags
_DIFFER = "most of its lines differ in their number of columns; give every word all of them"
_SPACED = "its lines hold whole sentences; write a line a word, or save it as .tsv for a label each"
_LONG = 200  # words a sentence on average, above which blank lines part something else
SENTENCE = re.compile(
    r"sent(ence)?s?[ _#-]*(#|id|idx|no|nr|num|number|index)?", re.IGNORECASE
)  # the name of a column that numbers sentences
_COMMENT = re.compile(r"#\s*[\w.:-]+\s*=(\s|$)|#(begin|end) document\b")
_BRACKETS = "write (TYPE* on the first word of an entity and *) on its last"
_UNWRITTEN = re.compile(r"\d+[-.]\d+")  # the number of a joined word, or of one that is not there


def read(
    path: Path, ending: str, *, header: bool | None = None, why: tuple[str, ...] = ()
) -> Table | None:
    """Recognise tagged words by the beginning of a file; None where it is anything else.

    The ending of the name decides where the content could be something else; `header` None
    recognises whether the first line names the columns; `why` are reasons that are known already.

    Raises:
        DataError: The file cannot be read. Faulty lines are raised by `Table.rows`.
    """
    sentences, kept = _sample(path)
    if any("\x02" in line for line in islice(chain.from_iterable(sentences), _FIRST)):
        return None  # whole sentences, their words parted by this sign
    layout, share = word_columns.find(sentences)
    if layout is None or share < marks.MOST:
        _refuse_named(path, ending, sentences, _DIFFER)
        return None
    found = _whole(sentences, layout)
    layout = replace(layout, bracketed=layout.bracketed or brackets.places(found))
    found = [words for one in found if (words := brackets.converted(one, layout.bracketed))]
    is_table = ending == ".csv" or layout.delimiter not in (TABS, SPACES)
    is_sure = share >= _TORN and not is_table and _are_tags(found)
    is_sure = is_sure or layout.is_universal or ending in ENDINGS
    if layout.width == 2 and found and _spaced([w for one in found for w in one], 0) > _SURE:
        _refuse_named(path, ending, sentences, _SPACED)
        return None  # whole sentences, each beside its tags
    if not is_sure and not _are_entities(found):
        return None
    layout = replace(_filled(layout, found, header), kept=kept)
    layout = replace(
        layout,
        is_numbered=word_columns.are_numbered(found),
        declared=word_columns.declared(sentences, layout.width),
        expressions=expressions.place(found),
    )
    if layout.is_universal:
        layout = replace(layout, feature=universal.feature(found, UNIVERSAL - 1))
    is_one = len(sentences) == 1 or layout.delimiter not in (TABS, SPACES)
    if layout.header and is_one and any(map(SENTENCE.fullmatch, layout.header)):
        return None  # the sentence of each word stands in a column, as in any table
    rows = partial(_stream, path, layout)
    is_headed = layout.header is not None or bool(layout.declared)
    reasons = (*why, *_reasons(layout))
    return Table.of_file(path, "conll", layout.names, reasons, rows, has_header=is_headed)


def _reasons(layout: Layout) -> tuple[str, ...]:
    """Say how the lines are read; what does not hold is blank."""
    return (
        "format: CoNLL, one word a line, a blank line between sentences",
        f"{layout.width} columns, parted by {layout.sign}" if layout.width > 1 else "1 column",
        f"header: the first line names the columns: {', '.join(layout.names)}"
        * (layout.header is not None),
        "each sign has its place in its word behind it, as 北0 京1, which is left out"
        * layout.is_numbered,
        f"{' and '.join(sorted(layout.kept))} is a word here, amid sentences" * bool(layout.kept),
        "above its words a sentence stands whole (;) and marked ($): both are passed over"
        * layout.is_noted,
        "joined and unwritten words (numbered as 1-2 and 8.1) are left out" * layout.may_join,
        "tags as '(PERSON*' are read as spans of words, from bracket to bracket"
        * bool(layout.bracketed),
        "CoNLL-2012 (OntoNotes): arguments and coreference are left out" * layout.is_ontonotes,
        f"behind column {layout.width} stand the arguments of each predicate, and are left out"
        * layout.has_arguments,
        "its comment '# global.columns' names the columns" * bool(layout.declared),
        "expressions of several words, numbered as '1:VID', are read as spans of words; each part "
        "of one with a gap is one by itself" * (layout.expressions is not None),
        f"{layout.feature!r} is read out of the last column (MISC)" * bool(layout.feature),
    )


def _refuse_named(path: Path, ending: str, sentences: Sequence[Sequence[str]], why: str) -> None:
    """Refuse a file that is named for what it is, where its lines are no words with columns.

    Raises:
        DataError: It is named so.
    """
    if ending in (".conllu", ".conllx") and sentences:
        raise DataError(f"{path.name}: {why}")


def _sample(path: Path) -> tuple[list[list[str]], frozenset[str]]:
    """Take the sentences at the beginning of a file, as lines, and marks that are words in it."""
    taken: list[str] = []
    size = 0
    for piece in pieces(path):
        lines = StringIO(piece, newline="")
        taken += lines if taken else dropwhile(str.isspace, lines)  # it may begin with blank lines
        size += len(piece) if taken else 0
        if size >= SAMPLE or len(taken) >= SAMPLE_LINES:
            break
    del taken[SAMPLE_LINES:]
    is_table = kinds.ending(path) == ".csv"
    kept = borders.words_among(taken, is_table=is_table)
    parted = groupby(taken, lambda line: borders.is_border(line, is_table=is_table, words=kept))
    return [list(group) for is_between, group in parted if not is_between], kept


def _whole(sentences: Sequence[Sequence[str]], layout: Layout) -> list[list[list[str]]]:
    """Take the words of the sample that have all their columns."""
    found = (
        [cells for _, _, cells in _words(enumerate(lines_of_one), layout)]
        for lines_of_one in sentences
    )
    whole = ([cells for cells in words if len(cells) == layout.width] for words in found)
    return [words for words in whole if words]


def _filled(layout: Layout, found: Sequence[Sequence[list[str]]], header: bool | None) -> Layout:
    """Add what the cells of the sample say."""
    words = [cells for sentence in found for cells in sentence]
    filled = {
        place
        for place in range(layout.width)
        if sum(not cells[place].strip() for cells in words) <= 0.1 * len(words) + 1
    }
    first = tuple(cell.strip() for cell in words[0]) if words else ()
    names = [name.lower() for name in first]
    is_header = bool(marks.WORDS.intersection(names) and TAGS.intersection(names))
    is_header = is_header or marks.are_names(names, words[1:])
    is_header = header if header is not None else is_header and len(words) > 1
    is_usable = all(first) and len(set(first)) == len(first)
    named = first if is_usable else layout.names
    return replace(layout, filled=frozenset(filled), header=named if is_header else None)


def _are_entities(found: Sequence[Sequence[list[str]]]) -> bool:
    """Tell whether a column holds tags as B-PER, I-PER and O, beside one of single words."""
    words = [cells for sentence in found for cells in sentence]
    if not words or len(words[0]) < 2 or _spaced(words, 0) > 1 - marks.MOST:
        return False
    for column in zip(*words, strict=True):
        tags = [tag.strip() for tag in column if TAG.fullmatch(tag.strip())]
        likely = any(len(tag) > 2 for tag in tags) or ("O" in tags and len(found) > 1)
        likely = likely and (len(set(tags)) > 1 or "O" in tags)  # not CQ_B beside every text
        if likely and len(tags) >= marks.MOST * len(column):
            return True
    return len(words[0]) == 2 and len(found) > 1 and marks.are_types([cells[1] for cells in words])


def _are_tags(found: Sequence[Sequence[list[str]]]) -> bool:
    """Tell whether the last column holds tags of any kind, of words in sentences."""
    words = [cells for sentence in found for cells in sentence]
    if len(found) < 2 or len(words[0]) < 2 or _spaced(words, 0) + _spaced(words, -1) > 1 - _SURE:
        return False
    if not 2 * len(found) <= len(words) <= _LONG * len(found):
        return False
    tags = {cells[-1] for cells in words}
    mixed = sum(len({cells[-1] for cells in sentence}) > 1 for sentence in found)
    several = sum(len(sentence) > 1 for sentence in found)
    is_few = len(tags) <= max(20, _MOST_TAGS * len(words))
    return is_few and len(tags) < len({cells[0] for cells in words}) and 2 * mixed >= several


def _spaced(words: Sequence[list[str]], place: int) -> float:
    """Return the share of cells that hold a space, which few words and no tags do."""
    return sum(" " in cells[place].strip() for cells in words) / len(words)


def _words(
    sentence: Iterable[tuple[int, str]], layout: Layout
) -> Iterator[tuple[int, str, list[str]]]:
    """Yield the lines that hold a word, with their cells, whatever the number of these."""
    is_begun = False
    for place, (number, line) in enumerate(sentence):
        cells = cells_of(line, layout.delimiter)
        if layout.is_noted and is_note(place, line):
            continue
        if layout.lacks_outside and len(cells) == layout.width - 1:
            cells = [*cells, ""]
        if layout.is_ontonotes or layout.has_arguments:
            cells = cells[: layout.width]
        if _is_comment(line, cells, layout, is_begun=is_begun):
            continue
        is_begun = True
        if layout.is_numbered:
            cells = [unnumbered(cells[0]), *cells[1:]]
        if not (layout.may_join and _UNWRITTEN.fullmatch(cells[0])):
            yield number, line, cells


def _is_comment(line: str, cells: Sequence[str], layout: Layout, *, is_begun: bool) -> bool:
    if not line.startswith("#"):
        return False
    if layout.is_counted or (layout.is_titled and not is_begun and line.startswith("# ")):
        return True
    if _COMMENT.match(line) and (len(cells) != layout.width or not is_begun):
        return True
    is_spaced = not layout.is_spaced and " " in cells[0].strip()  # "## a note<tab>of a sentence"
    is_short = line.startswith(("# ", "##")) and len(cells) != layout.width
    return not is_begun and (is_short or (is_spaced and line.startswith(("# ", "## "))))


def _stream(path: Path, layout: Layout) -> Iterator[Row]:
    """Stream the sentences of a file, up to the first faulty line; raise all such lines together.

    Raises:
        DataError: With the first faults of the file, each with its line, and the count of all.
    """
    found = 0
    with problems_of(path) as problems:
        for first, sentence, remarks in _sentences(path, layout, problems):
            found += 1
            place = f"{path.name}:{first}"
            words = brackets.converted(sentence, layout.bracketed) if layout.bracketed else sentence
            if words is None:
                torn = [(f"{place}: brackets of its tags that do not match", _BRACKETS)]
                problems.add_together(torn, "a sentence", row=_joined(sentence), origin=place)
            elif not problems.count:
                words = expressions.tagged(words, layout.expressions)
                row = as_lists(universal.with_feature(words, layout.feature), place)
                yield replace(row, remarks=remarks)
    if not found and not problems.noted:
        raise DataError(f"{path.name}: there is no word in it; write one word a line")


def as_lists(words: Sequence[Sequence[str]], origin: str) -> Row:
    """Make a row of the words of a sentence, each with its cells: a JSON list a column."""
    columns = zip(*words, strict=True)
    return Row(tuple(json.dumps(column, ensure_ascii=False) for column in columns), origin)


def _sentences(
    path: Path, layout: Layout, problems: Problems
) -> Iterator[tuple[int, list[list[str]], tuple[str, ...]]]:
    """Yield the first line, the words and remarks of each sentence; note the lines with faults."""
    skip = layout.header is not None
    for lines_of_one in _groups(path, layout.kept):
        sentence: list[list[str]] = []
        torn: list[tuple[str, str]] = []  # its faults, and the ways out
        remarks: list[str] = []
        first = size = 0
        for number, line, cells in _words(lines_of_one, layout):
            if skip:
                skip = False
                continue
            if said := _passed_over(f"{path.name}:{number}", line, cells, layout):
                remarks.append(said)
                continue
            if fault := _fault(line, cells, layout):
                torn.append((f"{path.name}:{number}: {fault[0]}", fault[1]))
            first = first or number
            sentence.append(cells)
            size += len(line)
            _refuse_endless(f"{path.name}:{first}", len(sentence), size)
        if torn:
            origin = f"{path.name}:{first}"
            problems.add_together(torn, "a sentence", row=_joined(sentence), origin=origin)
        elif sentence:
            yield first, sentence, tuple(remarks)


def _joined(sentence: Sequence[Sequence[str]]) -> str:
    return "\n".join(map(" ".join, sentence))


def _passed_over(place: str, line: str, cells: Sequence[str], layout: Layout) -> str:
    """Tell a word that is white space, or was lost, beside its tag; blank where there is none.

    Where many words are so, they are what is tagged.
    """
    if layout.is_spaced:  # a tag behind the space that should follow its word
        is_torn = len(cells) == layout.width - 1 > 0 and not layout.lacks_outside
        is_lost = is_torn and line[0] in " \t" and TAG.fullmatch(cells[-1]) is not None
        return f"{place}: a tag without a word was passed over" if is_lost else ""
    is_whole = len(cells) == layout.width > 1 and 0 in layout.filled
    is_space = is_whole and cells[0].isspace() and all(cell.strip() for cell in cells[1:])
    return f"{place}: white space for a word was passed over" if is_space else ""


def _refuse_endless(place: str, count: int, size: int) -> None:
    """Refuse a sentence that is longer than any is.

    Raises:
        DataError: It is.
    """
    if count > LONGEST or size > RECORD_LIMIT:
        raise DataError(
            f"{place}: the sentence that begins here has no end within {LONGEST:,} words and "
            f"{RECORD_LIMIT >> 20} MiB; leave a blank line after each sentence"
        )


def _groups(path: Path, kept: frozenset[str]) -> Iterator[Iterator[tuple[int, str]]]:
    """Part the numbered lines of a file where a sentence ends; each part is streamed."""
    numbered = enumerate(lines(path), start=1)
    is_table = kinds.ending(path) == ".csv"
    is_border = partial(borders.is_border, is_table=is_table, words=kept)
    for is_between, group in groupby(numbered, lambda item: is_border(item[1])):
        if not is_between:
            yield group


def _fault(line: str, cells: Sequence[str], layout: Layout) -> tuple[str, str] | None:
    """Say what is wrong with a line, and the way out."""
    fits = len(cells) == layout.width
    blank = [place for place in layout.filled if not cells[place].strip()] if fits else []
    if fits and not (blank and not layout.is_spaced):
        return None
    shown = excerpt(line.rstrip("\r\n"))
    if fits:
        what = f"column {layout.names[min(blank)]!r} is blank: {shown}"
        return what, "write a word and its tag there"
    noun = "column" if layout.width == 1 else "columns"
    what = f"expected {layout.width} {noun} parted by {layout.sign}, found {len(cells)}: {shown}"
    return what, "give every word all its columns, and leave a blank line between sentences"

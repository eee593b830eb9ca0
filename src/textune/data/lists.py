"""A cell that holds several labels becomes their names."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from textune.data.marked_names import marked_names
from textune.records import Finding

COMMAS = ("\uff0c", "\u3001", "\u060c", "\u061b", "\uff1b")  # of Chinese, Japanese and Arabic
SEPARATORS = ("\n", "\t", "|", ";", ",", *COMMAS, "/", "+", "&", "#", " and ", "_", " ")
PLAIN = SEPARATORS[: 5 + len(COMMAS)]  # signs that rarely stand for anything else
WITHIN_NAMES = ("/", "+", "&", "#", "_", " and ")  # in names, too: N/A, C++, R&B, C#, not_hate
JOINING_NAMES = ("_", " and ")  # and join the words of one, unless there are many ways to join them
LIKELY = frozenset("\n\t|;\u061b\uff1b")  # signs that part little else
FEWEST_JOINED = 3  # different lists
FEWEST_LISTS = 0.01  # share of the cells
ENDING_NAMES = "+&#"  # and end them
FORMS = ("json", "mixed", "vector", "<>", *SEPARATORS)
"""Ways to write a list: "json" is any list in brackets, "mixed" the same or one name without,
"vector" a 0 or 1 for each place, "<>" is <a><b>."""

BULLET = re.compile(r"\A[•◦▪‣·*–-]\s+(?=\S)")  # before a name on a line of its own
LONGEST_NAME = 60
MOST_LONG = 0.2  # share of names that may be longer: among texts most are
MOST_OF_FEW = 42  # names that may be so many in a table of few rows
MOST_NAMES = 5  # a row, on average, above which quoted words are no labels
WORDS = 2  # of a text, above which it is one
CODE = re.compile(r"[\w:./-]+")  # a name of one word
BRACKETS = {"[": "]", "(": ")", "{": "}"}
QUOTED = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"',][^,"]*?))\s*(?:,|$)"""
)
BARE = re.compile(r""""([^"]*)"|'([^']*)'|([^\s"',]+)""")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
TAGS = re.compile(r"(?:<[^<>]+>)+")
PLAIN_LIST = re.compile(r"[\"']|\[\s*(?:[+-]?\d+)?\s*\]")  # names in quotes, one number, none
CHOICES = re.compile(r'\{\s*"choices"\s*:\s*\[')  # how Label Studio writes several choices
EMPTY = frozenset(["set()", "frozenset()"])  # how Python writes a set of nothing
VECTOR = re.compile(r"[\[(]?\s*[01](\.0?)?(\s*[,\s]\s*[01](\.0?)?)+\s*[\])]?")


def parse(cell: str, separator: str) -> tuple[str, ...] | None:
    """Split a cell into names, each once, in their order.

    Args:
        cell: A blank one holds no name.
        separator: One of `FORMS`.

    Returns:
        The names without outer space, or None where the cell is not written in this form.

    Example:
        >>> parse("joy; fear;joy", ";")
        ('joy', 'fear')
        >>> parse("['joy', 'fear']", "json")
        ('joy', 'fear')
    """
    cell = cell.strip()
    if not cell:
        return ()
    if separator == "mixed" and not _is_bracketed(cell):
        return (cell,)
    if separator in ("json", "mixed"):
        names = _in_brackets(cell)
    elif separator == "vector":
        names = _in_places(cell)
    elif separator == "<>":
        names = cell[1:-1].split("><") if TAGS.fullmatch(cell) else None
    elif separator == "\n":
        names = [BULLET.sub("", line.lstrip(), count=1) for line in cell.split("\n")]
    else:
        names = cell.split(separator)
    if names is None:
        return None
    return tuple(dict.fromkeys(name for name in map(str.strip, names) if name))


def described(form: str) -> str:
    """Say in words how a form writes lists."""
    return {
        "json": "in brackets",
        "mixed": "in brackets, or one name alone",
        "<>": "as <a><b>",
        "vector": "of one 0 or 1 for each label",
        "\n": "of one name a line",
    }.get(form, f"separated by {form!r}")


def separator(cells: Sequence[str]) -> str | None:
    """Find out how cells that are not blank write lists; None if they do not.

    A sign separates names only if some cells hold one name more than others, or names change
    their places, and the names come back beside others: "Clothing, Shoes" beside "Music" is one
    name, "joy, fear" beside "fear" and "joy" is two.
    """
    if not cells:
        return None
    if all(VECTOR.fullmatch(cell) for cell in cells) and _same_width(cells):
        return "vector"
    if all(TAGS.fullmatch(cell) for cell in cells):
        return "<>" if _recurring([parse(cell, "<>") or () for cell in cells]) else None
    bracketed = sum(_is_bracketed(cell) for cell in cells)
    if bracketed >= 0.95 * len(cells):
        if bracketed < len(cells) and _are_mixed(cells, known_only=True):
            return "mixed"
        names = [parse(cell, "json") or () for cell in cells]
        are_quoted = all(cell[1] in "\"'" for cell in cells if len(cell) > 2)
        return "json" if _recurring(names, are_surely=are_quoted) else None
    if bracketed and _are_mixed(cells):
        return "mixed"
    held = (sign for sign in SEPARATORS if _is_held(sign, cells))  # most signs are in few cells
    return next((sign for sign in held if _separates(sign, cells)), None)


def likely_separator(cells: Sequence[str]) -> str:
    """Choose how to read cells that the user says are lists."""
    found = separator(cells)
    if found is not None:
        return found
    if sum(_is_bracketed(cell) for cell in cells) > len(cells) / 2:
        return "json"
    holding = {sign: sum(sign in cell for cell in cells) for sign in PLAIN}
    best = max(holding, key=lambda sign: holding[sign])
    return best if holding[best] else ","


def are_words_of(
    cells: Sequence[str], separator: str | None, texts: Sequence[Sequence[str]]
) -> bool:
    """Tell lists of the words of the texts beside them, of which they are most."""
    for column in texts if separator else ():
        held = 0
        for cell, text in zip(cells, column, strict=False):
            found = [name for name in parse(cell, separator or "") or () if name in text]
            held += len(found) > WORDS and 2 * sum(map(len, found)) > len(text)
        if 2 * held > len(cells):
            return True
    return False


def lengths(cells: Sequence[str], separator: str) -> set[int]:
    """Return how many names cells hold, blank ones aside, each name counted as often as it stands.

    Empty where a cell is not written in this form.
    """
    if separator not in ("json", "mixed"):
        return {len(parse(cell, separator) or ()) for cell in cells}
    found = [_in_brackets(cell) if _is_bracketed(cell) else [cell] for cell in cells]
    return set() if None in found else {len(names or ()) for names in found}


def positions(cells: Sequence[str]) -> int:
    """Count the places of lists that hold a number at each, some of them the same; 0 for others."""
    sizes = lengths(cells, "json")
    if len(sizes) != 1 or min(sizes) < 2 or not all(map(_is_bracketed, cells)):
        return 0
    found = [_in_brackets(cell) or [] for cell in cells]
    is_repeated = any(len(set(names)) < len(names) for names in found)
    is_numbers = all(NUMBER.fullmatch(name.strip()) for names in found for name in names)
    return sizes.pop() if is_repeated and is_numbers else 0


def are_repeated(cells: Sequence[str]) -> bool:
    """Tell lists of numbers of any lengths in most of which some number is repeated."""
    found = [_in_brackets(cell) or [] for cell in cells if _is_bracketed(cell)]
    several = [names for names in found if len(names) > 1]
    torn = sum(len(set(names)) < len(names) for names in several)
    is_numbers = all(NUMBER.fullmatch(name.strip()) for names in found for name in names)
    return 2 * torn > len(several) > len(cells) / 2 and is_numbers


def are_places(cells: Sequence[str]) -> bool:
    """Tell lists of as many numbers in every cell, [2, 3] of [votes, all], from sets of labels."""
    is_vector = bool(cells) and all(map(VECTOR.fullmatch, cells))
    return not is_vector and len(lengths(cells, "json")) == 1 and all(map(_is_numbers, cells))


def _is_numbers(cell: str) -> bool:
    names = (_in_brackets(cell) or []) if _is_bracketed(cell) else []
    return len(names) > 1 and all(NUMBER.fullmatch(name.strip()) for name in names)


def mixed(column: str, counts: Mapping[str, int]) -> Iterator[Finding]:
    """Say how many cells are names alone beside lists.

    Args:
        column: Its name.
        counts: Cells that are not blank, and how often each stands.
    """
    listed = sum(count for cell, count in counts.items() if _is_bracketed(cell))
    alone = sum(counts.values()) - listed
    if listed and alone:
        message = (
            f"{column!r} holds a name alone in {alone:,} rows and a list in {listed:,}: a name "
            "alone is read as a list of one"
        )
        yield Finding("mended", "warning", message, min(alone, listed))


def parted_otherwise(column: str, counts: Mapping[str, int], separator: str) -> Iterator[Finding]:
    """Say which names another sign parts into names of the same column: "joy, fear" beside "joy".

    Args:
        column: Its name.
        counts: Cells that are not blank, and how often each stands.
        separator: That parts its lists.
    """
    times: Counter[str] = Counter()
    for cell, count in counts.items():
        times.update(dict.fromkeys(parse(cell, separator) or (), count))
    for sign in PLAIN:
        torn = [
            name
            for name in times
            if sign in name and sign != separator and set(parse(name, sign) or ()) <= times.keys()
        ]
        if torn:
            first = max(torn, key=lambda name: times[name])
            message = (
                f"{column!r} parts labels by {separator!r}, but {first!r} "
                f"({times[first]:,} rows) would be labels of its own parted by {sign!r}: as it is, "
                f"it is learned as one label; write {separator!r} there"
            )
            yield Finding("variant", "warning", message, sum(times[name] for name in torn))


def _are_mixed(cells: Sequence[str], *, known_only: bool = False) -> bool:
    """Tell single names among lists: a string for one label, a list for more, or of one as well.

    Args:
        cells: Of a column.
        known_only: Whether every string must be a name that stands in a list too.
    """
    listed = [cell for cell in cells if _is_bracketed(cell)]
    alone = [cell for cell in cells if not _is_bracketed(cell)]
    found = [_in_brackets(cell) if PLAIN_LIST.search(cell) else None for cell in listed]
    if len(listed) < 0.01 * len(cells) or None in found:
        return False
    known = {name for names in found for name in names or ()}
    if any(map(CHOICES.match, listed)):
        return True
    if known_only and not set(alone) <= known:
        return False
    are_one = all(names and len(names) == 1 for names in found)
    is_shared = are_one or bool(known & set(alone))
    return is_shared and _recurring([parse(cell, "mixed") or () for cell in cells])


def _is_bracketed(cell: str) -> bool:
    return cell in EMPTY or (len(cell) >= 2 and BRACKETS.get(cell[0]) == cell[-1])


def _same_width(cells: Sequence[str]) -> bool:
    widths = {len(re.findall(r"[01](?:\.0?)?", cell)) for cell in cells}
    return len(widths) == 1 and len({*cells}) > 1 and len(cells) > 1 and min(widths) > 1


def _in_places(cell: str) -> list[str] | None:
    if VECTOR.fullmatch(cell) is None:
        return None
    marks = re.findall(r"[01](?:\.0?)?", cell)
    return [str(place) for place, mark in enumerate(marks) if mark[0] == "1"]


def _in_brackets(cell: str) -> list[str] | None:
    """Read a list as JSON, Python or numpy print it; a name without quotes may hold spaces."""
    if not _is_bracketed(cell) or cell in EMPTY:
        return [] if cell in EMPTY else None
    if (marked := marked_names(cell)) is not None:
        return marked
    if CHOICES.match(cell):
        cell = cell[cell.index("[") : cell.rindex("}")].strip()
    try:
        read = json.loads(cell)
    except (ValueError, RecursionError):
        return _loosely(cell[1:-1].strip())
    if not isinstance(read, list) or any(isinstance(name, list | dict) for name in read):
        return None
    plain = cell.replace(" ", "")[1:-1].split(",")
    if all(isinstance(name, str) for name in read):
        return read
    # numbers and words stay as they were written: 1.0 is not 1, and true is not True
    return plain if len(plain) == len(read) and '"' not in cell else [str(name) for name in read]


def _loosely(inside: str) -> list[str] | None:
    names: list[str] = []
    if "," not in inside:  # numpy: [3 27] or ['joy' 'fear']
        pattern, place = BARE, 0
        found = [match.group(match.lastindex or 0) for match in pattern.finditer(inside)]
        return found if not re.search(r"[\[\]{}]|\( | \)", inside) else None
    place = 0
    while place < len(inside):
        match = QUOTED.match(inside, place)
        if match is None:
            return None
        name = match.group(match.lastindex or 0)
        names.append(re.sub(r"\\(.)", r"\1", name) if match.lastindex != 3 else name)
        place = match.end()
    return None if any(re.search(r"[\[\]{}]", name) for name in names) else names


def _is_held(sign: str, cells: Sequence[str]) -> bool:
    return sum(sign in cell for cell in cells) >= max(1, FEWEST_LISTS * len(cells))


def _separates(sign: str, cells: Sequence[str]) -> bool:
    lists = [parse(cell, sign) or () for cell in cells]
    several = [names for names in lists if len(names) > 1]
    if not several or len(several) < FEWEST_LISTS * len(cells):
        return False
    if sign == " " and not _are_tokens(lists):
        return False
    if 2 * sum(any("\n" in name for name in names) for names in several) > len(several):
        return False  # lines of a table
    if sign in WITHIN_NAMES and not _stand_alone(lists):
        return False
    if sign in JOINING_NAMES and len({*map(frozenset, several)}) < FEWEST_JOINED:
        return False
    if sign in ENDING_NAMES and not _are_whole(sign, cells):
        return False
    if sign == "," and any("." in cell and "," in cell for cell in cells[:50]):
        return False
    is_list = len({len(names) for names in lists}) > 1 or _change_places(lists)
    return is_list and _recurring(lists, are_likely=sign in LIKELY)


def _change_places(lists: Sequence[tuple[str, ...]]) -> bool:
    """Tell lists that are all of one length from a name of parts, as Lyon, France: names move."""
    places = {(name, at) for found in lists for at, name in enumerate(found)}
    names = Counter(name for name, _ in places)
    return 2 * sum(count > 1 for count in names.values()) >= len(names) and not all(
        map(NUMBER.fullmatch, names)
    )


def _stand_alone(lists: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether each name is a whole cell somewhere: Drama/Crime, but not N/A or TCP/IP."""
    alone = {found[0] for found in lists if len(found) == 1}
    return {name for found in lists for name in found} <= alone


def _are_whole(sign: str, cells: Sequence[str]) -> bool:
    """Tell whether there is a name on both sides of each sign: a+b, but not A+ or C++."""
    return all(part.strip() for cell in cells for part in cell.split(sign))


def _are_tokens(lists: Sequence[tuple[str, ...]]) -> bool:
    """Tell whether words with spaces between are names of their own, not names of several words.

    They are marks (numbers, hashtags), or each of them stands alone somewhere.
    """
    names = {name for found in lists for name in found}
    if len(names) > 200:
        return False
    alone = {found[0] for found in lists if len(found) == 1}
    marks = re.compile(r"#?\d+|#\w+|\w+[_-]\w+")
    return names <= alone or all(marks.fullmatch(name) for name in names)


def _recurring(
    lists: Sequence[tuple[str, ...]], *, are_surely: bool = False, are_likely: bool = False
) -> bool:
    """Tell whether names are few, short, and occur beside changing others.

    Names in quotes are names (`are_surely`), though they should always stand beside the same. They
    may be many, as may those between signs that part little else (`are_likely`), if they come back.
    """
    total = sum(map(len, lists))
    times = Counter(name for names in set(lists) for name in names)
    longest = sum(len(name) > LONGEST_NAME for names in lists for name in names)
    if not times or longest > MOST_LONG * total:
        return False
    together = {name for names in lists if len(names) > 1 for name in names}
    changing = sum(times[name] > 1 for name in together) if together else 1
    is_changing = changing >= 0.5 * max(1, len(together))
    if len(times) <= max(3, total / 5) or (total <= 60 and len(times) <= 0.7 * total):
        return are_surely or is_changing
    come_back = total <= MOST_NAMES * len(lists) and len(times) <= total / 2
    if are_surely and come_back and all(map(CODE.fullmatch, times)):
        return True
    is_known = (are_surely or are_likely) and come_back
    return is_changing and (is_known or len(times) <= min(0.7 * total, MOST_OF_FEW))

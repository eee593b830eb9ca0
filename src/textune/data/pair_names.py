"""Two names of columns become evidence that they are the texts of a pair, and which is first."""

import re

from textune.data.names import parts

LISTED = (
    *(("premise", "hypothesis"), ("context", "hypothesis"), ("text", "hypothesis")),
    *(("evidence", "hypothesis"), ("premise", "claim"), ("claim", "evidence"), ("claim", "text")),
    *(("claim", "context"), ("claim", "sentence"), ("claim", "abstract"), ("claim", "article")),
    *(("context", "statement"), ("premise", "statement"), ("passage", "statement")),
    *(("document", "claim"), ("passage", "claim"), ("text", "statement")),
    *(("question", "sentence"), ("question", "answer"), ("question", "passage")),
    *(("question", "context"), ("question", "paragraph"), ("question", "document")),
    ("chq", "faq"),  # of consumers' health, and asked often
    *(("question", "candidate"), ("question", "response"), ("query", "passage")),
    *(("query", "document"), ("query", "doc"), ("query", "response"), ("query", "answer")),
    *(("context", "response"), ("context", "reply"), ("context", "utterance")),
    *(("utterance", "response"), ("prompt", "response"), ("instruction", "response")),
    *(("anchor", "target"), ("source", "target"), ("src", "tgt"), ("src", "mt"), ("source", "mt")),
    *(("source", "translation"), ("original", "translation"), ("original", "paraphrase")),
    *(("original", "simplification"), ("source", "simplification"), ("complex", "simple")),
    *(("normal", "simple"), ("original", "simplified"), ("article", "headline")),
    *(("document", "summary"), ("article", "summary"), ("resume", "job_description")),
    *(("parent_comment", "comment"), ("parent_post", "post"), ("parent", "child")),
    *(("parent", "reply"), ("comment", "reply"), ("post", "comment"), ("post", "reply")),
    *(("tweet", "reply"), ("parent_tweet", "tweet"), ("source_tweet", "reply")),
)
FIRST = frozenset(
    [
        *("claim", "headline", "parent", "post", "premise", "prompt", "qtext", "query"),
        *("question", "search", "anchor"),
    ]
)
_ANSWERS = ("answer", "atext", "text", "title")
SECOND = {  # the second text by the first, where only their roles tell; the likeliest first
    "question": _ANSWERS,
    "qtext": ("atext", *_ANSWERS),
    "query": ("title", "product", "text", "answer", "description"),
    "search": ("title", "product", "text", "description"),
    "headline": ("body", "article"),
    **dict.fromkeys(("post", "parent", "prompt"), ("reply", "response", "comment", "answer")),
}
SIDES = (("1", "2"), ("a", "b"), ("left", "right"), ("first", "second"), ("0", "1"), ("x", "y"))
LETTERED = re.compile(r"[a-z](?:text|sent|sentence|string|str)")
AGAIN = frozenset(["2", "b", "pair", "second"])  # after the name of the first: text, text_pair
NEUTRAL = frozenset(["text", "term", "body", "content", "string", "str", "user", "input"])
TARGETS = frozenset(["aspect", "target", "entity"])
OPTIONS = frozenset(["choice", "option", "ending", "sol", "solution", "alternative", "distractor"])
JUDGED = frozenset(["stance", "sentiment", "polarity", "attitude"])


def are_pair(one: str, two: str) -> bool:
    """Tell whether two names are those of two texts that belong together.

    Example:
        >>> are_pair("sentence1", "sentence2"), are_pair("title", "body")
        (True, False)
    """
    return rank(one, two) is not None


def rank(one: str, two: str) -> int | None:
    """Tell how far two names, in this order, are those of a pair: 0 the surest; None: not at all.

    Example:
        >>> rank("question", "passage"), rank("question", "title"), rank("title", "question")
        (0, 4, None)
    """
    if are_listed(one, two):
        return 0
    able = SECOND.get(_core(one), ()) if is_first(one) else ()
    return next((place + 1 for place, word in enumerate(able) if word in parts(two)), None)


def is_first(name: str) -> bool:
    """Tell whether a name is one of the first text of a pair, as a query."""
    return _core(name) in FIRST


def are_listed(one: str, two: str) -> bool:
    """Tell whether two names are a usual pair, or differ only in their side, as "text_a" does."""
    if ("_".join(parts(one)), "_".join(parts(two))) in LISTED or (_core(one), _core(two)) in LISTED:
        return True
    return are_sides(one, two)


def are_sides(one: str, two: str) -> bool:
    """Tell whether two names differ only in their side.

    As do "text_a" and "text_b", "text" and "text_pair", "htext" and "mtext".
    """
    first, second = parts(one), parts(two)
    if LETTERED.fullmatch(one) and LETTERED.fullmatch(two):
        return one[0] != two[0] and one[1:] == two[1:]
    if first and second[:-1] == first and second[-1] in AGAIN:
        return True
    if len(first) != len(second) or len(first) < 2:
        return False
    different = [(a, b) for a, b in zip(first, second, strict=True) if a != b]
    return len(different) == 1 and different[0] in SIDES


def series(name: str) -> tuple[str, ...]:
    """Return what names that are numbered, or lettered, have in common."""
    return tuple("#" if part.isdigit() or len(part) == 1 else part for part in parts(name))


def is_target(name: str, *, of_stance: bool = False) -> bool:
    """Tell whether a name is of what a text is judged for: the aspect, the target of a stance.

    Of a stance a topic is one too; of anything else it is a class, more often.
    """
    found = [part.removesuffix("s") for part in parts(name)]
    targets = TARGETS | {"topic"} if of_stance else TARGETS
    return bool(targets & set(found)) and not (JUDGED | {"category", "label", "id"}) & set(found)


def is_judged(name: str) -> bool:
    """Tell whether a name is of a judgement about something: stance, sentiment, polarity."""
    return bool(JUDGED & set(parts(name)))


def is_stance(name: str) -> bool:
    """Tell whether a name is of a stance."""
    return "stance" in parts(name)


def is_option(name: str) -> bool:
    """Tell whether a name is of one of several answers to choose from: "ending0", "option_b"."""
    found = parts(name)
    return len(found) == 2 and found[0] in OPTIONS and (found[1].isdigit() or len(found[1]) == 1)


def _core(name: str) -> str:
    """Leave out words that say only that there is text: "search_term" is "search"."""
    found = parts(name)
    kept = [part for part in found if part not in NEUTRAL]
    return "_".join(kept or found)

"""Labels whose names are words become texts: what a label is called tells what it means."""

import re
from collections.abc import Sequence

from textune.records import Example
from textune.tasks import registry
from textune.tasks.interface import Task
from textune.text.tokenizers import Ids, Tokenizer

MOST = 1_000  # labels; of more the texts tell enough
MOST_TOKENS = 32  # of a name
MANY = 100  # items of a label, from which on its name tells nothing more
_COUNTED = re.compile(
    r"(label|class|category|cat|tag|topic|type|group)(?!s?$)[\W_]*\w?[\W_]*\d*", re.I
)
"""A word for labels of any kind, and the letter or the number that counts them."""
_WORD = re.compile(r"[^\W\d_]{2}")  # two letters side by side


def words(task: Task) -> list[str] | None:
    """Return the labels as texts; None where they are no words, or the task cannot use them."""
    kind = registry.of(task.name)
    if not kind.probes_names or len(task.labels) > MOST:
        return None
    names = kind.called(task)
    if any(_COUNTED.fullmatch(label) or not _WORD.search(label) for label in names):
        return None
    parted = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label) for label in names)
    return [re.sub(r"[\s_\-/.]+", " ", label).strip() for label in parted]


def ids(task: Task, tokenizer: Tokenizer, examples: Sequence[Example]) -> list[Ids]:
    """Return the ids of each label's name, special tokens included.

    None at all where the names tell nothing, or where texts are pairs and a name is no such text.
    """
    found = words(task)
    if found is None or any(example.pair is not None for example in examples[:1]):
        return []
    most = min(MOST_TOKENS, tokenizer.limit - tokenizer.specials(pair=False))
    return [tokenizer.wrap(name[:most], None)[0] for name in tokenizer.encode(found)]

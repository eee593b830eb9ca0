"""The chatterbot corpus becomes a file of labelled text, for the demonstration."""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from textune.errors import MissingExtraError
from textune.storage import atomic

FILE_NAME = "chatterbot.csv"
COLUMNS = ("conversation", "topic", "text")
FEWEST = 10  # conversations of a topic from which it can be learned and judged

SENTENCES = (
    "Who wrote the novel about the white whale?",
    "My screen stays black when I switch the laptop on.",
    "How do I reverse a list in Python?",
    "I feel lonely today and I do not know why.",
    "What is the capital of Portugal?",
)
"""Five texts a person might type, none of them in the corpus, each of another topic."""


class Utterance(NamedTuple):
    """A text of the corpus, and where in it."""

    conversation: int  # counted over the whole corpus
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Material:
    """The demonstration's file, and what of the corpus is in it."""

    path: Path
    utterances: int
    topics: int
    everything: int  # utterances of the corpus
    left_out: tuple[str, ...]  # topics


def prepare(folder: Path) -> Material:
    """Write the part of the corpus from which something can be learned, and count it.

    The corpus says one thing many times over (its `tech_support` has 2,100 utterances and 20
    texts), so a text stands once in a topic; topics with very few conversations are left out.

    Raises:
        MissingExtraError: The extra `demo` is not installed.
    """
    path = write_corpus(folder, repeats=False, fewest=FEWEST)
    said = list(_utterances(_corpus_folder()))
    with path.open(encoding="utf-8", newline="") as file:
        kept = [row["topic"] for row in csv.DictReader(file)]
    left_out = sorted({each.topic for each in said} - set(kept))
    return Material(path, len(kept), len(set(kept)), len(said), tuple(left_out))


def describe(material: Material) -> str:
    """Say what is in the file, and what was left out and why."""
    left_out = ", ".join(material.left_out)
    return (
        f"{material.path}: {material.utterances:,} English utterances in {material.topics} topics, "
        f"from the package chatterbot-corpus.\n"
        f"It holds {material.everything:,}; what is said twice in a topic is written once, and "
        f"topics of fewer\nthan {FEWEST} conversations are left out ({left_out})."
    )


def commands(
    folder: Path, *, epochs: int | None = None, limit: int | None = None
) -> list[list[str]]:
    """List what a person would type after `textune` to check, train and predict."""
    corpus, run = str(folder / FILE_NAME), str(folder / "run")
    roles = ["--text", "text", "--label", "topic", "--group", "conversation"]
    numbers = [] if epochs is None else ["--epochs", str(epochs)]
    numbers += [] if limit is None else ["--limit", str(limit)]
    return [
        ["check", corpus, "--group", "conversation"],
        ["train", corpus, *roles, *numbers, "--out", run, "--overwrite"],
        ["predict", run, *SENTENCES],
    ]


def write_corpus(folder: Path, *, repeats: bool = True, fewest: int = 1) -> Path:
    """Write the English part of the chatterbot corpus as `chatterbot.csv`.

    The columns are conversation, topic and text. Conversations that share a text, in any topic, get
    the same value in `conversation`: a split that keeps its equal values together has neither an
    answer without its question nor one text on two sides. The file appears whole or not at all.

    Without `repeats` a text is written once in a topic, and empty ones are left out; so are topics
    with fewer conversations than `fewest`.

    Raises:
        MissingExtraError: The extra `demo` is not installed.
    """
    utterances = list(_utterances(_corpus_folder()))
    groups = _joined([(each.conversation, _key(each.text)) for each in utterances])
    kept = utterances if repeats else _distinct(utterances)
    kept = _frequent(kept, groups, fewest)
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((f"c{groups[each.conversation]:04d}", each.topic, each.text) for each in kept)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE_NAME
    atomic.write_text(path, table.getvalue())
    return path


def _corpus_folder() -> Path:
    found = find_spec("chatterbot_corpus")
    if found is None or found.origin is None or find_spec("yaml") is None:
        raise MissingExtraError(
            "the demo's text (chatterbot-corpus) is not installed; "
            "install it: pip install 'textune[offline,demo]'"
        )
    return Path(found.origin).parent / "data" / "english"


def _utterances(folder: Path) -> Iterator[Utterance]:
    import yaml  # of the extra `demo`

    number = 0
    for file in sorted(folder.glob("*.yml")):
        for said in yaml.safe_load(file.read_text(encoding="utf-8"))["conversations"]:
            for text in said:
                yield Utterance(number, file.stem, text)
            number += 1


def _key(text: str) -> str:
    """Return what counts as the same text: case and spaces do not matter."""
    return " ".join(text.split()).casefold()


def _joined(said: list[tuple[int, str]]) -> dict[int, int]:
    """Number the groups of conversations that a text connects; an empty one connects nothing."""
    first_with: dict[str, int] = {}
    pairs = [(first_with.setdefault(key, each) if key else each, each) for each, key in said]
    firsts, others = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    count = int(others.max(initial=-1)) + 1
    edges = coo_matrix((np.ones(len(others)), (firsts, others)), shape=(count, count))
    _, groups = connected_components(edges, directed=False)
    numbers: dict[int, int] = {}
    return {each: numbers.setdefault(int(groups[each]), len(numbers) + 1) for each, _ in said}


def _distinct(utterances: list[Utterance]) -> list[Utterance]:
    firsts: dict[tuple[str, str], Utterance] = {}
    for each in utterances:
        if _key(each.text):
            firsts.setdefault((each.topic, _key(each.text)), each)
    return list(firsts.values())


def _frequent(utterances: list[Utterance], groups: dict[int, int], fewest: int) -> list[Utterance]:
    pairs = {(each.topic, groups[each.conversation]) for each in utterances}
    counts = Counter(topic for topic, _ in pairs)
    return [each for each in utterances if counts[each.topic] >= fewest]

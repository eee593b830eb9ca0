"""A run and a file of today become what has moved since: length, language, decisions, certainty.

The file is compared with the texts that judged the run, which its model did not learn from. Both
are answered by the model as it is now.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.data import sampling, skipping
from textune.errors import DataError, Problems, RunError, SettingsError, counted
from textune.metrics import moved
from textune.metrics.moved import Tested
from textune.predicting import held
from textune.predicting.predictor import Predictor, Reading
from textune.records import PASSAGES, Example, Prediction
from textune.runs import exports, openings, seen_texts
from textune.settings import config
from textune.splits import alike
from textune.tasks import examples

MOST = 5_000  # texts of either side that are compared, drawn from all
SEED = 0  # of the halves by which language is compared
SHOWN = 10  # rows most unlike the run's texts
NONE = "none"


@dataclass(frozen=True, slots=True)
class Watched:
    """What has moved, and what could not be told."""

    source: str
    texts: int  # of the file that were compared
    held_out: int  # of the run
    level: float  # of all tests together
    tests: tuple[Tested, ...]  # none where there are too few texts
    unlike: tuple[dict[str, Any], ...]  # "place", "text", "unlike": the rows most unlike the run's
    pieces: tuple[str, ...]  # that tell the file's texts from the run's, where language moved
    remarks: tuple[str, ...]

    @property
    def moved(self) -> tuple[str, ...]:
        """Name what has moved."""
        return tuple(each.what for each in self.tests if each.moved)

    def told(self) -> dict[str, Any]:
        """Return it as plain values that JSON can hold."""
        counts = {"source": self.source, "n": self.texts, "n_held_out": self.held_out}
        return {
            **counts,
            "level": self.level,
            "can_tell": bool(self.tests),
            "moved": list(self.moved),
            "tests": [each.told() for each in self.tests],
            "unlike": list(self.unlike),
            "pieces": list(self.pieces),
            "remarks": list(self.remarks),
        }


def watch(run: Path, source: object, options: Reading, *, level: float) -> Watched:
    """Compare a file with the held-out texts of a run.

    Args:
        run: The run's folder.
        source: A path or a data frame; labels are not needed, and not read.
        options: How to read it.
        level: Chance, of all tests together, that anything is said to have moved by chance alone.

    Raises:
        DataError: The file has a problem, or no text.
        RunError: The run keeps no held-out texts.
        SettingsError: The level is no probability.
    """
    if not 0 < level < 1:
        raise SettingsError(f"--level {level}: expected a probability, as 0.01")
    given: Any = {name: getattr(options, name) for name in ("device", "precision", "plugin")}
    predictor = Predictor.opened(run, **given)
    home = openings.home(run)
    kept = _held(home, predictor)
    seed = config.seed_of(home / "config.toml")
    name, after, remarks = _read(predictor, source, options, seed)
    remarks += _of_known(home, kept, after)
    before = sampling.drawn(kept.examples, MOST, seed=seed)
    remarks += _of_drawn(len(kept.examples), "held-out texts")
    if min(len(before), len(after)) < moved.LEAST:
        remarks.append(
            f"{len(after):,} texts and {len(before):,} held-out ones: with fewer than "
            f"{moved.LEAST} on a side nothing can be told"
        )
        return Watched(name, len(after), len(before), level, (), (), (), tuple(remarks))
    ids = [_ids(predictor, each) for each in (before, after)]
    language = moved.language(ids[0], ids[1], seed=SEED)
    tests = [_length(*ids), language.tested]
    if kept.learned:
        remarks.append(
            "the run was cross-validated, and its model has learned from its held-out texts since: "
            "decisions and probabilities are not compared"
        )
    else:
        tests += _of_answers(*(_answers(predictor, each) for each in (before, after)))
    tests = moved.family(tests, level)
    has_moved = any(each.what == "language" and each.moved for each in tests)
    pieces = [predictor.decode([piece]).strip() for piece in language.telling if has_moved]
    return Watched(
        name,
        len(after),
        len(before),
        level,
        tuple(tests),
        _unlike(after, language.unlike),
        tuple(filter(None, pieces)),
        tuple(remarks),
    )


def _held(home: Path, predictor: Predictor) -> held.Held:
    """Read the held-out texts of a run."""
    kept = held.held(home, predictor.task, predictor.card)
    if not kept.examples:
        exports.refuse(home, "keeps no held-out texts")
        raise RunError(
            f"{home}: keeps no held-out texts to compare with (predictions/valid.parquet); give "
            "the run's own folder, of a training that set validation texts aside"
        )
    return kept


def _read(
    predictor: Predictor, source: object, options: Reading, seed: int
) -> tuple[str, list[Example], list[str]]:
    """Return a file's name, texts drawn of those that are not empty, and what was left out.

    The file is read once, row by row; no more of it is held than is drawn.
    """
    table, agreed = options.open(source, predictor.card, unlabelled=True)
    kept = skipping.without(table, agreed.skip)
    to_example = examples.reader(table, agreed, labelled=False)
    problems = Problems(table.name, table.faults)
    counts: Counter[bool] = Counter()

    def full() -> Iterator[Example]:
        for item in examples.sound(kept.rows(), to_example, problems):
            has_text = bool(item.text.strip())
            counts[has_text] += 1
            if has_text:
                yield item

    found = sampling.drawn(full(), MOST, seed=seed)
    problems.raise_any()
    if not found:
        raise DataError(f"{table.name}: no row has a text; there is nothing to compare")
    remarks = [table.faults.said(table.name)] if table.faults else []
    if empty := counts[False]:
        remarks.append(f"{empty:,} of {counts.total():,} rows have no text and are left out")
    return table.name, found, [*remarks, *_of_drawn(counts[True], f"texts of {table.name}")]


def _of_known(home: Path, kept: held.Held, found: Sequence[Example]) -> list[str]:
    """Say how many of the texts are the run's own: held out, or seen in training."""
    said = _of_held(kept.examples, found)
    return said if kept.learned else [*said, *_of_seen(home, found)]


def _of_held(held_out: Sequence[Example], found: Sequence[Example]) -> list[str]:
    """Say how many of the texts are among those that they are compared with."""
    known = {alike.plain_of(item) for item in held_out}
    same = sum(alike.plain_of(item) in known for item in found)
    if not same:
        return []
    return [
        f"{same:,} of {counted(len(found), 'text')} {'is' if same == 1 else 'are'} among the "
        "held-out texts that they are compared with: of such texts nothing can be seen to have "
        "moved"
    ]


def _of_seen(home: Path, found: Sequence[Example]) -> list[str]:
    """Say how many of the texts training saw, of which the model is surer than of others."""
    seen = sum(map(bool, seen_texts.ways(home, found) or ()))
    if not seen:
        return []
    return [
        f"training saw {seen:,} of {counted(len(found), 'text')}, or nearly: of such texts the "
        "model is surer than of held-out ones"
    ]


def _of_drawn(count: int, noun: str) -> list[str]:
    """Say that texts were drawn, where there were too many."""
    return [f"{MOST:,} of {count:,} {noun} are compared, drawn at random"] if count > MOST else []


def _ids(predictor: Predictor, found: Sequence[Example]) -> list[NDArray[np.int32]]:
    """Return the pieces of each text, and of its pair."""
    firsts = predictor.tokenizer.encode([item.text for item in found])
    seconds = predictor.tokenizer.encode([item.pair or "" for item in found])
    return [np.concatenate(both) for both in zip(firsts, seconds, strict=True)]


def _length(before: Sequence[Any], after: Sequence[Any]) -> Tested:
    sizes = [np.asarray([len(each) for each in side], dtype=float) for side in (before, after)]
    return moved.numbers("length", *sizes)


def _answers(predictor: Predictor, found: Sequence[Example]) -> list[Prediction]:
    return list(predictor.stream(found))


def _of_answers(before: Sequence[Prediction], after: Sequence[Prediction]) -> Iterable[Tested]:
    """Compare decisions and how sure they are, or the numbers that are estimated."""
    sides = (before, after)
    if names := list(before[0].numbers):
        for name in names:
            first, second = (np.asarray([each.numbers[name] for each in side]) for side in sides)
            yield moved.numbers(f"predicted {name}", first, second)
        return
    yield moved.classes("decisions", *(list(map(_decision, side)) for side in sides))
    if before[0].scores:
        first, second = (
            np.asarray([max(each.scores.values(), default=0.0) for each in side]) for side in sides
        )
        yield moved.numbers("highest probability", first, second)


def _decision(said: Prediction) -> str:
    """Name what was decided of a text: its labels, the kinds of its entities, an answer or none.

    What it left to a person is a class of its own.
    """
    if said.undecided:
        return "undecided"
    if said.asks == PASSAGES:
        return "an answer" if said.labels else "no answer"
    if said.asks == "words":
        kinds = {each.label for each in said.entities}
        return "; ".join(sorted(kinds)) or NONE
    return "; ".join(said.labels) or NONE


def _unlike(found: Sequence[Example], scores: NDArray[np.float64]) -> tuple[dict[str, Any], ...]:
    ranked = np.argsort(-scores, kind="stable")[:SHOWN].tolist()
    return tuple(
        {
            "place": found[place].origin,
            "text": found[place].text,
            "unlike": round(float(scores[place]), 3),
        }
        for place in ranked
    )

"""A file and its corrected copy become what the corrections are worth to a linear head."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from textune.corpora import corpus as corpora
from textune.corpora.corpus import Corpus
from textune.encoder import bases
from textune.metrics import catalogue, comparing, written
from textune.recipes.selection import held_out, out_of_fold
from textune.recipes.selection.held_out import Logits
from textune.runs.events import drained
from textune.settings.config import Settings
from textune.tasks import registry
from textune.text import tokenizers

OF_FILES = ("delimiter", "rows", "sheet", "quote", "encoding", "header")  # not those of the copy


@dataclass(frozen=True, slots=True)
class Worth:
    """What heads score by the corrected labels of texts that they did not learn from."""

    metric: str
    texts: int
    before: float | None  # of a head that learned from the labels as they were
    after: float | None  # of one that learned from the corrected ones
    p: float | None  # of a difference by chance (McNemar); None where a text has several answers

    def told(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return asdict(self)

    @property
    def words(self) -> str:
        """Say it."""
        before, after = (
            "no number" if value is None else written.decimals(value)
            for value in (self.before, self.after)
        )
        chance = "" if self.p is None else f" (p {written.chance(self.p)}, McNemar)"
        return (
            f"{catalogue.title(self.metric)} of a linear head, by the corrected labels of "
            f"{self.texts:,} texts that it did not learn from: {before} where it learned from the "
            f"labels before, {after} where from the corrected ones{chance}"
        )


def measure(source: object, copy: Path, settings: Settings) -> Worth | str:
    """Fit heads on frozen features of the same texts, with the labels before and the corrected.

    Args:
        source: The file before.
        copy: With the corrections.
        settings: How the first is read, the base, and the seed.

    Returns:
        What they score, or why they cannot be compared.

    Raises:
        TextuneError: A file or the base cannot be read, or the texts are too few.
    """
    data = settings.data.model_copy(update={"valid_share": 0.0, "test_share": 0.0})
    settings = settings.model_copy(update={"data": data})
    tokenizer = tokenizers.load(bases.find(settings.base))
    old = drained(corpora.gather(source, settings, tokenizer))
    agreed, is_table = old.contract, copy.name.lower().removesuffix(".gz").endswith(("csv", "tsv"))
    own = {"text": agreed.text, "label": agreed.label, "task": agreed.task}
    of_copy = dict.fromkeys(OF_FILES) | own | ({"header": True} if is_table else {})
    new_settings = settings.model_copy(update={"data": data.model_copy(update=of_copy)})
    new = drained(corpora.gather(str(copy), new_settings, tokenizer))
    if old.task.labels != new.task.labels:
        return "labels were added, or are gone: no head can be compared with another"
    if [item.text for item in old.examples] != [item.text for item in new.examples]:
        return "rows have a label that had none, or have none now: heads are not compared"
    known = held_out.read_frozen(old, settings)
    logits = [known.fit()[1], replace(known, corpus=new).fit()[1]]
    return _compared(new, logits)


def _compared(corpus: Corpus, logits: list[Logits]) -> Worth:
    """Judge two heads by the same labels of the same texts."""
    every = np.arange(len(corpus.store))
    borders = out_of_fold.borders_of(corpus, every)
    known = np.stack([np.isfinite(one).all(axis=1) for one in logits]).all(axis=0)
    sums = np.concatenate([[0], np.cumsum(known)])
    is_judged = np.diff(sums[borders]) > 0
    found = [out_of_fold.scores(corpus, one, is_judged) for one in logits]
    key = corpus.task.main_metric
    values = [catalogue.value(corpus.task.judge(*each), key) for each in found]
    p = None
    if registry.of(corpus.task.name).judged.is_exclusive and corpus.task.asks == "texts":
        one, other = (scores.decisions == scores.truth for scores, _ in found)
        p = comparing.mcnemar(int((one & ~other).sum()), int((other & ~one).sum()))
    return Worth(key, int(is_judged.sum()), values[0], values[1], p)

"""A job of bench.few becomes a linear model on TF-IDF; of tags, on features of words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer

from bench.few_jobs import FewJob
from bench.few_linear import fit_tags, fit_texts
from bench.few_scores import Answers
from bench.quality_sets import Row, read


def run(job: FewJob) -> tuple[float, Answers]:
    """Fit on TF-IDF; return the time when it was fitted, and the answers for the test rows."""
    if job.kind == "tags":
        return fit_tags(job, WordFeatures())
    rows = read(Path(job.train))
    texts = [row[name] for row in rows for name in ("text", "pair") if name in row]
    return fit_texts(job, TfidfVectorizer().fit(texts).transform)


class WordFeatures:
    """Words become their usual features: themselves, their ends, their shape, their neighbours."""

    def __init__(self) -> None:
        self._columns: DictVectorizer | None = None

    def __call__(self, rows: Sequence[Row]) -> Any:
        """Return (W, D), sparse; the columns are those of the first rows that it sees."""
        words = [each for row in rows for each in self._of(row["words"])]
        if self._columns is None:
            self._columns = DictVectorizer().fit(words)
        return self._columns.transform(words)

    @staticmethod
    def _of(words: Sequence[str]) -> list[dict[str, str | bool]]:
        lower = ["", *(word.lower() for word in words), ""]
        return [
            {
                "word": lower[at],
                "before": lower[at - 1],
                "after": lower[at + 1],
                "begins": lower[at][:3],
                "ends": lower[at][-3:],
                "title": word.istitle(),
                "upper": word.isupper(),
                "digit": any(sign.isdigit() for sign in word),
                "first": at == 1,
            }
            for at, word in enumerate(words, start=1)
        ]

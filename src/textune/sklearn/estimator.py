"""What all estimators are: settings by name, a fit by the recipe, and the model that it made."""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from textune.data import missing
from textune.doors import api
from textune.doors.api import Events
from textune.errors import DataError, SettingsError, first_line, hinting_methods
from textune.records import Message, Prediction
from textune.runs.runs import Run
from textune.sklearn import handed
from textune.sklearn.handed import Texts
from textune.sklearn.saved_model import SavedModel

SEEDS = 2**31  # that are drawn where a generator is given
GIVEN = (  # keywords of `train` that are parameters of every estimator
    *("base", "effort", "recipe", "epochs", "lr", "batch_size", "max_tokens", "long", "pool"),
    *("seeds", "device", "precision", "settings", "overwrite"),
)


@hinting_methods
class TextEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What all estimators of texts have in common.

    Every parameter but the last two is a keyword of `textune.train`, and means what it means there.

    Args:
        base: Encoder: a directory or a Hub name; the bundled one by default.
        effort: "quick" (a linear head on the frozen encoder), "normal" (fine-tuning) or "best"
            (fine-tuning with three seeds).
        recipe: What chooses the settings that are left out: "auto" or "classic".
        epochs: Passes over the texts.
        lr: Highest learning rate.
        batch_size: Texts in one update.
        max_tokens: Tokens of a text, or of a window of it, that are read at once.
        long: What is read of longer texts: "head", "tail", "head+tail" or "window".
        pool: How the answers in the windows of a text become one: "mean", "max" or "learned".
        seeds: Train so many times; the model that validation finds best is kept.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps": to fit on, and to predict on.
        precision: "auto", "fp32", "bf16" or "fp16".
        settings: Any setting, as "train.patience=2".
        overwrite: Replace what lies in `out`.
        random_state: Seed of the run; None is the seed that every run has by default, so that a
            fit can be repeated. A generator draws one seed for each fit.
        out: Folder of the run; a temporary one by default, of which the model is kept in memory.
    """

    _task = ""  # a name of the registry

    def __init__(
        self,
        base: str | Path | None = None,
        *,
        effort: str = "normal",
        recipe: str | None = None,
        epochs: int | None = None,
        lr: float | None = None,
        batch_size: int | None = None,
        max_tokens: int | None = None,
        long: str | None = None,
        pool: str | None = None,
        seeds: int | None = None,
        device: str = "auto",
        precision: str = "auto",
        settings: str | Sequence[str] = (),
        overwrite: bool = False,
        random_state: Any = None,
        out: str | Path | None = None,
    ) -> None:
        self.base = base
        self.effort = effort
        self.recipe = recipe
        self.epochs = epochs
        self.lr = lr
        self.batch_size = batch_size
        self.max_tokens = max_tokens
        self.long = long
        self.pool = pool
        self.seeds = seeds
        self.device = device
        self.precision = precision
        self.settings = settings
        self.overwrite = overwrite
        self.random_state = random_state
        self.out = out

    @classmethod
    def from_run(cls, run: str | Path | Run, **parameters: Any) -> Self:
        """Make a fitted estimator of a run's model, which `textune train` wrote.

        Its labels are strings, as they stand in the file. Frozen
        (`sklearn.frozen.FrozenEstimator`), it can be calibrated or joined with others.

        Args:
            run: The run's folder, its `model` folder, or what `textune.train` returned.
            parameters: Of the estimator.

        Raises:
            RunError: There is no finished model.
            SettingsError: It is a model of another kind.
        """
        made = cls(**parameters)
        place = run.path if isinstance(run, Run) else Path(run)
        made.model_ = SavedModel.read(place)
        card = made.model_.card()
        if card.task != cls._task:
            raise SettingsError(
                f"{place}: its model is for the task {card.task!r}, and {cls.__name__} takes "
                f"{cls._task!r}"
            )
        made.n_features_in_ = len(card.contract.text)
        made._know(card.labels)
        return made

    def save(self, folder: str | Path) -> Path:
        """Write the model to a folder, which `textune predict` and `from_run` read.

        Raises:
            RunError: There are files in it.
            NotFittedError: There is no model yet.
        """
        check_is_fitted(self)
        return self.model_.write(folder)

    def __sklearn_tags__(self) -> Any:
        """Return what scikit-learn asks of estimators: it takes texts, and needs labels."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.input_tags.one_d_array = True
        tags.target_tags.required = True
        return tags

    def _know(self, labels: Sequence[str]) -> None:
        """Take the labels of a run's model."""
        raise NotImplementedError

    def _texts(self, X: Any, *, reset: bool) -> Texts:
        """Read X, and hold its columns against those of the fit."""
        return matched(self, handed.read(X, type(self).__name__), reset=reset)

    def _weighed(
        self, texts: Texts, sample_weight: Any
    ) -> tuple[NDArray[np.bool_], list[float] | None]:
        """Return which rows are learned from, and their weights; None where all weigh the same."""
        owner, weights = type(self).__name__, np.ones(len(texts))
        if sample_weight is not None:
            try:
                given = np.asarray(sample_weight, dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise DataError(
                    f"{owner}: sample_weight holds what is no number: {first_line(error, 80)}; "
                    "give one number for each row of X, or one for all"
                ) from error
            weights = given if given.ndim else weights * given
        if weights.shape != (len(texts),):
            raise DataError(
                f"{owner}: sample_weight has the shape {weights.shape}; expected ({len(texts)},), "
                "one weight for each row of X (Sample weights must be 1D array or scalar)"
            )
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise DataError(f"{owner}: sample_weight holds a number that is negative or not finite")
        kept = weights > 0
        if not kept.any():
            raise DataError(
                f"{owner}: all weights are 0 (Sample weights must contain at least one non-zero "
                "number.)"
            )
        found = weights[kept]
        return kept, None if (found == found[:1]).all() else found.tolist()

    def _learn(
        self,
        texts: Texts,
        labels: Mapping[str, Sequence[object]],
        *,
        weights: Sequence[float] | None,
        groups: Sequence[object] | None,
        names: Iterable[str] = (),
    ) -> Self:
        """Learn by the recipe, and keep the model.

        Args:
            texts: That are learned from.
            labels: The columns of what is learned; a name that a text column has is changed.
            weights: Of the texts.
            groups: Texts that are equal in it stay in one part of the inner validation.
            names: Of classes, in the only column of labels.
        """
        table, roles = tabled(texts, labels, weights, groups)
        keep = [f"{roles['label'][0]}={name}" for name in names if _may_mean_none(name)]
        for name, column in zip(roles["text"], texts.columns, strict=True):
            cells = {cell.strip() for cell in column if isinstance(cell, str)}
            keep += [f"{name}={cell}" for cell in sorted(missing.EMPTY & cells)]
        with tempfile.TemporaryDirectory(prefix="textune-", ignore_cleanup_errors=True) as place:
            events = api.events_of(
                api.train,
                pa.table(table),
                **roles,
                task=self._task,
                no_skip=keep or None,
                seed=self._seed(),
                out=Path(place) / "run" if self.out is None else self.out,
                **{name: getattr(self, name) for name in GIVEN},
            )
            run, self.remarks_ = gone_through(events, is_kept=self.out is not None)
            self.model_ = SavedModel.read(run.path)
        self.metrics_ = dict(run.metrics)
        return self

    def _seed(self) -> int | None:
        """Return the seed of the run; None for the usual one."""
        if self.random_state is None or isinstance(self.random_state, int | np.integer):
            return None if self.random_state is None else int(self.random_state)
        if isinstance(self.random_state, np.random.Generator):
            return int(self.random_state.integers(SEEDS))
        return int(check_random_state(self.random_state).randint(SEEDS))

    def _predictions(self, X: Any) -> list[Prediction]:
        """Ask the model about texts."""
        check_is_fitted(self)
        texts = self._texts(X, reset=False)
        return self.model_.predict(texts.rows, self.device, self.precision)


def gone_through(events: Events[Run], *, is_kept: bool) -> tuple[Run, list[str]]:
    """Go through a run to its end.

    Args:
        events: Of the run.
        is_kept: Whether somebody will see its page.

    Returns:
        The run, and what it warned of.
    """
    from textune.report import pictures
    from textune.runs import sessions  # torch

    remarks: list[str] = []

    def note(event: object) -> None:
        if isinstance(event, Message) and event.is_warning:
            remarks.append(event.text)

    with nullcontext() if is_kept else pictures.left_out():
        return sessions.finish(events, note), remarks


def matched(estimator: Any, texts: Texts, *, reset: bool) -> Texts:
    """Note the columns of the fit, or hold others against them.

    Raises:
        DataError: There are more or fewer of them, or they have other names.
    """
    count, owner = len(texts.columns), type(estimator).__name__
    if reset:
        estimator.n_features_in_ = count
        if hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
        if texts.names is not None:
            estimator.feature_names_in_ = np.asarray(texts.names, dtype=object)
        return texts
    if count != estimator.n_features_in_:
        raise DataError(
            f"X has {count} features, but {owner} is expecting {estimator.n_features_in_} features "
            "as input: columns of texts"
        )
    known = getattr(estimator, "feature_names_in_", None)
    if known is not None and texts.names is not None and list(known) != list(texts.names):
        raise DataError(
            f"{owner}: The feature names should match those that were passed during fit: "
            f"{list(known)}, and these are {list(texts.names)}"
        )
    return texts


def tabled(
    texts: Texts,
    labels: Mapping[str, Sequence[object]],
    weights: Sequence[float] | None,
    groups: Sequence[object] | None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put all that is learned from into one table, and say which column is what.

    Returns:
        The columns, and the keywords of `train` that name them.

    Raises:
        DataError: Lengths differ.
    """
    count = len(texts.columns)
    usual = ("text",) if count == 1 else ("text_a", "text_b")
    own = texts.names if texts.names is not None and len(set(texts.names)) == count else usual
    text = tuple(own) if all(name.strip() and "," not in name for name in own) else usual
    taken, roles = set(text), {"text": list(text), "label": [], "weight": [], "group": []}
    columns: dict[str, Any] = dict(zip(text, texts.columns, strict=True))
    known = None if groups is None else {group: f"group {n}" for n, group in enumerate(groups)}
    others = [("label", name, values) for name, values in labels.items()]
    others += [("weight", "weight", weights)] if weights is not None else []
    others += [("group", "group", [known[each] for each in groups or ()])] if known else []
    for role, name, values in others:
        if len(values) != len(texts):
            raise DataError(
                f"Found input variables with inconsistent numbers of samples: {len(texts)} rows "
                f"of X and {len(values)} of {role}"
            )
        while name in taken:
            name += "_"
        taken.add(name)
        columns[name] = values
        roles[role].append(name)
    single = {role: roles[role][0] for role in ("weight", "group") if roles[role]}
    return columns, {"text": roles["text"], "label": roles["label"]} | single


def require_rows(texts: Texts, owner: str, *, fewest: int = 2) -> None:
    """Refuse to learn from no text, or from one: a second one is needed to select by.

    Raises:
        DataError: There are fewer.
    """
    if len(texts) < fewest:
        raise DataError(
            f"{owner}: Found array with {len(texts)} sample(s) (n_samples={len(texts)}) while a "
            f"minimum of {fewest} is required; give more rows"
        )


def require_labels(y: Any, owner: str) -> None:
    """Refuse to learn from texts without labels.

    Raises:
        DataError: There are none.
    """
    if y is None:
        raise DataError(
            f"This {owner} estimator requires y to be passed, but the target y is None."
        )


def _may_mean_none(name: str) -> bool:
    """Tell whether a label is written as some files write that there is none."""
    return name in missing.EMPTY | {"-1", "-1.0"} or (
        name.lower() in missing.ASKED | missing.UNLABELLED
    )

"""Trials become rows of a database that several processes share: who tries what, and what came.

Whoever asks for a trial holds a lock meanwhile. A process that works holds a lock of its own, which
the system releases when it dies: its trial is then taken over by another one, and goes on.
"""

import os
import random
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from textune.errors import MissingExtraError, RunError, first_line
from textune.sweeping import spaces
from textune.sweeping.spaces import Choices, Space

if TYPE_CHECKING:
    from optuna import Study as Database
    from optuna.distributions import BaseDistribution
    from optuna.pruners import BasePruner
    from optuna.trial import FrozenTrial

DATABASE, LOCK, WORKERS = "study.db", "study.lock", "workers"
NAME = "textune"
WAIT = 120  # seconds that a process waits for another one's write into the database
STARTS = 3  # times that a trial is begun whose processes died
STARTUP = 4  # trials that are finished before one is pruned
DONE = ("COMPLETE", "PRUNED", "FAIL")
PRUNERS = ("median", "hyperband", "none")


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial as it stands in the database."""

    number: int
    state: str  # "WAITING", "RUNNING", "COMPLETE", "PRUNED", "FAIL"
    values: Mapping[str, Any]  # of its settings
    score: float | None
    notes: Mapping[str, Any]  # why it failed, seconds, epochs, …
    steps: Mapping[int, float]  # per cent of its updates → validation

    @property
    def is_done(self) -> bool:
        """Whether it has ended, however."""
        return self.state in DONE

    @property
    def is_lost(self) -> bool:
        """Whether it never began: its process died while it was asked for."""
        return bool(self.notes.get("lost"))


@dataclass(frozen=True, slots=True)
class Rules:
    """How trials are chosen and given up."""

    space: Space
    seed: int
    is_higher: bool  # whether a higher score is better
    pruner: str
    is_grid: bool  # whether all combinations are tried


class Study:
    """The database of a sweep, and this process's place in it."""

    def __init__(self, folder: Path, rules: Rules):
        self._folder, self._rules = folder, rules
        self._lock = FileLock(folder / LOCK)
        self._token = f"{os.getpid()}-{uuid.uuid4().hex[:12]}"
        (folder / WORKERS).mkdir(exist_ok=True)
        self._mine = FileLock(folder / WORKERS / f"{self._token}.lock")
        self._mine.acquire()
        with self._lock, quiet() as optuna:
            self._storage = _storage(folder)
            self._study: Database = optuna.create_study(
                storage=self._storage,
                study_name=NAME,
                direction="maximize" if rules.is_higher else "minimize",
                pruner=_pruner(rules.pruner),
                load_if_exists=True,
            )

    def close(self) -> None:
        """Leave it: what this process has not finished can be taken over."""
        self._mine.release()
        (self._folder / WORKERS / f"{self._token}.lock").unlink(missing_ok=True)
        with quiet():
            self._storage.remove_session()
            self._storage.engine.dispose()

    @property
    def most(self) -> int:
        """Return how many trials there shall be; any process may have said so."""
        return int(self._study.user_attrs.get("trials", 0))

    @most.setter
    def most(self, count: int) -> None:
        with self._lock:
            self._study.set_user_attr("trials", count)

    @property
    def winner(self) -> list[int] | None:
        """Return which trial was trained again last, and by how many seeds; None if none was."""
        found: list[int] | None = self._study.user_attrs.get("winner")
        return found

    @winner.setter
    def winner(self, which: list[int]) -> None:
        self._study.set_user_attr("winner", which)

    def trials(self) -> list[Trial]:
        """Return all trials."""
        with quiet():
            return [_read(each) for each in self._storage.get_all_trials(self._id, deepcopy=False)]

    def best(self) -> Trial | None:
        """Return the best finished trial; of equal ones the first."""
        sign = 1 if self._rules.is_higher else -1
        found = [one for one in self.trials() if one.state == "COMPLETE" and one.score is not None]
        return max(found, key=lambda one: (sign * float(one.score or 0), -one.number), default=None)

    def ask(self, *, is_over: bool = False) -> Trial | None:
        """Take a trial: one whose process died, or else a new one.

        Args:
            is_over: Whether no new one may begin.

        Returns:
            None where there is nothing to do, though others may still be at work.
        """
        with self._lock, quiet() as optuna:
            trials = self._storage.get_all_trials(self._id, deepcopy=False)
            for each in trials:
                is_left = each.state.name == "RUNNING" and not self._is_alive(each)
                if is_left and (taken := self._take_over(each)) is not None:
                    return taken
            begun = [each for each in map(_read, trials) if not each.is_lost]
            if is_over or sum(each.state != "WAITING" for each in begun) >= self.most:
                return None
            is_queued = any(each.state == "WAITING" for each in begun)
            if not is_queued and not self._enqueue(begun):
                return None
            self._study.sampler = optuna.samplers.TPESampler(
                seed=_seed(self._rules.seed, len(begun)), constant_liar=True
            )
            made = self._study.ask(_distributions(self._rules.space))
            self._note(made._trial_id, worker=self._token, starts=1)
            return _read(self._storage.get_trial(made._trial_id))

    def others_work(self) -> bool:
        """Tell whether other processes are still at trials."""
        with quiet():
            trials = self._storage.get_all_trials(self._id, deepcopy=False)
        return any(each.state.name == "RUNNING" and self._is_alive(each) for each in trials)

    def report(self, trial: Trial, score: float, per_cent: int) -> bool:
        """Note a validation; tell whether the trial shall be given up."""
        with quiet():
            known = self._storage.get_trial(self._id_of(trial))
            if per_cent not in known.intermediate_values:
                self._storage.set_trial_intermediate_value(known._trial_id, per_cent, score)
                known = self._storage.get_trial(known._trial_id)
            return bool(self._study.pruner.prune(self._study, known))

    def tell(self, trial: Trial, state: str, score: float | None = None, **notes: object) -> None:
        """Note how a trial ended, and more of it."""
        with quiet() as optuna:
            self._note(self._id_of(trial), **notes)
            self._study.tell(trial.number, score, state=optuna.trial.TrialState[state])

    def importance(self) -> dict[str, float] | None:
        """Say how much of the spread of scores each setting explains; None where nobody can."""
        finished = [each for each in self.trials() if each.state == "COMPLETE"]
        varied = [
            each.name
            for each in self._rules.space
            if len({trial.values.get(each.name) for trial in finished}) > 1
        ]
        if len(finished) < STARTUP or len(varied) < 2 or len({t.score for t in finished}) < 2:
            return None
        with quiet() as optuna:
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=self._rules.seed)
            try:
                found = optuna.importance.get_param_importances(
                    self._study, evaluator=evaluator, params=varied
                )
            except (RuntimeError, ValueError):  # too little to tell
                return None
        return {name: round(float(value), 4) for name, value in found.items()}

    @property
    def _id(self) -> int:
        return self._study._study_id

    def _id_of(self, trial: Trial) -> int:
        return self._storage.get_trial_id_from_study_id_trial_number(self._id, trial.number)

    def _note(self, trial_id: int, **notes: object) -> None:
        for name, value in notes.items():
            self._storage.set_trial_user_attr(trial_id, name, value)

    def _is_alive(self, trial: "FrozenTrial") -> bool:
        """Tell whether the process of a trial lives: then it holds its lock."""
        worker = trial.user_attrs.get("worker")
        if worker is None:  # it died while it asked
            return False
        if worker == self._token:
            return True
        return _is_held(self._folder / WORKERS / f"{worker}.lock")

    def _take_over(self, trial: "FrozenTrial") -> Trial | None:
        """Go on with a trial whose process died; None where it never began, or dies always."""
        known, starts = _read(trial), int(trial.user_attrs.get("starts", 0))
        if known.values.keys() != {each.name for each in self._rules.space}:
            self.tell(known, "FAIL", lost=True)
            return None
        if starts >= STARTS:
            why = f"the process that trained it died {starts} times"
            self.tell(known, "FAIL", error=why)
            return None
        self._note(trial._trial_id, worker=self._token, starts=starts + 1)
        return _read(self._storage.get_trial(trial._trial_id))

    def _enqueue(self, begun: Sequence[Trial]) -> bool:
        """Let the next combination be tried, where all are; tell whether there is anything left."""
        if not self._rules.is_grid:
            return True
        combinations = spaces.grid(self._rules.space)
        assert combinations is not None
        random.Random(self._rules.seed).shuffle(combinations)
        left = [one for one in combinations if not any(each.values == one for each in begun)]
        if left:
            self._study.enqueue_trial(left[0])
        return bool(left)


def is_busy(folder: Path) -> bool:
    """Tell whether a process is at the sweep in a folder."""
    return any(_is_held(file) for file in sorted((folder / WORKERS).glob("*.lock")))


@contextmanager
def quiet() -> Iterator[Any]:
    """Give optuna, whose logs and experimental warnings reach nobody meanwhile.

    Raises:
        MissingExtraError: It is not installed.
        RunError: Its database cannot be read or written.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            import optuna
        except ImportError as error:
            raise MissingExtraError(
                "textune sweep needs Optuna, which is not installed: pip install 'textune[sweep]'"
            ) from error
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        try:
            yield optuna
        except Exception as error:
            if not _is_of_storage(error):
                raise
            why = first_line(error.__cause__ if isinstance(error.__cause__, Exception) else error)
            raise RunError(
                f"{DATABASE} of the sweep cannot be read or written: {why}; mend that, then go on "
                "with --resume"
            ) from error
        finally:
            optuna.logging.set_verbosity(before)


def _is_of_storage(error: Exception) -> bool:
    """Tell whether an error is the database's, through Optuna or not."""
    kind = type(error)
    return kind.__name__ == "StorageInternalError" or kind.__module__.startswith("sqlalchemy.")


def _is_held(file: Path) -> bool:
    """Tell whether a process holds a lock; one that nobody holds is deleted."""
    if not file.exists():
        return False
    lock = FileLock(file, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    file.unlink(missing_ok=True)
    lock.release()
    return False


def _storage(folder: Path) -> Any:
    from optuna.storages import RDBStorage

    arguments = {"connect_args": {"timeout": WAIT}}
    return RDBStorage(f"sqlite:///{(folder / DATABASE).resolve()}", engine_kwargs=arguments)


def _pruner(name: str) -> "BasePruner":
    from optuna import pruners

    if name == "hyperband":
        return pruners.HyperbandPruner(min_resource=10, max_resource=100, reduction_factor=3)
    if name == "none":
        return pruners.NopPruner()
    return pruners.MedianPruner(n_startup_trials=STARTUP, n_min_trials=STARTUP - 1)


def _distributions(space: Space) -> dict[str, "BaseDistribution"]:
    from optuna import distributions

    found: dict[str, BaseDistribution] = {}
    for each in space:
        if isinstance(each, Choices):
            found[each.name] = distributions.CategoricalDistribution(each.values)
        elif each.is_whole:
            found[each.name] = distributions.IntDistribution(
                int(each.low), int(each.high), log=each.is_log, step=int(each.step or 1)
            )
        else:
            found[each.name] = distributions.FloatDistribution(
                each.low, each.high, log=each.is_log, step=each.step
            )
    return found


def _seed(seed: int, number: int) -> int:
    """Return the seed of the sampler of a trial: it depends on nothing that a process keeps."""
    return random.Random(f"{seed} {number}").getrandbits(32)


def _read(trial: "FrozenTrial") -> Trial:
    queued = trial.system_attrs.get("fixed_params", {}) if trial.state.name == "WAITING" else {}
    return Trial(
        number=trial.number,
        state=trial.state.name,
        values=dict(queued or trial.params),
        score=trial.values[0] if trial.state.name == "COMPLETE" and trial.values else None,
        notes=dict(trial.user_attrs),
        steps=dict(trial.intermediate_values),
    )

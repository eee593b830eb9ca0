"""Trials in a database that several processes share: given out once, taken over, given up."""

import warnings

import pytest

from textune.doors.keywords import LABELLED
from textune.errors import RunError
from textune.sweeping import spaces
from textune.sweeping.study import STARTS, Rules, Study


@pytest.fixture
def opened(tmp_path):
    """Return a function that opens the study of a space, as a process does."""
    made = []

    def opened(*written, is_grid=False, **given):
        space = spaces.parse(written or ("lr=0.0..1.0", "epochs=2,3"), LABELLED)
        rules = {"seed": 1, "is_higher": True, "pruner": "median"} | given
        made.append(Study(tmp_path, Rules(space, is_grid=is_grid, **rules)))
        return made[-1]

    yield opened
    for each in made:
        each.close()


def test_each_combination_is_given_out_once_whoever_asks(opened):
    first, second = (opened("lr=0.1,0.2", "epochs=2,3", is_grid=True) for _ in range(2))
    first.most = 9
    found = [study.ask().values for study in (first, second, first, second)]
    assert len({tuple(each.items()) for each in found}) == 4
    assert first.ask() is None
    assert second.others_work()


def test_a_trial_whose_process_died_goes_on_in_another_and_is_never_counted_as_done(opened):
    first, second = opened(), opened()
    first.most = 1
    trial = first.ask()
    assert second.ask() is None
    for starts in range(2, STARTS + 1):
        first.close()  # as the system closes what a killed process held
        first, second = second, opened()
        again = first.ask()
        assert (again.number, again.values) == (trial.number, trial.values)
        assert again.notes["starts"] == starts
    first.close()
    assert second.ask() is None
    assert second.trials()[0].state == "FAIL"
    assert second.trials()[0].notes["error"] == "the process that trained it died 3 times"


def test_what_is_asked_next_depends_on_seed_and_past_alone(opened, tmp_path):
    study = opened()
    study.most = 2
    study.tell(study.ask(), "COMPLETE", 0.5)
    wanted = study.ask().values
    study.close()
    (tmp_path / "study.db").unlink()
    study = opened()
    study.most = 2
    study.tell(study.ask(), "COMPLETE", 0.5)
    study.close()
    assert opened().ask().values == wanted


def test_a_database_that_is_damaged_or_somewhere_odd(opened, tmp_path):
    opened().close()
    (tmp_path / "study.db").write_bytes(b"no database, " * 100)
    with pytest.raises(
        RunError, match=r"study\.db of the sweep cannot be read or written: .*not a"
    ):
        opened()
    odd = tmp_path / "50% ü#&"
    odd.mkdir()
    study = Study(odd, Rules(spaces.parse("epochs=2,3", LABELLED), 1, True, "none", True))
    study.close()
    assert (odd / "study.db").is_file()


def test_a_trial_below_the_others_is_given_up_and_the_best_is_the_first_of_equals(opened):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # none of Optuna's reaches anybody
        study = opened()
        study.most = 6
        for score in (0.5, 0.8, 0.8, 0.6):
            trial = study.ask()
            assert not study.report(trial, score, 50)
            study.tell(trial, "COMPLETE", score)
        assert not study.report(study.ask(), 0.9, 50)
        trial = study.ask()
        assert study.report(trial, 0.1, 50)
        study.tell(trial, "PRUNED", error="others were better")
        assert study.best().number == 1
        assert study.importance().keys() == {"train.lr", "train.epochs"}

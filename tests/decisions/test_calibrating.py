"""Calibration makes probabilities what they say, and leaves what is right already."""

import numpy as np
import pytest
from scipy import special

from textune.decisions import calibrating, searching
from textune.decisions.calibrating import Held
from textune.metrics import reliability

COUNT = 4000


def labels(scale, shift, *, count=COUNT, seed=0):
    """Make held-out logits whose true ones are the same divided by a scale, less a shift."""
    draw = np.random.default_rng(seed)
    true = draw.normal(-1.0, 2.0, (count, 3))
    marks = (draw.random(true.shape) < special.expit(true)).astype(float)
    return Held((true - np.asarray(shift)) * np.asarray(scale), marks=marks)


def classes(scale, *, count=COUNT, seed=0):
    draw = np.random.default_rng(seed)
    true = draw.normal(0.0, 1.5, (count, 4))
    chances = special.softmax(true, axis=1)
    truth = (draw.random((count, 1)) < chances.cumsum(axis=1)).argmax(axis=1)
    return Held(true * scale, groups=((np.arange(4), truth),))


def parts(held):
    return np.arange(len(held.logits)) % 5


def test_a_temperature_is_found_and_logits_that_are_right_are_left():
    assert calibrating.choose(classes(1.0), parts(classes(1.0))) == "none"
    held = classes(3.0)
    assert calibrating.choose(held, parts(held)) == "temperature"
    found = calibrating.fit("temperature", held)
    assert found.scale == pytest.approx([1 / 3] * 4, rel=0.05)
    assert found.shift == (0.0,) * 4


def test_each_label_gets_its_scale_and_its_shift():
    held = labels((1.0, 2.0, 0.5), (0.0, 1.0, -2.0))
    assert calibrating.choose(held, parts(held)) == "labels"
    found = calibrating.fit("labels", held)
    assert found.scale == pytest.approx([1.0, 0.5, 2.0], rel=0.15)
    assert found.shift == pytest.approx([0.0, 1.0, -2.0], abs=0.15)


def test_a_curve_repairs_what_no_line_can_and_keeps_the_order():
    held = labels(1.0, 0.0)
    bent = Held(np.sinh(held.logits), marks=held.marks)
    assert calibrating.choose(bent, parts(bent)) == "isotonic"
    found = calibrating.fit("isotonic", bent)
    made = calibrating.apply(found, np.linspace(-60, 60, 999)[:, None].repeat(3, axis=1))
    assert (np.diff(made, axis=0) > 0).all()
    fresh = labels(1.0, 0.0, seed=9)
    chances = special.expit(calibrating.apply(found, np.sinh(fresh.logits)))
    assert reliability.error(fresh.marks.ravel(), chances.ravel()) < 0.02


def test_a_model_that_is_too_sure_is_repaired_on_fresh_texts():
    found = calibrating.fit("temperature", classes(4.0))
    fresh = classes(4.0, seed=1)
    truth = fresh.groups[0][1]

    def error(logits):
        chances = special.softmax(logits, axis=1)
        right = (chances.argmax(axis=1) == truth).astype(float)
        return reliability.error(right, chances.max(axis=1))

    assert error(fresh.logits) > 0.2
    assert error(calibrating.apply(found, fresh.logits)) < 0.03


@pytest.mark.parametrize("present", [[0], [0, 1], [1, 2, 3]])
def test_classes_that_no_text_has_are_not_calibrated_by_the_others(present):
    held = classes(3.0)
    rows = np.flatnonzero(np.isin(held.groups[0][1], present))
    assert min(np.bincount(held.groups[0][1][rows])[present]) > calibrating.FEWEST
    kind = calibrating.choose(held.part(rows), parts(held.part(rows)))
    assert kind == ("none" if len(present) == 1 else "temperature")


def test_a_label_that_no_text_has_or_all_have_is_left_as_it_is():
    held = labels(2.0, 0.5)
    held.marks[:, 0], held.marks[:, 2] = 0.0, 1.0
    found = calibrating.fit("labels", held)
    assert (found.scale[0], found.shift[0]) == (found.scale[2], found.shift[2]) == (1.0, 0.0)
    assert found.scale[1] == pytest.approx(0.5, rel=0.15)
    held.marks[:] = 0.0
    assert calibrating.choose(held, parts(held)) == "none"


def test_few_texts_that_are_all_right_make_nothing_endless():
    held = Held(np.array([[2.0, -2.0], [-2.0, 2.0]]), groups=((np.arange(2), np.array([0, 1])),))
    (scale, _) = calibrating.fit("temperature", held).scale
    assert 1 < scale < 5
    one = Held(np.array([[3.0], [2.0]]), marks=np.array([[1.0], [1.0]]))
    found = calibrating.fit("labels", one)
    assert 0.5 < found.scale[0] < 3
    assert abs(found.shift[0]) < 2


@pytest.mark.parametrize("count", [12, 25, 50])
@pytest.mark.first(1)
def test_few_texts_do_not_make_a_model_that_is_right_too_sure(count):
    def drawn(count, seed, scale=1.0):
        draw = np.random.default_rng(seed)
        true = draw.normal(0, 5, (count, 2))
        chances = special.softmax(true, axis=1)
        truth = (draw.random((count, 1)) < chances.cumsum(axis=1)).argmax(axis=1)
        return Held(true * scale, groups=((np.arange(2), truth),))

    def gained(scale):
        fresh, losses = drawn(3000, 999, scale), []
        before = calibrating.losses(fresh, fresh.logits).mean()
        for seed in range(20):
            held = drawn(count, seed, scale)
            found = calibrating.fit(calibrating.choose(held, parts(held)), held)
            losses.append(calibrating.losses(fresh, calibrating.apply(found, fresh.logits)).mean())
        return before - np.mean(losses)

    assert min(gained(1.0), gained(2.5)) > -0.005
    assert gained(0.4) > 0.02


def test_what_is_not_scored_or_not_read_has_no_say():
    held = labels(2.0, 0.0)
    marks, logits = held.marks.copy(), held.logits.copy()
    more = Held(
        np.concatenate([logits, np.full((50, 3), np.nan), logits[:50] * -9]),
        marks=np.concatenate([marks, marks[:50], np.full((50, 3), np.nan)]),
    )
    for kind in ("temperature", "labels", "isotonic"):
        one, other = calibrating.fit(kind, held), calibrating.fit(kind, more)
        assert one.scale == pytest.approx(other.scale, rel=1e-3)
    assert np.isnan(calibrating.apply(one, np.array([[np.nan, 1.0, 2.0]]))[0, 0])


def held_of(kind):
    """Make few items, of which some have no truth and some were not read."""
    draw = np.random.default_rng(3)
    logits = draw.normal(0.0, 3.0, (9, 5))
    logits[4] = np.nan
    if kind == "labels":
        marks = draw.integers(0, 2, logits.shape).astype(float)
        marks[0, 1:3] = marks[5] = np.nan
        return Held(logits, marks=marks)
    first, second = draw.integers(-1, 2, 9), draw.integers(-1, 3, 9)
    return Held(logits, groups=((np.array([0, 3]), first), (np.array([1, 2, 4]), second)))


@pytest.mark.parametrize("kind", ["temperature", "labels"])
@pytest.mark.parametrize("of", ["labels", "classes"])
def test_losses_come_with_their_slopes_and_are_least_where_they_are_said_to_be(
    kind, of, monkeypatch
):
    asked, least = [], searching.least

    def noting(losses, *given):
        asked.append((losses, least(losses, *given)))
        return asked[-1][1]

    monkeypatch.setattr(searching, "least", noting)
    held = held_of(of)
    calibrating.fit(kind, held)
    for losses, found in asked:
        draw = np.random.default_rng(0)
        for place in (found, draw.normal(0, 0.5, found.shape)):
            here = losses(place)
            assert (np.linalg.eigvalsh(here.curvatures) > 0).all()
            for at in range(found.shape[1]):
                ends = []
                for step in (1e-5, -1e-5):
                    moved = place.copy()
                    moved[:, at] += step
                    ends.append(losses(moved))
                    assert (ends[-1].values > losses(found).values).all()
                slopes = (ends[0].values - ends[1].values) / 2e-5
                assert here.slopes[:, at] == pytest.approx(slopes, abs=1e-8)
        assert losses(found).slopes == pytest.approx(0.0, abs=searching.FLAT)
    assert len(asked) == 1 + (kind == "labels" and of == "classes")


def test_the_loss_of_a_temperature_is_the_mean_of_what_items_lose():
    for of in ("labels", "classes"):
        held = held_of(of)
        summed = calibrating._along_scale(held, held.logits)[0]
        assert summed == pytest.approx(calibrating.losses(held, held.logits).sum())


def test_many_classes_take_no_more_looks_at_the_data_than_few(monkeypatch):
    draw, looks, look = np.random.default_rng(0), [], calibrating._of_shifts

    def counted(*given):
        looks.append(1)
        return look(*given)

    monkeypatch.setattr(calibrating, "_of_shifts", counted)
    truth = draw.integers(0, 60, 1200)
    logits = draw.normal(0.0, 1.0, (1200, 60)) + draw.normal(0.0, 0.5, 60)
    logits[np.arange(1200), truth] += 2.0
    held = Held(2 * logits, groups=((np.arange(60), truth),))
    found = calibrating.fit("labels", held)
    calibrated = calibrating.losses(held, calibrating.apply(found, held.logits))
    assert calibrated.mean() < 0.9 * calibrating.losses(held, held.logits).mean()
    assert len(looks) < 20

"""The sentence of a learning curve says how sure the score is from which it looks ahead."""

from textune.recipes.selection import foretelling
from textune.runs.curves import FROZEN, TUNED, LearningCurve, Point

RISING = {50: 0.40, 100: 0.47, 200: 0.515, 400: 0.552}


def curve(scores=RISING, *, score=0.552, interval=(0.49, 0.61), metric="mcc", way=TUNED):
    points = tuple(Point(way, texts, value) for texts, value in scores.items())
    return LearningCurve(
        "key", metric, "40 texts", max(scores), points, score=score, interval=interval
    )


def words(found):
    return foretelling.foretell(found)["words"]


def test_the_interval_of_the_score_stands_beside_it():
    said = words(curve())
    assert said.startswith("twice as many labels: about 0.576 (")
    assert "(now 0.552, 95 % interval 0.490–0.610)" in said
    wide = words(curve(interval=(0.3, 0.8)))
    assert wide.endswith("; both lie within that interval: so small a gain may be chance")


def test_a_gain_beyond_the_interval_is_not_doubted():
    said = words(curve(interval=(0.54, 0.56)))
    assert "95 % interval 0.540–0.560" in said
    assert said.endswith("by a power law)")
    one = words(curve(interval=(0.5, 0.59)))
    assert one.endswith(
        "; twice as many would lie within that interval: so small a gain may be chance"
    )


def test_the_run_s_own_score_is_named_where_the_curve_ends_elsewhere():
    said = words(curve(way=FROZEN, score=0.6, interval=(0.55, 0.66)))
    assert "(now 0.552; the run has 0.600, 95 % interval 0.550–0.660)" in said


def test_errors_fall_and_what_is_negative_can_be_read():
    falling = {50: 0.9, 100: 0.7, 200: 0.58, 400: 0.5}
    said = words(curve(falling, metric="rmse", score=0.5, interval=(0.2, 0.8)))
    assert "both lie within that interval" in said
    negative = words(curve(score=0.552, interval=(-0.1, 0.9)))
    assert "95 % interval −0.100 to 0.900" in negative


def test_a_curve_of_before_has_no_interval():
    said = words(curve(score=None, interval=None))
    assert "(now 0.552)," in said
    assert "within" not in said

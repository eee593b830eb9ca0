"""Pictures that no decision changes are taken from the page before, and drawn where they differ."""

import re

import numpy as np
import pytest
from markupsafe import Markup

from textune.report import drawings, drawn, shapes


@pytest.fixture
def draw():
    """Return what draws, and counts how often it did."""

    def draw(shown):
        draw.times += 1
        return Markup(f'<svg role="img"><text>{draw.times}</text></svg>\n')

    draw.times = 0
    return draw


def twice(draw, page, first, then, change=lambda text: text):
    """Draw onto a page, then onto the next one; return both pictures."""
    with drawn.keeping(page):
        one = drawn.once(draw, first)
    page.write_text(change(f"<p>before</p>{one}<p>between</p><svg></svg>"), encoding="utf-8")
    with drawn.keeping(page):
        return one, drawn.once(draw, then)


def test_what_shows_the_same_is_not_drawn_again(draw, tmp_path):
    shown = [("a", 1.5, None, {"b": (2, np.arange(3000.0))})]
    one, other = twice(draw, tmp_path / "page", shown, shown)
    assert one == other
    assert draw.times == 1


@pytest.mark.parametrize(
    "then", [np.arange(3000.0) * 2, np.arange(3000), np.arange(3000.0)[:, None], [0.0], None]
)
def test_what_shows_something_else_is_drawn(draw, tmp_path, then):
    one, other = twice(draw, tmp_path / "page", np.arange(3000.0), then)
    assert one != other
    assert draw.times == 2


def test_a_change_within_a_long_array_is_seen(draw, tmp_path):
    other = np.arange(3000.0)
    other[1500] += 1e-9
    twice(draw, tmp_path / "page", np.arange(3000.0), other)
    assert draw.times == 2


def test_a_picture_that_somebody_changed_is_drawn_again(draw, tmp_path):
    twice(draw, tmp_path / "page", 1, 1, lambda text: text.replace("<text>1", "<text>7"))
    assert draw.times == 2


def test_nothing_that_a_browser_would_run_is_taken_whatever_digest_it_has(draw, tmp_path):
    active = "<script>alert(1)</script>"
    kept = str(drawn.once(draw, 1))
    rest = kept.partition('" data-is="')[2][65:].replace("<text>", f"{active}<text>")
    of = drawn.NAMED.match(kept)[1]
    page = f'<svg role="img" data-of="{of}" data-is="{drawn._digest(rest)}"{rest}'
    (tmp_path / "page").write_text(page, encoding="utf-8")
    with drawn.keeping(tmp_path / "page"):
        assert active not in drawn.once(draw, 1)
    assert draw.times == 2


@pytest.mark.parametrize(
    "page", [b"", b"\xff", b"</svg>" * 9, b'<svg role="img" data-of="</svg>'], ids=repr
)
def test_a_page_without_pictures_gives_none(draw, tmp_path, page):
    (tmp_path / "page").write_bytes(page)
    with drawn.keeping(tmp_path / "page"):
        drawn.once(draw, 1)
    assert draw.times == 1


def test_another_hand_draws_anew(draw, tmp_path, monkeypatch):
    with drawn.keeping(tmp_path / "page"):
        (tmp_path / "page").write_text(drawn.once(draw, 1), encoding="utf-8")
    monkeypatch.setattr(drawn, "_hand", lambda: "matplotlib 99")
    with drawn.keeping(tmp_path / "page"):
        drawn.once(draw, 1)
    assert draw.times == 2


def test_what_is_not_told_in_full_is_refused(draw):
    with pytest.raises(TypeError, match="object"):
        drawn.once(draw, [object()])


def test_bars_stand_on_either_side_of_zero_with_their_names():
    rows = [("This <model>", 0.5, (0.4, 0.6)), ("x" * 50, -0.25, None), ("none", 0.0, None)]
    drawing = shapes.bars("a & b", rows)
    assert 'aria-label="a &amp; b"' in drawing
    assert "This &lt;model&gt;" in drawing
    assert f">{'x' * 35}…<" in drawing
    beams = re.findall(r'x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', drawing)
    (start, first), (left, second), (_, third) = [tuple(map(float, one)) for one in beams]
    assert left + second == pytest.approx(start, abs=0.2)  # zero
    assert first == pytest.approx(2 * second, abs=0.2)
    assert third == 0
    assert start + first < shapes.BAR_WIDTH


def test_what_is_no_number_has_no_bar():
    rows = [("a", float("nan"), None), ("b", 0.5, (float("nan"), 1.0)), ("c", None, None)]
    assert drawings.bars(rows) == drawings.bars([("b", 0.5, None)])
    assert drawings.bars(rows[:1]) is None

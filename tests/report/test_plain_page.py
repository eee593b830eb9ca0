import json
import math
import re

import numpy as np
import pytest
from made_language_runs import (
    PROVE,
    SCORES,
    WARMUP,
    held_out,
    made_log,
    write_log,
    write_metrics,
    write_run,
)
from matplotlib.image import imread
from test_report import EVIL, Page, pictures_of

from textune.errors import RunError
from textune.report import pictures, report
from textune.report.pages import Files

PNGS = ["loss.png", "learning_rate.png", "masked_accuracy.png"]
TYPED = {"\N{NARROW NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-"}  # as a test can type them


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path, warmup=WARMUP, prove=PROVE, added_words=37)


@pytest.fixture
def told(run):
    """Give a run without its log: its page is one of words, and quickly made."""
    (run / "log.jsonl").unlink()
    return run


def read(run):
    return report.write_page(run, Files.read(run)).read_text(encoding="utf-8")


def words_of(run):
    """Return what a reader sees, with typable blanks and minus signs."""
    seen = re.sub("<style>.*?</style>", "", read(run), flags=re.DOTALL)
    return " ".join(" ".join(Page(seen).words).translate(str.maketrans(TYPED)).split())


def verdict_of(folder, before, after):
    write_metrics(folder, before=before, valid=after)
    found = re.search('<p class="verdict">(.*?)</p>', read(folder))
    return (found[1] if found else "").translate(str.maketrans(TYPED))


def chart_of(run, name):
    metrics = json.loads((run / "metrics.json").read_text())
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return next(chart for chart in pictures.charts(lines, metrics) if chart.name == name)


def test_the_page_is_whole_and_reaches_for_nothing_outside(run):
    text = read(run)
    page = Page(text)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert not re.search("https?:", text)
    assert not {"link", "iframe", "object", "img"} & set(page.tags)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert [path.name for path in run.glob("*report*")] == ["report.html"]
    assert read(run) == text  # the same run, the same page
    titles = re.findall(r'<svg role="img" aria-label="(.*?)"', text)
    assert titles == ["Loss", "Learning rate", "Masked accuracy"]
    assert "var(--accent)" in text
    assert "#01020" not in text  # a stand-in for a colour of the page


def test_everything_from_the_run_is_escaped(tmp_path):
    guess = {"most_frequent": {"piece": EVIL, "masked_accuracy": 0.05}}
    write_run(tmp_path, prove=SCORES | {"words": EVIL}, baselines=guess, objective=EVIL)
    text = read(tmp_path)
    assert "<script>alert" not in text
    assert text.count("&lt;script&gt;") >= 7


APART = "the 95 % intervals do not overlap"
CHANCE = "the 95 % intervals overlap, so it may be chance"


@pytest.mark.parametrize(
    ("before", "after", "perplexity", "accuracy"),
    [
        (
            *((4.265, 0.310), (3.648, 0.412)),
            f"fell from 71.2 to 38.4 (-46 %): {APART}",
            "rose from 31.0 % to 41.2 %",
        ),
        (
            *((3.648, 0.412), (4.265, 0.310)),
            f"rose from 38.4 to 71.2 (+85 %), which is worse: {APART}",
            "fell from 41.2 % to 31.0 %, which is worse",
        ),
        (
            *((3.70, 0.40), (3.66, 0.43)),
            f"fell from 40.4 to 38.9 (-3.9 %): {CHANCE}",
            f"rose from 40.0 % to 43.0 %: {APART}",
        ),
        ((3.70, 0.40), (3.70001, 0.4001), "stayed at 40.4", "stayed at 40.0 %"),
    ],
    ids=["better", "worse", "unsure", "alike"],
)
def test_the_verdict_says_honestly_what_changed(tmp_path, before, after, perplexity, accuracy):
    said = f"Held-out perplexity {perplexity}; masked accuracy {accuracy}."
    assert verdict_of(tmp_path, held_out(*before), held_out(*after)) == said


def test_without_intervals_the_page_speaks_of_none(tmp_path):
    before, after = held_out(3.7, 0.40), held_out(3.6, 0.43)
    del before["intervals"], after["intervals"]
    assert "interval" not in verdict_of(tmp_path, before, after)
    assert "95 %" not in words_of(tmp_path)


def test_what_is_no_number_is_left_out_of_the_verdict(tmp_path):
    before, after = held_out(3.7, 0.40), held_out(3.6, 0.43)
    said = verdict_of(tmp_path, before | {"perplexity": math.inf}, after)
    assert said.startswith("Held-out perplexity is 36.6; masked accuracy rose")
    said = verdict_of(tmp_path, before, after | {"perplexity": None})
    assert said.startswith("Held-out masked accuracy rose")
    assert "perplexity ↓ 40.4 38.5 to 42.5 –" in words_of(tmp_path)
    assert verdict_of(tmp_path, None, {"n": 3}) == ""
    said = "Held-out perplexity is 38.4; masked accuracy is 41.2 %."
    assert verdict_of(tmp_path, None, held_out(3.648, 0.412)) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (30522.4, 20.0, "from 30 522 to 20.0 (-99.9 %)"),
        (20.0, 900.0, "from 20.0 to 900.0 (+4 400 %), which is worse"),
        (4.51, 4.41, "from 4.51 to 4.41 (-2.2 %)"),
        (101.0, 50.4, "from 101.0 to 50.4 (-50 %)"),
        (20.0, 40.0, "from 20.0 to 40.0 (+100 %)"),
        (40.447, 40.451, "from 40.4 to 40.5 (+0.01 %)"),
        (90017.0, 4.5, "from 90 017 to 4.50 (-99.995 %)"),
        (1.5e304, 2.5e304, "from 1.5e+304 to 2.5e+304 (+67 %)"),
    ],
)
def test_a_change_has_the_digits_that_it_needs(tmp_path, before, after, said):
    assert said in verdict_of(tmp_path, {"perplexity": before}, {"perplexity": after})


WHOLE = [
    "Learned masked tokens Base some-encoder Documents 2 400 Tokens 812 345 "
    "Held-out documents 120 Added words 37 Best step 600",
    "Held-out text Before After perplexity ↓ 71.2 67.7 to 74.8 38.4 36.5 to 40.4",
    "masked accuracy ↑ 31.0 % 30.0 % to 32.0 % 41.2 % 40.2 % to 42.2 %",
    "loss, nats per masked token ↓ 4.265 4.215 to 4.315 3.648 3.598 to 3.698 With 95 %",
    "From 20 345 masked tokens in 120 held-out documents.",
    "Always answering the most frequent piece (“,”) would get 5.0 % right.",
    "mcc on labelled.csv No difference, with 3 seeds",
    "1 0.410 0.450 +0.040 2 0.430 0.420 -0.010 3 0.420 0.460 +0.040 Mean 0.420 0.443 +0.023 "
    "-0.040 to +0.090",
    "The head alone learned first: 3 rounds, 90 steps. It was kept. Losses of the head "
    "alone loss before 10.310 round 1 6.200 round 2 5.100 round 3 4.900",
    "Documents 2 400 2 280 120 Tokens 812 345 771 111 41 234 Cut into 3 021 passages of at "
    "most 512 tokens.",
    f"{EVIL}: a document a line 12 empty lines were skipped",
    f"notes/{EVIL}.txt 1 234 567 0123456789ab",
    "base dir/some-encoder train.lr 5e-05 Versions and machine",
    "seconds 912.4 tokens_per_second 5120.3",
]


def test_the_page_of_a_whole_run_says(told):
    words = words_of(told)
    assert [said for said in WHOLE if said not in words] == []


def test_the_next_sentence_is_shown_where_it_was_learned(tmp_path):
    before = held_out(4.265, 0.31, nsp_loss=0.69, nsp_accuracy=0.5)
    after = held_out(3.648, 0.41, nsp_loss=0.4, nsp_accuracy=0.8)
    write_run(tmp_path, nsp=True, objective="mlm+nsp", before=before, valid=after)
    words = words_of(tmp_path)
    assert "Learned masked tokens and next sentence" in words
    assert "sentence accuracy ↑ 50.0 % 80.0 % next-sentence loss, nats ↓ 0.690 0.400" in words
    assert "Loss, masked tokens + next sentence" in words


OTHERWISE = [
    ({"baselines": {}}, "to 41.2 %. Held-out text, before and after"),
    ({"prove": SCORES}, "3 0.420 0.460 +0.040 What was read"),
    ({"best": {"step": 0}}, "No later measurement was better than the one before the first"),
    ({"warmup": WARMUP | {"kept": False}}, "90 steps. It did not help, and was undone."),
    ({"warmup": {"rounds": 1, "steps": 1}}, "The head alone learned first: 1 round, 1 step."),
]


def test_what_went_otherwise_is_said(told):
    whole = words_of(told)
    for change, said in OTHERWISE:
        assert said not in whole
        write_metrics(told, **change)
        assert said in words_of(told)


def test_metrics_alone_make_a_page(tmp_path):
    write_metrics(tmp_path)
    words = words_of(tmp_path)
    assert "Held-out perplexity fell" in words
    for part in ("Training", "What was read", "How to repeat it", "labelled task", "head alone"):
        assert part not in words, part


LOST = {"log.jsonl": "Learning rate", "data_card.json": "What was read"}
LOST |= {"config.toml": "Settings", "capsule.json": "Versions and machine"}


def test_a_file_that_lacks_takes_only_its_part_along(run):
    words = words_of(run)
    for name, lost in LOST.items():
        assert lost in words
        (run / name).unlink()
        words = words_of(run)
        assert lost not in words


def test_an_empty_card_leaves_out_its_tables(told):
    (told / "data_card.json").write_text('{"reading": ["one sentence"], "pieces": 1}')
    words = words_of(told)
    assert "Cut into 1 passage. How one sentence" in words
    assert "to learn from" not in words
    assert "sha256" not in words


def test_no_metrics_is_refused(tmp_path):
    with pytest.raises(RunError, match=r"no metrics.json.*train first"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["metrics.json", "data_card.json", "config.toml", "capsule.json"])
def test_a_damaged_file_is_named(told, name):
    (told / name).write_text("{ half")
    with pytest.raises(RunError, match=rf"{name}: damaged .*train again"):
        read(told)


def test_the_pictures_are_of_the_expected_size_and_not_empty(run):
    paths = pictures_of(run)
    assert paths == [run / "pictures" / name for name in PNGS]
    assert sorted(path.name for path in (run / "pictures").iterdir()) == sorted(PNGS)
    for path in paths:
        pixels = imread(path)  # (height, width, 4)
        assert pixels.shape[:2] == (600, 1020)
        assert 0.6 < (pixels[:, :, :3] == 1).all(axis=2).mean() < 0.99  # white
        assert b"tEXt" not in path.read_bytes()  # no date, no version


@pytest.mark.exhaustive
def test_the_pictures_differ_where_the_numbers_do(run, monkeypatch):
    monkeypatch.setattr(pictures, "DOTS_PER_INCH", 30)  # their size is not what is asked

    def drawn():
        return [path.read_bytes() for path in pictures_of(run)]

    first = drawn()
    assert first == drawn()
    write_log(run, [line | {"loss": 9.0} for line in made_log()])
    second = drawn()
    assert [a == b for a, b in zip(first, second, strict=True)] == [False, True, True]
    write_metrics(run, baselines={})
    assert [a == b for a, b in zip(second, drawn(), strict=True)] == [True, True, False]


def test_two_losses_are_added_where_training_added_them(tmp_path):
    write_run(tmp_path, nsp=True, objective="mlm+nsp")
    assert chart_of(tmp_path, "loss").lines[1].points[0, 1] == pytest.approx(4.26 + 0.4)
    write_log(tmp_path, made_log(nsp=False))
    line = chart_of(tmp_path, "loss").lines[1]
    assert line.points[0, 1] == pytest.approx(4.26)
    assert line.label == "held-out, masked tokens"


def test_the_held_out_loss_and_its_intervals_begin_before_the_first_step(run):
    training, checks = (line.points for line in chart_of(run, "loss").lines)
    assert training[0, 0] == 1
    assert checks[:, 0].tolist() == [0, 100, 200, 300, 400, 500, 600]
    assert checks[0, 1] == pytest.approx(4.26)
    assert np.allclose(chart_of(run, "masked_accuracy").spans, [(0, 30, 32), (600, 40.2, 42.2)])
    write_metrics(run, best={"step": 300})
    assert [span[0] for span in chart_of(run, "masked_accuracy").spans] == [0, 300]
    write_metrics(run, best={})
    assert [span[0] for span in chart_of(run, "masked_accuracy").spans] == [0, 600]
    write_metrics(run, before=None, best={"step": 333})
    assert chart_of(run, "masked_accuracy").spans == ()


@pytest.mark.parametrize(
    ("piece", "named"), [(",", " “,”"), ("$$", " “$$”"), ("\u7684", ""), ("\n", ""), (None, "")]
)
@pytest.mark.first(2)
def test_the_baseline_is_a_labelled_line_whatever_its_piece(run, piece, named, monkeypatch):
    monkeypatch.setattr(pictures, "DOTS_PER_INCH", 30)
    write_metrics(run, baselines={"most_frequent": {"piece": piece, "masked_accuracy": 0.05}})
    label, height = chart_of(run, "masked_accuracy").level
    said = f"always the most frequent piece{named}: 5.0 %"
    assert label.translate(str.maketrans(TYPED)) == said
    assert height == 5
    assert len(pictures_of(run)) == 3  # a font's warning is an error here


def test_a_run_of_one_step_has_its_pictures(run):
    write_log(run, made_log(steps=1, every=1))
    (run / "log.jsonl").write_text((run / "log.jsonl").read_text() + '{"kind": "st')
    assert [imread(path).shape[:2] for path in pictures_of(run)] == [(600, 1020)] * 3
    assert read(run).count("<svg") == 3


def test_a_single_point_can_be_seen(run):
    write_log(run, [{"kind": "step", "step": 1, "loss": 3.0, "lr": 1e-5}])
    pixels = [imread(path)[:, :, :3] for path in pictures_of(run)]
    assert len(pixels) == 2  # nothing was validated
    accent = np.array([0x0B, 0x6E, 0x6E]) / 255
    for picture in pixels:
        assert (np.abs(picture - accent).max(axis=2) < 0.01).sum() > 20


def test_an_empty_curve_makes_no_picture(run):
    nothing = [{"kind": "step", "step": 1, "loss": math.nan, "lr": None}]
    write_log(run, [*nothing, {"kind": "validation", "step": 1, "metrics": {"loss": None}}])
    assert pictures_of(run) == []
    assert "<svg" not in read(run)
    (run / "log.jsonl").unlink()
    assert pictures_of(run) == []


@pytest.mark.exhaustive
def test_a_long_curve_is_thinned(run, monkeypatch):
    losses = np.random.default_rng(0).normal(3, 1, 6000).tolist()
    lines = [{"kind": "step", "step": n, "loss": loss} for n, loss in enumerate(losses)]
    checks = [line | {"kind": "validation", "metrics": {"loss": 4.0}} for line in lines]
    write_log(run, lines + checks)
    thin = read(run).count("L ")
    assert 400 < thin < 1500
    assert 400 <= read(run).count("<use") < 450  # the marks
    monkeypatch.setattr(pictures, "MOST_POINTS", 10_000)
    assert read(run).count("L ") > 4 * thin


def test_noise_is_thinned_alike_from_end_to_end(run):
    write_log(run, [{"kind": "step", "step": n, "loss": 3 + n % 2} for n in range(600)])
    ticks = {float(tick) for tick in re.findall(r">(\d\.\d+)</text>", read(run))}
    assert 3.2 < min(ticks) < max(ticks) < 3.8

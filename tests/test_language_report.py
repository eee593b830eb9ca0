import json
import math
import re

import numpy as np
import pytest
from matplotlib.image import imread

from test_report import EVIL, Page
from textune import language_report, pictures
from textune.errors import RunError

PNGS = ["loss.png", "learning_rate.png", "masked_accuracy.png"]
TYPED = {"\N{NARROW NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-"}  # as a test can type them


def held_out(loss, accuracy, *, half=0.05, **others):
    """Make up what is known of held-out text, with intervals of a loss's half width."""
    return {
        "n": 120,
        "masked": 20345,
        "loss": loss,
        "perplexity": math.exp(loss),
        "masked_accuracy": accuracy,
        "intervals": {
            "loss": [loss - half, loss + half],
            "perplexity": [math.exp(loss - half), math.exp(loss + half)],
            "masked_accuracy": [accuracy - half / 5, accuracy + half / 5],
        },
        **others,
    }


def made_metrics(**others):
    return {
        "objective": "mlm",
        "before": held_out(4.265, 0.310),
        "valid": held_out(3.648, 0.412),
        "baselines": {"most_frequent": {"piece": ",", "masked_accuracy": 0.05}},
        "best": {"step": 600, "metric": "loss", "value": 3.648},
        **others,
    }


def made_log(*, steps=600, every=100, nsp=False):
    rng = np.random.default_rng(0)
    for step in range(steps + 1):
        if step:
            yield {
                "kind": "step",
                "step": step,
                "epoch": 1,
                "loss": 3.6
                + 0.7 * math.exp(-step / 150)
                + 0.15 * rng.standard_normal()
                + 0.4 * nsp,
                "lr": 5e-5 * min(step / 60, (steps - step) / max(1, steps - 60)),
            }
        if step % every == 0:
            loss = 3.64 + 0.62 * math.exp(-step / 150)
            metrics = {"loss": loss, "perplexity": math.exp(loss)}
            metrics["masked_accuracy"] = 0.31 + 0.104 * (1 - math.exp(-step / 150))
            if nsp:
                metrics |= {"nsp_loss": 0.4, "nsp_accuracy": 0.8}
            yield {"kind": "validation", "step": step, "epoch": 1, "metrics": metrics}


def write_log(folder, lines):
    (folder / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def write_metrics(folder, **others):
    (folder / "metrics.json").write_text(json.dumps(made_metrics(**others)))


def write_run(folder, *, nsp=False, **others):
    write_metrics(folder, **others)
    write_log(folder, made_log(nsp=nsp))
    card = {
        "files": [{"path": f"notes/{EVIL}.txt", "bytes": 1234567, "sha256": "0123456789abcdef"}],
        "reading": [f"{EVIL}: a document a line", "12 empty lines were skipped"],
        "documents": 2400,
        "tokens": 812345,
        "pieces": 3021,
        "max_tokens": 512,
        "splits": {"train": 2280, "valid": 120},
        "tokens_train": 771111,
        "tokens_valid": 41234,
    }
    (folder / "data_card.json").write_text(json.dumps(card))
    (folder / "config.toml").write_text('base = "dir/some-encoder"\n[train]\nlr = 5e-5\n')
    capsule = {"versions": {"torch": EVIL}, "seconds": 912.4, "tokens_per_second": 5120.3}
    (folder / "capsule.json").write_text(json.dumps(capsule))
    return folder


WARMUP = {"rounds": 3, "steps": 90, "losses": [10.31, 6.2, 5.1, 4.9], "kept": True}
PROVE = {
    "file": "labelled.csv",
    "metric": "mcc",
    "seeds": [1, 2, 3],
    "without": [0.41, 0.43, 0.42],
    "with": [0.45, 0.42, 0.46],
    "difference": 0.0233,
    "interval": [-0.04, 0.09],
    "words": "no difference that 3 seeds can show",
}


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path, warmup=WARMUP, prove=PROVE, added_words=37)


@pytest.fixture
def told(run):
    """Give a run without its log: its page is one of words, and quickly made."""
    (run / "log.jsonl").unlink()
    return run


def read(run):
    return language_report.write(run).read_text(encoding="utf-8")


def words_of(run):
    """Return what a reader sees, with typable blanks and minus signs."""
    seen = re.sub("<style>.*?</style>", "", read(run), flags=re.DOTALL)
    return " ".join(" ".join(Page(seen).words).translate(str.maketrans(TYPED)).split())


def verdict_of(folder, before, after):
    write_metrics(folder, before=before, valid=after)
    found = re.search('<p class="verdict">(.*?)</p>', read(folder))
    shown = found[1] if found else ""
    return shown.translate(str.maketrans(TYPED))


def chart_of(run, name):
    metrics = json.loads((run / "metrics.json").read_text())
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return next(chart for chart in pictures.charts(lines, metrics) if chart.name == name)


def test_the_page_is_whole_and_reaches_for_nothing_outside(run):
    text = read(run)
    page = Page(text)
    assert [link for link in page.links if not link.startswith("#")] == []
    assert "http:" not in text
    assert "https:" not in text
    assert not {"script", "link", "iframe", "object", "img"} & set(page.tags)
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert [path.name for path in run.glob("*report*")] == ["report.html"]


def test_everything_from_the_run_is_escaped(tmp_path):
    piece = {"piece": EVIL, "masked_accuracy": 0.05}
    prove = PROVE | {"words": EVIL, "file": EVIL}
    write_run(tmp_path, prove=prove, baselines={"most_frequent": piece}, objective=EVIL)
    text = read(tmp_path)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= 8


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            (4.265, 0.310),
            (3.648, 0.412),
            "perplexity fell from 71.2 to 38.4 (-46 %): the 95 % intervals do not overlap; "
            "masked accuracy rose from 31.0 % to 41.2 %",
        ),
        (
            (3.648, 0.412),
            (4.265, 0.310),
            "perplexity rose from 38.4 to 71.2 (+85 %), which is worse: the 95 % intervals do not "
            "overlap; masked accuracy fell from 41.2 % to 31.0 %, which is worse",
        ),
        (
            (3.70, 0.40),
            (3.66, 0.43),
            "perplexity fell from 40.4 to 38.9 (-3.9 %): the 95 % intervals overlap, so it may be "
            "chance; masked accuracy rose from 40.0 % to 43.0 %: the 95 % intervals do not overlap",
        ),
        (
            (3.70, 0.40),
            (3.70001, 0.4001),
            "perplexity stayed at 40.4; masked accuracy stayed at 40.0 %",
        ),
    ],
    ids=["better", "worse", "unsure", "alike"],
)
def test_the_verdict_says_honestly_what_changed(tmp_path, before, after, said):
    assert verdict_of(tmp_path, held_out(*before), held_out(*after)) == f"Held-out {said}."


def test_without_intervals_the_page_speaks_of_none(tmp_path):
    before, after = held_out(3.7, 0.40), held_out(3.6, 0.43)
    del before["intervals"], after["intervals"]
    assert "interval" not in verdict_of(tmp_path, before, after)
    assert "95 %" not in words_of(tmp_path)


def test_without_a_before_the_verdict_says_where_it_stands(tmp_path):
    said = "Held-out perplexity is 38.4; masked accuracy is 41.2 %."
    assert verdict_of(tmp_path, None, held_out(3.648, 0.412)) == said
    assert "Held-out text After perplexity" in words_of(tmp_path)


def test_what_is_no_number_is_left_out_of_the_verdict(tmp_path):
    before, after = held_out(3.7, 0.40), held_out(3.6, 0.43)
    said = verdict_of(tmp_path, before | {"perplexity": math.inf}, after)
    assert said.startswith("Held-out perplexity is 36.6; masked accuracy rose")
    said = verdict_of(tmp_path, before, after | {"perplexity": None})
    assert said.startswith("Held-out masked accuracy rose")
    assert "perplexity ↓ 40.4 38.5 to 42.5 –" in words_of(tmp_path)
    assert verdict_of(tmp_path, None, {"n": 3}) == ""


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


@pytest.mark.parametrize(
    "said",
    [
        "Learned masked tokens Base some-encoder Documents 2 400 Tokens 812 345 "
        "Held-out documents 120 Added words 37 Best step 600",
        "Held-out text Before After perplexity ↓ 71.2 67.7 to 74.8 38.4 36.5 to 40.4",
        "masked accuracy ↑ 31.0 % 30.0 % to 32.0 % 41.2 % 40.2 % to 42.2 %",
        "loss, nats per masked token ↓ 4.265 4.215 to 4.315 3.648 3.598 to 3.698 With 95 %",
        "From 20 345 masked tokens in 120 held-out documents.",
        "Always answering the most frequent piece (“,”) would get 5.0 % right.",
        "(mcc on labelled.csv) No difference that 3 seeds can show",
        "1 0.410 0.450 +0.040 2 0.430 0.420 -0.010 3 0.420 0.460 +0.040 Mean 0.420 0.443 +0.023 "
        "-0.040 to +0.090",
        "The head alone learned first: 3 rounds, 90 steps. It was kept. loss before 10.310 round 1 "
        "6.200 round 2 5.100 round 3 4.900",
        "Documents 2 400 2 280 120 Tokens 812 345 771 111 41 234",
        "Cut into 3 021 passages of at most 512 tokens.",
        f"{EVIL}: a document a line 12 empty lines were skipped",
        f"notes/{EVIL}.txt 1 234 567 0123456789ab",
        "base dir/some-encoder train.lr 5e-05",
        "seconds 912.4 tokens_per_second 5120.3",
    ],
)
def test_the_page_of_a_whole_run_says(told, said):
    assert said in words_of(told)


def test_the_next_sentence_is_shown_where_it_was_learned(tmp_path):
    before = held_out(4.265, 0.31, nsp_loss=0.69, nsp_accuracy=0.5)
    after = held_out(3.648, 0.41, nsp_loss=0.4, nsp_accuracy=0.8)
    write_run(tmp_path, nsp=True, objective="mlm+nsp", before=before, valid=after)
    words = words_of(tmp_path)
    assert "Learned masked tokens and next sentence" in words
    assert "next-sentence accuracy ↑ 50.0 % 80.0 %" in words
    assert "next-sentence loss, nats ↓ 0.690 0.400" in words
    assert "Loss, masked tokens + next sentence" in words


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"best": {"step": 0}}, "No later measurement was better than the one before the first"),
        ({"warmup": WARMUP | {"kept": False}}, "90 steps. It did not help, and was undone."),
        ({"warmup": {"rounds": 1, "steps": 1}}, "The head alone learned first: 1 round, 1 step."),
    ],
)
def test_what_went_otherwise_is_said(told, change, said):
    assert said not in words_of(told)
    write_metrics(told, **change)
    assert said in words_of(told)


def test_a_labelled_task_without_its_summary_still_has_its_seeds(tmp_path):
    prove = {key: PROVE[key] for key in ("seeds", "without", "with")}
    write_metrics(tmp_path, prove=prove)
    words = words_of(tmp_path)
    assert "2 0.430 0.420 -0.010" in words
    assert "Mean" not in words


def test_metrics_alone_make_a_page(tmp_path):
    write_metrics(tmp_path)
    words = words_of(tmp_path)
    assert "Held-out perplexity fell" in words
    for part in ("Training", "What was read", "How to repeat it", "labelled task", "head alone"):
        assert part not in words, part
    write_metrics(tmp_path, baselines={})
    assert "most frequent" in words
    assert "most frequent" not in words_of(tmp_path)


@pytest.mark.parametrize(
    ("name", "lost"),
    [
        ("log.jsonl", "Learning rate"),
        ("data_card.json", "What was read"),
        ("config.toml", "Settings"),
        ("capsule.json", "Versions and machine"),
    ],
)
def test_a_file_that_lacks_takes_only_its_part_along(run, name, lost):
    whole = words_of(run)
    (run / name).unlink()
    left = words_of(run)
    assert lost in whole
    assert lost not in left
    assert "Held-out perplexity fell" in left


def test_an_empty_card_leaves_out_its_tables(told):
    (told / "data_card.json").write_text('{"reading": ["one sentence"], "pieces": 1}')
    words = words_of(told)
    assert "one sentence" in words
    assert "Cut into 1 passage." in words
    assert "to learn from" not in words
    assert "sha256" not in words


@pytest.mark.parametrize("make", [language_report.write, pictures.draw])
def test_no_metrics_is_refused(tmp_path, make):
    with pytest.raises(RunError, match=r"no metrics.json.*train first"):
        make(tmp_path)


@pytest.mark.parametrize("name", ["metrics.json", "data_card.json", "config.toml", "capsule.json"])
def test_a_damaged_file_is_named(told, name):
    (told / name).write_text("{ half")
    with pytest.raises(RunError, match=rf"{name}: damaged .*train again"):
        language_report.write(told)


def test_the_curves_are_drawn_in_the_colours_of_the_page(run):
    text = read(run)
    assert text.count("<svg") == 3
    for title in ("Loss", "Learning rate", "Masked accuracy"):
        assert f'role="img" aria-label="{title}"' in text
    assert "var(--accent)" in text
    assert "#01020" not in text


def test_the_same_run_gives_the_same_page_and_the_same_pictures(run):
    assert read(run) == read(run)
    first = [path.read_bytes() for path in pictures.draw(run)]
    assert first == [path.read_bytes() for path in pictures.draw(run)]


def test_the_pictures_are_of_the_expected_size_and_not_empty(run):
    paths = pictures.draw(run)
    assert paths == [run / "pictures" / name for name in PNGS]
    assert sorted(path.name for path in (run / "pictures").iterdir()) == sorted(PNGS)
    for path in paths:
        pixels = imread(path)  # (height, width, 4)
        assert pixels.shape[:2] == (600, 1020)
        is_white = (pixels[:, :, :3] == 1).all(axis=2)
        assert 0.01 < 1 - is_white.mean() < 0.4


def test_the_pictures_show_the_numbers(run):
    first = {path.name: path.read_bytes() for path in pictures.draw(run)}
    changed = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    for line in changed[300:]:
        line["loss"] = 9.0
    write_log(run, changed)
    second = {path.name: path.read_bytes() for path in pictures.draw(run)}
    assert [name for name in PNGS if first[name] != second[name]] == ["loss.png"]
    write_metrics(run, baselines={})
    third = {path.name: path.read_bytes() for path in pictures.draw(run)}
    assert [name for name in PNGS if second[name] != third[name]] == ["masked_accuracy.png"]


def test_no_picture_holds_a_date_or_a_version(run):
    for path in pictures.draw(run):
        assert b"tEXt" not in path.read_bytes()


def test_the_held_out_loss_begins_before_the_first_step(run):
    training, held_out_loss = chart_of(run, "loss").lines
    assert training.points[0, 0] == 1
    assert held_out_loss.points[:, 0].tolist() == [0, 100, 200, 300, 400, 500, 600]
    assert held_out_loss.points[0, 1] == pytest.approx(4.26)


def test_two_losses_are_added_where_training_added_them(tmp_path):
    write_run(tmp_path, nsp=True, objective="mlm+nsp")
    assert chart_of(tmp_path, "loss").lines[1].points[0, 1] == pytest.approx(4.26 + 0.4)
    write_log(tmp_path, made_log(nsp=False))
    line = chart_of(tmp_path, "loss").lines[1]
    assert line.points[0, 1] == pytest.approx(4.26)
    assert line.label == "held-out, masked tokens"


def test_intervals_stand_at_the_start_and_at_the_model_kept(run):
    assert np.allclose(chart_of(run, "masked_accuracy").spans, [(0, 30, 32), (600, 40.2, 42.2)])
    write_metrics(run, best={"step": 300})
    assert [span[0] for span in chart_of(run, "masked_accuracy").spans] == [0, 300]
    write_metrics(run, best={})
    assert [span[0] for span in chart_of(run, "masked_accuracy").spans] == [0, 600]
    write_metrics(run, before=None, best={"step": 333})
    assert chart_of(run, "masked_accuracy").spans == ()


@pytest.mark.parametrize(
    ("piece", "label"),
    [
        (",", "always the most frequent piece “,”: 5.0 %"),
        ("$$", "always the most frequent piece “$$”: 5.0 %"),
        ("\N{CJK UNIFIED IDEOGRAPH-7684}", "always the most frequent piece: 5.0 %"),
        ("\n", "always the most frequent piece: 5.0 %"),
        (None, "always the most frequent piece: 5.0 %"),
    ],
)
def test_the_baseline_is_a_labelled_line_whatever_its_piece(run, piece, label):
    write_metrics(run, baselines={"most_frequent": {"piece": piece, "masked_accuracy": 0.05}})
    found, height = chart_of(run, "masked_accuracy").level
    assert found.translate(str.maketrans(TYPED)) == label
    assert height == 5
    assert len(pictures.draw(run)) == 3  # a font's warning is an error here


def test_a_run_of_one_step_has_its_pictures(run):
    write_log(run, made_log(steps=1, every=1))
    (run / "log.jsonl").write_text((run / "log.jsonl").read_text() + '{"kind": "st')
    for path in pictures.draw(run):
        assert imread(path).shape[:2] == (600, 1020)
    assert read(run).count("<svg") == 3


def test_a_single_point_can_be_seen(run):
    step = {"kind": "step", "step": 1, "loss": 3.0, "lr": 1e-5}
    write_log(run, [step])
    pixels = [imread(path)[:, :, :3] for path in pictures.draw(run)]
    assert len(pixels) == 2  # nothing was validated
    accent = np.array([0x0B, 0x6E, 0x6E]) / 255
    for picture in pixels:
        assert (np.abs(picture - accent).max(axis=2) < 0.01).sum() > 20


def test_an_empty_curve_makes_no_picture(run):
    nothing = [{"kind": "step", "step": 1, "loss": math.nan, "lr": None}]
    write_log(run, [*nothing, {"kind": "validation", "step": 1, "metrics": {"loss": None}}])
    assert pictures.draw(run) == []
    assert "<svg" not in read(run)
    (run / "log.jsonl").unlink()
    assert pictures.draw(run) == []


def test_a_long_curve_is_thinned(run, monkeypatch):
    rng = np.random.default_rng(0)
    losses = enumerate(rng.normal(3, 1, 6000).tolist(), start=1)
    write_log(run, [{"kind": "step", "step": n, "loss": loss} for n, loss in losses])
    thin = read(run).count("L ")
    assert 400 < thin < 1000
    monkeypatch.setattr(pictures, "MOST_POINTS", 10_000)
    assert read(run).count("L ") > 4 * thin


def test_noise_is_thinned_alike_from_end_to_end(run):
    losses = [{"kind": "step", "step": n, "loss": 3 + n % 2} for n in range(1, 601)]
    write_log(run, losses)
    ticks = {float(tick) for tick in re.findall(r">(\d\.\d+)</text>", read(run))}
    assert len(ticks) > 2
    assert min(ticks) > 3.2
    assert max(ticks) < 3.8


def test_many_validations_keep_their_first_and_last(run):
    checks = [
        {"kind": "validation", "step": n, "metrics": {"loss": 4.0}} for n in range(0, 20_000, 10)
    ]
    write_log(run, checks)
    assert 400 <= read(run).count("<use") < 450

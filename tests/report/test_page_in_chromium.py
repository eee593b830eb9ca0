"""The page of a run of 28 labels in a real browser: its script, its keyboard, its accessibility."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support
from test_report import EVIL, write_predictions, write_run

from textune.metrics import metrics
from textune.report import bars, report
from textune.runs.written import DataCard, File
from thinning import but

pytest.importorskip("selenium", reason="selenium is not installed")
axe = pytest.importorskip("axe_core_python.selenium", reason="axe-core is not installed")
from selenium import webdriver  # noqa: E402  # after it is known to be there
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver (Debian: chromium-driver)"
)
LABELS = [f"emotion {number}" for number in range(26)] + ["</script>", EVIL]
TEXTS = 400
LOOKED_AT = {"exclude": [[".curves > figure ~ figure"]]}  # one drawing is like another
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-extensions",
)


def case():
    """Make answers that are somewhat right; one label is very rare, one is never given."""
    rng = np.random.default_rng(0)
    often = np.linspace(0.02, 0.4, len(LABELS))
    truth = rng.random((TEXTS, len(LABELS))) < often
    logits = np.log(often / (1 - often)) + 1.5 * truth + rng.normal(size=truth.shape)
    return truth.astype(float), 1 / (1 + np.exp(-logits))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "run"
    folder.mkdir()
    truth, chances = case()
    thresholds = dict(zip(LABELS, np.linspace(0.123, 0.6, len(LABELS)).tolist(), strict=True))
    given = (chances >= list(thresholds.values())).astype(int)
    numbers = metrics.multi(truth, chances, given, LABELS)
    numbers["rule"] = {"kind": "threshold", "aim": "f1", "unmet": [], "thresholds": thresholds}
    found = {"valid": numbers, "test": numbers}
    found["baselines"] = {"part": "test", "majority": numbers, "tfidf": numbers}
    (folder / "metrics.json").write_text(json.dumps(found))
    DataCard(
        contract={"task": "multi", "text": [EVIL], "label": LABELS, "reasons": [EVIL]},
        findings=({"severity": "warning", "message": EVIL, "rows": ["a.csv:1"]},),
        files=(File("a.csv", "0123456789abcdef", 120),),
        splits={"train": 1000, "valid": TEXTS, "test": TEXTS},
        labels=dict.fromkeys(LABELS, 40),
    ).write(folder)
    (folder / "config.toml").write_text('base = "dir/base"\n[run]\nsource = "a.csv"\n')
    capsule = {"cores": 2, "train_seconds": 9.5, "tokens_per_second": 812.0, "padding": 0.0}
    (folder / "capsule.json").write_text(json.dumps(capsule))
    steps = [{"kind": "step", "step": n, "loss": 1 / n, "lr": 1e-5 * n} for n in range(1, 40)]
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, steps)))
    for part in ("valid", "test"):
        path = folder / "predictions" / f"{part}.parquet"
        write_predictions(path, LABELS, (truth, chances, given), several=True)
    report.write(folder)
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = Options()
    options.binary_location = CHROMIUM
    home = tmp_path_factory.mktemp("home")
    for word in (*OPTIONS, f"--user-data-dir={home / 'data'}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = Service(DRIVER, env={**os.environ, "HOME": str(home)})
    started = webdriver.Chrome(options=options, service=service)
    started.set_script_timeout(300)  # axe-core, on a machine that others use as well
    yield started
    started.quit()


def opened(browser, run, *, width=1200, scheme="light", script=True):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
    browser.get((run / "report.html").as_uri())
    return browser


def requested(browser):
    """Return the addresses that were asked for since the last look, the browser's own left out."""
    found = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    asked = [one["params"] for one in found if one["method"] == "Network.requestWillBeSent"]
    urls = {one["request"]["url"] for one in asked}
    return {url for url in urls if not url.startswith(("chrome", "data:"))}


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1200, "dark")])
@pytest.mark.first(1)
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_page(browser, run, width, scheme):
    page = opened(browser, run, width=width, scheme=scheme)
    page.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = axe.Axe().run(page, LOOKED_AT, {"resultTypes": ["violations"]})["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    whole = "return document.documentElement.scrollWidth"
    assert page.execute_script(whole) <= width


def test_nothing_is_requested_and_no_error_is_told(browser, run):
    requested(browser)
    browser.get_log("browser")
    page = opened(browser, run)
    assert page.execute_script("return document.title") == "run: textune report"
    assert requested(browser) == {(run / "report.html").as_uri()}
    assert browser.get_log("browser") == []
    assert Path(run / "report.html").stat().st_size < 3 * 2**20


@pytest.mark.parametrize("place", but([0, 13, 27], 13))
@pytest.mark.first(1)
def test_the_slider_moves_by_keyboard_and_tells_what_scikit_learn_does(browser, run, place):
    page = opened(browser, run)
    truth, chances = (of[:, place] for of in case())
    Select(page.find_element(By.ID, "slider-label")).select_by_visible_text(LABELS[place])
    bar = page.find_element(By.ID, "slider-bar")
    own = np.linspace(0.123, 0.6, len(LABELS))[place]
    seen = [told(page, truth, chances, own)]
    stops = sorted({*bars.STOPS, own})
    for keys, moved in ((Keys.ARROW_RIGHT, 1), (Keys.PAGE_UP, 11), (Keys.ARROW_LEFT, 10)):
        bar.send_keys(keys)
        seen.append(told(page, truth, chances, stops[stops.index(own) + moved]))
    bar.send_keys(Keys.HOME)
    seen.append(told(page, truth, chances, stops[0]))
    bar.send_keys(Keys.END)
    seen.append(told(page, truth, chances, stops[-1]))
    assert len(set(map(tuple, seen))) == len(seen)
    page.find_element(By.ID, "slider-own").send_keys(Keys.ENTER)
    assert told(page, truth, chances, own) == seen[0]
    assert "own)" in bar.get_attribute("aria-valuetext")


def test_where_all_classes_are_chosen_together_one_is_asked_for_and_drawn(browser, tmp_path):
    (tmp_path / "run").mkdir()
    classes = ["a", "b", "c"]
    write_run(tmp_path / "run", classes)
    report.write(tmp_path / "run")
    page = opened(browser, tmp_path / "run")
    ask = page.find_element(By.ID, "slider-ask")
    figures = page.find_elements(By.CSS_SELECTOR, "#slider-curves > figure")
    assert ask.is_displayed()
    words = page.find_element(By.ID, "slider-words").text
    assert words.startswith("From 0.000 on, 60 of 60 texts are decided, ")
    assert words.endswith(" of 60 are not, or wrongly.")
    assert not any(figure.is_displayed() for figure in figures)
    Select(page.find_element(By.ID, "slider-label")).select_by_visible_text(classes[1])
    assert not ask.is_displayed()
    assert [figure.is_displayed() for figure in figures] == [False, True, False]


def told(page, truth, chances, threshold):
    """Return the numbers that the slider shows, which must be those of scikit-learn."""
    given = chances >= threshold
    found = precision_recall_fscore_support(truth, given, average="binary", zero_division=0)[:3]
    right = [f"{value:.3f}" for value in found]
    shown = [number_of(page, name) for name in ("precision", "recall", "f1")]
    assert [words.replace("–", "0.000") for words in shown] == right
    assert number_of(page, "given") == f"{given.sum()} of {TEXTS}"
    words = page.find_element(By.ID, "slider-words").text
    assert f"{given.sum()} of {TEXTS} texts get" in words
    return [*shown, words]


def number_of(page, name):
    return page.find_element(By.CSS_SELECTOR, f"#slider [data-number={name}]").text


def test_one_label_is_drawn_at_a_time_and_its_dots_move(browser, run):
    page = opened(browser, run)
    figures = page.find_elements(By.CSS_SELECTOR, "#slider-curves > figure")
    assert [one.is_displayed() for one in figures] == [True] + [False] * 27
    dot = figures[0].find_element(By.CSS_SELECTOR, "[data-dot=roc]")
    before = dot.get_attribute("cx")
    page.find_element(By.ID, "slider-bar").send_keys(Keys.PAGE_UP)
    assert dot.get_attribute("cx") != before


def test_the_first_tab_leads_past_the_table_of_contents(browser, run):
    page = opened(browser, run)
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    skip = page.switch_to.active_element
    assert skip.text == "Skip to the content"
    assert skip.rect["x"] >= 0  # it is shown where it has the focus
    skip.send_keys(Keys.ENTER)
    assert page.switch_to.active_element.get_attribute("id") == "main"


def test_without_a_script_a_table_says_the_same(browser, run):
    page = opened(browser, run, script=False)
    assert not page.find_element(By.ID, "slider").is_displayed()
    figures = page.find_elements(By.CSS_SELECTOR, "#slider-curves > figure")
    assert len(figures) == len(LABELS)
    assert all(one.is_displayed() for one in figures[:3])
    assert page.find_element(By.CSS_SELECTOR, "#thresholds summary").is_displayed()

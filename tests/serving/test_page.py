"""The server's page in a real browser: keyboard, phone, accessibility, and no other network."""

import json
import os
import shutil
from pathlib import Path

import pytest
from made_servers import RUNS, serving

from thinning import spare

pytest.importorskip("selenium", reason="selenium is not installed")
axe = pytest.importorskip("axe_core_python.selenium", reason="axe-core is not installed")
from selenium import webdriver  # noqa: E402  # after it is known to be there
from selenium.webdriver.chrome.options import Options  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium and chromedriver (Debian: chromium-driver)"
)
PICTURES = os.environ.get("TEXTUNE_SCREENSHOTS")  # a folder: what is seen is kept there
TOKEN = "a-token-of-sixteen"
EVIL = "<img src=x onerror=alert(1)> a warm 🌞 day"
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-extensions",
)


@pytest.fixture(scope="module")
def asker(server):
    names = ("multi", "tags", "answers", "number", "pairs")
    with serving(server, *(RUNS / name for name in names)) as (found, _):
        yield found


@pytest.fixture(scope="module")
def downloads(tmp_path_factory):
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(tmp_path_factory, downloads):
    options = Options()
    options.binary_location = CHROMIUM
    home = tmp_path_factory.mktemp("home")
    for word in (*OPTIONS, f"--user-data-dir={home / 'data'}"):
        options.add_argument(word)
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = Service(DRIVER, env={**os.environ, "HOME": str(home)})
    started = webdriver.Chrome(options=options, service=service)
    started.set_script_timeout(300)
    yield started
    started.quit()


def opened(browser, asker, *, width=1200, scheme="light"):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
    )
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(asker.url)
    until(browser, lambda: at(browser, "ask").is_displayed() or at(browser, "door").is_displayed())
    return browser


def at(page, name):
    return page.find_element(By.ID, name)


def until(page, condition):
    return WebDriverWait(page, 20, poll_frequency=0.05).until(lambda _: condition())


def choose(page, name):
    Select(at(page, "model")).select_by_visible_text(name)


def answered(page, *texts):
    """Type texts and send them off by the keyboard; return what the page decided."""
    for place, text in enumerate(texts):
        field = at(page, f"text-{place}")
        page.execute_script("arguments[0].value = arguments[1]", field, text)
    field.send_keys(Keys.CONTROL, Keys.ENTER)
    return decision(page)


def decision(page):
    """Return what stands there now, read at once: a slider replaces it."""
    script = "return document.querySelector('#answer .decision')?.textContent"
    return until(page, lambda: page.execute_script(script))


def looked_at(page, name):
    """Keep a picture, where one is asked for, and let axe-core look."""
    if PICTURES:
        whole = page.execute_script("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": page.execute_script("return innerWidth"), "height": whole}
        given = {"captureBeyondViewport": True, "clip": clip | {"scale": 1}}
        import base64

        data = page.execute_cdp_cmd("Page.captureScreenshot", given)["data"]
        (Path(PICTURES) / f"{name}.png").write_bytes(base64.b64decode(data))
    found = axe.Axe().run(page, {}, {"resultTypes": ["violations"]})["violations"]
    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []
    overflow = "return document.documentElement.scrollWidth - innerWidth"
    assert page.execute_script(overflow) <= 0


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), spare((1200, "dark"))])
def test_a_text_is_decided_and_explained(browser, asker, width, scheme):
    page = opened(browser, asker, width=width, scheme=scheme)
    said = answered(page, EVIL)
    expected = asker.post("/predict", {"texts": [EVIL], "explain": True}).json["predictions"][0]
    assert said == ", ".join(expected["labels"])
    rows = [row.text for row in page.find_elements(By.CSS_SELECTOR, "#answer tbody tr")]
    ranked = sorted(expected["scores"].items(), key=lambda pair: -pair[1])
    assert [row.replace(" ✓", "") for row in rows] == [f"{name} {p:.3f}" for name, p in ranked]
    at(page, "why").send_keys(Keys.ENTER)
    words = until(page, lambda: page.find_elements(By.CSS_SELECTOR, "#reasons .read"))
    assert [one.text for one in words] == [EVIL] * len(expected["reasons"])
    assert page.find_elements(By.CSS_SELECTOR, "#reasons .for, #reasons .against")
    looked_at(page, f"text-{width}-{scheme}")


@pytest.mark.exhaustive
def test_the_slider_decides_by_keyboard_as_the_server_does(browser, asker):
    page = opened(browser, asker)
    answered(page, "a warm day")
    scores = asker.post("/predict", {"texts": ["a warm day"]}).json["predictions"][0]["scores"]
    bar = at(page, "threshold")
    own = at(page, "threshold-now").text
    assert own == "the model's own (0.50)"
    bar.send_keys(Keys.END)
    until(page, lambda: decision(page) == "no label")
    assert (at(page, "threshold-now").text, bar.get_attribute("aria-valuetext")) == ("1.00",) * 2
    bar.send_keys(Keys.HOME)
    until(page, lambda: decision(page) == ", ".join(scores))
    at(page, "own").send_keys(Keys.ENTER)
    own_labels = [name for name, share in scores.items() if share >= 0.5]
    until(page, lambda: decision(page) == ", ".join(own_labels))
    assert at(page, "threshold-now").text == own


def test_spans_are_marked_where_they_stand(browser, asker):
    page = opened(browser, asker)
    choose(page, "tags")
    text = "🌞 tavi lives in Oslo"
    entities = asker.post("/predict", {"texts": [text], "model": "tags"}).json["predictions"][0]
    marks = [(one["text"], one["label"]) for one in entities["entities"]]
    answered(page, text)
    assert [one.text for one in page.find_elements(By.CSS_SELECTOR, "#answer mark")] == [
        f"{words}{label}" for words, label in marks
    ]
    assert marks
    assert not at(page, "bar").is_displayed()
    looked_at(page, "tags")


@pytest.mark.exhaustive
def test_questions_pairs_and_numbers_have_their_fields(browser, asker):
    page = opened(browser, asker)
    choose(page, "answers")
    passage = "april was fair . tavi lives in brenmoor ."
    said = answered(page, "where does tavi live ?", passage)
    body = {"texts": [["where does tavi live ?", passage]], "model": "answers"}
    labels = asker.post("/predict", body).json["predictions"][0]["labels"]
    assert said == (labels[0] if labels else "no answer in this passage")
    looked_at(page, "answers")
    choose(page, "pairs")
    assert answered(page, "a warm day", "a warm day") in {"alike", "other"}
    choose(page, "number")
    assert answered(page, "a warm day").startswith("points: ")
    looked_at(page, "number")


@pytest.mark.exhaustive
def test_a_file_is_labelled_and_can_be_kept(browser, asker, downloads):
    page = opened(browser, asker)
    source = RUNS / "data" / "multi_valid.csv"
    at(page, "file").send_keys(str(source))
    page.find_element(By.CSS_SELECTOR, "#label button").send_keys(Keys.ENTER)
    link = until(page, lambda: page.find_elements(By.CSS_SELECTOR, "#labelled a"))[0]
    assert link.text == "Download multi_valid.labelled.csv"
    link.send_keys(Keys.ENTER)
    kept = downloads / "multi_valid.labelled.csv"
    until(page, kept.is_file)
    assert kept.read_bytes() == asker.label(source.read_bytes(), name=source.name).content
    at(page, "file").send_keys(str(RUNS / "data" / "pairs_valid.tsv"))
    page.find_element(By.CSS_SELECTOR, "#label button").send_keys(Keys.ENTER)
    until(page, lambda: at(page, "trouble").is_displayed())
    assert "pairs_valid.tsv" in at(page, "trouble").text
    looked_at(page, "file")


def test_nobody_else_is_asked_and_no_error_is_told(browser, asker):
    requested(browser)
    browser.get_log("browser")
    page = opened(browser, asker)
    answered(page, EVIL)
    asked = requested(browser)
    assert {url.removeprefix(asker.url) for url in asked} == {
        *("/", "/page.js", "/page.css", "/models", "/predict")
    }
    assert browser.get_log("browser") == []
    policy = asker.get("/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")


def requested(browser):
    """Return the addresses that were asked for since the last look, the browser's own left out."""
    found = [json.loads(line["message"])["message"] for line in browser.get_log("performance")]
    asked = [one["params"] for one in found if one["method"] == "Network.requestWillBeSent"]
    urls = {one["request"]["url"] for one in asked}
    return {url for url in urls if not url.startswith(("chrome", "data:"))}


@pytest.mark.exhaustive
def test_the_page_asks_for_the_token(browser, server, tmp_path):
    file = tmp_path / "token"
    file.write_text(TOKEN, encoding="utf-8")
    with serving(server, RUNS / "multi", "--token-file", file) as (asker, _):
        page = opened(browser, asker)
        assert not at(page, "room").is_displayed()
        at(page, "token").send_keys("wrong", Keys.ENTER)
        until(page, lambda: "not the token" in at(page, "trouble").text)
        looked_at(page, "token")
        at(page, "token").clear()
        at(page, "token").send_keys(TOKEN, Keys.ENTER)
        until(page, lambda: at(page, "room").is_displayed())
        assert answered(page, "a warm day") == "garden, kitchen"

"""Every number of a run is counted again from the answers that it keeps, by other programs."""

import csv
import json
import re
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import special
from sklearn.metrics import log_loss

import made_pages
import made_recounts
import textune

RUNS = Path(__file__).parents[1] / "fixtures" / "runs_2026"
MADE = {  # task: files, how they are learned from, who counts
    "single": ("csv", {"effort": "quick", "abstain": 0.7, "sets": 0.8}, made_recounts.classes),
    "multi": ("csv", {"effort": "quick"}, made_recounts.labels),
    "number": ("csv", {"epochs": 1, "task": "number"}, made_recounts.numbers),
    "pairs": ("tsv", {"effort": "quick"}, made_recounts.classes),
    "tags": ("conll", {"epochs": 1}, made_recounts.tags),
    "answers": ("json", {"epochs": 1}, made_recounts.answers),
}
NOT_COUNTED = {  # pattern of a key below a part: why nothing else counts it here
    r"intervals\..*": "drawn, or DeLong's: tests/metrics/test_intervals.py draws rows again",
    r"by_length\.\d+\.(above|up_to)": "bounds of a bin",
    r"by_length\.\d+\.interval\.\d": "that of the whole, compared below",
    r"confusions\.(boundary|type|boundary_and_type|missed|spurious|pairs.*)": (
        "matched one by one: tests/metrics/test_confusions.py; they add up, compared below"
    ),
    r"log_loss": "of tags: words have no probabilities in predictions/",
    r"rule\.thresholds\..*": "a setting, held against decision.json",
    r"(abstention|sets)\.asked": "a setting",
    r"without_leaks\.interval\..*": "drawn: tests/metrics/test_intervals.py draws rows again",
    r"wrong\.(words|traits|tested).*": "test_telling_words.py: q by permutations and scipy",
    r"wrong\.(n|wrong|confused.*)": "of words, numbers and answers: tests/metrics/test_confused.py",
}
NOT_SCORES = {
    "",
    "data",
    "training",
    "cost",
    "repeat",
}  # sections: of files, losses of steps, times, settings
REST = {  # pattern of a key beside the parts
    r"best\.(step|epoch)": "counts of steps",
    r"best\.value": "of answers: at the threshold of training, before one is fitted",
    r"baselines\.tfidf\..*": "tests/metrics/test_baselines.py holds it against scikit-learn's",
    r"baselines\.majority\.trained_on": "rows of a file",
    r"baselines\.(word|sentence|mean)\..*": "tests/metrics/: texts of training decide",
}


@pytest.fixture(scope="module", params=MADE)
def made(request, tmp_path_factory):
    """Return a run of a task, what counts, and its labels."""
    end, more, count = MADE[request.param]
    files = [RUNS / "data" / f"{request.param}_{part}.{end}" for part in ("train", "valid")]
    run = textune.train(
        files[0],
        base=RUNS / "base",
        valid=files[1],
        test=files[1],
        out=tmp_path_factory.mktemp("runs") / "run",
        **more,
    )
    if request.param == "multi":  # of a model that is too sure: calibrated, and at thresholds
        kept = run.path / "predictions" / "valid.parquet"
        columns = pq.read_table(kept).to_pydict()
        sure = {name: [5 * x for x in columns[name]] for name in columns if "logit" in name}
        pq.write_table(pa.table(columns | sure), kept)
        assert "calibration" in textune.decide(run.path, aim="fbeta=2").metrics["valid"]
    names = json.loads((run.path / "model" / "decision.json").read_text("utf-8"))["labels"]
    return request.param, run.path, count, names


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, each in value.items():
            yield from leaves(each, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from leaves(each, (*path, str(place)))
    else:
        yield ".".join(path), value


def is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_of(key, patterns):
    return any(re.fullmatch(pattern, key) for pattern in patterns)


def decisions(told, names, columns):
    """Count again what a rule did to texts: abstention, sets, calibration."""
    found = {}
    if "abstention" in told:
        given, truth = np.asarray(columns["decision"]), np.asarray(columns["truth"])
        is_open = given == ""
        found["abstention"] = {
            "coverage": float((~is_open).mean()),
            "right": float((given == truth)[~is_open].mean()),
        }
    if "sets" in told:
        held = [set((cell or "").split(";")) - {""} for cell in columns["set"]]
        inside = [name in each for name, each in zip(columns["truth"], held, strict=True)]
        found["sets"] = {
            "coverage": float(np.mean(inside)),
            "mean_size": float(np.mean(list(map(len, held)))),
            "empty": float(np.mean([not each for each in held])),
        }
    if "calibration" in told:  # of several labels
        truth = made_recounts.marks(names, columns["truth"]).ravel()
        chances = {
            "before": special.expit(made_recounts.array(columns, names, "logit")).ravel(),
            "after": made_recounts.array(columns, names, "p").ravel(),
        }
        found["calibration"] = {
            when: {
                "log_loss": log_loss(truth, each),
                "ece": made_recounts.calibration_error(truth, each),
            }
            for when, each in chances.items()
        }
    return found


def without_leaks(told, count, names, columns):
    """Count again the texts that training did not see, by the column that names the others."""
    if "without_leaks" not in told:
        return {}
    rows = [row for row, way in enumerate(columns["leak"]) if not way]
    kept = {name: [column[row] for row in rows] for name, column in columns.items()}
    key = told["without_leaks"]["metric"]
    ways = {way: columns["leak"].count(way) for way in ("exact", "normalised", "near")}
    found = {"n": len(rows), "leaked": ways, key: count(names, kept)[key]}
    return {"without_leaks": found}


def mistaken(count, names, columns):
    """Count again which labels are taken for each other; of other tasks nothing."""
    if "decision" not in columns:
        return {}
    truth, given = (list(map(str, columns[name])) for name in ("truth", "decision"))
    if count is made_recounts.classes:
        pairs = [pair for pair in zip(truth, given, strict=True) if pair[0] != pair[1]]
        totals, wrong = Counter(truth), len(pairs)
    elif count is made_recounts.labels:
        both = [
            [set(cell.split(";")) - {"", "None"} for cell in pair]
            for pair in zip(truth, given, strict=True)
        ]
        pairs = [
            pair
            for true, own in both
            if true != own
            for pair in product(true - own or [None], own - true or [None])
        ]
        totals = Counter(name for true, _ in both for name in true)
        wrong = sum(true != own for true, own in both)
    else:
        return {}
    counts = Counter(pairs)
    order = sorted(counts, key=lambda pair: (-counts[pair], pair[0] or "", pair[1] or ""))
    confused = [
        {"n": counts[pair]} | ({} if pair[0] is None else {"of": totals[pair[0]]})
        for pair in order[:20]
    ]
    return {"wrong": {"n": len(truth), "wrong": wrong, "confused": confused}}


def test_every_number_is_counted_again(made):
    _, path, count, names = made
    metrics = json.loads((path / "metrics.json").read_text("utf-8"))
    for part in ("valid", "test"):
        columns = pq.read_table(path / "predictions" / f"{part}.parquet").to_pydict()
        told = metrics[part]
        again = dict(columns)
        if "abstention" in told:  # judged as if all were decided
            chances = made_recounts.array(columns, names, "p").argmax(axis=1)
            again["decision"] = [names[place] for place in chances]
        expected = dict(leaves(count(names, again) | decisions(told, names, columns)))
        expected |= dict(leaves(without_leaks(told, count, names, again)))
        expected |= dict(leaves(mistaken(count, names, decided_of(columns, told))))
        require_pairs(told.get("wrong", {}), count)
        (main,) = told["by_length"][0].keys() & told["intervals"].keys()
        expected |= {f"by_length.0.{key}": expected[key] for key in ("n", main)}
        assert [one["interval"] for one in told["by_length"]] == [told["intervals"][main]]
        require(told, expected)
        for name, (low, high) in told["intervals"].items():
            assert low <= told[name] <= high, name
        for name in {"accuracy", "subset_accuracy", "exact_match"} & told["intervals"].keys():
            if "words" not in told:
                wilson = made_recounts.wilson(told[name], told["n"])
                assert told["intervals"][name] == pytest.approx(wilson)


def decided_of(columns, told):
    """Keep the texts that were decided: where a rule abstains, those with a decision."""
    if "abstention" not in told:
        return columns
    rows = [row for row, own in enumerate(columns["decision"]) if own != ""]
    assert 0 < len(rows) < len(columns["decision"]), "some are left to a person, and some are not"
    return {name: [column[row] for row in rows] for name, column in columns.items()}


def require_pairs(wrong, count):
    """Of one label a text, hold each text that is wrong to be one of the pairs, which are few."""
    if count is made_recounts.classes and len(wrong["confused"]) < 20:
        assert sum(one["n"] for one in wrong["confused"]) == wrong["wrong"] <= wrong["n"]


def require(told, expected):
    """Hold every number of a part against those that were counted again."""
    for key, value in leaves(told):
        if key.startswith("undefined.") or not (is_number(value) or value is None):
            continue
        if key in expected and value is not None:
            assert value == pytest.approx(expected[key], abs=1e-6), key
        elif value is None and key in told["undefined"]:
            assert key not in expected, f"{key} is null, and has a value"
        else:
            assert value is None or is_of(key, NOT_COUNTED), f"nothing counts {key}"


def test_numbers_beside_the_parts_are_counted_again(made):
    task, path, count, names = made
    metrics = json.loads((path / "metrics.json").read_text("utf-8"))
    columns = pq.read_table(path / "predictions" / "test.parquet").to_pydict()
    expected = {}
    if task in ("single", "multi", "pairs"):
        counted = majority(count, names, columns, task)
        expected |= dict(leaves(counted, ("baselines", "majority")))
    if count in (made_recounts.classes, made_recounts.labels):
        counted = count(names, plainly(count, names, columns))  # the head, as it is
        expected |= dict(leaves(counted, ("baselines", "probe")))
    for key, value in leaves({key: metrics[key] for key in metrics.keys() - {"valid", "test"}}):
        if not is_number(value) or ".undefined." in key:
            continue
        if key in expected:
            assert value == pytest.approx(expected[key], abs=1e-6), key
        elif key == "best.value" and task != "answers":
            assert value == pytest.approx(metrics["valid"][metrics["best"]["metric"]])
        else:
            assert is_of(key, REST), f"nothing counts {key}"


def plainly(count, names, columns):
    """Decide by logits that are not calibrated: the likeliest class, labels likelier than not."""
    logits = made_recounts.array(columns, names, "logit")
    if count is made_recounts.labels:
        chances = special.expit(logits)
        cells = [
            ";".join(n for n, p in zip(names, row, strict=True) if p >= 0.5) for row in chances
        ]
    else:
        chances = special.softmax(logits, axis=1)
        cells = [names[place] for place in chances.argmax(axis=1)]
    found = {f"p({name})": chances[:, place] for place, name in enumerate(names)}
    return {"truth": columns["truth"], "decision": cells, **found}


def majority(count, names, columns, task):
    """Count what the frequencies of training labels would have been judged as."""
    end = MADE[task][0]
    with (RUNS / "data" / f"{task}_train.{end}").open(encoding="utf-8", newline="") as opened:
        rows = (
            [{"label": row[-1]} for row in csv.reader(opened, delimiter="\t")]
            if end == "tsv"
            else list(csv.DictReader(opened))
        )
    if count is made_recounts.labels:
        shares = np.asarray([np.mean([int(row[name]) for row in rows]) for name in names])
        decision = ";".join(name for name, share in zip(names, shares, strict=True) if share >= 0.5)
    else:
        shares = np.asarray([np.mean([row["label"] == name for row in rows]) for name in names])
        decision = names[int(shares.argmax())]
    size = len(columns["truth"])
    chances = {f"p({name})": [share] * size for name, share in zip(names, shares, strict=True)}
    return count(names, {"truth": columns["truth"], "decision": [decision] * size, **chances})


def test_every_number_of_the_page_is_one_that_was_counted_again(made):
    _, path, count, names = made
    page = made_pages.read(path / "report.html")
    metrics = json.loads((path / "metrics.json").read_text("utf-8"))
    known = made_pages.rounded([value for _, value in leaves(metrics) if is_number(value)])
    for part in ("valid", "test"):
        columns = pq.read_table(path / "predictions" / f"{part}.parquet").to_pydict()
        known |= made_pages.rounded(kept_of(columns))
        # of rules that were not taken, whose answers no file keeps: test_fitting.py
        known |= {*made_pages.decimals([metrics[part].get("decided", "")])}
        if count in (made_recounts.classes, made_recounts.labels):
            truth = made_recounts.marks(names, columns["truth"])
            chances = made_recounts.array(columns, names, "p")
            if count is made_recounts.classes and len(names) > 2:  # the likeliest class, or none
                chances = np.where(chances == chances.max(axis=1, keepdims=True), chances, -1)
            for told in page.data:
                require_slider(told, names, truth, chances, is_part=part == "valid")
                stops = [*told["stops"], *(one["own"][0] for one in told["labels"])]
                known |= made_pages.rounded(made_pages.at_thresholds(truth, chances, stops))
    assert page.words.keys() >= {"summary", "result", "valid"}
    for section in page.words.keys() - NOT_SCORES:
        strange = {*made_pages.decimals(page.words[section])} - known
        assert not strange, f"{section}: nothing counts {strange}"


def require_slider(told, names, truth, chances, *, is_part):
    """Hold the counts that a slider shows against answers."""
    counts = dict(
        zip(("given", "right"), made_pages.at_stops(told["stops"], truth, chances), strict=True)
    )
    for one in told["labels"] if is_part else ():
        for key, each in counts.items():
            is_one = one["label"] in names
            expected = each[names.index(one["label"])] if is_one else np.sum(each, axis=0).tolist()
            assert one[key] == expected, (one["label"], key)


def kept_of(columns):
    """Yield the numbers of a table of answers: probabilities, numbers and their errors."""
    for name, cells in columns.items():
        if name[:2] == "p(":
            yield from cells
        elif name.startswith("predicted "):
            truth = [float(cell) for cell in columns["truth"]]
            yield from (*cells, *truth, *np.subtract(cells, truth))
        elif name == "entities":
            found = [value for cell in cells for _, value in leaves(json.loads(cell))]
            yield from filter(is_number, found)

"""A page of a run becomes the numbers that stand on it, section by section."""

import json
import re
from html.parser import HTMLParser

import numpy as np


class Sections(HTMLParser):
    """Collects what is to be read, below the id of its section; `data` holds scripts of JSON."""

    def __init__(self):
        super().__init__()
        self.words, self.data, self._section, self._tags = {}, [], "", []

    def handle_starttag(self, tag, attributes):
        if tag == "section":
            self._section = dict(attributes).get("id", "")
        if tag in ("script", "style", "svg"):
            self._tags.append(tag)

    def handle_endtag(self, tag):
        if self._tags and tag == self._tags[-1]:
            self._tags.pop()

    def handle_data(self, data):
        if not self._tags:
            self.words.setdefault(self._section, []).append(data)
        elif self._tags[-1] == "script" and data.lstrip().startswith('{"stops"'):
            self.data.append(json.loads(data))


def read(file):
    found = Sections()
    found.feed(file.read_text("utf-8"))
    return found


def decimals(words):
    """Return numbers with a point, of words that are not joined: "0.53", "53.1"."""
    return [
        one for part in words for one in re.findall(r"(?<![\w./])\d+\.\d+(?![\w./]|\.\d)", part)
    ]


def rounded(values):
    """Return numbers as a page may write them: shares, and parts of a hundred."""
    scaled = [abs(each) for value in values for each in (value, 100 * value)]
    return {f"{value:.{places}f}" for value in scaled for places in range(1, 5)} | {
        f"{value:.3g}" for value in scaled
    }


def at_stops(stops, truth, chances):
    """Count for each label how many texts reach each stop, and how many of them rightly."""
    reached = chances[None] >= np.asarray(stops)[:, None, None]  # (S, N, C)
    return reached.sum(axis=1).T.tolist(), (reached & truth[None]).sum(axis=1).T.tolist()


def at_thresholds(truth, chances, stops):
    """Return precision, recall, F1 and shares of each label, and of all together, at each stop."""
    given, right = map(np.asarray, at_stops(stops, truth, chances))  # (C, S) each
    having = np.append(truth.sum(axis=0), truth.sum())[:, None]
    given, right = (np.vstack([each, each.sum(axis=0)]) for each in (given, right))
    parts = (right / given.clip(1), right / having, 2 * right / (given + having))
    return [*np.concatenate([part.ravel() for part in (*parts, given / len(truth))]), *stops]

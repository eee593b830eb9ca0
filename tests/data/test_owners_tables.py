"""Tables as their owners have them are read as they mean them; what else may be meant is said."""

import re
import shlex

import pytest

import thinning
from made_owners import Owned, owned
from made_tables import table
from textune.errors import DataError
from textune.tasks.contract import understand

TABLES = owned()
OPTIONS = re.compile(r"`(--(?:text|label|task) [^`]*)`(?: (?:with|and) `(--[^`]*)`)?")


BOTH = [
    thinning.spare((name, rows), rows == 60 and number % 3 > 0)
    for number, name in enumerate(TABLES)
    for rows in (25, 60)
]


@pytest.mark.parametrize(("name", "rows"), BOTH)
def test_tables_are_read_as_their_owners_mean_them(name, rows):
    meant = TABLES[name]
    understood = understand(meant.table(rows))
    found = understood.contract
    said = (found.task, found.text, found.label, found.doubts)
    assert meant.tasks & {found.task, "any"}, said
    if "?" not in meant.text:
        assert found.text == meant.text, said
    if found.task == "aspects":
        assert meant.label[0] in found.label, said
    elif "any" not in meant.tasks:
        assert found.label == meant.label, said
    used = {*found.text, *found.label, *(entry.partition("=")[0] for entry in found.skip)}
    assert used | {*understood.left_out} >= {*meant.table(1).columns}
    assert any(meant.second in doubt for doubt in (*found.doubts, "" if not meant.second else "-"))


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.first(60)
def test_the_options_that_are_shown_select_the_other_reading(name):
    made = TABLES[name].table(40)
    found = understand(made).contract
    for doubt in found.doubts:
        for match in OPTIONS.finditer(doubt):
            given = dict(pair for part in match.groups() if part for pair in _pairs(part))
            other = understand(
                made,
                task=given.get("task"),
                text=tuple(given["text"].split(",")) if "text" in given else None,
                label=tuple(given["label"].split(",")) if "label" in given else None,
            ).contract
            read = {
                "task": other.task,
                "text": ",".join(other.text),
                "label": ",".join(other.label),
            }
            assert {key: read[key] for key in given} == given, (doubt, read)
            before = {
                "task": found.task,
                "text": ",".join(found.text),
                "label": ",".join(found.label),
            }
            assert read != before, doubt


def test_the_set_of_owners_tables_does_not_shrink():
    assert len(TABLES) >= 158


def _pairs(option: str) -> list[tuple[str, str]]:
    words = shlex.split(option)
    both = zip(words[::2], words[1::2], strict=True)
    return [(name.removeprefix("--"), value) for name, value in both]


def test_labels_without_their_texts_are_no_text():
    rows = [[str(10_000 + 37 * n), ("OFF", "NOT")[n % 3 == 0]] for n in range(60)]
    with pytest.raises(DataError, match=r"no column looks like text .*'2' is category: 2 differen"):
        understand(table(2, rows))


def test_labels_of_texts_that_stand_elsewhere_are_no_text():
    labels = [f"['{one}', '{two}'] by two of them" for one in "enc" for two in "enc"]
    rows = [[f"{n:08x}-{n}", labels[n % 9] + f" {n}"] for n in range(60)]
    with pytest.raises(DataError, match=r"no column looks like text .*name one with --text"):
        understand(table(("uid", "verifier labels"), rows))


@pytest.mark.parametrize(
    "columns",
    [
        ("premise", "choice1", "choice2", "label"),
        ("sent1", "ending0", "ending1", "ending2", "label"),
        ("goal", "sol1", "sol2", "label"),
        ("question", "A", "B", "C", "answer"),
    ],
)
def test_answers_to_choose_from_are_refused_with_a_reason(columns):
    made = Owned(columns, (*["P"] * (len(columns) - 1), "0/1"), frozenset(), (), (), "").table(40)
    with pytest.raises(DataError, match=r"look like answers to choose from .*as in `--text "):
        understand(made)
    named = understand(made, text=columns[:2], label=columns[-1:])
    assert named.contract.text == columns[:2]

from pathlib import Path

import pytest

from made_tables import made, mark, number, prose, table
from textune.errors import DataError
from textune.reading import sources
from textune.records import Contract
from textune.tasks import examples
from textune.tasks.contract import understand
from textune.tasks.numbers import spread
from thinning import but, crossed

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
ONE = Contract("number", ("text",), ("score",), "name")
TWO = Contract("number", ("text",), ("joy", "fear"), "columns")
NUMERIC = {"t": prose(), "a": number(0, 5), "b": number(0, 5), "c": number(-1, 1)}
COLUMNS = ("text", "score", "rating", "valence")


def label(contract, *cells):
    (example,) = examples.read(table(("text", *contract.label), [["x", *cells]]), contract)
    return example.label


@pytest.mark.parametrize("cell", ["1", "01", "-2.50", "1e3", "+.5", "1e-9", "0"])
def test_a_numeral_stays_as_it_is_written(cell):
    assert label(ONE, f" {cell} ") == cell


def test_several_columns_become_as_many_numerals_in_their_order():
    assert label(TWO, "0.5", " -1") == ("0.5", "-1")
    assert label(Contract("number", ("text",), ("fear", "joy"), "columns"), "1", "2") == ("1", "2")


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("NaN", "holds 'NaN'; allowed: a number"),
        ("inf", "holds 'inf'; allowed: a number"),
        ("-inf", "holds '-inf'; allowed: a number"),
        ("1e400", r"holds '1e400'; allowed: a number between -1e\+30 and 1e\+30"),
        ("1e38", "holds '1e38'; allowed: a number between"),
        ("", "is blank, but a number was expected"),
        ("1,5", r"holds '1,5'; allowed: a number with a decimal point \(1\.5\)"),
        ("good", "holds 'good'; allowed: a number"),
        ("1_000", "holds '1_000'; allowed: a number"),
        ("0x10", "holds '0x10'; allowed: a number"),
    ],
)
def test_what_is_no_number_is_named_with_row_and_column(cell, message):
    with pytest.raises(DataError, match=f"made.csv:2: column 'score' {message}"):
        label(ONE, cell)
    with pytest.raises(DataError, match=f"made.csv:2: column 'fear' {message}"):
        label(TWO, "1", cell)


def test_all_faults_of_a_row_are_named():
    with pytest.raises(DataError, match=r"column 'joy' is blank.*; column 'fear' holds 'x'"):
        label(TWO, "", "x")


SLIPS = ["NaN", "inf", "", "1,5", "n/a"]


@pytest.mark.parametrize(
    ("task", "slip", "several"), crossed([None, "number"], SLIPS, [False, True])
)
def test_slips_among_numbers_are_found_and_counted(task, slip, several):
    cells = {**NUMERIC, "a": lambda n, r: slip if n % 40 == 7 else f"{r.uniform(0, 5):.2f}"}
    given = made(COLUMNS, 1000, **cells)
    named = ("score", "valence") if several else ("score",)
    found = understand(given, task=task, label=named).contract
    assert (found.task, found.label) == ("number", named)
    with pytest.raises(DataError, match=r"made.csv: 25 problems") as caught:
        list(examples.read(given, found))
    assert "made.csv:9: column 'score'" in str(caught.value)
    assert str(caught.value).count("column 'score'") == 20


def test_a_few_slips_do_not_turn_numbers_into_classes():
    cells = {"t": prose(), "a": lambda n, r: "NaN" if n == 5 else f"{r.uniform(0, 5):.3f}"}
    found = understand(made(("text", "score"), 30, **cells)).contract
    assert (found.task, found.label, found.form) == ("number", ("score",), "name")


def test_one_column_is_chosen_alone_and_the_option_for_all_is_a_doubt():
    found = understand(made(COLUMNS, **NUMERIC)).contract
    assert (found.task, found.form, len(found.label)) == ("number", "name", 1)
    assert any("`--label score,rating,valence` takes them all" in doubt for doubt in found.doubts)


def test_columns_of_numbers_on_one_scale_side_by_side_are_taken_together():
    cells = {"t": prose(), "v": number(1, 9), "a": number(1, 9), "d": number(1, 9)}
    found = understand(made(("text", "V", "A", "D"), **cells)).contract
    assert (found.task, found.label) == ("number", ("V", "A", "D"))


@pytest.mark.parametrize("task", [None, "number"])
def test_several_columns_that_are_named_are_numbers(task):
    found = understand(made(COLUMNS, **NUMERIC), task=task, label=("valence", "score")).contract
    assert (found.task, found.form, found.label) == ("number", "columns", ("valence", "score"))
    assert "2 columns hold numbers → 2 numbers a text" in found.reasons


def test_ratings_that_are_named_together_are_numbers():
    stars = {"t": prose(), "a": lambda n, r: str(r.randint(1, 5)), "b": lambda n, r: str(n % 2)}
    found = understand(made(("text", "a", "b"), **stars), label=("a", "b")).contract
    assert found.task == "number"


def test_0_1_columns_stay_labels_and_one_slip_does_not_change_that():
    marks = {"t": prose(), "a": mark(0.4), "b": lambda n, r: "2" if n == 50 else str(n % 2)}
    found = understand(made(("text", "a", "b"), **marks), label=("a", "b")).contract
    assert (found.task, found.form) == ("multi", "columns")


def test_a_column_of_words_is_refused_as_numbers():
    given = made(("text", "a", "b"), t=prose(), a=number(0, 1), b=prose(1, 2))
    with pytest.raises(DataError, match=r"column 'b' holds .*, which is not a number"):
        understand(given, task="number", label=("a", "b"))


@pytest.mark.parametrize("fault", ["NaN", "inf", "1,5", "n/a", "bad", "see note"])
def test_many_faults_do_not_turn_numbers_into_classes(fault):
    cells = {"t": prose(), "a": lambda n, r: fault if n % 5 < 2 else f"{r.uniform(0, 5):.2f}"}
    given = made(("text", "score"), 100, **cells)
    found = understand(given).contract
    assert (found.task, found.label, found.form) == ("number", ("score",), "name")
    with pytest.raises(DataError, match=r"made.csv: 40 problems"):
        list(examples.read(given, found))


def test_codes_with_letters_are_no_numbers():
    cells = {"t": prose(), "a": lambda n, r: f"{n:04}" if n % 3 else f"{n:03}B"}
    assert understand(made(("text", "code"), **cells)).contract.task == "plain"


def test_classes_that_are_numbers_are_a_doubt_with_the_option():
    cells = {"t": prose(), "s": lambda n, r: str(r.randint(1, 5))}
    found = understand(made(("text", "stars"), **cells)).contract
    assert (found.task, found.label) == ("single", ("stars",))
    assert any("'stars' holds numbers: `--task number`" in doubt for doubt in found.doubts)
    asked = understand(made(("text", "stars"), **cells), task="single").contract
    assert not any("`--task number`" in doubt for doubt in asked.doubts)
    two = {"t": prose(), "s": lambda n, r: str(2 * (n % 2))}
    doubts = understand(made(("text", "label"), **two)).contract.doubts
    assert not any("`--task number`" in doubt for doubt in doubts)


@pytest.mark.parametrize("contract", [ONE, TWO])
def test_the_outputs_are_the_columns_in_their_order(contract):
    assert examples.label_names(contract, ()) == contract.label


@pytest.mark.parametrize("name", but(["train", "dev", "test"], "train"))
@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
def test_the_sts_benchmark_is_pairs_with_a_number(name):
    source = sources.read(DATA / f"stsbenchmark/sts-{name}.csv")
    found = understand(source).contract
    assert (found.task, found.text, found.label, found.form) == (
        "number",
        ("6", "7"),
        ("5",),
        "name",
    )
    lines = (DATA / f"stsbenchmark/sts-{name}.csv").read_text(encoding="utf-8").split("\n")
    expected = [tuple(line.rstrip("\r").split("\t")[4:7]) for line in lines if line.strip()]
    read = [(e.label, e.text, e.pair) for e in examples.read(source, found)]
    assert read == [(score.strip(), one, two) for score, one, two in expected]


def test_large_numbers_that_hardly_differ_keep_their_spread():
    found = spread.Spread()
    for value in (1e9, 1e9 + 1, 1e9 + 2):
        found.add(value)
    assert found.describe()["spread"] == pytest.approx((2 / 3) ** 0.5)

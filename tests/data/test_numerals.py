"""Numbers with units, parted thousands and decimal commas are read as numbers, or asked about."""

import random

import pytest

import textune
from made_tables import count_tokens
from textune.data import numerals
from textune.errors import DataError
from textune.survey import survey
from thinning import crossed

WORDS = ["the", "film", "was", "very", "good", "and", "long", "some", "town", "people"]


def written(tmp_path, cells, sign="\t", other=None):
    draw = random.Random(0)
    rows = [["text", "price", *(["more"] if other else [])]]
    for number, cell in enumerate(cells):
        text = " ".join(draw.choice(WORDS) for _ in range(9))
        rows.append([text, cell, *([other[number]] if other else [])])
    file = tmp_path / "prices.csv"
    file.write_text("\n".join(map(sign.join, rows)) + "\n", encoding="utf-8")
    return file


def check(file, **options):
    return survey.check(file, **{"label": "price", "count_tokens": count_tokens, **options})


AMOUNTS = [10 + 37.25 * number for number in range(60)]
GERMAN = str.maketrans(",.", ".,")
UNITS = {
    "dollars": [f"${amount:,.2f}" for amount in AMOUNTS],
    "dollars below 0": [f"-${amount:,.2f}" for amount in AMOUNTS],
    "euros": [f"€ {amount:,.2f}".translate(GERMAN) for amount in AMOUNTS],
    "codes": [f"{amount:.2f} EUR" for amount in AMOUNTS],
    "shares": [f"{amount / 30:.1f}%" for amount in AMOUNTS],
    "spaced shares": [f"{amount / 30:.1f} %".replace(".", ",") for amount in AMOUNTS],
    "words": [f"{amount:.1f} km" for amount in AMOUNTS],
    "thousands": [f"{amount:,.2f}" for amount in AMOUNTS],
    "thin spaces": [f"{amount:,.2f}".replace(",", "\u202f") for amount in AMOUNTS],
    "minus signs": [f"\u2212{amount:.2f}" for amount in AMOUNTS],
    "commas": [f"{amount:.2f}".replace(".", ",") for amount in AMOUNTS],
}


@pytest.mark.parametrize(("task", "cells"), crossed([None, "number"], UNITS.values()))
def test_they_are_numbers_and_it_is_said(tmp_path, cells, task):
    found = check(written(tmp_path, cells), task=task)
    assert (found.contract.task, found.contract.label) == ("number", ("price",))
    divisor = 30 if "%" in cells[0] else 1
    sign = -1 if cells[0][0] in "-\u2212" else 1
    assert found.targets["price"]["mean"] == pytest.approx(sign * sum(AMOUNTS) / 60 / divisor, 0.01)
    assert "is read as" in " ".join(found.contract.reasons)


@pytest.mark.parametrize(
    "cells", [["4,5", "3", "2,5", "3,5"], ["3,3", "4,7", "2,9"], ["4,05", "3,9", "2"]]
)
def test_decimals_are_no_lists_of_labels(tmp_path, cells):
    found = check(written(tmp_path, cells * 15))
    assert (found.contract.task, set(found.labels)) == ("single", set(cells))
    found = check(written(tmp_path, cells * 15), task="number")
    mean = sum(float(cell.replace(",", ".")) for cell in cells) / len(cells)
    assert found.targets["price"]["mean"] == pytest.approx(mean)


def test_a_score_with_a_decimal_comma_is_the_label_by_its_name(tmp_path):
    file = written(tmp_path, [f"{number},{7 + number % 2 * 2}" for number in range(10, 60)])
    file.write_text(file.read_text().replace("price", "score", 1))
    found = survey.check(file, count_tokens=count_tokens)
    assert (found.contract.task, found.contract.label) == ("number", ("score",))


def test_classes_stay_classes_where_that_is_asked(tmp_path):
    found = check(written(tmp_path, UNITS["dollars"]), task="single")
    assert found.contract.task == "single"
    assert "$10.00" in found.labels
    few = [f"{20 * (number % 5)}%" for number in range(60)]
    found = check(written(tmp_path, few))
    assert sorted(found.labels) == ["0%", "20%", "40%", "60%", "80%"]
    assert any("`--task number` would estimate them" in doubt for doubt in found.contract.doubts)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            [f"${n},{n:03}" for n in range(101, 141)],
            "write 101101 if the comma parts thousands",
        ),
        ([f"{n},{n:03}" for n in range(101, 141)], "write 101101 if the comma parts thousands"),
        (
            [f"€ {n}.{n:03}" for n in range(101, 141)],
            "write 101101 if the point parts thousands",
        ),
        ([f"{'$€'[n % 2]}{n}" for n in range(101, 141)], "several units: '\\$', '€'; write all of"),
        (["1,5", *(f"{n}.500" for n in range(1, 60))], "holds '1,5' and '1.500': where a comma"),
    ],
    ids=["dollars", "commas", "points", "two", "both"],
)
def test_what_nobody_can_tell_is_asked(tmp_path, cells, message):
    with pytest.raises(DataError, match=message):
        check(written(tmp_path, cells))


@pytest.mark.parametrize(
    ("sign", "other", "is_asked"),
    [(";", None, True), ("\t", None, False), ("\t", UNITS["commas"], True)],
)
def test_points_that_may_part_thousands_are_asked_about(tmp_path, sign, other, is_asked):
    cells = [f"{number}.{number + 143:03}" for number in range(1, 61)]
    found = check(written(tmp_path, cells, sign, other))
    asked = [f.message for f in found.findings if "if it parts thousands, write 1144" in f.message]
    assert bool(asked) is is_asked
    decimals = check(written(tmp_path, ["0.5", *cells[1:]], sign, other))
    assert not any("parts thousands" in finding.message for finding in decimals.findings)


def test_a_run_reads_them_in_every_file_and_refuses_another_unit(tiny_base, tmp_path):
    file = written(tmp_path, UNITS["euros"])
    run = textune.train(file, label="price", base=tiny_base, out=tmp_path / "run", epochs=0)
    assert textune.evaluate(run, file)["n"] == 60
    more = tmp_path / "more.csv"
    more.write_text("text\tprice\ngood film\t€ 1.229,5\nbad film\t1.229\na film\t12\n")
    assert textune.evaluate(run, more)["n"] == 3
    more.write_text("text\tprice\ngood film\t$12\nbad film\t€ 12.5\n")
    with pytest.raises(DataError, match="2 problems") as caught:
        textune.evaluate(run, more)
    assert (
        "holds '$12'; allowed: a number with the unit '€', or with none, its decimals after ','"
        in (str(caught.value))
    )


@pytest.mark.parametrize(
    "cells",
    [
        ["12B", "0034", "0035"],
        ["1 star", "5 stars"],
        ["joy", "fear"],
        ["1,5", "2,25"],
        ["1.2.3", "1.2.4"],
        ["5", "6.5"],
        ["3 27", "5"],
        [f"1{' ' * 100_000}!"],
        [],
    ],
    ids=range(9),
)
def test_other_cells_are_none(cells):
    assert numerals.of(cells) is None


def test_names_of_files_are_no_numbers_with_a_unit():
    assert numerals.of([f"{n}.jpg" for n in range(8, 40)]) is None
    assert numerals.of([f"{n} kg" for n in range(8, 40)]).unit == "kg"

from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import sources

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
NARROW = "news\t{n}.5\ta sentence number {n}\tanother sentence {n}"
LONGER = NARROW + "\tsource {n}\tsite {n}"


def written(folder, *lines, name="pairs.tsv"):
    file = folder / name
    file.write_text("".join(line.format(n=n) + "\n" for n, line in enumerate(lines)))
    return file


def test_columns_of_some_lines_are_blank_in_the_others(tmp_path):
    table = sources.read(written(tmp_path, *[NARROW] * 40, *[LONGER] * 4, NARROW))
    rows = list(table.rows())
    assert table.columns == ("1", "2", "3", "4", "5", "6")
    assert {len(row.cells) for row in rows} == {6}
    assert rows[0].cells[3:] == ("another sentence 0", "", "")
    assert rows[41].cells[4:] == ("source 41", "site 41")
    assert rows[44].origin == "pairs.tsv:45"
    assert "4 of 45 rows have 2 columns more: columns 5 and 6, blank in the others" in table.reasons


def test_the_longer_lines_may_be_the_first(tmp_path):
    table = sources.read(written(tmp_path, *[LONGER] * 4, *[NARROW] * 40))
    assert [len(row.cells) for row in table.rows()] == [6] * 44


def test_quotes_in_the_text_do_no_harm(tmp_path):
    quoted = NARROW.replace("a sentence", '"a sentence')
    table = sources.read(written(tmp_path, *[quoted] * 40, *[LONGER] * 4))
    rows = list(table.rows())
    assert (rows[0].cells[2], len(rows)) == ('"a sentence number 0', 44)


def test_lines_of_a_third_width_are_filled_as_well(tmp_path):
    middle = NARROW + "\tEMM"
    table = sources.read(written(tmp_path, *[NARROW] * 40, *[LONGER] * 3, *[middle] * 9))
    assert "12 of 52 rows have 1 or 2 columns more: columns 5 and 6, blank in the others" in (
        table.reasons
    )


def test_one_recurring_column_more_is_read(tmp_path):
    table = sources.read(written(tmp_path, *[NARROW] * 40, *[NARROW + "\tEMM"] * 8))
    assert table.columns == ("1", "2", "3", "4", "5")
    assert "8 of 48 rows have 1 column more: column 5, blank in the others" in table.reasons


@pytest.mark.parametrize(
    "lines",
    [
        [NARROW] * 40 + [LONGER] * 2,
        [NARROW] * 500 + [LONGER] * 4,
        [NARROW] * 40 + [NARROW + " is\tparted by a tab {n}"] * 5,
        [NARROW] * 40 + [NARROW.replace("\t", "\tmore\tand more\t", 1)] * 5,
        [NARROW] * 40 + [LONGER] * 5 + ["news\t{n}.5\tshort"],
        [NARROW] * 40 + [LONGER] * 5 + [LONGER + "\tmore"] * 5 + [LONGER + "\tand\tmore"] * 5,
        ["kind\tscore\tone\ttwo"] + [NARROW] * 40 + [LONGER] * 5,
    ],
    ids=["two", "few", "a tab in the last text", "shifted", "short", "four widths", "header"],
)
def test_what_longer_lines_mean_is_not_guessed(tmp_path, lines):
    with pytest.raises(DataError, match=r"expected \d columns .*, found \d"):
        list(sources.read(written(tmp_path, *lines)).rows())


def test_commas_are_not_tabs(tmp_path):
    lines = [line.replace("\t", ",") for line in [NARROW] * 40 + [LONGER] * 4]
    with pytest.raises(DataError, match=r"pairs\.csv: 4 problems"):
        list(sources.read(written(tmp_path, *lines, name="pairs.csv")).rows())


@pytest.mark.parametrize(
    ("name", "rows", "longer"),
    [
        pytest.param("train", 5_749, 197, marks=pytest.mark.exhaustive),
        ("dev", 1_500, 22),
        ("test", 1_379, 284),
    ],
)
@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
def test_the_sts_benchmark_is_read(name, rows, longer):
    table = sources.read(DATA / f"stsbenchmark/sts-{name}.csv")
    found = [row.cells for row in table.rows()]
    assert (len(found), {len(cells) for cells in found}) == (rows, {9})
    assert sum(bool(cells[7] and cells[8]) for cells in found) == longer
    assert any(f"{longer} of {rows:,} rows have 2 columns more" in why for why in table.reasons)

"""Columns of Arrow made by their bytes are what pyarrow makes of the same lists."""

import numpy as np
import pyarrow as pa
import pytest

from textune.storage import columns

LISTS = {
    "texts": ["a", "", "é\u4e2d\U0001f600", "x" * 3000],
    "floats": [1.5, float("nan"), float("inf"), -0.0],
    "texts and none": ["a", None],
    "floats and none": [1.5, None],
    "whole numbers": [1, 2],
    "both kinds of numbers": [1, 2.5],
    "truth values": [True, False],
    "nothing at all": [None, None],
    "empty": [],
}


@pytest.mark.parametrize("cells", LISTS.values(), ids=LISTS)
def test_a_column_is_what_pyarrow_makes_of_it(cells):
    found, wanted = columns.column(cells), pa.array(cells)
    found.validate(full=True)
    assert found.type == wanted.type
    assert str(found.to_pylist()) == str(wanted.to_pylist())  # NaN is not equal to itself


@pytest.mark.parametrize("values", [np.arange(4), np.arange(8.0)[::2], np.empty(0)], ids=str)
def test_numbers_are_what_pyarrow_makes_of_them(values):
    assert columns.numbers(values).equals(pa.array(values))


def test_a_column_in_parts_becomes_one_array():
    whole = pa.chunked_array([pa.array([1.0, 2.0, 3.0]).slice(1), pa.array([4.0]).slice(1)])
    assert columns.array(whole).tolist() == [2.0, 3.0]


@pytest.mark.parametrize("cells", [[1, 2], [1.0, None], [None], []], ids=str)
def test_other_columns_become_arrays_too(cells):
    found = columns.array(pa.chunked_array([pa.array(cells, pa.float64())]))
    assert np.array_equal(found, np.array(cells, dtype=np.float64), equal_nan=True)


def test_a_few_rows_are_what_is_taken_of_a_table():
    table = pa.table({"a": ["x", None, "z"], "b": [1, 2, 3]})
    assert columns.rows(table, [2, 0, 1, 1]) == table.take([2, 0, 1, 1]).to_pylist()
    assert columns.rows(table, []) == []

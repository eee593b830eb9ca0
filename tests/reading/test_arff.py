"""Files of Weka with a text in each row are read; those of numbers alone are refused."""

import pytest

from made_tables import checked, read_as
from textune.errors import DataError
from textune.reading import sources
from textune.reading.forms import arff

HEAD = """% made by hand
@RELATION 'film reviews'

@attribute 'the text' string
@ATTRIBUTE stars numeric
@attribute class {pos, neg}

@Data
"""


def written(folder, rows, head=HEAD):
    file = folder / "made.arff"
    file.write_text(head + "\n".join(rows) + "\n")
    return file


def test_attributes_are_columns(tmp_path):
    rows = [
        "'it\\'s, so dull', 2, neg",
        "% no row",
        '"say \\"yes\\" now" , ? , pos',
        "warm, 3,'pos'",
    ]
    table = sources.read(written(tmp_path, rows))
    assert table.columns == ("the text", "stars", "class")
    assert [row.cells for row in table.rows()] == [
        ("it's, so dull", "2", "neg"),
        ('say "yes" now', "", "pos"),
        ("warm", "3", "pos"),
    ]
    assert next(table.rows()).origin == "made.arff:9"
    many = [f"'a dull film of {n} hours', {n}, {('pos', 'neg')[n % 2]}" for n in range(30)]
    assert read_as(checked(written(tmp_path, many))) == ("single", "the text", "class", 30)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("'a dull film, 2, neg", "expected 3 cells, found quotes that do not match"),
        ("'a' b, 2, neg", "expected 3 cells, found quotes that do not match"),
    ],
)
def test_a_row_that_does_not_fit_is_named(tmp_path, row, said):
    file = written(tmp_path, ["'a warm film', 2, neg", row])
    with pytest.raises(DataError, match=f"made.arff:10: {said}"):
        list(sources.read(file).rows())


def test_numbers_without_texts_are_refused(tmp_path):
    with pytest.raises(DataError, match="no attribute is a string: it holds numbers and classes"):
        sources.read(written(tmp_path, ["1,2,neg"], HEAD.replace("string", "numeric")))
    with pytest.raises(DataError, match="without @attribute or @data"):
        sources.read(written(tmp_path, [], HEAD.replace("@Data", "")))


def test_comments_and_blank_lines_of_other_files_are_looked_at_once(tmp_path):
    """Where each blank line before a comment doubled the time, this took longer than tests may."""
    file = tmp_path / "made.csv"
    file.write_text("\n% made by hand\n" * 100 + "a dull film,neg\n")
    assert not arff.begins(file, file.read_bytes()[:4096])


SPARSE = """@relation r
@attribute text string
@attribute n numeric
@attribute c {pos, neg}
@data
"""


def test_rows_between_braces_name_the_places_of_their_values(tmp_path):
    file = tmp_path / "a.arff"
    file.write_text(SPARSE + "{0 'good, and \\'so\\' on', 2 neg}\n{0 \"bad, too\", 1 3}\n")
    assert [row.cells for row in sources.read(file).rows()] == [
        ("good, and 'so' on", "0", "neg"),
        ("bad, too", "3", "pos"),
    ]


@pytest.mark.parametrize("row", ["{2 neg}", "{0 'a', 7 neg}", "{0 'a', 2 neg", "{0, neg}"])
def test_a_row_between_braces_without_its_text_or_place_is_a_fault(tmp_path, row):
    file = tmp_path / "a.arff"
    file.write_text(f"{SPARSE}{{0 'good', 2 neg}}\n{row}\n")
    with pytest.raises(DataError, match=r"a\.arff:7: expected \{place value, …\} with each text"):
        list(sources.read(file).rows())

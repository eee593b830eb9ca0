import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.tasks.contract import understand

TEXTS = [f"the {thing} was {how} that day" for thing in ("room", "meal") for how in "abcdefgh"]
PARTED = "\n\n"


def snap(n, text):
    return f"product/productId: B{n:05}\nreview/score: {n % 5 + 1}.0\nreview/text: {text}"


def pubmed(n, text):
    return (
        f"PMID- {n}\nTI  - {text}\nAB  - {text}\n      and more of it\nMH  - Humans\nMH  - M{n % 2}"
    )


def ris(n, text):
    return f"TY  - JOUR\nTI  - {text}\nKW  - k{n % 3}\nER  - "


def written(path, form, sep=PARTED):
    path.write_text(sep.join(form(n, text) for n, text in enumerate(TEXTS)) + "\n")
    return path


@pytest.mark.parametrize("sep", [PARTED, "\n\n\n", "\n  \n"])
def test_each_block_is_a_row(tmp_path, sep):
    table = sources.read(written(tmp_path / "a.txt", snap, sep))
    rows = list(table.rows())
    assert table.columns == ("product/productId", "review/score", "review/text")
    assert rows[1].cells == ("B00001", "2.0", TEXTS[1])
    assert [row.cells[2] for row in rows] == TEXTS
    assert rows[1].origin == f"a.txt:{4 + sep.count(chr(10)) - 1}"
    contract = understand(table).contract
    assert (contract.text, contract.label) == (("review/text",), ("review/score",))


def test_records_of_pubmed_and_of_reference_managers_are_rows(tmp_path):
    table = sources.read(written(tmp_path / "a.nbib", pubmed))
    assert table.columns == ("PMID", "TI", "AB", "MH")
    assert next(iter(table.rows())).cells == (
        *("0", TEXTS[0], f"{TEXTS[0]} and more of it", "Humans; M0"),
    )
    assert sources.read(written(tmp_path / "a.ris", ris)).columns == ("TY", "TI", "KW", "ER")


def test_a_line_without_a_name_of_the_file_goes_on_with_the_value_above(tmp_path):
    def form(n, text):
        return f"{snap(n, text)}{chr(10)}Note: so it was" if n == 3 else snap(n, text)

    rows = list(sources.read(written(tmp_path / "a.txt", form)).rows())
    assert rows[3].cells[2] == f"{TEXTS[3]} Note: so it was"


def test_a_block_without_a_name_is_a_fault_with_its_place(tmp_path):
    path = written(tmp_path / "a.txt", snap)
    path.write_text(path.read_text() * 200 + "\n\nno name here\n")
    with pytest.raises(DataError, match=r"a\.txt:\d+: none of the lines here.*begin a block with"):
        list(sources.read(path).rows())


@pytest.mark.parametrize(
    "form",
    [
        lambda n, text: f"Ann: {text}\nBen: {text}, I think\nAnn: {text} indeed",  # a talk
        lambda n, text: text,
        lambda n, text: f"{text}: {text}\n{text}",
        lambda n, text: f"Scene {n}: {text}\n{text}\n{text}",
    ],
)
def test_other_texts_with_blank_lines_stay_texts(tmp_path, form):
    assert sources.read(written(tmp_path / "a.txt", form)).format == "text"

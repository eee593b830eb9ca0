"""Text without labels: what is written as documents comes back as the same documents."""

import gzip
import json
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textune.errors import DataError
from textune.reading import documents, stretches
from thinning import crossed, examples

BLOCKS = "a b\nc d\n\ne f\n"
SIGNS = st.one_of(
    st.sampled_from(" \t\x0b\x0c\x85\u2028\u2029\xa0é€𝄞"),
    st.characters(exclude_categories=["C"]),
)
LINES = st.text(SIGNS, min_size=1, max_size=30).filter(lambda line: not line.isspace())
DOCUMENTS = st.lists(st.lists(LINES, min_size=1, max_size=4), min_size=1, max_size=6)


@pytest.fixture
def write(tmp_path):
    def write(content: str | bytes, name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def only(source: object, **options) -> documents.TextFile:
    (file,) = documents.find([source], **options)
    return file


def grouped(source: object, **options) -> list[list[str]]:
    """Return the documents, each as the list of its paragraphs."""
    found: list[list[str]] = []
    for paragraph in documents.read_all(documents.find([source], **options), **options):
        if paragraph.begins:
            found.append([])
        found[-1].append(paragraph.text)
    return found


def message_of(*sources: object, **options) -> str:
    with pytest.raises(DataError, match=r"\w") as caught:
        list(documents.read_all(documents.find(list(sources), **options), **options))
    return str(caught.value)


def expected(blocks: list[list[str]]) -> list[list[str]]:
    """A single block, or blocks of one line each, are no sign that blank lines part documents."""
    if len(blocks) > 1 and any(len(block) > 1 for block in blocks):
        return blocks
    return [[line] for block in blocks for line in block]


@settings(max_examples=examples(150), deadline=None)
@given(
    blocks=DOCUMENTS,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    blank=st.sampled_from(["", " ", "\t\x0c", "\u2028"]),
    around=st.sampled_from([0, 1, 3]),
    mark=st.sampled_from(["", "\ufeff"]),
    is_packed=st.booleans(),
    block=st.integers(5, 60),
)
@example([["a", "b"], ["c"]], "\r\n", "", 3, "\ufeff", True, 5)
def test_documents_written_in_blocks_come_back(
    tmp_path_factory, blocks, end, blank, around, mark, is_packed, block
):
    gap = blank + end
    body = (gap * max(1, around)).join("".join(line + end for line in lines) for lines in blocks)
    data = (mark + gap * around + body + gap * around).encode()
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_bytes(gzip.compress(data) if is_packed else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stretches, "BLOCK", block)
        assert grouped(path) == expected(blocks)


@settings(max_examples=examples(60), deadline=None)
@given(lines=st.lists(LINES, min_size=1, max_size=20), has_last_end=st.booleans())
def test_documents_written_a_line_each_come_back(tmp_path_factory, lines, has_last_end):
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text("\n".join(lines) + "\n" * has_last_end, encoding="utf-8", newline="")
    assert grouped(path) == [[line] for line in lines]


def test_a_book_of_one_document_a_line(shared):
    file = only(shared / "meditations" / "clean.txt")
    assert file.kind == "lines"
    assert file.reasons == (
        "clean.txt: 507 lines, no blank line between them: each line is a document",
    )
    paragraphs = list(documents.read(file))
    written = (shared / "meditations" / "clean.txt").read_text("utf-8").splitlines()
    assert [paragraph.text for paragraph in paragraphs] == written
    assert all(paragraph.begins for paragraph in paragraphs)
    assert paragraphs[-1].origin == "clean.txt:507"


def test_a_column_of_a_large_packed_table(shared):
    file = only(shared / "imdb" / "train.csv.gz", text="text")
    first, second = islice(documents.read(file, text="text"), 2)
    assert first.text.startswith("Story of a man who has unnatural feelings for a pig.")
    assert (first.origin, second.origin) == ("train.csv.gz:2", "train.csv.gz:3")
    assert "its text is in column 'text'" in file.reasons[0]


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        ("a\nb\n", "lines", "2 lines, no blank line between them: each line is a document"),
        ("\n\na\nb\n\n", "lines", "2 lines, no blank line between them: each line is a document"),
        ("a\n\nb\n", "lines", "2 lines, a blank line between any two: each line is a document"),
        (
            BLOCKS,
            "blocks",
            "3 lines in 2 blocks, parted by blank lines: each is a document; --set "
            "text.documents=lines makes each line one",
        ),
        ("a", "lines", "one line, one document"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a.TEXT", "a.md", "a", "a.tex", "a.txt.gz"])
def test_says_how_plain_text_was_understood(write, content, kind, reason, name):
    file = only(write(content, name))
    assert (file.kind, file.reasons) == (kind, (f"{name}: {reason}",))


def test_says_where_the_judgement_stopped(write):
    path = write(("word " * 2_000 + "\n") * 1_601 + BLOCKS, "book.txt")
    file = only(path)
    assert file.kind == "lines"
    assert file.reasons[0].endswith("(judged by the first 16,000,000 characters)")


def test_commas_in_a_text_of_unknown_ending_are_no_columns(write):
    assert grouped(write("one, two, three\nfour, five, six\n", "a.tex")) == [
        ["one, two, three"],
        ["four, five, six"],
    ]


ROWS = [("1", "first\nof two"), ("2", "\n \n"), ("3", "one\r\n\r\ntwo\n\n"), ("4", "last")]
TEXTS = [["first", "of two"], ["one", "two"], ["last"]]


def table(path: Path, column: str) -> None:
    if path.name.startswith("a.parquet"):
        ids, texts = zip(*ROWS, strict=True)
        pq.write_table(pa.table({"id": ids, column: texts}), path)
        return
    objects = [{"id": number, column: text} for number, text in ROWS]
    cells = [("id", column), *ROWS]
    content = {
        ".csv": "".join(f'{number},"{text}"\n' for number, text in cells),
        ".tsv": "".join(f'{number}\t"{text}"\n' for number, text in cells),
        ".jsonl": "".join(json.dumps(row) + "\n" for row in objects),
        ".json": json.dumps(objects),
        ".txt": "".join(json.dumps(row) + "\n" for row in objects),
    }[path.suffix]
    path.write_text(content, encoding="utf-8", newline="")


@pytest.mark.parametrize(
    ("column", "name", "is_packed"),
    crossed(
        ["text", "Content", "lyrics"],
        ["a.csv", "a.tsv", "a.jsonl", "a.json", "a.parquet", "a.txt"],
        [False, True],
    ),
)
def test_a_row_is_a_document_whatever_its_blank_lines(tmp_path, name, column, is_packed):
    path = tmp_path / name
    table(path, column)
    if is_packed:
        path = path.rename(path.with_name(name + ".gz"))
        path.write_bytes(gzip.compress(path.read_bytes()))
    text = "lyrics" if column == "lyrics" else None
    file = only(path, text=text)
    assert file.kind == "table"
    words = f"{path.name}: each row is a document, its text is in column {column!r}"
    assert file.reasons[0] == words
    assert grouped(path, text=text) == TEXTS


def test_a_table_of_one_column_needs_no_name(write):
    assert grouped(write('lyrics\n"la la, la"\n"do do, do"\n', "a.csv")) == [
        ["la la, la"],
        ["do do, do"],
    ]


def test_the_column_text_wins_over_others_that_could_hold_it(write):
    path = write('{"body": "a", "text": "b"}\n', "a.jsonl")
    assert grouped(path) == [["b"]]
    assert grouped(path, text="body") == [["a"]]


@pytest.mark.parametrize(
    ("row", "text", "message"),
    [
        (
            {"id": 1, "song": "x"},
            None,
            "a.jsonl: no column is named as one of text (id, song); name the column: --text COLUMN",
        ),
        (
            {"id": 1, "body": "x", "content": "y"},
            None,
            "a.jsonl: several columns could hold the text (body, content); "
            "name the column: --text COLUMN",
        ),
        (
            {"body": "x", "title": "y"},
            "bodi",
            "a.jsonl: there is no column 'bodi'; did you mean 'body'? Allowed: 'body', 'title'",
        ),
        (
            {"body": "x", "title": "y"},
            "title,body",
            "a.jsonl: 'title,body' names several columns, and a document has its text in one; "
            "did you mean 'title'? Allowed: 'body', 'title'",
        ),
    ],
)
def test_a_column_that_is_not_known_is_asked_for(write, row, text, message):
    assert message_of(write(json.dumps(row) + "\n", "a.jsonl"), text=text) == message


def test_plain_text_has_no_columns(write):
    assert message_of(write("A line.\nAnother one.\n", "a.txt"), text="body") == (
        "a.txt: plain text has no column 'body'; leave --text out, or name only the files that "
        "have this column"
    )


def test_a_file_of_text_with_a_named_column_is_a_table(write):
    assert grouped(write("id\tbody\n1\tx y\n2\tz\n", "a.txt"), text="body") == [["x y"], ["z"]]


EMPTY = [
    b"",
    b"\n\n",
    b" \r\n\t\x0c",
    b"\xef\xbb\xbf\n",
    "\u2028\n\xa0".encode(),
    gzip.compress(b""),
]


@pytest.mark.parametrize("content", EMPTY, ids=range(len(EMPTY)))
def test_an_empty_file_is_refused_or_skipped(write, content):
    path = write(content, "corpus/a.txt")
    assert message_of(path) == "a.txt: the file is empty; name a file with text in it"
    assert "a.txt: every file is empty" in message_of(path.parent)
    write("x", "corpus/b.txt")
    file = only(path.parent)
    assert file.name == "b.txt"
    assert file.reasons[-1] == "skipped since empty: a.txt"
    assert "a.txt: the file is empty" in message_of(path.parent, path)


def test_several_empty_files(write):
    folder = write("", "corpus/a.txt").parent
    write("\n", "corpus/b.csv")
    assert message_of(folder / "*") == (
        "a.txt and 1 more: every file is empty; name files with text in them"
    )


def test_a_table_of_empty_texts(write):
    path = write('id,text\n1,\n2," "\n', "a.csv")
    message = "a.csv: every text is empty; name other files, or another column with --text"
    assert message_of(path) == message
    assert list(documents.read(only(path))) == []


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv"])
def test_wide_encodings_are_read_by_their_mark(write, encoding, name):
    found = only(write(BLOCKS.encode(encoding), name))
    plain = only(write(BLOCKS, f"plain-{name}"))
    assert [each.text for each in documents.read(found)] == [
        each.text for each in documents.read(plain)
    ]
    assert any("as the byte order mark says" in reason for reason in found.reasons)


def test_text_of_another_encoding_is_read_as_told(write):
    path = write("caf\xe9\n\ndeux\n".encode("cp1252"), "a.txt")
    (file,) = documents.find([path], encoding="cp1252")
    assert [each.text for each in documents.read(file)] == ["caf\xe9", "deux"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"PK\x03\x04" + bytes(99), "a.txt: the zip archive is damaged"),
        (b"%PDF-1.7", "a.txt: this is a PDF"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "a.txt:1:1: the byte 0x89 is not UTF-8"),
    ],
)
def test_what_is_no_text_is_refused(write, content, expected):
    assert expected in message_of(write(content, "a.txt"))
    assert "a.bin: " in message_of(write(content, "a.bin"))


@pytest.mark.parametrize(
    ("asked", "origins"),
    [
        ("lines", ["text.txt:1", "text.txt:3", "text.txt:4"]),
        ("blocks", ["text.txt:1", "text.txt:3"]),
    ],
)
def test_what_a_document_is_can_be_said(tmp_path, asked, origins):
    file = tmp_path / "text.txt"
    file.write_text("one\n\ntwo\nthree\n", encoding="utf-8")
    found = documents.find([file], documents=asked)
    assert [part.origin for part in documents.read_all(found) if part.begins] == origins
    assert "as was asked" in found[0].reasons[0]


def test_what_a_document_is_can_be_said_of_text_only(tmp_path):
    file = tmp_path / "text.csv"
    file.write_text("text,id\none,1\ntwo,2\n", encoding="utf-8")
    (found,) = documents.find([file], documents="blocks")
    assert found.kind == "table"


def test_each_of_several_faults_bears_the_name_that_tells_its_file_from_others(write):
    write("text,label\none,a\n", "x/a.csv")
    path = write("text,label\n" + "one,a\n" * 9 + "one,a,b\ntwo,b,c\n", "y/a.csv")
    files = documents.find([path.parent.parent], text="text")
    with pytest.raises(DataError, match="2 problems") as caught:
        list(documents.read_all(files, text="text"))
    assert str(caught.value).count(f"{path}:") == 3


@pytest.mark.parametrize(
    ("line", "doubt"),
    [
        ("1\tA fine film", "its lines have 2 columns, parted by tabs: all are read as text"),
        ("7\tAda\tA fine film", "its lines have 3 columns, parted by tabs: all are read as text"),
        ("__label__good A fine film", "its lines begin with labels (__label__…), which are read"),
        ("A fine film", None),
        ("\tA fine film", None),
    ],
)
def test_labels_that_are_read_with_the_text_are_doubted(tmp_path, line, doubt):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{line} {n}\n" for n in range(60)))
    (file,) = documents.find([path])
    assert [one.startswith(f"a.txt: {doubt}") for one in file.doubts] == [True] * bool(doubt)
    column = {"1": "2", "7": "3", "_": "text"}.get(line[0])
    if column:
        (file,) = documents.find([path], text=column)
        assert not file.doubts
        assert next(documents.read(file, text=column)).text == "A fine film 0"

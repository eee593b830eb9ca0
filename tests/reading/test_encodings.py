"""Text of any encoding is read where a mark or its owner says which; what is not said is asked."""

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import textune
from made_runs import make_run
from textune.errors import DataError, SettingsError
from textune.reading import detecting, sources
from textune.records import ReadOptions
from thinning import crossed

FRENCH = (
    "text,label\n" + "le café était très bon,pos\nplain words here,neg\nune soirée ratée,neg\n" * 9
)
JSON = "".join(f'{{"text": "déjà vu {n}", "label": "{"ab"[n % 2]}"}}\n' for n in range(20))
CONLL = "Zoë B-PER\nlives O\nin O\nMalmö B-LOC\n\n" * 12
RUSSIAN = "Фильм очень хороший,pos\nУжасный сервис,neg\n"  # noqa: RUF001 (Cyrillic is meant)
WIDE = ["utf-16", "utf-32"]


def read(path, encoding=None):
    table = sources.read(path, ReadOptions(encoding=encoding))
    return table, [(row.cells, row.origin) for row in table.rows()]


def file_of(tmp_path, content, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(content)
    return path


ENCODINGS = [*WIDE, "cp1252", "utf-16-le", "utf-16-be", "mac_roman"]
FILES = {"a.csv": FRENCH, "a.jsonl": JSON, "a.conll": CONLL}


@pytest.mark.parametrize(("encoding", "name", "packed"), crossed(ENCODINGS, FILES, [False, True]))
def test_every_format_is_read_in_every_encoding(tmp_path, encoding, name, packed):
    content = FILES[name]
    pack = gzip.compress if packed else bytes
    name = f"{name}.gz" if packed else name
    plain = read(file_of(tmp_path, pack(content.encode()), name))
    path = file_of(tmp_path, pack(content.encode(encoding)), name)
    table, rows = read(path, None if encoding in WIDE else encoding)
    assert (table.columns, rows) == (plain[0].columns, plain[1])
    said = (
        "as the byte order mark says"
        if encoding in WIDE
        else f"encoding: {encoding.replace('mac_', 'mac-')}, as told"
    )
    assert any(said in reason for reason in table.reasons)


@given(text=st.text("añéß日本語я\n\r,;", max_size=40), cut=st.integers(1, 9))
@settings(max_examples=30, deadline=None)
def test_line_numbers_are_those_of_the_same_text_in_utf8(tmp_path_factory, text, cut):
    folder = tmp_path_factory.mktemp("texts")
    content = "text\n" + f"{text}x\r\nthe é end\n" * cut
    path = file_of(folder, content.encode("utf-16"), "a.txt")
    same = file_of(folder, content.encode(), "b.txt")
    assert [(cells, at[6:]) for cells, at in read(path)[1]] == [
        (cells, at[6:]) for cells, at in read(same)[1]
    ]


@pytest.mark.parametrize(
    ("text", "encoding", "likely"),
    [
        (FRENCH, "cp1252", "cp1252"),
        (
            "text,label\n" + "この映画はとても良かったです。,pos\nサービスが悪い。,neg\n" * 9,
            "cp932",
            "cp932",
        ),
        ("text,label\n" + RUSSIAN * 9, "cp1251", "cp1251"),
        ("text,label\n" + "这部电影非常好看。,pos\n服务很差。,neg\n" * 9, "gbk", "gb18030"),
        ("text,label\n" + "bardzo dobra książka,pos\nźle gęś,neg\n" * 9, "cp1250", "cp1250"),
    ],
)
def test_what_is_not_utf8_is_shown_as_it_may_read_and_never_guessed(
    tmp_path, text, encoding, likely
):
    path = file_of(tmp_path, text.encode(encoding))
    with pytest.raises(DataError) as refused:
        read(path)
    message = str(refused.value)
    first, *_ = [line for line in text.splitlines() if not line.isascii()]
    assert f"by its bytes it may be {likely}:\n  line 2: '{first}'\n" in message
    assert message.count("\n  line ") == 3
    assert message.endswith(f"if it reads right so, say --encoding {likely}")
    assert [cells for cells, _ in read(path, likely)[1]] == [
        tuple(line.split(",")) for line in text.splitlines()[1:]
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_text_without_a_mark_is_asked_about(tmp_path, encoding):
    path = file_of(tmp_path, FRENCH.encode(encoding))
    with pytest.raises(
        DataError, match=f"the text is {encoding}, without a byte order(.|\n)*'le café était"
    ):
        read(path)
    assert len(read(path, encoding)[1]) == 27


def test_escapes_of_seven_bits_are_not_read_as_ascii(tmp_path):
    path = file_of(tmp_path, ("text,label\n" + "良い映画,pos\n悪い,neg\n" * 9).encode("iso2022_jp"))
    with pytest.raises(
        DataError,
        match=r"escapes the text is iso2022_jp(.|\n)*'良い映画(.|\n)*--encoding iso2022_jp",
    ):
        read(path)
    assert read(path, "iso2022_jp")[1][0] == (("良い映画", "pos"), "a.csv:2")


def mixed(tmp_path):
    lines = FRENCH.encode().split(b"\n")
    for at in (1, 12):
        lines[at] = lines[at].decode().encode("cp1252")
    return file_of(tmp_path, b"\n".join(lines))


def test_a_few_lines_of_another_encoding_are_named_with_their_numbers(tmp_path):
    path = mixed(tmp_path)
    with pytest.raises(DataError) as refused:
        read(path)
    message = str(refused.value)
    assert message.startswith("a.csv:2:7: the byte 0xe9 is not UTF-8")
    assert (
        "2 lines are not UTF-8 while 16 with such signs are: encodings are mixed: 2, 13" in message
    )
    assert "say --encoding utf-8,cp1252: UTF-8, and cp1252 for the lines that are not" in message
    _, rows = read(path, "utf-8,cp1252")
    assert [cells for cells, _ in rows] == [
        tuple(line.split(",")) for line in FRENCH.splitlines()[1:]
    ]
    with pytest.raises(DataError, match="--encoding cp1252 is not all of it: 2 lines"):
        read(path, "cp1252")


def test_a_name_is_for_files_that_are_not_utf8(tmp_path):
    table, rows = read(file_of(tmp_path, FRENCH.encode()), "cp1252")
    assert rows[0][0] == ("le café était très bon", "pos")
    assert any("--encoding cp1252 is for files that are not" in reason for reason in table.reasons)


def test_a_byte_that_the_encoding_lacks_is_found_on_its_line(tmp_path):
    content = "text,label\n" + "é and so on,pos\n" * 40_000
    path = file_of(tmp_path, content.encode("cp1252") + b"x \x81 y,neg\n")
    with pytest.raises(DataError, match=r"a\.csv:40002:3: the byte 0x81 is not cp1252: "):
        read(path, "cp1252")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("windows1252", "allowed: those of Python, for example windows_1252"),
        ("utf-8,klingon", "--encoding klingon: this encoding is not known"),
        ("base64", "this encoding is no encoding of text"),
    ],
)
def test_unknown_encodings_are_refused_with_those_that_are_near(tmp_path, name, words):
    with pytest.raises(SettingsError, match=words):
        textune.check(file_of(tmp_path, FRENCH.encode("cp1252")), encoding=name)


def test_a_run_records_the_encoding_and_evaluates_files_anew(tmp_path, tiny_base):
    model = make_run(tmp_path / "run", tiny_base, "single", ["neg", "pos"])
    latin = file_of(tmp_path, FRENCH.encode("cp1252"), "latin.csv")
    plain = file_of(tmp_path, FRENCH.encode(), "plain.csv")
    with pytest.raises(DataError, match="--encoding cp1252"):
        textune.evaluate(model, latin)
    told, known = textune.evaluate(model, latin, encoding="cp1252"), textune.evaluate(model, plain)
    assert told["mcc"] == known["mcc"]


def test_the_command_that_check_proposes_names_the_encoding(tmp_path):
    path = file_of(tmp_path, FRENCH.encode("cp1252"))
    survey = textune.check(path, encoding="cp1252")
    assert survey.command.count(" --encoding cp1252 ") == 1
    folder = tmp_path / "texts"
    for label in ("bad", "good"):
        (folder / label).mkdir(parents=True)
        (folder / label / "1.txt").write_bytes("schön und größer".encode("cp1252"))
    assert {cells for cells, _ in read(folder, "cp1252")[1]} == {
        ("schön und größer", label) for label in ("bad", "good")
    }
    assert json.dumps(survey.table.reasons).count("cp1252") == 1


def test_a_line_end_between_two_pieces_is_one_where_an_encoding_is_asked_for(tmp_path):
    long = b"a" * (detecting.PIECE - 1)
    path = file_of(tmp_path, long + b"\r\nle caf\xe9 est bon\r\n", "a.txt")
    with pytest.raises(DataError, match="1 line is not UTF-8: 2\n"):
        read(path)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_text_of_another_script_without_a_mark_is_asked_about(tmp_path, encoding):
    path = tmp_path / "a.csv"
    path.write_bytes(f"text,label\n{RUSSIAN * 20}".encode(encoding))
    with pytest.raises(DataError, match=rf"(?s)NUL bytes.*Фильм.*--encoding {encoding}"):
        sources.read(path)
    assert len(read(path, encoding)[1]) == 40

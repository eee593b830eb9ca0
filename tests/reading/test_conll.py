"""Files of one word a line become sentences, whatever their ending; faulty lines have a place."""

import gzip
import json
import random
from pathlib import Path

import pytest

from textune.errors import DataError
from textune.reading import conll, sources
from textune.records import ReadOptions, Table

DATA = Path(__file__).parents[2] / "../shared/data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not here")

TWO = "EU B-ORG\nrejects O\n\nPeter B-PER\nBlack I-PER\n"
FOUR = """-DOCSTART- -X- -X- O

EU NNP I-NP I-ORG
rejects VBZ I-VP O

-DOCSTART- -X- -X- O
Peter NNP I-NP I-PER
Blackburn NNP I-NP I-PER
"""
UNIVERSAL = """# sent_id = 1
# text = vámonos al mar
1-2 vámonos _ _ _ _ _ _ _ _
1 vamos ir VERB _ _ 0 root _ _
2 nos nosotros PRON _ _ 1 obj _ _
2.1 # # PUNCT _ _ 1 obj _ _

# sent_id = 2
1 # # SYM _ _ 0 root _ _
"""
SENTENCES = [["EU", "rejects"], ["Peter", "Black"]]


@pytest.fixture
def write(tmp_path):
    def write_file(text: str | bytes, name: str = "words.txt") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file


def columns(table: Table) -> list[list[list[str]]]:
    return [[json.loads(cell) for cell in row.cells] for row in table.rows()]


def words(table: Table, place: int = 0) -> list[list[str]]:
    return [found[place] for found in columns(table)]


def test_a_sentence_becomes_a_row(write):
    table = sources.read(write(TWO))
    assert (table.format, table.columns, table.has_header) == ("conll", ("1", "2"), False)
    assert table.delimiter is None
    first, second = table.rows()
    assert json.loads(first.cells[0]) == ["EU", "rejects"]
    assert json.loads(first.cells[1]) == ["B-ORG", "O"]
    assert (first.origin, second.origin) == ("words.txt:1", "words.txt:4")
    assert list(table.rows()) == [first, second]
    assert "one word a line" in " ".join(table.reasons)


@pytest.mark.parametrize(
    "name", ["a.conll", "a.txt", "a.tsv", "a.annotated", "a.bio", "a.iob", "a", "a.csv", "a.data"]
)
@pytest.mark.parametrize("sign", ["\t", " ", "   "])
def test_any_ending_is_recognised_by_its_content(write, name, sign):
    table = sources.read(write(TWO.replace(" ", sign), name))
    assert table.format == "conll"
    assert words(table) == SENTENCES


@pytest.mark.parametrize(
    "change",
    [
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: gzip.compress(text.encode()),
        lambda text: text.rstrip("\n").encode(),
        lambda text: ("\n\n" + text + "\n \n\t\n").encode(),
        lambda text: text.replace("\n\n", "\n\t\n").encode(),
        lambda text: text.replace("\n", "  \n").encode(),
    ],
)
def test_marks_line_ends_and_blank_lines_do_not_matter(write, change):
    assert words(sources.read(write(change(TWO)))) == SENTENCES


def test_document_marks_end_a_sentence_and_are_skipped(write):
    table = sources.read(write(FOUR))
    assert table.columns == ("1", "2", "3", "4")
    assert words(table) == [["EU", "rejects"], ["Peter", "Blackburn"]]
    assert words(table, 3) == [["I-ORG", "O"], ["I-PER", "I-PER"]]
    assert [row.origin for row in table.rows()] == ["words.txt:3", "words.txt:7"]


@pytest.mark.parametrize("sign", [" ", "\t"])
def test_a_sign_with_a_tag_is_a_word_and_no_comment(write, sign):
    text = "# O\n#sale O\nEU B-ORG\n# O\n\n# O\nEU B-ORG\n".replace(" ", sign)
    assert words(sources.read(write(text))) == [["#", "#sale", "EU", "#"], ["#", "EU"]]


def test_comments_are_skipped(write):
    text = (
        "# sent_id = 7\n# any words here\nEU B-ORG\nrejects O\n# note = x\nit O\n\n# id = 8\nEU O\n"
    )
    table = sources.read(write(text))
    assert words(table) == [["EU", "rejects", "it"], ["EU"]]
    assert next(table.rows()).origin == "words.txt:3"


def test_comments_with_as_many_columns_as_words_are_skipped(write):
    text = "# id = 3\nEU NNP NP B-ORG\n# # NN O\n\n# id = 4\n# # NN O\n"
    assert words(sources.read(write(text))) == [["EU", "#"], ["#"]]


@pytest.mark.parametrize("name", ["a.conllu", "a.txt"])
def test_joined_and_unwritten_words_of_universal_files_are_skipped(write, name):
    text = UNIVERSAL.replace("# sent", "#+sent").replace("# text", "#+text")
    text = text.replace(" ", "\t").replace("#+", "# ")
    table = sources.read(write(text, name))
    assert words(table, 1) == [["vamos", "nos"], ["#"]]
    assert words(table, 3) == [["VERB", "PRON"], ["SYM"]]
    assert "joined and unwritten words" in " ".join(table.reasons)


def test_a_line_of_names_is_recognised(write):
    table = sources.read(write("word\ttag\n" + TWO.replace(" ", "\t")))
    assert (table.columns, table.has_header) == (("word", "tag"), True)
    assert words(table) == SENTENCES
    assert words(sources.read(write(TWO), ReadOptions(header=True))) == [
        ["rejects"],
        ["Peter", "Black"],
    ]
    assert words(sources.read(write("word tag\n" + TWO), ReadOptions(header=False)))[0][0] == "word"


def test_spaces_that_are_no_delimiters_stay_in_words(write):
    text = "New\xa0York\tB-LOC\n\u3000\tO\n\x85\tO\n\nO Brian\tB-PER\n"
    assert words(sources.read(write(text))) == [["New\xa0York", "\u3000", "\x85"], ["O Brian"]]


def test_parts_of_speech_are_recognised_in_sentences(write):
    text = "The DT\nman NN\nruns VBZ\n\nA DT\ndog NN\nbarks VBZ\n"
    assert words(sources.read(write(text)), 1) == [["DT", "NN", "VBZ"]] * 2


def test_words_alone_are_recognised_by_the_ending(write):
    assert words(sources.read(write("EU\nrejects\n\nPeter\n", "a.conll"))) == [
        ["EU", "rejects"],
        ["Peter"],
    ]
    assert sources.read(write("EU\nrejects\n\nPeter\n", "a.txt")).format == "text"


@pytest.mark.parametrize(
    "text",
    [
        "good film\tpos\n\nbad film\tneg\n" * 20,
        "Smith\tEnglish\nJones\tEnglish\n\nDupont\tFrench\nDurand\tFrench\n\n" * 20,
        "Smith\tEnglish\nDupont\tFrench\n" * 20,
        "".join(f"word{n}\t{n % 2}\n\n" for n in range(40)),
        "one two\nthree four\n\nfive six\nseven eight\nnine ten\n" * 9
        + "and a line of prose here\n",
        "text,label\nthe film,O\na film,B-film\n",
        "the film was good, very good\n\nthe actor was not\n",
    ],
)
def test_other_files_are_not_taken_for_words(write, text):
    for name in ("a.txt", "a.tsv", "a.csv", "a"):
        assert sources.read(write(text, name)).format != "conll"


def test_a_delimiter_that_is_told_makes_a_table(write):
    table = sources.read(write(TWO.replace(" ", "\t")), ReadOptions(delimiter="\t", header=False))
    assert (table.format, len(list(table.rows()))) == ("tsv", 4)


def test_ragged_lines_are_all_counted_and_the_first_twenty_named(write):
    text = TWO * 30 + "alone\n" * 15 + "\n" + "three B-X columns\n" * 15
    with pytest.raises(DataError, match=r"words.txt: 30 problems") as caught:
        list(sources.read(write(text)).rows())
    message = str(caught.value)
    assert message.count("expected 2 columns parted by spaces, found 1: 'alone'") == 15
    assert message.count("found 3: 'three B-X columns'") == 5
    assert f"words.txt:{30 * 5 + 1}: expected" in message
    assert "and 10 more" in message
    assert "a blank line between sentences" in message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("rejects", "words.txt:2: expected 2 columns parted by tabs, found 1: 'rejects'"),
        ("rejects\t", r"words.txt:2: column '2' is blank: 'rejects\\t'"),
        ("\tO", r"words.txt:2: column '1' is blank: '\\tO'"),
        ("#\t", r"words.txt:2: column '2' is blank"),
        ("#sale", r"words.txt:2: expected 2 columns parted by tabs, found 1: '#sale'"),
        ("a\tO\tO", r"words.txt:2: expected 2 columns parted by tabs, found 3"),
    ],
)
def test_a_faulty_line_is_named_even_in_a_short_file(write, line, message):
    with pytest.raises(DataError, match=message):
        list(sources.read(write(f"EU\tB-ORG\n{line}\ncall\tO\n\nEU\tB-ORG\n")).rows())


def test_no_row_comes_after_a_fault(write):
    rows = []
    with pytest.raises(DataError, match="found 1: 'alone'"):
        rows.extend(sources.read(write(TWO + "\nalone\n\n" + TWO)).rows())
    assert len(rows) == 2


def test_faults_of_the_file_come_with_those_of_its_lines(write):
    table = sources.read(write(TWO * 6500 + "alone\n"))
    Path(str(table.path)).write_bytes(("alone\n" + TWO * 6500).encode() + b"\xff O\n")
    with pytest.raises(DataError, match=r"2 problems(.|\n)*:1: expected(.|\n)*0xff is not UTF-8"):
        list(table.rows())


@pytest.mark.parametrize("limit", ["LONGEST", "RECORD_LIMIT"])
def test_a_sentence_without_end_is_refused_where_it_begins(write, monkeypatch, limit):
    monkeypatch.setattr(conll, limit, 50)
    with pytest.raises(DataError, match=r"words.txt:4: the sentence that begins here has no end"):
        list(sources.read(write("EU B-ORG\nit O\n\n" + "EU B-ORG\n" * 60)).rows())


def test_a_file_without_words_is_refused(write):
    table = sources.read(write("EU B-ORG\n", "a.conll"))
    Path(str(table.path)).write_text("\n-DOCSTART- O\n")
    with pytest.raises(DataError, match=r"a.conll: there is no word in it"):
        list(table.rows())


@pytest.mark.timeout(120)
def test_mutated_files_are_read_or_refused_but_never_a_crash(write):
    chance = random.Random(5)
    for good in (TWO, FOUR, UNIVERSAL.replace(" ", "\t")):
        for _ in range(150):
            data = bytearray(good.encode())
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(data) + 1)
                data[at : at + chance.randrange(3)] = chance.choice(
                    [b"", b"\t", b" ", b"\n", b"#", b"\n\n", b"\xff", b"\0", b"-DOCSTART-"]
                )
            try:
                table = sources.read(write(bytes(data), "a.conll"))
                found = list(table.rows())
            except DataError as error:
                assert "a.conll" in str(error)  # noqa: PT017 (either outcome is right)
            else:
                assert {len(row.cells) for row in found} == {len(table.columns)}


@needs_data
@pytest.mark.parametrize(
    ("name", "sentences", "lines"),
    [
        pytest.param("wnut17train.conll", 3_394, 62_730, marks=pytest.mark.exhaustive),
        ("emerging.dev.conll", 1_009, 15_733),
        ("emerging.test.annotated", 1_287, 23_394),
    ],
)
def test_public_files_are_read_whole(name, sentences, lines):
    table = sources.read(DATA / "wnut17" / name)
    found = columns(table)
    assert (table.format, len(found)) == ("conll", sentences)
    assert sum(len(tags) for _, tags in found) == lines
    assert all(len(tokens) == len(tags) for tokens, tags in found)


@needs_data
@pytest.mark.parametrize(
    "name", ["cola/in_domain_train.tsv", "goemotions/dev.tsv", "sst2/dev.tsv", "rte/dev.tsv"]
)
def test_public_tables_are_not_taken_for_words(name):
    assert sources.read(DATA / name).format == "tsv"


def test_places_of_signs_in_their_words_are_left_out(tmp_path):
    lines = [
        "王0 B-PER.NAM",
        "明1 I-PER.NAM",
        "住0 O",
        "在1 O",
        "北0 B-GPE.NAM",
        "京1 I-GPE.NAM",
        "",
    ]
    file = tmp_path / "weibo.train"
    file.write_text("".join(f"{line}\n" for line in lines * 20), encoding="utf-8")
    found = sources.read(file)
    assert json.loads(next(found.rows()).cells[0]) == ["王", "明", "住", "在", "北", "京"]
    assert any("has its place in its word behind it" in why for why in found.reasons)


def test_words_that_end_in_numbers_stay_as_they_are(tmp_path):
    lines = ["A0 B-GENE", "binds O", "p53 B-GENE", "and O", "B1 B-GENE", ""]
    file = tmp_path / "genes.conll"
    file.write_text("".join(f"{line}\n" for line in lines * 20))
    words = json.loads(next(sources.read(file).rows()).cells[0])
    assert words == ["A0", "binds", "p53", "and", "B1"]


def test_a_sentence_may_begin_with_a_word_joined_of_three(tmp_path):
    lines = ["1-3 wbbyt _ _ _ _ _ _ _ _", "1 w w CCONJ _ _ 3 cc _ _", "2 b b ADP _ _ 3 case _ _"]
    lines += ["3 byt byt NOUN _ _ 0 root _ _", "4 gr gr VERB _ _ 3 acl _ _", ""]
    file = tmp_path / "he.conllu"
    file.write_text("".join(line.replace(" ", "\t") + "\n" for line in lines * 5))
    found = sources.read(file)
    assert json.loads(next(found.rows()).cells[1]) == ["w", "b", "byt", "gr"]


def test_one_cell_beside_every_text_is_no_tag(write):
    lines = [f"{n}\tThe path by the river is number {n}.\tCQ_B" for n in range(30)]
    table = sources.read(write("id\tcontent\tcorpus\n" + "\n".join(lines), "texts.tsv"))
    assert (table.format, table.columns) == ("tsv", ("id", "content", "corpus"))


def test_a_sentence_may_stand_whole_and_marked_above_its_words(write):
    above = "; Ada met Bo.\n$<Ada:PS> met <Bo:PS>.\n"
    sentence = f"{above}1\tAda\tNNP\tB_PS\n2\tmet\tVV\tO\n3\tBo\tNNP\tB_PS\n3\t.\tSF\tO\n"
    money = "; $ 5 it was\n1\t$\tSW\tO\n1\t5\tSN\tO\n2\tit\tNP\tO\n"
    table = sources.read(write(f"{sentence}\n{money}\n" * 9))
    assert words(table, 1)[:2] == [["Ada", "met", "Bo", "."], ["$", "5", "it"]]
    assert words(table, 3)[0] == ["B_PS", "O", "B_PS", "O"]
    assert any("stands whole (;) and marked ($)" in reason for reason in table.reasons)


@pytest.mark.parametrize("sign", [" ", "\u3000", "\xa0"])
def test_white_space_for_a_word_is_passed_over(write, sign):
    text = f"Ada\tB-PER\n{sign}\tO\nmet\tO\nBo\tB-PER\n\n" + 9 * "he\tO\n" + "\n"
    table = sources.read(write(text * 9))
    assert words(table)[:2] == [["Ada", "met", "Bo"], ["he"] * 9]
    first, *_ = table.rows()
    assert first.remarks == ("words.txt:2: white space for a word was passed over",)
    with pytest.raises(DataError, match="column '1' is blank"):
        list(sources.read(write(text.replace(f"{sign}\t", "\t") * 9)).rows())


def test_numbers_of_words_are_whole_where_sentences_are_long(tmp_path):
    file = tmp_path / "essays.dat"
    one = "".join(f"{n}\tword{n}\t_\t{'B-X' if n % 7 == 0 else 'O'}\n" for n in range(1, 40))
    file.write_text("\n".join([one] * 9))
    cells = next(sources.read(file).rows()).cells
    assert json.loads(cells[0]) == [str(n) for n in range(1, 40)]

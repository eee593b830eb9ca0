import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textune.data import contract, sources
from textune.data.contract import require_labels, understand
from textune.errors import DataError, SettingsError, TextuneError
from textune.records import Contract, Row, Table

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
WORDS = """the a film service was is really not very good bad slow quick friendly dull bright long
short story plot actor waiter room screen battery price value time place people music sound view"""
WORDS = WORDS.split()


def table(columns: Sequence[str] | int, rows: Sequence[Sequence[str]]) -> Table:
    headed = not isinstance(columns, int)
    names = tuple(columns) if headed else tuple(str(place + 1) for place in range(columns))
    return Table(
        "made.csv",
        None,
        "csv",
        names,
        headed,
        ",",
        (),
        lambda: iter([Row(tuple(cells), f"made.csv:{n}") for n, cells in enumerate(rows, start=2)]),
    )


def made(columns: Sequence[str] | int, rows: int = 200, **cells: object) -> Table:
    """Make a table: each column by name (c1, c2 … without header) from a function of the row."""
    random_numbers = random.Random(7)
    makers = list(cells.values())
    return table(
        columns,
        [
            [make(n, random_numbers) if callable(make) else str(make) for make in makers]
            for n in range(rows)
        ],
    )


def prose(least: int = 6, most: int = 20):
    def make(_: int, numbers: random.Random) -> str:
        return " ".join(numbers.choices(WORDS, k=numbers.randint(least, most))).capitalize() + "."

    return make


def one_of(*values: str):
    return lambda _, numbers: numbers.choice(values)


def some_of(names: Sequence[str], write):
    def make(_: int, numbers: random.Random) -> str:
        return write([name for name in names if numbers.random() < 0.3])

    return make


def chinese(_: int, numbers: random.Random) -> str:
    signs = "这部电影很好看我非常喜欢剧情有点无聊服务态度差房间干净价格便宜"
    return "".join(numbers.choices(signs, k=numbers.randint(8, 30))) + "。"


def mark(share: float, yes: str = "1", no: str = "0"):
    return lambda _, numbers: yes if numbers.random() < share else no


def number(low: float, high: float, digits: int = 2):
    return lambda _, numbers: f"{numbers.uniform(low, high):.{digits}f}"


def code(_: int, numbers: random.Random) -> str:
    return f"{numbers.getrandbits(64):016x}"


def count(n: int, _: random.Random) -> str:
    return str(1000 + n)


def date(n: int, _: random.Random) -> str:
    return f"2023-{n % 12 + 1:02}-{n % 28 + 1:02} 10:{n % 60:02}:00"


EMOTIONS = ("joy", "anger", "fear", "sadness", "surprise")
FLAGS = ("joy", "anger", "fear")

CASES = {
    "stars": (
        ("review_id", "review", "stars", "date"),
        {"i": code, "t": prose(), "s": one_of(*"12345"), "d": date},
        ("single", ("review",), ("stars",), "name"),
    ),
    "spam with odd names and empty columns": (
        ("v1", "v2", "Unnamed: 2", "Unnamed: 3"),
        {"a": one_of("ham", "ham", "spam"), "b": prose(), "c": "", "d": ""},
        ("single", ("v2",), ("v1",), "name"),
    ),
    "tweets": (
        ("target", "ids", "date", "flag", "user", "text"),
        {
            "l": one_of("0", "4"),
            "i": count,
            "d": date,
            "f": "NO_QUERY",
            "u": lambda n, _: f"user{n}",
            "t": prose(),
        },
        ("single", ("text",), ("target",), "name"),
    ),
    "tweets without header": (
        6,
        {
            "l": one_of("0", "4"),
            "i": count,
            "d": lambda n, _: f"Mon Apr 06 22:{n % 60:02}:45 PDT 2009",
            "f": "NO_QUERY",
            "u": lambda n, _: f"user{n}",
            "t": prose(),
        },
        ("single", ("6",), ("1",), "name"),
    ),
    "tickets": (
        ("ticket", "subject", "body", "category", "priority"),
        {
            "i": lambda n, _: f"T-{n:05}",
            "s": prose(3, 6),
            "b": prose(20, 60),
            "c": one_of("Billing question", "Technical issue", "Account"),
            "p": one_of("low", "medium", "high"),
        },
        ("single", ("body",), ("category",), "name"),
    ),
    "many intents": (
        ("text", "intent"),
        {"t": prose(3, 9), "l": lambda n, _: f"intent_{n % 150}"},
        ("single", ("text",), ("intent",), "name"),
    ),
    "many numbered intents without header": (
        2,
        {"t": prose(3, 9), "l": lambda n, _: str(n * 7 % 77)},
        ("single", ("1",), ("2",), "name"),
    ),
    "label first without header": (
        2,
        {"l": one_of("World", "Sports", "Business", "Sci/Tech"), "t": prose()},
        ("single", ("2",), ("1",), "name"),
    ),
    "news with title and description": (
        3,
        {"l": one_of("1", "2", "3", "4"), "t": prose(3, 8), "d": prose(20, 40)},
        ("single", ("3",), ("1",), "name"),
    ),
    "labels longer than texts": (
        ("utterance", "meaning"),
        {
            "t": lambda n, _: f"{WORDS[n % 31]} {WORDS[n % 29]} {n % 7}",
            "l": one_of(
                "the customer wants to cancel an order that is on its way already",
                "the customer says hello and wants to be greeted in a friendly way",
                "the customer complains about a bill that is too high for the month",
            ),
        },
        ("single", ("utterance",), ("meaning",), "name"),
    ),
    "Chinese": (
        ("label", "review"),
        {"l": one_of("0", "1"), "t": chinese},
        ("single", ("review",), ("label",), "name"),
    ),
    "Chinese without header": (
        2,
        {"t": chinese, "l": one_of("正面", "负面", "中性")},
        ("single", ("1",), ("2",), "name"),
    ),
    "words": (
        ("name", "language"),
        {
            "t": lambda n, r: "".join(r.choices("abcdefghijklmnopqrst", k=8)).title(),
            "l": one_of("Irish", "Czech", "Greek"),
        },
        ("single", ("name",), ("language",), "name"),
    ),
    "pair by name": (
        ("premise", "hypothesis", "label"),
        {"p": prose(), "h": prose(4, 8), "l": one_of("entailment", "neutral", "contradiction")},
        ("single", ("premise", "hypothesis"), ("label",), "name"),
    ),
    "questions": (
        ("id", "qid1", "qid2", "question1", "question2", "is_duplicate"),
        {
            "i": count,
            "a": count,
            "b": count,
            "q": prose(),
            "r": prose(),
            "l": one_of("0", "1"),
        },
        ("single", ("question1", "question2"), ("is_duplicate",), "name"),
    ),
    "paraphrases": (
        ("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"),
        {"l": one_of("0", "1"), "a": count, "b": code, "s": prose(), "t": prose()},
        ("single", ("#1 String", "#2 String"), ("Quality",), "name"),
    ),
    "similarity": (
        ("sentence_a", "sentence_b", "score"),
        {"p": prose(), "h": prose(), "l": number(0, 5)},
        ("number", ("sentence_a", "sentence_b"), ("score",), "name"),
    ),
    "0/1 columns": (
        ("id", "text", *FLAGS),
        {"i": code, "t": prose(), "a": mark(0.3), "b": mark(0.1), "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns apart from each other": (
        ("joy", "text", "anger", "date", "fear"),
        {"a": mark(0.3), "t": prose(), "b": mark(0.1), "d": date, "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "True/False columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "True", "False"),
            "b": mark(0.1, "True", "False"),
            "c": mark(0.05, "True", "False"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "yes/no columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "Yes", "No"),
            "b": mark(0.1, "Y", "N"),
            "c": mark(0.2, "yes", "no"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0.0/1.0 columns": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": mark(0.3, "1.0", "0.0"),
            "b": mark(0.1, "1.0", "0.0"),
            "c": mark(0.05, "1.0", "0.0"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns, one of them always 0": (
        ("text", *FLAGS),
        {"t": prose(), "a": mark(0.3), "b": "0", "c": mark(0.05)},
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns with -1": (
        ("text", *FLAGS),
        {
            "t": prose(),
            "a": one_of("-1", "0", "1"),
            "b": one_of("-1", "0", "1"),
            "c": one_of("-1", "0", "1"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "0/1 columns beside a part of the data": (
        ("text", *FLAGS, "dataset", "is_verified"),
        {
            "t": prose(),
            "a": mark(0.3),
            "b": mark(0.1),
            "c": mark(0.05),
            "d": one_of("train", "val"),
            "v": mark(0.5, "True", "False"),
        },
        ("multi", ("text",), FLAGS, "columns"),
    ),
    "label beside a 0/1 column": (
        ("tweet", "sentiment", "retweeted", "is_reply"),
        {"t": prose(), "s": one_of("0", "1"), "r": mark(0.2), "q": mark(0.3)},
        ("single", ("tweet",), ("sentiment",), "name"),
    ),
    "-1, 0, 1 as classes": (
        ("text", "sentiment"),
        {"t": prose(), "s": one_of("-1", "0", "1")},
        ("single", ("text",), ("sentiment",), "name"),
    ),
    "a;b": (
        ("text", "tags"),
        {"t": prose(), "l": some_of(EMOTIONS, ";".join)},
        ("multi", ("text",), ("tags",), "list"),
    ),
    "a|b": (
        ("text", "genres"),
        {"t": prose(), "l": some_of(EMOTIONS, "|".join)},
        ("multi", ("text",), ("genres",), "list"),
    ),
    "a, b": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, ", ".join)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "JSON lists": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, lambda names: str(names).replace("'", '"'))},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "Python lists": (
        ("text", "labels"),
        {"t": prose(), "l": some_of(EMOTIONS, str)},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "numbers in brackets": (
        ("text", "labels", "id"),
        {"t": prose(), "l": some_of("0123456789", lambda n: f"[{', '.join(n)}]"), "i": code},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "a row of 0 and 1": (
        ("text", "labels"),
        {"t": prose(), "l": lambda _, r: str([r.randint(0, 1) for _ in range(6)])},
        ("multi", ("text",), ("labels",), "list"),
    ),
    "names with commas that are no lists": (
        ("text", "category"),
        {"t": prose(), "l": one_of("Clothing, Shoes", "Music", "Home, Garden", "Food")},
        ("single", ("text",), ("category",), "name"),
    ),
    "price, address, mail": (
        ("url", "email", "price", "description", "category"),
        {
            "u": lambda n, _: f"https://shop.example/{n}",
            "e": lambda n, _: f"me{n}@shop.example",
            "p": number(1, 900),
            "t": prose(),
            "l": one_of("book", "toy"),
        },
        ("single", ("description",), ("category",), "name"),
    ),
    "text alone": (
        ("id", "text"),
        {"i": count, "t": prose()},
        ("plain", ("text",), (), "none"),
    ),
    "text and price": (
        ("text", "price"),
        {"t": prose(), "p": number(1, 900)},
        ("plain", ("text",), (), "none"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_recognises_text_labels_and_task(case):
    columns, cells, expected = CASES[case]
    rows = 1600 if "many" in case else 200
    found = understand(made(columns, rows, **cells)).contract
    assert (found.task, found.text, found.label, found.form) == expected, found


def test_the_set_of_recognised_tables_does_not_shrink():
    assert len(CASES) >= 37


@pytest.mark.parametrize("rows", [4, 6, 10, 30])
@pytest.mark.parametrize(
    "case", ["stars", "spam with odd names and empty columns", "a;b", "pair by name", "0/1 columns"]
)
def test_recognises_small_tables(case, rows):
    columns, cells, expected = CASES[case]
    if case == "0/1 columns":
        cells = {**cells, "a": mark(0.5), "b": mark(0.5), "c": mark(0.5)}
    found = understand(made(columns, rows, **cells)).contract
    assert (found.task, found.text, found.label) == expected[:3], found


EMOTION_COLUMNS = ("toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate")
REAL = {
    "cola/in_domain_train.tsv": ("single", ("4",), ("2",), "name", None),
    "cola/in_domain_dev.tsv": ("single", ("4",), ("2",), "name", None),
    "cola/out_of_domain_dev.tsv": ("single", ("4",), ("2",), "name", None),
    "jigsaw/train_sample.csv": ("multi", ("comment_text",), EMOTION_COLUMNS, "columns", None),
    "jigsaw/train_sample_2000.csv": ("multi", ("comment_text",), EMOTION_COLUMNS, "columns", None),
    "jigsaw/train_first_3000.csv.gz": (
        "multi",
        ("comment_text",),
        EMOTION_COLUMNS,
        "columns",
        None,
    ),
    "jigsaw/val_sample.csv": ("multi", ("comment_text",), EMOTION_COLUMNS, "columns", None),
    "jigsaw/text_comment_1.csv.gz": ("single", ("comment_text",), ("labels",), "name", None),
    "imdb/train.csv.gz": ("single", ("text",), ("label",), "name", None),
    "goemotions/train.tsv.gz": ("multi", ("1",), ("2",), "list", ","),
    "goemotions/dev.tsv": ("multi", ("1",), ("2",), "list", ","),
    "goemotions/test.tsv": ("multi", ("1",), ("2",), "list", ","),
    "sst2/train.tsv.gz": ("single", ("sentence",), ("label",), "name", None),
    "sst2/dev.tsv": ("single", ("sentence",), ("label",), "name", None),
    "rte/train.tsv": ("single", ("sentence1", "sentence2"), ("label",), "name", None),
    "rte/dev.tsv": ("single", ("sentence1", "sentence2"), ("label",), "name", None),
    "meditations/clean.txt": ("plain", ("1",), (), "none", None),
}


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
@pytest.mark.parametrize("file", REAL)
def test_recognises_public_data_sets(file):
    found = understand(sources.read(DATA / file)).contract
    assert (found.task, found.text, found.label, found.form, found.separator) == REAL[file]


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
def test_says_that_imdb_has_a_second_column_of_labels():
    doubts = understand(sources.read(DATA / "imdb/train.csv.gz")).contract.doubts
    assert any("'rating'" in doubt and "`--label rating`" in doubt for doubt in doubts)


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
def test_recognises_scores_of_pairs_without_a_header():
    lines = (DATA / "stsbenchmark/sts-dev.csv").read_text(encoding="utf-8").splitlines()
    found = understand(table(7, [line.split("\t")[:7] for line in lines])).contract
    assert (found.task, found.text, found.label) == ("number", ("6", "7"), ("5",))


def test_labels_are_counted_beyond_the_first_rows():
    rows = [[f"{WORDS[n % 31]} went to {WORDS[n % 29]} and {n}", "0"] for n in range(9000)]
    rows += [["only here and late we find the other one", "1"]]
    found = understand(table(("text", "label"), rows))
    assert found.rows == 9001
    assert found.columns["label"] == "flags: only 0 and 1"
    assert found.contract.task == "single"


def test_says_how_many_columns_hold_only_0_and_1():
    columns, cells, _ = CASES["0/1 columns"]
    reasons = understand(made(columns, **cells)).contract.reasons
    assert "3 columns hold only 0 and 1 → several labels a text" in reasons


def test_names_the_other_text_and_what_decided():
    columns, cells, _ = CASES["tickets"]
    doubts = " ".join(understand(made(columns, **cells)).contract.doubts)
    assert "'subject' is text too; 'body' was taken because it is longer" in doubts
    assert "`--text subject`" in doubts
    assert "`--label priority`" in doubts


def test_doubts_quote_options_for_the_shell():
    cells = {"t": prose(), "a": one_of("x", "y"), "b": one_of("p", "q")}
    doubts = understand(made(("text", "label", "my category"), **cells)).contract.doubts
    assert any("`--label 'my category'`" in doubt for doubt in doubts)


def test_says_that_exclusive_columns_could_be_one_label():
    rows = [
        [
            f"{WORDS[n % 31]} is as {WORDS[n % 13]} as {n}",
            *("1" if n % 3 == k else "0" for k in range(3)),
        ]
        for n in range(60)
    ]
    doubts = understand(table(("text", *FLAGS), rows)).contract.doubts
    assert any("`--task single`" in doubt for doubt in doubts)


def test_one_slip_in_a_0_1_column_leaves_it_a_label():
    columns, cells, expected = CASES["0/1 columns"]
    cells = {**cells, "b": lambda n, r: "2" if n == 50 else mark(0.3)(n, r)}
    found = understand(made(columns, **cells)).contract
    assert found.label == expected[2]
    assert any("'anger' is not only 0, 1 and -1" in doubt for doubt in found.doubts)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"label": ("priority",)}, ("single", ("body",), ("priority",), "name")),
        ({"text": ("subject",)}, ("single", ("subject",), ("category",), "name")),
        ({"text": ("subject", "body")}, ("single", ("subject", "body"), ("category",), "name")),
        ({"task": "plain"}, ("plain", ("body",), (), "none")),
        ({"label": ("body",)}, ("single", ("subject",), ("body",), "name")),
        ({"task": "multi", "label": ("category",)}, ("multi", ("body",), ("category",), "list")),
    ],
)
def test_options_override_what_is_recognised(options, expected):
    columns, cells, _ = CASES["tickets"]
    found = understand(made(columns, **cells), **options).contract
    assert (found.task, found.text, found.label, found.form) == expected


def test_a_list_can_be_taken_as_one_class():
    columns, cells, _ = CASES["a;b"]
    found = understand(made(columns, **cells), task="single").contract
    assert (found.task, found.form, found.separator) == ("single", "name", None)


def test_one_0_1_column_can_be_taken_as_multi():
    cells = {"t": prose(), "l": one_of("0", "1")}
    found = understand(made(("text", "toxic"), **cells), task="multi").contract
    assert (found.task, found.label, found.form) == ("multi", ("toxic",), "columns")


def test_the_group_is_written_down_and_is_no_label():
    cells = {"t": prose(), "l": one_of("x", "y"), "g": one_of("k", "l", "m")}
    found = understand(made(("text", "kind", "speaker"), **cells), group="kind").contract
    assert (found.group, found.label) == ("kind", ("speaker",))


TWO = table(("text", "label"), [["a good film", "1"], ["a dull film", "0"], ["very dull", "0"]])
NAMELESS = table(2, [["a good film", "1"], ["a dull film", "0"], ["very dull", "0"]])


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (
            TWO,
            {"label": ("labl",)},
            "made.csv: --label 'labl' is not a column; did you mean 'label'",
        ),
        (TWO, {"text": ("2",)}, "with --no-header columns are 1, 2"),
        (NAMELESS, {"text": ("text",)}, "read without names in its first line"),
        (TWO, {"group": "x"}, "--group 'x' is not a column; allowed: 'text', 'label'"),
        (TWO, {"text": ("label",), "label": ("label",)}, "named by --text and again by --label"),
        (TWO, {"label": ("label", "label")}, "named by --label and again by --label"),
        (TWO, {"text": ()}, "--text names 0 columns"),
        (TWO, {"task": "mutli"}, "task 'mutli' is not known; did you mean 'multi'"),
        (TWO, {"task": "plain", "label": ("label",)}, "task 'plain' has no labels"),
        (TWO, {"task": "number", "label": ("label", "text")}, "takes one label column"),
    ],
)
def test_refuses_options_that_do_not_fit(given, options, message):
    with pytest.raises(SettingsError, match=message):
        understand(given, **options)


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        (table(("text", "label"), []), {}, "made.csv: there are no rows to learn from"),
        (table(("a", "b"), [["1", "2.5"], ["2", "3.5"]]), {}, "no column looks like text.*--text"),
        (
            table(("text", "n"), [["some words here", ""], ["and some more", ""]]),
            {"task": "single"},
            "no column can be the label of task 'single'; name it with --label",
        ),
        (TWO, {"task": "number", "label": ("text",), "text": ("label",)}, "which is not a number"),
    ],
)
def test_refuses_tables_that_do_not_fit(given, options, message):
    with pytest.raises(DataError, match=message):
        understand(given, **options)


def test_training_needs_labels():
    with pytest.raises(DataError, match=r"text in 'text' but no labels to learn; .*--label"):
        require_labels(Contract("plain", ("text",), (), "none"), "made.csv")
    with pytest.raises(DataError, match="are numbers to be estimated, which textune cannot train"):
        require_labels(Contract("number", ("text",), ("score",), "name"), "made.csv")
    require_labels(Contract("single", ("text",), ("label",), "name"), "made.csv")


def test_every_task_is_known_by_name():
    assert contract.TASKS == ("single", "multi", "number", "plain")


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "0", "1", "-1", "nan", "inf", "1e999", "[", "[1", "a;b", "{}", "²", "[[]]"]
    ),
)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELL, min_size=n, max_size=n))))
def test_any_table_is_understood_or_refused(rows):
    width = len(rows[0]) if rows else 1
    try:
        found = understand(table(width, rows))
    except TextuneError:
        return
    assert found.rows == len(rows)
    assert not {*found.contract.text} & {*found.contract.label}

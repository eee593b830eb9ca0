import functools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from known_tables import CASES, FLAGS
from made_tables import WORDS, made, mark, one_of, prose, table
from textune.errors import DataError, SettingsError, TextuneError
from textune.reading import sources
from textune.records import Contract
from textune.tasks import registry
from textune.tasks.contract import require_labels, understand
from thinning import but

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


@pytest.mark.parametrize("case", CASES)
def test_recognises_text_labels_and_task(case):
    columns, cells, expected = CASES[case]
    rows = 1600 if "many" in case else 200
    found = understand(made(columns, rows, **cells)).contract
    assert (found.task, found.text, found.label, found.form) == expected, found


def test_the_set_of_recognised_tables_does_not_shrink():
    assert len(CASES) >= 49


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
LIKE_OTHERS = {
    "goemotions/train.tsv.gz",
    "imdb/train.csv.gz",
    "rte/train.tsv",
    "sst2/train.tsv.gz",
    "jigsaw/text_comment_1.csv.gz",
    "jigsaw/train_first_3000.csv.gz",
    "jigsaw/train_sample.csv",
}


@functools.cache
def contract_of(file):
    return understand(sources.read(DATA / file)).contract


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
@pytest.mark.parametrize("file", but(REAL, *LIKE_OTHERS))
def test_recognises_public_data_sets(file):
    found = contract_of(file)
    assert (found.task, found.text, found.label, found.form, found.separator) == REAL[file]


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
@pytest.mark.exhaustive
def test_says_that_imdb_has_a_second_column_of_labels():
    doubts = contract_of("imdb/train.csv.gz").doubts
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


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("Text", "body"), ("Text, body",)),
        (("Text, body",), ("Text, body",)),
        (("Text, body", "title"), ("Text, body", "title")),
        (("title", "Text", "body"), ("title", "Text, body")),
        (("Text",), ("Text",)),
    ],
)
def test_a_column_with_a_comma_in_its_name_can_be_named(given, expected):
    cells = {"a": prose(), "b": prose(), "c": prose(), "l": one_of("x", "y")}
    found = understand(made(("Text, body", "title", "Text", "kind"), **cells), text=given)
    assert found.contract.text == expected


def test_labels_with_commas_in_their_names_can_be_named():
    columns = ("text", "toxic, mild", "toxic", "a,b,c")
    cells = {"t": prose(), "a": mark(0.3), "b": mark(0.1), "c": mark(0.2)}
    label = ("toxic", "mild", "toxic", "a", "b", "c")
    found = understand(made(columns, **cells), label=label).contract
    assert found.label == columns[1:]


def test_says_which_0_1_columns_were_left_out_for_their_names():
    columns, cells, _ = CASES["0/1 columns beside 0/1 columns that are no labels"]
    doubts = " ".join(understand(made(columns, **cells)).contract.doubts)
    assert "'is_test', 'example_unclear' hold only 0 and 1 too, but are not named like" in doubts
    assert "`--label is_test,joy,anger,fear,example_unclear`" in doubts


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


WORD_BY_WORD = [
    [word, tag] for word, tag in zip(WORDS * 6, ["O", "O", "B-film", "I-film"] * 60, strict=False)
]


@pytest.mark.parametrize(
    "given",
    [
        table(2, WORD_BY_WORD),
        table(("word", "tag"), WORD_BY_WORD),
        table(1, [[f"{word} NN {tag}"] for word, tag in WORD_BY_WORD]),
    ],
)
def test_one_word_a_line_is_not_taken_for_texts(given):
    with pytest.raises(DataError, match=r"one word a row.*CoNLL.*one text a row.*--task"):
        understand(given)
    assert understand(given, task="plain").contract.task == "plain"


def test_marks_of_fasttext_are_named():
    rows = [[f"__label__{'ab'[n % 2]} the film number {n}"] for n in range(40)]
    doubts = " ".join(understand(table(1, rows)).contract.doubts)
    assert "'1' begins with __label__" in doubts
    assert "column of its own" in doubts


def test_decimal_commas_are_named_where_they_could_be_the_label():
    cells = {"t": prose(), "s": lambda _, r: f"{r.uniform(0, 5):.2f}".replace(".", ",")}
    doubts = " ".join(understand(made(("Text", "Punktzahl"), **cells)).contract.doubts)
    assert "'Punktzahl' (number: numbers from 0.0" in doubts
    assert "with a decimal comma: " in doubts


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
        (
            table(("text", "score"), [["some words here", "3.5"], ["and some more", "3.5"]]),
            {"task": "number"},
            r"task 'number' \('score': every cell is 3.5: nothing can be learned of it\); name it",
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
    for task in ("single", "multi", "number", "tags", "answers"):
        require_labels(Contract(task, ("text",), ("label",), "name"), "made.csv")


def test_columns_that_could_be_the_label_are_named_where_none_is_taken(tmp_path):
    file = tmp_path / "a.csv"
    rows = "".join(f"the bus was late {n},{n * 0.37:.2f},{n * 7.1:.1f}\n" for n in range(40))
    file.write_text(f"text,alpha,beta\n{rows}")
    agreed = understand(sources.read(file)).contract
    said = r"--label; 'alpha' .* `--label alpha` makes it so; 'beta' .*`--label alpha,beta` takes"
    with pytest.raises(DataError, match=said):
        require_labels(agreed, "a.csv")


def test_other_columns_of_numbers_are_named_where_columns_have_no_names(tmp_path):
    file = tmp_path / "a.csv"
    rows = "".join(f"the bus was late {n},{n * 0.125},{n * 7.1:.1f}\n" for n in range(40))
    file.write_text(rows)
    agreed = understand(sources.read(file)).contract
    assert (agreed.task, agreed.label) == ("number", ("2",))
    assert any("`--label 2,3` takes them all" in doubt for doubt in agreed.doubts)


def test_every_task_is_known_by_name():
    assert (*registry.TASKS, registry.PLAIN.name) == (
        "single",
        "multi",
        "aspects",
        "number",
        "tags",
        "answers",
        "plain",
    )


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
    left_out = sum(item.count for item in found.findings if item.kind == "left out")
    assert max(0, len(rows) - left_out) <= found.rows <= len(rows)
    assert not {*found.contract.text} & {*found.contract.label}


def test_a_label_column_without_a_label_is_refused_at_once():
    found = made(
        ("text", "note", "label"), 40, text=prose(), note=one_of(""), label=one_of("a", "b")
    )
    with pytest.raises(DataError, match=r"every cell of 'note' is blank.*--label; allowed: 'text'"):
        understand(found, label=("note",))

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textune.records import Contract, Example, Finding
from textune.splits.sketches import DECORATION, letters
from textune.survey.audit import audit

FINE = [
    ("the first text here", "pos"),
    ("a second one is there", "neg"),
    ("and a third that differs", "pos"),
]


def made(*cells, start: int = 2) -> list[Example]:
    return [
        Example(text, f"made.csv:{n}", label=label)
        for n, (text, label) in enumerate(cells, start=start)
    ]


def test_garbled_second_texts_of_pairs_are_found():
    rows = [Example(text, "made.csv:2", label=label, pair="cafÃ©") for text, label in FINE]
    assert [each.count for each in audit(rows) if each.kind == "encoding"] == [3]


def many(*cells) -> list[Example]:
    """Add texts enough that no label is rare."""
    more = [(f"filling text {chr(97 + n)}{chr(107 + n)}", "pn"[n % 2]) for n in range(24)]
    return made(*cells, *[(text, "pos" if label == "p" else "neg") for text, label in more])


def of_kind(found: list[Finding], kind: str) -> list[Finding]:
    return [finding for finding in found if finding.kind == kind]


def test_sound_data_has_no_findings():
    assert audit(many(*FINE)) == []


def test_nothing_gives_nothing():
    assert audit([]) == []


def test_finds_duplicates_in_spite_of_case_and_space():
    found = audit(many(*FINE, ("The  FIRST text here ", "pos"), FINE[1]))
    (finding,) = of_kind(found, "duplicate")
    assert (finding.count, finding.rows) == (2, ("made.csv:5", "made.csv:6"))
    assert "2 texts repeat an earlier one" in finding.message
    assert "made.csv:5 repeats made.csv:2" in finding.message
    assert not of_kind(found, "near")


def test_finds_near_duplicates():
    found = audit(many(*FINE, ("The first text, here!", "pos"), FINE[0]))
    (finding,) = of_kind(found, "near")
    assert (finding.count, finding.rows) == (1, ("made.csv:5",))
    assert "but for punctuation, digits or a few words; first: made.csv:5 repeats made.csv:2" in (
        finding.message
    )


LONG = "we came late on a cold evening and were still served with a smile by people who love food"


@pytest.mark.parametrize(
    ("other", "is_near"),
    [
        (LONG + " indeed", True),
        (LONG.replace("cold", "warm", 1), True),
        ("yesterday " + LONG, True),
        (" ".join(sorted(LONG.split())), False),
        (" ".join(LONG.split()[:9]), False),
    ],
)
def test_finds_texts_that_share_most_of_their_words(other, is_near):
    found = of_kind(audit(many(*FINE, (LONG, "pos"), (other, "pos"))), "near")
    assert [finding.rows for finding in found] == ([("made.csv:6",)] if is_near else [])


@given(st.text(st.characters(max_codepoint=127)))
def test_the_fast_way_to_the_words_of_a_text_gives_the_same_words(text):
    assert letters(text) == DECORATION.sub(" ", text).strip()


def test_finds_near_duplicates_without_spaces():
    text = "这部电影很好看我非常喜欢剧情有点无聊服务态度差房间干净价格便宜"
    found = of_kind(audit(many(*FINE, (text, "pos"), (text + "吗", "pos"))), "near")
    assert [finding.rows for finding in found] == [("made.csv:6",)]


def test_says_how_many_texts_were_compared_by_words(monkeypatch):
    monkeypatch.setattr("textune.survey.audit.MOST", 4)
    found = of_kind(audit(many((LONG, "pos"), (LONG + " so", "pos"), (FINE[0]))), "near")
    assert "(words were compared in the first 4)" in found[0].message
    assert not of_kind(audit(many(*FINE, FINE[1], (LONG, "pos"), (LONG + " so", "pos"))), "near")


def test_a_pair_repeats_only_as_a_whole():
    texts = [("one", "x y"), ("one", "x z"), ("one", "X  Y")]
    found = audit([Example(a, f"f:{n}", pair=b, label="p") for n, (a, b) in enumerate(texts, 1)])
    (finding,) = of_kind(found, "duplicate")
    assert finding.rows == ("f:3",)


def test_finds_the_same_text_with_other_labels():
    found = audit(many(*FINE, ("the first text here", "neg"), FINE[1]))
    (finding,) = of_kind(found, "conflict")
    assert (finding.count, finding.rows) == (2, ("made.csv:2", "made.csv:5"))
    assert "1 text stands there more than once, with different labels (2 rows)" in finding.message


def test_the_order_of_several_labels_is_no_conflict():
    found = audit(made(("a b", ("x", "y")), ("a b", ("y", "x"))))
    assert not of_kind(found, "conflict")


def test_unscored_labels_are_no_conflict():
    one = Example("a b", "f:1", label=("x",))
    two = Example("a b", "f:2", label=(), unscored=("x",))
    found = audit([one, two])
    assert not of_kind(found, "conflict")
    assert of_kind(found, "unscored")[0].count == 1


def test_finds_empty_texts_and_does_not_call_them_duplicates():
    found = audit(many(*FINE, ("", "pos"), (" \n", "neg")))
    (finding,) = of_kind(found, "empty")
    assert (finding.count, finding.rows) == (2, ("made.csv:5", "made.csv:6"))
    assert [finding.kind for finding in found] == ["empty"]


@pytest.mark.parametrize("other", ["Pos", "POS", "pos ", "p os"])
def test_finds_labels_that_differ_in_case_and_space_only(other):
    found = audit(many(*FINE, ("yet another text", other)))
    assert len(of_kind(found, "variant")) == (0 if other == "p os" else 1)


@pytest.mark.parametrize(
    ("one", "two", "is_variant"),
    [
        ("not toxic", "not_toxic", True),
        ("1", "1.0", True),
        ("01", "1", True),
        ("1", "-1", False),
        ("a", "b", False),
    ],
)
def test_tells_variants_from_other_labels(one, two, is_variant):
    found = of_kind(audit(made(("x y", one), ("y z", one), ("z x", two))), "variant")
    assert bool(found) == is_variant
    if found:
        assert f"{one!r} (2), {two!r} (1); one is meant?" in found[0].message
        assert (found[0].count, found[0].rows) == (1, ("made.csv:4",))


def test_finds_labels_that_may_stand_for_a_missing_one():
    missing = [(f"text {chr(99 + n)} of it", "NA" if n else "None") for n in range(12)]
    (finding,) = of_kind(audit(many(*FINE, *missing)), "missing")
    assert "'NA' (11), 'None' (1)" in finding.message
    assert "are labels as any other" in finding.message
    assert (finding.severity, finding.count) == ("warning", 12)
    assert not of_kind(audit(many(*FINE)), "missing")


def test_finds_rare_labels():
    cells = [(f"text {chr(97 + n)}", "common") for n in range(20)]
    cells += [("one of few", "few"), ("two of few", "few"), ("all alone", "lonely")]
    alone, few = of_kind(audit(made(*cells)), "rare")
    assert (alone.severity, alone.count, alone.rows) == ("warning", 1, ("made.csv:24",))
    assert "cannot be both learned and judged: 'lonely'" in alone.message
    assert (few.severity, few.count) == ("note", 2)
    assert "fewer than 10 texts: 'few' (2)" in few.message


def test_one_class_is_an_error_and_comes_first():
    found = audit(made(("", "pos"), *[(text, "pos") for text, _ in FINE]))
    assert (found[0].kind, found[0].severity) == ("class", "error")
    assert "every label is 'pos': there is nothing to tell apart" in found[0].message


@pytest.mark.parametrize(
    ("label", "message"),
    [(None, "no text has a label"), ((), "no label applies to any text")],
)
def test_no_label_at_all_is_an_error(label, message):
    found = audit(made(("x y", label), ("y z", label)))
    assert found[0].severity == "error"
    assert message in found[0].message


def test_finds_labels_that_no_text_or_every_text_has():
    contract = Contract("multi", ("text",), ("a", "b", "c"), "columns")
    found = audit(made(("x y", ("a",)), ("y z", ("a", "b"))), contract=contract)
    assert "no text has label 'c'" in of_kind(found, "absent")[0].message
    assert "label 'a' applies to every text" in of_kind(found, "class")[0].message


def test_counts_texts_without_labels():
    (finding,) = of_kind(audit(made(("x y", ("a",)), ("y z", ()), ("z x", ()))), "unlabelled")
    assert (finding.count, finding.rows) == (2, ("made.csv:3", "made.csv:4"))
    assert "2 texts (67%) have no label" in finding.message


def test_notes_strong_imbalance():
    cells = [(f"text {chr(97 + n % 26)} {chr(97 + n // 26)}", "yes") for n in range(300)]
    cells += [(f"other {chr(97 + n)}", "no") for n in range(15)]
    (finding,) = of_kind(audit(made(*cells)), "imbalance")
    assert "95% of the texts are 'yes', and 20 times fewer 'no'" in finding.message


def test_numbers_are_not_judged_as_classes():
    contract = Contract("number", ("text",), ("score",), "name")
    assert audit(made(("x y", "1.5"), ("y z", "2.5")), contract=contract) == []


@pytest.mark.parametrize(
    "origin", ["row 17", "a.csv:017", "nowhere", "7", "a:1234567890123456789012"]
)
def test_origins_are_given_back_as_they_were(origin):
    found = audit([Example("", origin, label="a"), Example("x", "y", label="b")])
    assert of_kind(found, "empty")[0].rows == (origin,)


@pytest.mark.exhaustive
def test_memory_stays_bounded(monkeypatch):
    monkeypatch.setattr("textune.survey.audit.MOST", 100)  # sketches are bounded by their number
    texts = 6_000
    stream = (
        Example(
            f"text {n:x} of many, long enough to weigh something " * 12,
            f"f.csv:{n}",
            label="ab"[n % 2],
        )
        for n in range(texts)
    )
    tracemalloc.start()
    audit(stream)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300 * texts  # bytes, where one text alone takes 600

import itertools
import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textune.data import lists


@pytest.mark.parametrize("rows", [30, 60, 100, 200])
@pytest.mark.parametrize("sign", [",", ";", "|"])
def test_a_short_table_may_have_many_labels(rows, sign):
    draw = random.Random(0)
    names = [f"{number}" for number in range(28)]
    sizes = [1, 1, 1, 1, 2, 3]
    cells = [sign.join(sorted(draw.sample(names, draw.choice(sizes)))) for _ in range(rows)]
    assert lists.separator(cells) == sign


@pytest.mark.parametrize(
    ("cell", "separator", "names"),
    [
        ("joy;fear", ";", ("joy", "fear")),
        (" joy ; fear ; joy;", ";", ("joy", "fear")),
        ("3,27", ",", ("3", "27")),
        ("a b|c d", "|", ("a b", "c d")),
        ("3 27", " ", ("3", "27")),
        ("", ";", ()),
        ('["a","b"]', "json", ("a", "b")),
        ("['a', 'b']", "json", ("a", "b")),
        ("['a' 'b']", "json", ("a", "b")),
        ("('a',)", "json", ("a",)),
        ("{'a', 'b'}", "json", ("a", "b")),
        ("""['it\\'s', "a, b"]""", "json", ("it's", "a, b")),
        ('["a, b", "c"]', "json", ("a, b", "c")),
        ('["caf\\u00e9"]', "json", ("café",)),
        ("[3 27]", "json", ("3", "27")),
        ("[ 3 27]", "json", ("3", "27")),
        ("[3, 27]", "json", ("3", "27")),
        ("[1.0, 01]", "json", ("1.0", "01")),
        ("[joy, deep sadness]", "json", ("joy", "deep sadness")),
        ("[]", "json", ()),
        ("['']", "json", ()),
        ("[0, 1, 1]", "vector", ("1", "2")),
        ("[0. 0. 0.]", "vector", ()),
        ("1 0 1", "vector", ("0", "2")),
        ("<c#><c++><c#>", "<>", ("c#", "c++")),
    ],
)
def test_reads_the_names_of_a_list_once_each(cell, separator, names):
    assert lists.parse(cell, separator) == names


@pytest.mark.parametrize(
    ("cell", "separator"),
    [
        ("joy", "json"),
        ("[1", "json"),
        ("[[1], 2]", "json"),
        ('[{"a": 1}]', "json"),
        ("2", "vector"),
        ("<a> and <b>", "<>"),
        ("( ( The film ) ( was good ) )", "json"),
    ],
)
def test_a_cell_in_another_form_is_refused(cell, separator):
    assert lists.parse(cell, separator) is None


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["a;b", "a", "b;c", "c", "a"], ";"),
        (["a|b", "a", "b|c", "c", "a"], "|"),
        (["a, b", "a", "b, c", "c", "a"], ","),
        (["3,27", "3", "27", "4", "4,27"] * 9, ","),
        (["#a #b", "#a", "#b #c", "#c"] * 9, " "),
        (["toxic insult", "toxic", "insult"] * 9, " "),
        (["New York", "New Jersey", "Texas"] * 9, None),
        (["['a']", "['b']", "['a', 'b']"] * 3, "json"),
        (["[0, 1]", "[1, 1]", "[0, 0]"], "vector"),
        (["Clothing, Shoes", "Music", "Home, Garden"] * 9, None),
        (["good, bad, slow and dull", "never again, thanks", "fine, I think"], None),
        (["a", "b", "a"], None),
        (["<a><b>", "<a>", "<b><c>", "<c>"] * 9, "<>"),
        (["1,5", "2,5", "3,0"] * 9, None),
        ([], None),
    ],
)
def test_recognises_how_lists_are_written(cells, separator):
    assert lists.separator(cells) == separator


@pytest.mark.parametrize(
    ("cells", "separator"),
    [(["a;b", "c"], ";"), (["a"], ","), (["[1, x", "['a']", "['b', 'c']"], "json")],
)
def test_lists_that_the_user_asks_for_always_have_a_separator(cells, separator):
    assert lists.likely_separator(cells) == separator


@given(st.text(max_size=40), st.sampled_from(lists.FORMS))
def test_any_cell_is_read_or_refused(cell, form):
    names = lists.parse(cell, form)
    assert names is None or (len(set(names)) == len(names) and all(names))


@given(st.lists(st.text(min_size=1, max_size=9).map(str.strip).filter(bool), unique=True))
def test_what_python_prints_is_read_back(names):
    assert lists.parse(json.dumps(names), "json") == tuple(names)


def test_a_slash_parts_names_that_are_whole_cells_elsewhere():
    genres = ["Drama/Crime", "Drama", "Comedy / Drama", "Comedy", "Crime"]
    assert lists.separator(genres * 4) == "/"
    assert lists.parse("Comedy / Drama", "/") == ("Comedy", "Drama")
    assert lists.separator(["N/A", "TCP/IP", "Drama", "Comedy"] * 4) is None
    assert lists.separator([f"{genre}/" for genre in genres] * 4) == "/"


@pytest.mark.parametrize("sign", ["+", "&"])
def test_a_sign_of_names_parts_them_where_each_stands_alone_and_none_ends_in_it(sign):
    meals = [f"food{sign}wine", "food", f"wine {sign} view", "wine", "view"]
    assert lists.separator(meals * 4) == sign
    assert lists.parse(f"wine {sign} view", sign) == ("wine", "view")
    assert lists.separator([f"R{sign}B", f"Q{sign}A", "Rock", "Pop"] * 4) is None
    assert lists.separator([f"A{sign}", "A", f"A{sign}B", "B"] * 4) is None


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\t"])
def test_names_may_stand_one_a_line_of_a_cell(sign):
    cells = [f"food, hot{sign}wine", "food, hot", f"wine{sign}view", "wine", "view"] * 4
    found = lists.separator(cells)
    assert found == sign[-1]
    assert lists.parse(cells[0], found) == ("food, hot", "wine")


def test_names_in_quotes_are_a_list_though_each_stands_beside_the_same():
    assert lists.separator(['["news", "sport"]', '["news", "films"]'] * 20) == "json"
    assert lists.separator(["['a', 'b']", "['c', 'd']"] * 20) == "json"


LAW = ["Rights and freedoms of the citizens of the Union and of its neighbouring states", *"abcd"]


@pytest.mark.parametrize("sign", ["json", ";", "|"])
def test_one_long_name_among_short_ones_does_not_make_a_class_of_each_list(sign):
    lists_of = [LAW[at % 5 : at % 5 + 1 + at % 3] for at in range(120)]
    assert lists.separator([written(names, sign) for names in lists_of]) == sign


@pytest.mark.parametrize("sign", ["json", ";", "|"])
def test_texts_in_a_list_are_no_labels(sign):
    draw = random.Random(1)
    texts = [f"{' '.join(draw.choices('abcdefgh', k=40))}." for _ in range(20)]
    cells = [written(draw.sample(texts, 2 + at % 2), sign) for at in range(60)]
    assert lists.separator(cells) is None


@pytest.mark.parametrize("sign", ["json", ";", "|"])
def test_many_names_of_several_words_are_labels_where_they_come_back(sign):
    draw = random.Random(1)
    names = [f"topic number {at} of law" for at in range(300)]
    shares = [1 / (at + 1) for at in range(300)]
    drawn = [dict.fromkeys(draw.choices(names, shares, k=1 + at % 5)) for at in range(300)]
    cells = [written(list(found), sign) for found in drawn]
    assert len({name for found in drawn for name in found}) > 150
    assert lists.separator(cells) == sign
    once = [written([f"{at} {name}" for name in found], sign) for at, found in enumerate(drawn)]
    assert lists.separator(once) is None


@pytest.mark.parametrize("sign", [";", "|", ","])
def test_lists_of_one_length_are_known_by_names_that_change_their_places(sign):
    pairs = [sorted(pair) for pair in itertools.combinations(["joy", "anger", "fear", "love"], 2)]
    assert lists.separator([sign.join(pair) for pair in pairs * 9]) == sign
    towns = ["Lyon, France", "Paris, France", "Paris, Texas", "Austin, Texas", "London, Ontario"]
    assert lists.separator([town.replace(", ", sign) for town in towns * 9]) is None
    assert lists.separator([f"{one}{sign}{other}" for one, other in ((1, 2), (2, 3))] * 9) is None


def test_names_that_another_sign_parts_into_names_are_warned_of():
    counts = {"joy;fear": 9, "joy": 5, "fear": 4, "joy, fear": 3, "other, new": 2}
    (found,) = lists.parted_otherwise("label", counts, ";")
    assert (found.kind, found.severity) == ("variant", "warning")
    assert "'joy, fear' (3 rows) would be labels of its own parted by ','" in found.message
    assert found.count == 3
    del counts["joy, fear"]
    assert not list(lists.parted_otherwise("label", counts, ";"))


def written(names, sign):
    return json.dumps(names) if sign == "json" else sign.join(names)


def test_names_joined_by_a_line_are_a_list_where_each_stands_alone():
    joined = ["rude", "hateful", "normal", "rude_hateful", "rude_hateful_normal", "hateful_normal"]
    assert lists.separator(joined * 20) == "_"
    assert lists.separator(["hate", "not_hate", "not", "rude"] * 20) is None
    assert lists.separator(["card_arrival", "card_linking", "card_lost"] * 20) is None
    assert lists.separator(["pos", "neg", "neg_pos", "neut"] * 20) is None


def test_lines_of_a_table_in_a_cell_are_no_list():
    words, tags = (
        ["who", "what", "is", "the", "of", "in", "did"],
        ["WP", "WP", "VBZ", "DT", "IN", "IN", "VBD"],
    )
    orders = [[(row + word * (1 + row % 3)) % 7 for word in range(6 - row % 2)] for row in range(9)]
    lines = [(words, tags, ["0"] * 7)] * len(orders)
    cells = [
        "\n".join("\t".join(line[at] for at in order) for line in held)
        for order, held in zip(orders, lines, strict=True)
    ]
    assert lists.separator(cells) is None


def test_the_sign_of_doccano_parts_labels_and_stands_in_names():
    draw = random.Random(0)
    names = ["food", "service", "price"]
    cells = ["#".join(draw.sample(names, draw.choice([1, 1, 2]))) for _ in range(60)]
    assert lists.separator(cells) == "#"
    assert lists.separator([draw.choice(["C#", "F#", "C", "F"]) for _ in range(60)]) is None
    assert lists.separator([draw.choice(["A#1", "A#2", "B#1"]) for _ in range(60)]) is None


NAMES = ("joy", "fear", "anger", "sadness")


def drawn(write, *, fewest=1):
    draw = random.Random(1)
    return [write(draw.sample(NAMES, draw.randint(fewest, 3))) for _ in range(90)]


@pytest.mark.parametrize("sign", ["\uff0c", "\u3001", "\u060c ", "\u061b", "\uff1b", " and "])
def test_names_are_parted_by_the_signs_of_other_scripts_and_by_a_word(sign):
    cells = drawn(sign.join)
    found = lists.separator(cells)
    assert found is not None
    assert {name for cell in cells for name in lists.parse(cell, found)} == {*NAMES}


def test_a_name_of_two_words_with_and_between_is_one():
    assert lists.separator(["rock and roll", "pop", "rock and roll", "jazz"] * 20) is None


def test_bullets_before_names_on_lines_are_none_of_them():
    cells = drawn(lambda names: "\n".join(f"• {name}" for name in names))
    assert lists.separator(cells) == "\n"
    assert lists.parse("- joy\n* fear - so to say", "\n") == ("joy", "fear - so to say")


@pytest.mark.parametrize(("written", "empty"), [(set, "set()"), (frozenset, "frozenset()")])
def test_an_empty_set_beside_sets_is_one(written, empty):
    cells = drawn(lambda names: repr({*names}) if names else empty, fewest=0)
    assert empty in cells
    assert lists.separator(cells) == "json"
    assert lists.parse(empty, "json") == ()


@pytest.mark.parametrize("write", [json.dumps, repr])
@pytest.mark.parametrize("signs", [(True, False), (1, 0)])
def test_objects_that_say_yes_or_no_to_each_name_hold_those_with_yes(write, signs):
    cells = drawn(lambda names: write({name: signs[name not in names] for name in NAMES}))
    assert lists.separator(cells) == "json"
    assert lists.parse(write({"joy": signs[1], "fear": signs[0]}), "json") == ("fear",)


@pytest.mark.parametrize("cell", ['{"joy": 0.5}', '{"joy": 1, "fear"}'])
def test_other_objects_are_no_names(cell):
    assert lists.parse(cell, "json") is None

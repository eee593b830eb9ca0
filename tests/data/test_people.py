"""Columns of what several people said, and counts of those who chose a label, are doubted."""

from pathlib import Path

import pytest

from textune.reading import sources
from textune.tasks.contract import understand


def doubts_of(folder: Path, names: str, cells) -> list[str]:
    """Read a table of forty texts, each with the cells that a function gives for its number."""
    lines = [f"text,{names}", *(f"some text of words number {n},{cells(n)}" for n in range(40))]
    path = folder / "a.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return list(understand(sources.read(path)).contract.doubts)


def bits(number: int, count: int) -> str:
    return ",".join(str((number * 7 + 3 * at) // (at + 1) % 2) for at in range(count))


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        ("hate_1,hate_2,irony_1,irony_2", "('hate_1', 'hate_2'; 'irony_1', 'irony_2'): if several"),
        ("a1_hate,a2_hate,a1_irony,a2_irony", "('a1_hate', 'a2_hate'; 'a1_irony', 'a2_irony'):"),
        ("hate_1,hate_2,hate_3,threat", "('hate_1', 'hate_2', 'hate_3'): if several people"),
    ],
)
def test_columns_of_a_name_and_a_number_may_be_of_people_who_judged_several_things(
    tmp_path, names, shown
):
    found = doubts_of(tmp_path, names, lambda n: bits(n, 4))
    (doubt,) = [each for each in found if "one name and a number" in each]
    assert shown in doubt
    assert "keep the columns of one, and call them annotator1" in doubt


def test_several_classes_of_people_and_things_are_doubted_too(tmp_path):
    names = "hate_1,hate_2,irony_1,irony_2"
    found = doubts_of(tmp_path, names, lambda n: ",".join("abc"[(n * k) % 3] for k in (1, 2, 4, 5)))
    assert any("judged 2 things" in each for each in found)


@pytest.mark.parametrize("names", ["joy,anger,fear,threat", "joy_1,anger_1,fear_2,threat_2"])
def test_columns_of_other_names_are_no_people(tmp_path, names):
    found = doubts_of(tmp_path, names, lambda n: bits(n, 4))
    assert not any("a number" in each for each in found)


def chosen(number: int) -> str:
    votes = [0, 0, 0]
    for person in range(3):
        votes[(number * (person + 1) + person) % 7 % 3] += 1
    return ",".join(map(str, votes))


def test_numbers_that_sum_to_the_same_in_each_row_may_be_votes(tmp_path):
    found = doubts_of(tmp_path, "joy,anger,fear", chosen)
    (doubt,) = [each for each in found if "votes" in each]
    assert "in each row they sum to 3, as votes do of 3 people who chose one each" in doubt
    assert "`--task number --label joy,anger,fear` estimates how many chose each" in doubt


def test_small_numbers_that_are_mostly_nought_may_be_votes(tmp_path):
    found = doubts_of(tmp_path, "joy,anger,fear", lambda n: f"{n % 4},{n % 7 // 5},{n % 6 // 3}")
    assert any("their numbers, 0 to 3, may count people" in each for each in found)


def test_columns_called_votes_are_said_to_be_of_several_labels(tmp_path):
    found = doubts_of(tmp_path, "votes_joy,votes_anger", lambda n: f"{n % 4},{n % 3}")
    assert any("write 1 where most of them chose the label" in each for each in found)


def test_ranks_are_no_votes(tmp_path):
    orders = ("1,2,3", "2,1,3", "3,1,2", "2,3,1")
    found = doubts_of(tmp_path, "joy,anger,fear", lambda n: orders[n % 4])
    assert not any("people" in each for each in found)


def test_ratings_are_no_votes(tmp_path):
    found = doubts_of(tmp_path, "food,service,price", lambda n: f"{n % 5 + 1},{n % 4 + 1},{n % 3}")
    assert not any("people" in each for each in found)


def test_soft_labels_are_named_and_the_column_that_they_stand_before(tmp_path):
    shares = ("0.25,0.75", "0.5,0.5", "1.0,0.0", "0.0,1.0", "0.75,0.25")
    level = ("easy", "hard", "fair")
    found = doubts_of(
        tmp_path,
        "level,soft_label.0,soft_label.1",
        lambda n: f"{level[n % 3]},{shares[n % 5]}",
    )
    assert any("'level'" in each and "`--label level`" in each for each in found)
    assert any("in each row they sum to 1, as shares of people do" in each for each in found)

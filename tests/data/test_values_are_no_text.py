"""Embeddings, tuples, templates and remarks that come back are not what is learned from."""

import pytest

from made_tables import made, one_of, prose
from textune.errors import DataError
from textune.tasks.contract import understand


def vector(n, draw):
    return " ".join(f"{draw.uniform(-1, 1):.5f}" for _ in range(40))


def said(n, draw):
    return f"('{('true', 'false')[n % 2]}', '({n},{draw.randrange(90)});', 'pro;')"


@pytest.mark.parametrize("values", [vector, said])
def test_numbers_and_tuples_are_no_text(values):
    columns = {"values": values, "label": one_of("a", "b")}
    with pytest.raises(DataError, match="no column looks like text"):
        understand(made(2, **columns))
    found = understand(made(3, **columns, text=prose())).contract
    assert (found.text, found.label) == (("3",), ("2",))


def test_few_sentences_in_row_after_row_are_no_text():
    told = ("It says so in so many words.", "It does not say so at all.", "It is not clear.")
    columns = {"opinion": one_of(*told), "stance": one_of("for", "against")}
    with pytest.raises(DataError, match="no column looks like text"):
        understand(made(tuple(columns), **columns))
    columns = {"text": columns["opinion"], "stance": columns["stance"]}
    assert understand(made(tuple(columns), **columns)).contract.text == ("text",)


def test_a_template_that_comes_back_is_no_second_text():
    columns = {
        "case": prose(),
        "case_templ": lambda n, _: f"the words of template {n % 40} with [NAME] in it",
        "label": one_of("a", "b"),
    }
    found = understand(made(tuple(columns), **columns)).contract
    assert (found.text, found.label) == (("case",), ("label",))

"""Questions, passages and answers are found among the columns, in spite of faults in them."""

import pytest

from made_tables import table
from textune.errors import DataError, SettingsError
from textune.records import Contract
from textune.tasks import examples
from textune.tasks.contract import understand

FLAT = Contract("answers", ("question", "context"), ("answer", "start"), "answers")
ALONE = Contract("answers", ("question", "context"), ("answer",), "answers")


def rows(write, count=40):
    """Make rows of question, passage and what `write` makes of the answer and its place."""
    texts = [f"on day {n} we met k{n} near the river and left" for n in range(count)]
    both = [(text, f"k{n}") for n, text in enumerate(texts)]
    return [[f"Who was met on {n}?", t, *write(k, t.index(k))] for n, (t, k) in enumerate(both)]


def test_the_question_is_named_first():
    given_table = table(FLAT.text + FLAT.label, rows(lambda text, start: [text, str(start)]))
    with pytest.raises(SettingsError, match=r"in 'context', .*: `--text question,context`"):
        understand(given_table, text=("context", "question"), label=FLAT.label)
    with pytest.raises(SettingsError, match=r"not in 'question'; name the question first"):
        understand(given_table, task="answers", text=("context", "question"), label=FLAT.label)


def test_says_what_the_columns_of_answers_hold():
    found = understand(table(FLAT.text + FLAT.label, rows(lambda text, at: [text, str(at)])))
    assert found.columns == {
        "question": "text: questions",
        "context": "text: passages that may hold the answers",
        "answer": "answers: texts",
        "start": "answers: the place of the first character of each",
    }


@pytest.mark.parametrize("places", [True, False])
def test_names_are_believed_though_many_answers_are_at_fault(places):
    def write(text, at):
        odd = "zzz" if int(text[1:]) % 5 < 2 else text
        return [odd, str(at)] if places else [odd]

    contract = FLAT if places else ALONE
    given_table = table(contract.text + contract.label, rows(write))
    found = understand(given_table).contract
    assert (found.task, found.label) == ("answers", contract.label)
    with pytest.raises(DataError, match=r"made.csv: 16 problems"):
        list(examples.read(given_table, found))


def few(write):
    """Make rows whose answers are four words, each of them ten times."""
    names = [("Jane", "Omar", "Li", "Petra")[n % 4] for n in range(40)]
    texts = [f"the firm hired {name} in the year {1950 + n}" for n, name in enumerate(names)]
    return [[f"Who came in {1950 + n}?", text, write(n, names[n])] for n, text in enumerate(texts)]


def test_answers_that_repeat_are_answers_if_all_of_them_stand_in_their_passages():
    given_table = table(ALONE.text + ALONE.label, few(lambda _, name: name))
    assert understand(given_table).contract.task == "answers"


@pytest.mark.parametrize(
    ("columns", "write"),
    [
        (("question", "context", "answer"), lambda n, name: ("yes", "no")[n % 2]),
        (("question", "context", "answer"), lambda n, name: name if n else "Sue"),
        (("question", "context", "topic"), lambda n, name: name),
        (("head", "body", "answer"), lambda n, name: name),
    ],
)
def test_else_they_are_classes(columns, write):
    assert understand(table(columns, few(write))).contract.task == "single"


def chosen(write):
    """Make rows of questions whose answers name one of four choices."""
    texts = [f"A day in May: Bob and Cid met Dan, {n} men in all" for n in range(40)]
    return [[f"Who came on {n}?", text, write(n)] for n, text in enumerate(texts)]


@pytest.mark.parametrize("text", [None, ("question", "context"), ("context", "question")])
@pytest.mark.parametrize("choices", ["ABCD", ["no", "yes", "maybe"], "0123"])
def test_choices_are_classes_though_their_letters_stand_in_every_passage(text, choices):
    given_table = table(ALONE.text + ALONE.label, chosen(lambda n: choices[n % len(choices)]))
    found = understand(given_table, text=text, label=text and ("answer",)).contract
    assert (found.task, found.text) == ("single", text or ALONE.text)

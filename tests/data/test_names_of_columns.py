"""Names of columns are read in the languages that people write them in."""

import pytest

from made_tables import made, number, one_of, prose
from textune.data import names
from textune.tasks.contract import understand


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Cümle", "S\u0131n\u0131f"),
        ("yorum", "Duygu"),
        ("النص", "التصنيف"),
        ("文本", "标签"),
        ("문장", "라벨"),
        ("comentario", "sentimiento"),
        ("Comentário", "Rótulo"),
        ("ulasan", "kategori"),
    ],
)
def test_a_score_beside_a_named_label_is_not_taken(text, label):
    columns = {
        text: prose(),
        label: one_of("Pozitif", "Negatif"),
        "Sentiment Score": number(-4, 3, 3),
        "Tahmin": one_of("Pozitif", "Negatif", "Nötr"),
    }
    found = understand(made((*columns,), **columns)).contract
    assert (found.text, found.label) == ((text,), (label,))


def test_a_department_is_taken_before_a_priority_in_german_too():
    columns = {
        "Beschreibung": prose(),
        "Priorität": one_of("1", "2", "3"),
        "Abteilung": one_of("IT", "HR", "Einkauf", "Lager"),
    }
    found = understand(made((*columns,), **columns)).contract
    assert (found.text, found.label) == (("Beschreibung",), ("Abteilung",))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("S\u0131n\u0131f", ["s\u0131n\u0131f"]),
        ("textÖlçü", ["text", "ölçü"]),
        ("Nhãn", ["nhãn"]),
        ("reviewText", ["review", "text"]),
        ("HTMLBody", ["html", "body"]),
        ("annId", ["ann", "id"]),
    ],
)
def test_names_are_parted_at_large_letters(name, parts):
    assert names.parts(name) == parts

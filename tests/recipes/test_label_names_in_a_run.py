"""A run on few texts learns from what its labels are called, and says so."""

import json

import textune
from textune.encoder.names import BUNDLED

SPORT = ("the striker scored twice", "rain ended the tennis final", "a record at the marathon")
FOOD = ("boil the rice for ten minutes", "this soup needs salt", "bread fresh from the oven")


def test_the_names_of_labels_are_examples_and_their_tokens_are_known(tmp_path):
    file = tmp_path / "few.csv"
    rows = [("sport", text) for text in SPORT] + [("cookery", text) for text in FOOD]
    lines = "".join(f"{label},{text}\n" for label, text in rows)
    file.write_text(f"label,text\n{lines}", encoding="utf-8")
    run = textune.train(
        file,
        base=BUNDLED,
        out=tmp_path / "run",
        epochs=0,
        recipe="auto",
        valid=file,
    )
    probe = json.loads((run.path / "probe.json").read_text(encoding="utf-8"))
    assert probe["reads_names"] is True
    found = textune.Predictor.load(run.path)(["an Olympic gold medal", "a recipe for pancakes"])
    assert [one.labels for one in found] == [("sport",), ("cookery",)]

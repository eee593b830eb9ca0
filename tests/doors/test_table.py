"""Whatever holds labelled text becomes a table; a run is judged at other lengths and in batches."""

import csv
import io
import json

import pytest
from test_cli import one_object, textune

from made_runs import make_run

__all__ = ["textune"]  # the fixture


@pytest.fixture(scope="module")
def made(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("run"), tiny_base, "single", ["bad", "good"])


@pytest.fixture
def folder(tmp_path):
    for label, text in (("neg", "a dull film"), ("pos", 'good, and\n"warm"'), ("pos", "fine")):
        place = tmp_path / "films" / label
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{len(text)}.txt").write_text(text, encoding="utf-8")
    return tmp_path / "films"


def test_a_folder_of_texts_becomes_a_table(textune, folder, tmp_path):
    code, out, err = textune("table", folder)
    assert (code, err) == (0, "")
    found = list(csv.DictReader(io.StringIO(out)))
    assert {(row["text"], row["label"]) for row in found} == {
        ("a dull film", "neg"),
        ('good, and\n"warm"', "pos"),
        ("fine", "pos"),
    }
    file = tmp_path / "t.jsonl"
    code, out, err = textune("table", folder, "--output", file)
    assert (code, err) == (0, "")
    assert "3 rows of" in out
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert lines == found
    code, _, err = textune("table", folder, "--output", file)
    assert code == 2
    assert "is there already" in err


def test_a_table_is_refused_an_ending_and_a_file_that_is_not_there(textune, folder, tmp_path):
    code, _, err = textune("table", folder, "--output", tmp_path / "t.xlsx")
    assert code == 2
    assert "allowed: '.csv', '.tsv', '.jsonl'" in err
    code, out, _ = textune("table", tmp_path / "none.csv")
    assert (code, out) == (2, "")


def test_evaluate_at_another_length(textune, made, reviews):
    _, out, _ = textune("evaluate", made, reviews, "--json")
    usual = one_object(out)
    code, out, _ = textune("evaluate", made, reviews, "--max-tokens", 6, "--json")
    found = one_object(out)
    assert code == 0
    assert "texts are read in 6 tokens at once, in training 64" in found["remarks"]
    assert found["log_loss"] != usual["log_loss"]
    for most, message in ((65, "at most 64 tokens"), (5, "expected at least 6")):
        code, _, err = textune("evaluate", made, reviews, "--max-tokens", most)
        assert code == 2
        assert message in err


def test_evaluate_by_batches_says_why_not_to_average(textune, made, reviews):
    code, out, _ = textune("evaluate", made, reviews, "--per-batch", 32, "--json")
    found = one_object(out)
    assert code == 0
    told = found["per_batch"]
    assert (told["metric"], told["size"], len(told["values"])) == ("mcc", 32, 5)
    assert told["whole"] == found["mcc"]
    code, out, _ = textune("evaluate", made, reviews, "--per-batch", 32)
    assert "MCC of each 32 texts, in the order of the file" in out
    assert "not the mean over batches" in " ".join(out.split())


@pytest.mark.parametrize(
    ("device", "message"),
    [("tpu", "not on TPUs"), ("2", "computes on one device"), ("cuda:0,1", "as cuda:0")],
)
def test_a_device_that_textune_has_no_use_for_is_explained(textune, reviews, device, message):
    code, _, err = textune("train", reviews, "--device", device)
    assert code == 2
    assert message in err

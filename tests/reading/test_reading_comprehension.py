"""Questions with passages in the forms of DROP, TyDi QA and TriviaQA."""

import json

import pytest

from made_tables import checked
from textune.errors import DataError
from textune.reading import sources
from textune.records import ReadOptions

PASSAGE = "The Bears scored twice before the half, and Hill kicked a field goal."
NO_DATE = {"day": "", "month": "", "year": ""}


def answer(number="", spans=(), **date):
    return {"number": number, "date": NO_DATE | date, "spans": list(spans)}


def drop(count=12):
    return {
        f"nfl_{n}": {
            "passage": f"{PASSAGE} It was game {n}.",
            "qa_pairs": [
                {"question": f"Who kicked in game {n}?", "answer": answer(spans=["Hill"])},
                {"question": f"How many goals in game {n}?", "answer": answer("3")},
                {"question": f"Who played in game {n}?", "answer": answer(spans=["Hill", "Bears"])},
            ],
        }
        for n in range(count)
    }


def test_questions_of_drop_that_a_span_answers_are_read(tmp_path):
    file = tmp_path / "drop.json"
    file.write_text(json.dumps(drop()))
    found = checked(file)
    assert (found.contract.task, found.rows) == ("answers", 12)
    messages = " ".join(finding.message for finding in found.findings)
    assert "24 rows are left out, since each is answered by a number, a date or several" in messages
    (row, *_) = found.table.rows()
    assert dict(zip(found.table.columns, row.cells, strict=True))["answers"] == '["Hill"]'


def test_questions_of_drop_that_are_to_be_answered_are_rows(tmp_path):
    file = tmp_path / "drop.json"
    file.write_text(json.dumps(drop()))
    assert len(list(sources.read(file, ReadOptions(unlabelled=True)).rows())) == 36


def tydi(count=12, *, said="NONE", start=None):
    for n in range(count):
        page = f"Élan é a página {n}.\n\nÀ cité née en {1800 + n}, so they say."
        at = page.encode().index(str(1800 + n).encode())
        places = (at, at + 4) if n % 3 else (-1, -1)
        places = (start, start + 4) if start is not None else places
        minimal = {"plaintext_start_byte": places[0], "plaintext_end_byte": places[1]}
        yield {
            "annotations": [{"minimal_answer": minimal, "yes_no_answer": said}],
            "document_plaintext": page,
            "question_text": f"when was number {n}?",
            "passage_answer_candidates": [],
            "language": "french",
            "example_id": n,
        }


def written(folder, rows):
    file = folder / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def test_answers_of_tydi_count_bytes(tmp_path):
    found = checked(written(tmp_path, tydi()))
    assert (found.contract.task, found.rows) == ("answers", 12)
    assert dict(found.labels) == {"an answer": 8, "no answer": 4}
    rows = list(found.table.rows())
    at = found.table.columns.index("answers")
    assert json.loads(rows[1].cells[at])["text"] == ["1801"]


def test_answers_by_yes_or_no_are_left_out_and_places_beyond_the_page_named(tmp_path):
    found = checked(written(tmp_path, [*tydi(), *tydi(3, said="YES")]))
    assert found.rows == 14  # of the last three, one has no words
    with pytest.raises(DataError, match=r"an answer of the bytes 900 to 904 of a page of"):
        list(sources.read(written(tmp_path, tydi(start=900))).rows())


@pytest.mark.parametrize(
    "more",
    [
        {"Answer": {"Value": "Oslo", "NormalizedAliases": ["oslo"], "Aliases": []}},
        {"EntityPages": [{"Title": "Oslo", "Filename": "Oslo.txt"}]},
    ],
)
def test_questions_of_trivia_qa_are_named(tmp_path, more):
    data = [{"Question": f"Which city is {n}?", "QuestionId": f"q_{n}"} | more for n in range(9)]
    file = tmp_path / "trivia.json"
    file.write_text(json.dumps({"Data": data, "Domain": "Web", "Version": 1.0}))
    with pytest.raises(DataError, match=r"questions of TriviaQA, whose passages stand in other"):
        sources.read(file)


@pytest.mark.parametrize("own", [{"Passage": "Oslo is a city by the sea."}, {"kind": "place"}])
def test_questions_of_trivia_qa_with_keys_of_their_own_are_rows(tmp_path, own):
    pages = {"EntityPages": [{"Title": "Oslo"}]}
    rows = [{"Question": f"Which is {n}?", "QuestionId": f"q_{n}"} | pages | own for n in range(9)]
    assert len(list(sources.read(written(tmp_path, rows)).rows())) == 9


def test_annotations_of_tydi_as_the_hub_has_them_are_answers(tmp_path):
    rows = list(tydi())
    for row in rows:
        (one,) = row["annotations"]
        starts, ends = one["minimal_answer"].values()
        row["annotations"] = {
            "passage_answer_candidate_index": [0],
            "minimal_answers_start_byte": [starts],
            "minimal_answers_end_byte": [ends],
            "yes_no_answer": ["NONE"],
        }
    found = checked(written(tmp_path, rows))
    assert dict(found.labels) == {"an answer": 8, "no answer": 4}
    rows[-1]["annotations"] = "none"
    with pytest.raises(DataError, match=r"the key 'annotations' is missing or holds something"):
        list(sources.read(written(tmp_path, rows)).rows())

"""Natural Questions, whose answers are numbers of words of a page, are questions with answers."""

import json

import pytest

from made_tables import checked
from textune.errors import DataError
from textune.reading import sources

PAGE = "Oslo <P> Ada  Berg built the tower . </P>"


def page(n, first=2, last=5, said="NONE", **more):
    short = [{"start_token": first, "end_token": last}] if first is not None else []
    annotation = {"yes_no_answer": said, "long_answer": {"start_token": 1}, "short_answers": short}
    held = {"example_id": n, "document_text": PAGE, "question_text": f"who built it {n}"}
    return {**held, "long_answer_candidates": [], "annotations": [annotation], **more}


def written(folder, *pages):
    file = folder / "nq.jsonl"
    file.write_text("\n".join(map(json.dumps, pages)) + "\n")
    return file


def answers(file):
    table = sources.read(file)
    at = table.columns.index("answers")
    return [json.loads(row.cells[at]) for row in table.rows()]


def test_answers_are_the_words_of_the_page(tmp_path):
    tokens = [{"token": word, "html_token": word.startswith("<")} for word in PAGE.split(" ")]
    file = written(tmp_path, page(1), page(2, None), page(3, 0, 1, document_tokens=tokens))
    assert answers(file) == [
        {"text": ["Ada  Berg"], "answer_start": [PAGE.index("Ada")]},
        {"text": [], "answer_start": []},
        {"text": ["Oslo"], "answer_start": [0]},
    ]


def test_a_file_of_one_page_and_one_of_many_are_questions(tmp_path):
    for count in (1, 30):
        found = checked(written(tmp_path, *map(page, range(count))))
        assert (found.contract.task, dict(found.labels)["an answer"]) == ("answers", count)


def test_what_is_answered_by_yes_or_no_is_left_out_and_told(tmp_path):
    table = sources.read(written(tmp_path, page(1), page(2, None, said="YES"), page(3)))
    assert len(list(table.rows())) == 2
    assert "is answered by yes or no" in " ".join(one.message for one in table.findings)


def test_words_beyond_the_page_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"nq.jsonl:2: an answer of the words 8 to 12 of a page of"):
        list(sources.read(written(tmp_path, page(1), page(2, 8, 12))).rows())


def test_pages_that_nobody_has_annotated_are_no_questions_without_answers(tmp_path):
    held = [{key: page(n)[key] for key in ("question_text", "document_text")} for n in range(9)]
    file = written(tmp_path, *({**one, "annotations": []} for one in held))
    assert sources.read(file).columns[:2] == ("question_text", "document_text")

"""Exports of ChatGPT, Claude, Slack and WhatsApp are texts without labels, one for each message."""

import json

import pytest

from textune.errors import DataError
from textune.reading import documents, sources
from textune.tasks.contract import understand

SAID = ("what was it that you saw", "it was a fine film", "and was it long", "two hours and more")


def chatgpt(talk):
    nodes = {"root": {"id": "root", "message": None, "parent": None, "children": ["m0"]}}
    for at, text in enumerate(SAID):
        content = {"content_type": "text", "parts": [f"{text} {talk}", {"asset": "a picture"}]}
        author = {"role": ("user", "assistant")[at % 2], "name": None, "metadata": {}}
        message = {"id": f"m{at}", "author": author, "content": content, "weight": 1.0}
        nodes[f"m{at}"] = {"id": f"m{at}", "message": message, "parent": "root", "children": []}
    hidden = {"author": {"role": "system"}, "content": {"content_type": "text", "parts": [""]}}
    nodes["s"] = {"id": "s", "message": hidden, "parent": "root", "children": []}
    return {"title": f"Of films {talk}", "create_time": 1.5, "mapping": nodes, "id": f"t{talk}"}


def claude(talk):
    messages = [
        {
            "uuid": f"m{at}",
            "text": f"{text} {talk}" if at else "",
            "content": [{"type": "text", "text": f"{text} {talk}"}],
            "sender": ("human", "assistant")[at % 2],
        }
        for at, text in enumerate(SAID)
    ]
    return {"uuid": f"t{talk}", "name": f"Of films {talk}", "chat_messages": messages}


@pytest.mark.parametrize(("form", "name"), [(chatgpt, "ChatGPT"), (claude, "Claude")])
def test_messages_are_the_texts_and_not_titles(tmp_path, form, name):
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([form(talk) for talk in range(6)]))
    table = sources.read(path)
    rows = list(table.rows())
    assert f"format: JSON, an export of {name}" in table.reasons
    assert table.columns == ("text", "sender", "conversation_id")
    assert [row.cells[0] for row in rows[:4]] == [f"{text} 0" for text in SAID]
    assert rows[5].cells[2] == "t1"
    found = understand(table).contract
    assert (found.task, found.text) == ("plain", ("text",))


def test_messages_of_slack_are_texts_and_joining_is_none(tmp_path):
    values = [
        {"type": "message", "user": f"U{at % 3}", "text": text, "ts": f"170000000{at}.000100"}
        for at, text in enumerate(SAID)
    ]
    joined = {"subtype": "channel_join", "text": "<@U1> has joined the channel"}
    path = tmp_path / "2024-01-01.json"
    path.write_text(json.dumps([values[0] | joined, *values]))
    table = sources.read(path)
    assert [row.cells[:2] for row in table.rows()] == [
        (text, f"U{at % 3}") for at, text in enumerate(SAID)
    ]
    assert "its 'subtype'" in table.findings[0].message


def test_a_folder_of_folders_is_named_by_a_pattern_that_finds_its_files(tmp_path):
    for name in ("users.json", "general/2024-01-01.json", "general/2024-01-02.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps([{"text": "some text"}]))
    with pytest.raises(DataError, match=r"a pattern: '.*/\*/\*\.json'"):
        sources.read(tmp_path)


def lines_of(form):
    return [form.format(minute=n, who=("Ann", "Ben K")[n % 2], text=SAID[n % 4]) for n in range(12)]


@pytest.mark.parametrize(
    "form",
    [
        "[12/03/24, 10:{minute:02}:02] {who}: {text}",
        "\u200e[3/12/24, 1:{minute:02}:02\u202fPM] {who}: {text}",
        "12/03/2024, 10:{minute:02} - {who}: {text}",
        "12.03.24, 10:{minute:02} - {who}: {text}",
        "2024-03-12, 1:{minute:02} a.m. - {who}: {text}",
    ],
)
def test_messages_of_whatsapp_are_texts(tmp_path, form):
    lines = lines_of(form)
    begun = form.partition("{who}")[0].format(minute=59)
    lines[3:3] = ["and more of it", "", "of two: lines"]
    lines += [
        f"{begun}You added Eve",
        f"{begun}Ann: <Media omitted>",
        f"{begun}Ann: \u200ea picture",
    ]
    path = tmp_path / "chat.txt"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = sources.read(path)
    rows = list(table.rows())
    assert [row.cells[1] for row in rows] == ["Ann", "Ben K"] * 6
    assert rows[2].cells[0] == f"{SAID[2]}\nand more of it\n\nof two: lines"
    assert rows[3].origin == "chat.txt:7"
    assert "(3)" in table.findings[0].message
    assert understand(table).contract.task == "plain"


def test_dates_and_names_of_a_chat_are_no_text_to_adapt_to(tmp_path):
    path = tmp_path / "chat.txt"
    lines = lines_of("[12/03/24, 10:{minute:02}:02] {who}: {text}")
    path.write_text("\n".join(lines) + "\n")
    (file,) = documents.find([path])
    assert [one.text for one in documents.read(file)] == [*SAID] * 3


@pytest.mark.parametrize(
    "form",
    [
        "2024-03-12 10:{minute:02}:02 - INFO: {text}",
        "12/03/24 {who}: {text}",
        "10:{minute:02} {text}",
        "{who}: {text}",
    ],
)
def test_other_lines_stay_texts_as_they_stand(tmp_path, form):
    path = tmp_path / "log.txt"
    path.write_text("\n".join(lines_of(form)) + "\n")
    table = sources.read(path)
    assert next(row.cells[-1] for row in table.rows()).endswith(SAID[0])
    assert not any("WhatsApp" in why for why in table.reasons)

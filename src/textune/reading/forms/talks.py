"""Exports of ChatGPT, Claude and Slack become texts without labels: a row for each message.

ChatGPT keeps the messages of a conversation under "mapping", Claude under "chat_messages"; Slack's
files hold a list of them, a day each. Beside the text stand who said it and in which conversation.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, LeftOut, Made, always, are_objects, plain

NO_TEXT = "holds no text"
NO_MESSAGE = "is what Slack says of a channel (its 'subtype'), and no message"
OF_SLACK = frozenset(["bot_message", "thread_broadcast", "me_message", "file_share"])
"""Subtypes of what somebody wrote."""
_TIME = re.compile(r"\d{9,10}\.\d{6}")


def _are_of_chatgpt(values: Sequence[Any]) -> bool:
    return are_objects(values, "mapping") and all(
        isinstance(value["mapping"], Mapping)
        and are_objects([*value["mapping"].values()], "message", "children")
        for value in values
    )


def _of_chatgpt(value: Any) -> Iterator[Made]:
    talk = value.get("conversation_id") or value.get("id")
    for node in value["mapping"].values():
        message = node["message"] or {}
        content = message.get("content") or {}
        parts = content.get("parts") or [content.get("text")]
        text = "\n".join(part for part in parts if isinstance(part, str)).strip()
        sender = (message.get("author") or {}).get("role")
        yield from _row(text, sender, talk) if message else ()


def _are_of_claude(values: Sequence[Any]) -> bool:
    held = [value.get("chat_messages") for value in values if isinstance(value, Mapping)]
    messages = [one for each in held if isinstance(each, list) for one in each]
    return len(held) == len(values) and are_objects(messages, "sender", "text")


def _of_claude(value: Any) -> Iterator[Made]:
    for message in value["chat_messages"]:
        blocks = message.get("content") or ()
        texts = [block.get("text") for block in blocks if block.get("type") == "text"]
        text = message["text"] or "\n".join(filter(None, texts))
        yield from _row(text.strip(), message["sender"], value.get("uuid"))


def _row(text: str, sender: object, talk: object) -> Iterator[Made]:
    yield {"text": text, "sender": sender, "conversation_id": talk} if text else LeftOut(NO_TEXT)


def _are_of_slack(values: Sequence[Any]) -> bool:
    return are_objects(values, "type", "ts", "text") and all(
        value["type"] == "message"
        and isinstance(value["ts"], str)
        and _TIME.fullmatch(value["ts"])
        and ("user" in value or "bot_id" in value or "subtype" in value)
        for value in values
    )


def _of_slack(value: Any) -> Iterator[Made]:
    if value.get("subtype") not in (None, *OF_SLACK):
        yield LeftOut(NO_MESSAGE)
    elif not str(value["text"] or "").strip():
        yield LeftOut(NO_TEXT)
    else:
        kept = {"text": value["text"], "sender": value.get("user") or value.get("bot_id")}
        yield kept | plain(value, "type", "subtype", "text", "user", "bot_id", *_OF_TEAM)


_OF_TEAM = ("client_msg_id", "team", "user_team", "source_team", "edited", "parent_user_id")
_SAID = "a row for each message, its text without a label; 'sender' says who wrote it"
FORMS = (
    Form("an export of ChatGPT", _are_of_chatgpt, always(_of_chatgpt, _SAID)),
    Form("an export of Claude", _are_of_claude, always(_of_claude, _SAID)),
    Form("an export of Slack", _are_of_slack, always(_of_slack, _SAID)),
)

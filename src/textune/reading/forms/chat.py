"""Messages of a chat, as programs that tune language models take them, become a text and a label.

One question and one answer each: what the user says is the text, what the assistant answers is its
label (OpenAI's `messages` with `role` and `content`; ShareGPT's `conversations` with `from` and
`value`; Gemini's `contents` with `role` and `parts`). What is said may stand in blocks of text, and
the messages in an object of the row, as a request's `body`. Of an answer that is an object its
values are taken. A "label" of the row itself is that of the chat, and what is answered a text of
it. Longer dialogues are refused: which of their turns is meant nobody says.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, is_prose, plain

KEYS = (
    ("messages", "role", "content"),
    ("conversations", "from", "value"),
    ("contents", "role", "parts"),
)
SYSTEMS = ("system", "systemInstruction", "system_instruction")
USER, ASSISTANT = ("user", "human"), ("assistant", "gpt", "bot", "model")
SYSTEM = ("system", "developer")
ROLES = frozenset((*USER, *ASSISTANT, *SYSTEM))


def _recognise(values: Sequence[Any]) -> bool:
    inside = [_inside(value) for value in values if isinstance(value, Mapping)]
    return len(inside) == len(values) and any(
        are_objects(inside, name)
        and all(_are_messages(value[name], role, content) for value in inside)
        for name, role, content in KEYS
    )


def _inside(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take the object of a row in which its messages stand, as a request's `body`; or the row."""
    names = {name for name, _, _ in KEYS}
    held = [one for one in value.values() if isinstance(one, Mapping) and names & one.keys()]
    said = {*names, "text", "label"} & value.keys()  # of the row itself, which the messages are of
    is_outer = said or any(map(is_prose, value.values()))
    return held[0] if len(held) == 1 and not is_outer else value


def _are_messages(held: object, role: str, content: str) -> bool:
    return (
        isinstance(held, list)
        and are_objects(held, role, content)
        and all(isinstance(one[role], str) for one in held)
        and any(one[role] in USER for one in held)
    )


def _convert(value: Any) -> Iterator[Made]:
    beside, value = _beside(value), _inside(value)
    name, role, content = next((keys for keys in KEYS if keys[0] in value), ("", "", ""))
    if not name:
        raise ValueError("no messages of a chat")
    said: dict[str, list[Any]] = {"text": [], "label": [], "system": []}
    said["system"] += [_said(value[key]) for key in SYSTEMS if value.get(key)]
    for message in value[name]:
        who = message.get(role)
        if who not in ROLES:
            raise ValueError(
                f"a message of {who!r:.40}; allowed: {', '.join(sorted(ROLES))}; write the text "
                'and its label that are meant: {"text": "…", "label": "…"}'
            )
        kind = "text" if who in USER else "label" if who in ASSISTANT else "system"
        said[kind].append(_said(message[content]))
    if len(said["text"]) != 1 or len(said["label"]) > 1:
        raise ValueError(
            f"{len(said['text'])} messages of the user and {len(said['label'])} answers; allowed: "
            'one each; write the text and its label that are meant: {"text": "…", "label": "…"}'
        )
    system = said.pop("system")
    held = {kind: messages[0] for kind, messages in said.items() if messages}
    held |= _labels(held.pop("label"), beside) if "label" in held else {}
    yield {**beside, **held, **({"system": "\n".join(map(str, system))} if system else {})}


def _beside(value: Mapping[str, object]) -> dict[str, object]:
    return plain(value, "text", *SYSTEMS)


def _labels(said: Any, beside: Mapping[str, object]) -> dict[str, Any]:
    """Take what was answered for the label, unless a label of the whole chat stands beside it."""
    return {"answer": said} if "label" in beside else _answer(said)


def _said(content: Any) -> Any:
    """Take what a message says, which may stand in blocks: [{"type": "text", "text": "…"}].

    Raises:
        ValueError: A block is no text, as a picture or the call of a tool.
    """
    if isinstance(content, Mapping):
        content = content.get("parts", [content])
    if not isinstance(content, list):
        return content
    blocks = [block.get("text") if isinstance(block, Mapping) else block for block in content]
    texts = [block for block in blocks if isinstance(block, str)]
    if len(texts) < len(blocks):
        raise ValueError("a message holds something else than text (a picture, a call of a tool)")
    return "\n".join(texts)


def _answer(said: Any) -> dict[str, Any]:
    """Take the label of an answer, or those of an object: {"label": "spam"}."""
    try:
        found = json.loads(said) if str(said).strip().startswith("{") else None
    except (ValueError, RecursionError):
        found = None
    held = found if isinstance(found, dict) else {}
    if not held or not all(map(_is_label, held.values())):
        return {"label": said}
    if len(held) == 1:
        return {"label": next(iter(held.values()))}
    return {f"label.{name}": label for name, label in held.items()}


def _is_label(held: object) -> bool:
    return held is None or isinstance(held, str | int | float) or _are_names(held)


def _are_names(held: object) -> bool:
    return isinstance(held, list) and all(isinstance(name, str) for name in held)


FORM = Form(
    "messages of a chat",
    _recognise,
    always(_convert, "what the user says is the text, what the assistant answers its label"),
)

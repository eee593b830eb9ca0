"""Messages of a chat, as programs that tune language models take them, become a text and a label.

One question and one answer each: what the user says is the text, what the assistant answers is its
label (OpenAI's `messages` with `role` and `content`; ShareGPT's `conversations` with `from` and
`value`). Longer dialogues are refused: which of their turns is meant nobody says.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Form, Made, always, are_objects, plain

KEYS = (("messages", "role", "content"), ("conversations", "from", "value"))
USER, ASSISTANT = ("user", "human"), ("assistant", "gpt", "bot", "model")
SYSTEM = ("system", "developer")
ROLES = frozenset((*USER, *ASSISTANT, *SYSTEM))


def _recognise(values: Sequence[Any]) -> bool:
    return any(
        are_objects(values, name)
        and all(_are_messages(value[name], role, content) for value in values)
        for name, role, content in KEYS
    )


def _are_messages(held: object, role: str, content: str) -> bool:
    return (
        isinstance(held, list)
        and are_objects(held, role, content)
        and all(isinstance(one[role], str) for one in held)
        and any(one[role] in USER for one in held)
    )


def _convert(value: Any) -> Iterator[Made]:
    name, role, content = next((keys for keys in KEYS if keys[0] in value), ("", "", ""))
    if not name:
        raise ValueError("no messages of a chat")
    said: dict[str, list[Any]] = {"text": [], "label": [], "system": []}
    for message in value[name]:
        who = message.get(role)
        if who not in ROLES:
            raise ValueError(
                f"a message of {who!r:.40}; allowed: {', '.join(sorted(ROLES))}; write the text "
                'and its label that are meant: {"text": "…", "label": "…"}'
            )
        kind = "text" if who in USER else "label" if who in ASSISTANT else "system"
        said[kind].append(message[content])
    if len(said["text"]) != 1 or len(said["label"]) > 1:
        raise ValueError(
            f"{len(said['text'])} messages of the user and {len(said['label'])} answers; allowed: "
            'one each; write the text and its label that are meant: {"text": "…", "label": "…"}'
        )
    beside = _beside(value, name)
    system = said.pop("system")
    held = {kind: messages[0] for kind, messages in said.items() if messages}
    yield {**beside, **held, **({"system": "\n".join(map(str, system))} if system else {})}


def _beside(value: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: held for key, held in plain(value, name).items() if key not in ("text", "label")}


FORM = Form(
    "messages of a chat",
    _recognise,
    always(_convert, "what the user says is the text, what the assistant answers its label"),
)

"""Intents that hold their own utterances become rows: chat bots' patterns, and Snips' utterances.

A bot's file is a list of {"tag": …, "patterns": […], "responses": […]}, often under "intents".
Snips cuts each utterance into pieces, {"data": [{"text": …}, {"text": …, "entity": …}]}, listed by
the name of the intent. Dialogflow writes such pieces in a file for each intent, a list of them.
Its agents of today list {"trainingPhrases": [{"parts": [{"text": …}]}]}, and other programs
{"trainingData": [{"text": …, "entities": […]}]}, for each intent.
Alexa's interaction model has {"name": …, "samples": […]} under interactionModel.languageModel, Lex
"sampleUtterances" under resource.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from textune.reading.forms.interface import Converter, Form, Made, Values, left_out, span

NAMES = ("tag", "intent", "displayName", "name")
TEXTS = (
    "samples",
    "sampleUtterances",
    "patterns",
    "examples",
    "utterances",
    "questions",
    "sentences",
    "texts",
)
PHRASES = ("trainingPhrases", "training_phrases", "trainingData", "training_data")
ASIDE = frozenset(["text", "entities", "id", "type", "lang", "language", "languageCode"])
"""Keys of a phrase that is a text: rows of another kind say something of their own."""
ANSWERS = "responses"
HOLDERS = (("interactionModel", "languageModel"), ("languageModel",), ("resource",))
SAID = frozenset(["isTemplate", "userDefined", "alias", "meta"])  # keys of Dialogflow alone
KINDS = ("slot_name", "entity", "alias", "parameterId")  # of a piece: what it is
OWN = frozenset(["label", "labels", "class", "category", "sentiment", "text", "title"])
"""Keys of rows that say something of their own, beside a list of texts."""
Utterances = list[tuple[str, Any]]


def _groups(value: object) -> list[Any]:
    """Take the intents of a value: itself, its members, or those under "intents"."""
    for keys in HOLDERS:
        held: object = value
        for key in keys:
            held = held.get(key) if isinstance(held, Mapping) else None
        value = held if isinstance(held, Mapping) and "intents" in held else value
    if isinstance(value, Mapping) and isinstance(value.get("intents"), list):
        return list(value["intents"])
    return [value]


def _name(group: Mapping[str, Any]) -> str | None:
    return next((group[key] for key in NAMES if isinstance(group.get(key), str)), None)


def _patterns(group: object) -> list[Any] | None:
    """Take the texts of an intent; None where it is none."""
    if not isinstance(group, Mapping) or _name(group) is None or OWN & group.keys():
        return None
    found = [key for key in TEXTS if isinstance(group.get(key), list)]
    are_texts = len(found) == 1 and all(isinstance(text, str) for text in group[found[0]])
    return list(group[found[0]]) if are_texts else None


def _is_bot(values: Sequence[Any]) -> bool:
    found = [_patterns(group) for value in values for group in _groups(value)]
    return bool(found) and all(one is not None for one in found) and any(found)


def _of_bot(values: Values) -> Converter:
    answers = Counter(
        {
            "responses": sum(
                len(group[ANSWERS])
                for value in values()
                for group in _groups(value)
                if isinstance(group, Mapping) and isinstance(group.get(ANSWERS), list)
            )
        }
    )

    def convert(value: Any) -> Iterator[Made]:
        for group in _groups(value):
            texts = _patterns(group)
            if texts is None:
                raise ValueError("expected an intent with its name and its texts")
            for text in texts:
                yield {"text": text, "intent": _name(group)}

    reasons = ("each intent holds its texts: a row for each of these",)
    return Converter(convert, reasons, left_out(answers))


def _pieces(item: object) -> list[Any] | None:
    """Take the pieces of one of Snips' utterances; None where it is none."""
    data = item.get("data") if isinstance(item, Mapping) else None
    is_cut = isinstance(data, list) and all(
        isinstance(piece, Mapping) and isinstance(piece.get("text"), str) for piece in data
    )
    return data if is_cut and data else None


def _utterances(value: object) -> Utterances:
    """List what stands under each intent of an object, with its name; [] where it is none."""
    if not isinstance(value, Mapping):
        return []
    held = value.get("intents") if isinstance(value.get("intents"), Mapping) else value
    found: Utterances = []
    for name, items in (held or {}).items():
        items = items.get("utterances") if isinstance(items, Mapping) else items
        found += [(name, item) for item in items] if isinstance(items, list) else []
    return found


def _is_snips(values: Sequence[Any]) -> bool:
    found = [_pieces(item) for value in values for _, item in _utterances(value)]
    return bool(found) and all(pieces is not None for pieces in found)


def _of_snips(values: Values) -> Converter:
    def convert(value: Any) -> Iterator[Made]:
        for name, item in _utterances(value):
            pieces = _pieces(item)
            if pieces is None:
                raise ValueError(f"expected pieces of an utterance, found {item!r:.60}")
            text, spans = _together(pieces)
            yield {"text": text, "intent": name, "entities": spans}

    return Converter(convert, ("the pieces of each utterance are put together",))


def _together(pieces: Sequence[Mapping[str, Any]]) -> tuple[str, list[dict[str, object]]]:
    """Put pieces together, and give the places of those that are entities."""
    text, spans = "", []
    for piece in pieces:
        end = len(text) + len(piece["text"])
        kind = next((piece[key] for key in KINDS if piece.get(key)), None)
        if isinstance(kind, str) and piece["text"].strip():
            spans.append(span(len(text), end, kind, piece["text"]))
        text += piece["text"]
    return text, spans


def _is_dialogflow(values: Sequence[Any]) -> bool:
    found = [_pieces(value) for value in values]
    keys = {"isTemplate" for value in values if "isTemplate" in value}
    keys |= {key for pieces in found for piece in pieces or () for key in piece}
    return bool(found) and None not in found and bool(SAID & keys)


def _of_dialogflow(values: Values) -> Converter:
    del values

    def convert(value: Any) -> Iterator[Made]:
        pieces = _pieces(value)
        if pieces is None:
            raise ValueError(f"expected pieces of what a user says, found {value!r:.60}")
        text, spans = _together(pieces)
        yield {"text": text, "entities": spans}

    return Converter(convert, ("the pieces of each utterance are put together",))


def _phrases(group: object) -> list[Any] | None:
    """List the training phrases of an intent, [] where it has none; None of something else."""
    found = [group[key] for key in PHRASES if key in group] if isinstance(group, Mapping) else []
    held = found[0] if found else []
    is_list = len(found) < 2 and isinstance(held, list)
    return held if is_list and all(map(_is_phrase, held)) else None


def _is_phrase(phrase: object) -> bool:
    if not isinstance(phrase, Mapping):
        return False
    entities = phrase.get("entities") or []
    is_text = isinstance(phrase.get("text"), str) and isinstance(entities, list)
    return bool(_parts(phrase)) or (is_text and phrase.keys() <= ASIDE)


def _parts(phrase: Mapping[str, Any]) -> list[Any] | None:
    """Take the pieces of a phrase; None of one that is a text with its entities."""
    return _pieces({"data": phrase.get("parts")})


def _are_trained(values: Sequence[Any]) -> bool:
    found = [_phrases(group) for value in values for group in _groups(value)]
    return any(found) and all(phrases is not None for phrases in found)


def _of_phrases(values: Values) -> Converter:
    del values

    def convert(value: Any) -> Iterator[Made]:
        for group in _groups(value):
            if (phrases := _phrases(group)) is None:
                raise ValueError("expected an intent with its training phrases")
            name = _name(group) if isinstance(group, Mapping) else None
            for phrase in phrases:
                made: dict[str, object] = {"text": phrase.get("text")}
                entities = [*map(_placed, phrase.get("entities") or ())]
                if parts := _parts(phrase):
                    made["text"], entities = _together(parts)
                yield made | ({"intent": name} if name else {}) | {"entities": entities}

    reason = "each intent holds its training phrases: a row for each of these"
    return Converter(convert, (reason,))


def _placed(entity: Any) -> Any:
    """Name the keys of an entity that begins, and goes by a name, as others name them."""
    if isinstance(entity, Mapping) and {"begin", "end", "name"} <= entity.keys():
        return span(entity["begin"], entity["end"], entity["name"])
    return entity


FORMS = (
    Form("utterances of one intent of Dialogflow", _is_dialogflow, _of_dialogflow),
    Form("intents of a chat bot with their texts", _is_bot, _of_bot),
    Form("intents with their training phrases", _are_trained, _of_phrases),
    Form("utterances of Snips, by their intents", _is_snips, _of_snips),
)

"""The body of a request becomes what is asked: texts, of a model, and in which form to answer.

Three forms are read. `texts` is textune's own. `inputs` on /predict is that of
text-embeddings-inference (router/src/http/types.rs), `inputs` on / that of Hugging Face's
inference endpoints and of `huggingface_hub.InferenceClient`.
"""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from textune.errors import SettingsError, among, excerpt
from textune.reading.json_values import unique
from textune.records import PASSAGES, Example
from textune.serving import refusals
from textune.serving.limits import MOST_EXPLAINED, Limits
from textune.serving.models import Model, Models
from textune.serving.refusals import MALFORMED, RefusedError

Form = Literal["own", "tei", "hub"]
OWN = ("texts", "model", "threshold", "explain", "for")
TEI = ("inputs", "truncate", "truncation_direction", "raw_scores", "model")
HUB = ("inputs", "parameters", "options", "model")
MOST_FOUND = 60  # characters of what was found that are repeated
WAYS = ("simple", "first", "average", "max")  # of aggregating tags to entities: all alike here
OF_KIND = {  # parameters of the hub's that are answered, by its name of the task
    "text-classification": ("top_k", "function_to_apply"),
    "token-classification": ("aggregation_strategy", "ignore_labels", "stride"),
    "question-answering": ("top_k",),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks."""

    model: Model
    examples: Sequence[Example]
    form: Form
    is_single: bool = False  # one text that stands alone, not in a list
    threshold: float | None = None
    explain: bool = False
    label: str | None = None  # that is explained, instead of what was decided
    top: int | None = None  # labels, or answers, that are told
    ignored: tuple[str, ...] = ()  # types of entities that are not told


def read(body: bytes, models: Models, limits: Limits, *, at_root: bool = False) -> Asked:
    """Read a request.

    Args:
        body: JSON.
        models: That may be asked.
        limits: Of texts.
        at_root: Whether it came to /, and not to /predict.

    Raises:
        RefusedError: Something in it is not as it must be.
    """
    values = to_object(body)
    if "texts" in values:
        return _own(values, models, limits)
    if "inputs" not in values:
        raise refusals.malformed(
            "the body", f"has neither texts nor inputs, only {_keys(values)}", _example()
        )
    return _hub(values, models, limits) if at_root else _tei(values, models, limits)


def to_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        RefusedError: It is none.
    """
    try:
        text = body.decode()
        found = json.loads(text, object_pairs_hook=unique, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1:,} of the body"
        raise refusals.malformed(place, "is not UTF-8", "a body is JSON in UTF-8") from None
    except json.JSONDecodeError as error:
        place = f"the body, line {error.lineno}, column {error.colno}"
        raise refusals.malformed(place, f"is not JSON: {error.msg}", _example()) from None
    except (ValueError, RecursionError) as error:  # digits without end, brackets without end
        raise refusals.malformed("the body", f"is not read: {error}", _example()) from None
    if not isinstance(found, dict):
        raise refusals.malformed("the body", f"is {_kind(found)}", _example())
    return found


def _own(values: Mapping[str, Any], models: Models, limits: Limits) -> Asked:
    _refuse_unknown(values, OWN, "")
    model = models.named(_typed(values, "model", str, "the name of a model"))
    texts = values["texts"]
    if not isinstance(texts, list):
        raise refusals.malformed(
            "texts", f"is {_kind(texts)}", _one_of(model, "expected a list of ")
        )
    explain = bool(_typed(values, "explain", bool, "true or false"))
    label = _typed(values, "for", str, "a label of the model")
    threshold = _threshold(values, model)
    if explain or label is not None:
        _require_explained(model, texts)
    return Asked(
        model=model,
        examples=_examples(model, texts, limits, "texts"),
        form="own",
        threshold=threshold,
        explain=explain or label is not None,
        label=label,
    )


def _tei(values: Mapping[str, Any], models: Models, limits: Limits) -> Asked:
    _refuse_unknown(values, TEI, "")
    model = models.named(_typed(values, "model", str, "the name of a model"))
    _typed(values, "truncate", bool, "true or false; long texts are read as in training")
    if _typed(values, "raw_scores", bool, "false"):
        raise refusals.malformed("raw_scores", "is true", "this server tells probabilities")
    inputs = values["inputs"]
    is_pair = model.is_of_pairs and isinstance(inputs, list) and len(inputs) == 2
    is_single = isinstance(inputs, str | Mapping) or (
        is_pair and all(isinstance(one, str) for one in inputs)
    )
    listed = [inputs] if is_single else inputs
    if not isinstance(listed, list) or not listed:
        raise refusals.malformed(
            "inputs", f"is {_kind(inputs)}", _one_of(model, "expected one, or a list of ")
        )
    texts = [_unwrapped(one) for one in listed]
    return Asked(model, _examples(model, texts, limits, "inputs"), "tei", is_single)


def _hub(values: Mapping[str, Any], models: Models, limits: Limits) -> Asked:
    _refuse_unknown(values, HUB, "")
    model = models.named(_typed(values, "model", str, "the name of a model"))
    _typed(values, "options", dict, "an object, which is not looked at")
    given = _typed(values, "parameters", dict, "an object") or {}
    known = OF_KIND.get(model.kind.pipeline, ("top_k",))
    _refuse_unknown(given, known, "parameters.")
    inputs = values["inputs"]
    is_single = not isinstance(inputs, list)
    texts = [_unwrapped(one) for one in ([inputs] if is_single else inputs)]
    return Asked(
        model=model,
        examples=_examples(model, texts, limits, "inputs"),
        form="hub",
        is_single=is_single,
        top=_hub_settings(given, model),
        ignored=tuple(given.get("ignore_labels") or ()),
    )


def _hub_settings(given: Mapping[str, Any], model: Model) -> int | None:
    """Check parameters; return how many labels or answers are told."""
    top = _typed(given, "top_k", int, "1, 2, 3 …", "parameters.")
    if top is not None and top < 1:
        raise refusals.malformed("parameters.top_k", f"is {top}", "allowed: 1, 2, 3 …")
    named = given.get("function_to_apply")
    own = "sigmoid" if model.kind.several else "softmax"
    if named is not None and (named != own or not model.kind.has_classes):
        raise refusals.malformed(
            "parameters.function_to_apply", f"is {_found(named)}", "leave it out: the model knows"
        )
    _typed(given, "stride", int, "a number, which is not looked at", "parameters.")
    way = given.get("aggregation_strategy")
    if way is not None and way not in WAYS:
        raise refusals.malformed(
            "parameters.aggregation_strategy",
            f"is {_found(way)}",
            f"entities are told, not pieces; allowed, and all alike: {', '.join(WAYS)}",
        )
    ignored = given.get("ignore_labels")
    is_list = isinstance(ignored, list) and all(isinstance(one, str) for one in ignored)
    if ignored is not None and not is_list:
        raise refusals.malformed("parameters.ignore_labels", "is no list of names", "give one")
    return top


def _examples(model: Model, texts: Sequence[Any], limits: Limits, place: str) -> list[Example]:
    """Take texts as the model reads them.

    Raises:
        RefusedError: They are too many, or one of them is of another kind.
    """
    if len(texts) > limits.max_texts:
        raise refusals.too_large(f"{place}, texts", len(texts), limits.max_texts, "max-texts")
    found: list[Example] = []
    for number, text in enumerate(texts):
        try:
            found += model.predictor.examples([_parted(text, model)])
        except SettingsError as error:
            why = str(error).removeprefix("text 1: ")
            message = f"{place}[{number}]: {why}; expected {_one_of(model, '')}"
            raise RefusedError(MALFORMED, message) from None
    return found


def _parted(text: Any, model: Model) -> Any:
    """Take an object of two texts, under the names that people give them, for a pair."""
    if not isinstance(text, Mapping):
        return tuple(text) if model.is_of_pairs and isinstance(text, list) else text
    names = _names(model)
    for pair in names:
        if text.keys() == set(pair):
            parts = tuple(text[name] for name in pair)
            return parts if len(parts) == 2 else parts[0]
    listed = " or ".join(str(list(pair)) for pair in names)
    raise SettingsError(f"an object with {_keys(text)}, where {listed} is allowed")


def _names(model: Model) -> list[tuple[str, ...]]:
    if not model.is_of_pairs:
        return [("words",), ("text",)] if model.predictor.task.asks == "words" else [("text",)]
    if model.predictor.task.asks == PASSAGES:
        return [("question", "passage"), ("question", "context")]
    return [("first", "second"), ("text", "text_pair")]


def _unwrapped(text: Any) -> Any:
    """Take a list of one text for that text, as text-embeddings-inference writes batches."""
    return text[0] if isinstance(text, list) and len(text) == 1 else text


def _require_explained(model: Model, texts: Sequence[Any]) -> None:
    if not model.explains:
        raise refusals.malformed("explain", "is true", f"{model.name} cannot say why")
    if len(texts) > MOST_EXPLAINED:
        raise RefusedError(
            refusals.TOO_LARGE,
            f"texts: {len(texts):,} to be explained; allowed: {MOST_EXPLAINED} at most",
        )


def _threshold(values: Mapping[str, Any], model: Model) -> float | None:
    found = values.get("threshold")
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise refusals.malformed("threshold", f"is {_found(found)}", "expected a probability")
    if abs(found) > sys.float_info.max:
        raise refusals.malformed("threshold", "is huge", "a probability lies between 0 and 1")
    try:
        model.predictor.decision(found)
    except SettingsError as error:
        raise RefusedError(MALFORMED, str(error).replace("--threshold", "threshold")) from None
    return float(found)


def _typed(values: Mapping[str, Any], name: str, kind: type, allowed: str, before: str = "") -> Any:
    found = values.get(name)
    is_right = isinstance(found, kind) and (kind is bool or not isinstance(found, bool))
    if found is not None and not is_right:
        raise refusals.malformed(f"{before}{name}", f"is {_found(found)}", f"expected {allowed}")
    return found


def _refuse_unknown(values: Mapping[str, Any], known: Collection[str], before: str) -> None:
    for name in values:
        if name not in known:
            raise refusals.malformed(
                f"{before}{name:.80}", "is nothing that this server knows", among(name, known)
            )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _one_of(model: Model, before: str) -> str:
    """Say what a text is for a model."""
    if model.predictor.task.asks == PASSAGES:
        what = '["question", "passage"], or {"question": …, "passage": …}'
    elif model.is_of_pairs:
        what = '["one text", "another"], or {"first": …, "second": …}'
    elif model.predictor.task.asks == "words":
        what = '"a text", or ["its", "words"]'
    else:
        what = '"a text"'
    return f"{before}{what}"


def _example() -> str:
    return 'expected an object, as {"texts": ["a text"]}'


def _keys(values: Mapping[str, Any]) -> str:
    names = [f"{name:.20}" for name in list(values)[:8]]
    return repr(names) if names else "nothing"


def _found(value: Any) -> str:
    return excerpt(value, most=MOST_FOUND) if isinstance(value, str) else _kind(value)


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool | int | float):
        return f"{json.dumps(value):.40}"
    kind = "a string" if isinstance(value, str) else "a list" if isinstance(value, list) else ""
    return f"{kind or 'an object'}{' without anything' * (not value)}"

"""What `import textune` offers for the words that moved a decision: `explain`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textune.data.names import Columns
from textune.errors import hinting
from textune.records import ReadOptions

if TYPE_CHECKING:  # pydantic, numpy
    from textune.predicting.explaining.explanation import Explanation
    from textune.predicting.predictor import Reading
    from textune.runs.runs import Run

FEW = 400  # characters whose copies NumPy answers sooner than torch is imported
READ = ("header", "delimiter", "rows", "sheet", "quote", "encoding", "faulty")


@hinting
def explain(
    run: "str | Path | Run",
    texts: Any = (),
    *,
    input_: object | None = None,
    for_: str | None = None,
    method: str | None = None,
    text: Columns | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    threshold: float | None = None,
    device: str = "auto",
    precision: str = "fp32",
    plugin: str | Path | Mapping[str, Any] | None = None,
) -> "list[Explanation]":
    """Say which words of texts moved the decisions of a model, and how much.

    Args:
        run: Folder that textune train wrote (in Python: or what `train` returned).
        texts: Texts to explain (in Python: or a data frame).
        input_: File of texts to explain.
        for_: Explain this label instead of what was decided: "why not joy?"; a type of entities or
            a tag; of answers a part of the passage.
        method: "occlusion" (each word is left out) or "gradients" (integrated gradients); by
            default occlusion.
        text: Text column, or two, "A,B", if not called as in training.
        header: Does the first row name the columns? Without, they are "1", "2", …
        delimiter: Character between cells, where recognition errs.
        rows: Keys of JSON that lead to the rows, "body.items", where several may.
        sheet: Sheet of a spreadsheet, where several hold tables.
        quote: Character around cells, where recognition errs; "none" if quotes are text.
        encoding: Encoding of files that are not UTF-8, as "cp1252" or "shift_jis".
        faulty: "refuse" files with faulty rows, or "skip" those rows: they are named.
        threshold: Probability from which a label applies, instead of the model's own.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: Number format: "fp32", "auto", "bf16" or "fp16".
        plugin: Python file with the parts of the model's owner, where it was trained with a head or
            preprocessing of that kind.

    Returns:
        One explanation a text: `reasons`, one for each label that was decided, with what each of
        its `parts` (words) contributed; `top()`, the words that moved most; `told()`, as JSON.

    Raises:
        TextuneError: Any mistake in the texts or the run.

    Examples:
        >>> explain("runs/reviews", ["a warm film"])[0].top()  # doctest: +SKIP
        [('warm', 2.4), ('film', 0.2), ('a', 0.1)]
    """
    read: dict[str, Any] = {
        "text": text,
        "header": header,
        "delimiter": delimiter,
        "rows": rows,
        "sheet": sheet,
        "quote": quote,
        "encoding": encoding,
        "faulty": faulty,
        "threshold": threshold,
    }
    more: dict[str, Any] = {"device": device, "precision": precision, "plugin": plugin}
    return list(explanations(run, texts, input_, for_=for_, method=method, read=read, **more))


def explanations(
    run: "str | Path | Run",
    texts: Any,
    source: object | None,
    *,
    for_: str | None,
    method: str | None,
    read: Mapping[str, Any],
    device: str,
    precision: str,
    plugin: Any,
    typed: bool = False,
) -> "Iterator[Explanation]":
    """Explain texts as they come, by the keywords of `explain`; what is wrong is said at once.

    Texts that are `typed` are those of a command line, where a pair is two of them.
    """
    from textune.data import given as given_as
    from textune.errors import SettingsError
    from textune.predicting import files
    from textune.predicting.predictor import Predictor
    from textune.runs.runs import Run

    listed = given_as.listed(texts)
    has_texts = given_as.is_frame(listed) or len(listed) > 0
    if has_texts == (source is not None):
        raise SettingsError("name either texts or --input FILE to be explained")
    few = source is None and not given_as.is_frame(listed) and method != "gradients"
    few = few and sum(len(str(one)) for one in listed) <= FEW
    predictor = Predictor.opened(
        run.path if isinstance(run, Run) else run,
        device=device,
        precision=precision,
        few=few,
        plugin=plugin,
    )
    reading = reading_by(read)
    threshold = reading.threshold
    predictor.decision(threshold)
    if source is None:
        given = files.to_texts(predictor, listed) if typed else listed
        examples: Any = predictor.examples(given)
    else:
        examples = files.read_texts(predictor, source, reading)
    return predictor.explanations(examples, label=for_, method=method, threshold=threshold)


def reading_by(read: Mapping[str, Any]) -> "Reading":
    """Say how a file is read, by the keywords that were given."""
    from textune.data.names import parted
    from textune.predicting.predictor import Reading

    return Reading(
        text=parted(read.get("text")) or (),
        file=ReadOptions(**{name: read.get(name) for name in READ}),
        threshold=read.get("threshold"),
    )

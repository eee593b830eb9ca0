"""What `import textune` offers to learn from labelled text; the command line has its options here.

Each keyword stands once, with its type and its words. Nothing heavy is loaded for them.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from textune.data.names import Columns
from textune.doors.options import arguments
from textune.parallel import place
from textune.records import Annotators, Long, Pool

if TYPE_CHECKING:  # pydantic, numpy, scipy
    from textune.recipes.cross_validation import Folds
    from textune.runs.runs import Run

P = ParamSpec("P")
Made = TypeVar("Made")
Part = Callable[..., Any] | None  # of the user's own
Events = Generator[Any, None, Made]  # what is shown of a run, and what it made


BEGINNINGS: dict[Callable[..., Any], Callable[[Mapping[str, Any]], Events[Any]]] = {}


def carried_out_by(
    begin: Callable[[Mapping[str, Any]], Events[Made]],
) -> Callable[[Callable[P, Made]], Callable[P, Made]]:
    """Let a function describe keywords, from which `begin` begins a run.

    What is decorated has a signature and a docstring, and no body of its own.
    """

    def decorate(described: Callable[P, Made]) -> Callable[P, Made]:
        @wraps(described)
        def run(*args: P.args, **kwargs: P.kwargs) -> Made:
            events: Events[Made] = events_of(run, *args, **kwargs)
            from textune.doors import notebook  # scipy
            from textune.runs import sessions  # torch

            return sessions.finish(events, notebook.show())

        BEGINNINGS[run] = begin
        return run

    return decorate


def events_of(function: Callable[..., Any], *args: object, **kwargs: object) -> Events[Any]:
    """Begin the run that a function would make of these arguments; iterate to watch."""
    return BEGINNINGS[function](arguments(function, *args, **kwargs))


def fine_tuning(options: Mapping[str, object]) -> Events["Run"]:
    """Fine-tune by the keywords of `train`; iterate to watch."""
    from textune.doors import keywords
    from textune.recipes import labelled_text

    request = keywords.labelled(options)
    if options.get("plan"):
        from textune.recipes import planned

        return planned.forecast(request)
    if options.get("trial"):
        from textune.recipes import trial

        return trial.learn(request)
    return labelled_text.learn(request)


def cross_validating(options: Mapping[str, Any]) -> Events["Folds"]:
    """Train and judge fold after fold by the keywords of `cross_validate`; iterate to watch."""
    from textune.doors import keywords
    from textune.recipes import cross_validation

    place.refuse("folds")
    request = keywords.labelled(options, suffix="-folds")
    return cross_validation.learn(request, options["folds"], keep=options["keep"])


@carried_out_by(fine_tuning)
def train(
    source: object | None = None,
    *,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    annotators: Annotators | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    merge_labels: str | Sequence[str] | None = None,
    group: str | None = None,
    names: str | Path | None = None,
    weight: str | None = None,
    skip: str | Sequence[str] | None = None,
    no_skip: str | Sequence[str] | None = None,
    valid: object | None = None,
    test: object | None = None,
    base: str | Path | None = None,
    out: str | Path | None = None,
    config: str | Path | None = None,
    settings: str | Sequence[str] = (),
    recipe: str | None = None,
    effort: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    max_tokens: int | None = None,
    long: Long | None = None,
    pool: Pool | None = None,
    seed: int | None = None,
    seeds: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    limit: int | None = None,
    by: Columns | None = None,
    aim: str | None = None,
    abstain: float | None = None,
    sets: float | None = None,
    curve: bool | None = None,
    lora: int | None = None,
    profile: bool | None = None,
    deterministic: bool | None = None,
    plugin: str | Path | None = None,
    head: Part = None,
    loss: Part = None,
    metrics: Sequence[Callable[..., Any]] = (),
    optimizer: Part = None,
    callbacks: Sequence[object] = (),
    preprocess: Callable[[str], str] | None = None,
    trial: bool = False,
    plan: bool = False,
    track: str | Sequence[str] | None = None,
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> "Run":
    """Fine-tune an encoder on labelled text.

    Args:
        source: CSV, TSV, Excel, JSONL, Parquet, CoNLL, SQuAD JSON or an annotation tool's export:
            a file, several, a folder, pattern, archive, https:// or hf:// (in Python: or a data
            frame that speaks Arrow); that of `config` if left out.
        text: Text column; two, "A,B", for pairs, or for question and passage; recognised if not
            given.
        label: Label column, or one 0/1 column for each label, or several columns of classes or
            numbers: "A,B,…"; recognised if not given.
        task: "single" (one label a text), "multi" (several), "aspects" (one of each column),
            "number", "tags" (on words) or "answers" (in a passage); recognised if not given.
        header: Does the first row name the columns? Without, they are "1", "2", …
        delimiter: Character between cells, where recognition errs.
        rows: Keys of JSON that lead to the rows, "body.items", where several may.
        sheet: Sheet of a spreadsheet, where several hold tables.
        annotators: Whose label is taken where several people annotated a text and differ: that of
            "majority" (the default; texts without one are left out and counted), all by their
            shares ("soft", one label a text), the "first", or nobody's ("refuse").
        quote: Character around cells, where recognition errs; "none" if quotes are text.
        encoding: Encoding of files that are not UTF-8, as "cp1252" or "shift_jis".
        faulty: "refuse" files with faulty rows, or "skip" those rows: they are written to the run,
            with their faults.
        merge_labels: Labels that are one, "NAME=OTHER,…", or "auto" for those that differ only in
            case, in spaces around them or in signs that nobody sees.
        group: Rows equal in this column stay in one split.
        names: Names of classes that are numbers: a file of them, or a column.
        weight: Column that says how much each text weighs in the loss.
        skip: Leave out rows with this cell, "COLUMN=VALUE", once or several times: they have
            no label; "label=" for blank cells.
        no_skip: The opposite: this cell, "COLUMN=VALUE", is a label, though it looks like none
            ("-", "nan", a rare -1).
        valid: File to select the best weights by; a tenth of the rows by default, or
            cross-validation where they are fewer than 2,500 (1,500 with tags on words); "none"
            to learn from all rows.
        test: File for the final numbers, or several.
        base: Encoder: a directory or a Hub name; the bundled one by default.
        out: Folder of the run; runs/<name of the file> by default.
        config: TOML file with settings; what is named beside it wins.
        settings: Any setting, as "train.patience=2".
        recipe: What chooses the settings that are left out: "auto" (the texts and the base) or
            "classic" (the papers: 3 epochs, 5e-5).
        effort: What is tried: "quick" (a linear head on the frozen encoder, in seconds), "normal"
            (fine-tuning too) or "best" (fine-tuning with three seeds, the mean of them).
        epochs: Passes over the texts; by the recipe if not given.
        batch_size: Texts in one update; by the recipe if not given.
        lr: Highest learning rate; by the recipe if not given.
        max_tokens: Tokens of a text, or of a window of it, that are read at once.
        long: What is read of longer texts: "head", "tail", "head+tail" or, in windows, all
            ("window", the default where more than a little lies beyond).
        pool: How the answers in the windows of a text become one: "mean", "max" or "learned".
        seed: Of everything random.
        seeds: Train so many times, by this seed and those after it, on the same split; the scores'
            mean and deviation are told, and the model that validation finds best is saved.
        device: "auto", "cpu", "cuda", "cuda:N" or "mps".
        precision: Number format of products: "auto" (measured once a run), "fp32", "bf16" or
            "fp16".
        limit: Use so many rows of each file: a trial.
        by: Column whose values are judged apart, each beside the rest of the held-out texts: where
            the model is wrong. Once for each column (in Python: or a list of them).
        aim: What decisions are to be good at: "f1" (the default for several labels a text),
            "fbeta=2", "mcc", "precision>=0.9", "recall>=0.8", "cost=FILE", "top=3", or "likeliest"
            (the default for one label).
        abstain: Leave texts undecided, so that this share of the others is right, as 0.95.
        sets: Give each text a set of classes that holds the right one this often, as 0.9.
        curve: Say after training what 1/8, 1/4, 1/2 and all of the texts score, by fine-tuning and
            by a linear head on frozen features, and what more labels would buy.
        lora: Train adapters of this rank and the head, on the frozen base (LoRA).
        profile: Record what the first updates cost: a table, and a trace for a browser.
        deterministic: Refuse operations of torch that have no deterministic form.
        plugin: Python file with parts of your own, by their names: head, loss, metrics, optimizer,
            callbacks, preprocess; readers of files, tasks.
        head: What becomes of the states of tokens: called with the base's configuration and the
            number of outputs, a torch module.
        loss: Called with logits and targets: one loss for each target.
        metrics: Functions of truth and decisions (and probabilities), each a number.
        optimizer: Called with named parameters and the learning rate: a torch optimizer, or
            groups of parameters for AdamW.
        callbacks: Objects that are told of steps and epochs, and may stop or change the rate.
        preprocess: Called with every text that is read, in predicting too.
        trial: Go through every stage with one batch, in a folder that is gone afterwards.
        plan: Compute a few updates and say what the run takes: time, memory, disk; nothing stays.
        track: Trackers that follow the run, "tensorboard", "csv", "mlflow" or "wandb" (offline
            unless you say otherwise); several with commas.
        resume: Continue the run in `out`, or the last one that is named after the file.
        accept_changes: Resume with other versions, kernels or number format too.
        overwrite: Replace what is there.

    Returns:
        The run: its folder and its numbers.

    Raises:
        TextuneError: Any mistake in files, settings or folders; `DataError` names the rows.
        KeyboardInterrupt: After Ctrl-C, with the state saved.

    Examples:
        >>> run = train("reviews.csv", label="sentiment")  # doctest: +SKIP
        >>> run.metrics["valid"]["mcc"]  # doctest: +SKIP
        0.81
    """
    raise NotImplementedError


@carried_out_by(cross_validating)
def cross_validate(  # noqa: D417  # the other keywords are those of `train`
    source: object,
    *,
    folds: int = 5,
    text: Columns | None = None,
    label: Columns | None = None,
    task: str | None = None,
    header: bool | None = None,
    delimiter: str | None = None,
    rows: str | None = None,
    sheet: str | None = None,
    annotators: Annotators | None = None,
    quote: str | None = None,
    encoding: str | None = None,
    faulty: str | None = None,
    merge_labels: str | Sequence[str] | None = None,
    group: str | None = None,
    names: str | Path | None = None,
    weight: str | None = None,
    skip: str | Sequence[str] | None = None,
    no_skip: str | Sequence[str] | None = None,
    base: str | Path | None = None,
    out: str | Path | None = None,
    config: str | Path | None = None,
    settings: str | Sequence[str] = (),
    recipe: str | None = None,
    effort: str | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    lr: float | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    plugin: str | Path | None = None,
    head: Part = None,
    loss: Part = None,
    metrics: Sequence[Callable[..., Any]] = (),
    optimizer: Part = None,
    callbacks: Sequence[object] = (),
    preprocess: Callable[[str], str] | None = None,
    keep: bool = False,
    resume: bool = False,
    accept_changes: bool = False,
    overwrite: bool = False,
) -> "Folds":
    """Judge every text of a labelled file by a model that did not learn from it.

    The keywords that are not described here are those of `train`.

    Args:
        source: Labelled text, as for textune train (in Python: or a data frame).
        folds: How many parts, each of which is judged by a model that learned from the others.
        group: Rows equal in this column stay in one fold.
        out: Folder of all runs; runs/<name of the file>-folds by default.
        keep: Keep the model of each fold.
        resume: Keep the finished folds in `out`, continue the others.

    Returns:
        The folder, and under `numbers` mean, deviation and interval of each metric, as
        `textune folds --json`.

    Raises:
        TextuneError: As for `train`.
        KeyboardInterrupt: After Ctrl-C, with the state saved.

    Examples:
        >>> cross_validate("reviews.csv").numbers["metrics"]["mcc"]["mean"]  # doctest: +SKIP
        0.79
    """
    raise NotImplementedError

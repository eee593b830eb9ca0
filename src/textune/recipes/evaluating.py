"""A run and another file become judgements: every metric of labels, or of masked tokens."""

import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from textune.corpora.corpus import targets_of
from textune.data import naming, slicing
from textune.encoder import bases
from textune.errors import DataError, SettingsError
from textune.evaluation import judged, parts, per_batch, plain
from textune.evaluation.unseen import Widened
from textune.metrics import catalogue, entities
from textune.metrics.metrics import Report
from textune.predicting.predictor import Predictor, Reading
from textune.recipes import plain_text
from textune.records import Contract, Example, Scores, Table
from textune.runs import evaluations, openings, runs, seen_texts, test_files
from textune.settings import config
from textune.settings.language_config import MaskSettings, TextSettings
from textune.splits.left_out import is_skipped, mended, skipped
from textune.storage import faulty_rows
from textune.tasks import examples, registry
from textune.tasks.interface import Task
from textune.text import tokenizers, unknown

LEAST = 4  # tokens of a text, beside the special ones


def evaluate(run: Path, source: object, options: Reading, *, final: str = "") -> Report:
    """Judge a run's model by another file, and keep what it said in `evaluations/`.

    Args:
        run: The run's folder.
        source: A path or a data frame of labelled text; of a model that fills in masks a file,
            folder or pattern of plain text.
        options: How to read it, and a threshold in place of the model's own.
        final: The command that judges by the run's own test file, and has that counted; "" for
            any other file.

    Raises:
        DataError: With every problem's file and line; or there is nothing to judge by.
        ModelError: The model cannot be loaded.
        SettingsError: Something is asked for that this model has no use for.
    """
    size = options.batch_size
    if size is not None and (not hasattr(size, "__index__") or size < 1):
        raise SettingsError(f"--batch-size {size}: expected 1, 2, 3, …")
    if final:
        source = test_files.final(run, source)
    elif source is None:
        raise SettingsError("name the FILE to judge by, or give --final: the run's own test file")
    else:
        once_more = f"to judge by it once more, and have that counted: textune evaluate {run}"
        test_files.refuse(run, source, f"{once_more} --final; or name another file")
    if runs.is_language(run):
        _refuse_useless(run, options)
        return _by_masks(run, source, options)
    return _by_labels(run, source, options, final)


def _refuse_useless(run: Path, options: Reading) -> None:
    """Refuse what plain text has no use for."""
    usual = Reading()
    judged_by = ("label", "skip", "threshold", "precision", "max_tokens", "per_batch", "by")
    names = (*judged_by, "batch_size")
    asked = [name for name in names if getattr(options, name) != getattr(usual, name)]
    asked += [name for name, value in asdict(options.file).items() if value not in (None, ())]
    asked = [name for name in asked if name != "encoding"]
    if options.precision == "fp32":  # in which it is judged
        asked.remove("precision")
    if asked:
        listed = ", ".join(f"--{name.replace('_', '-')}" for name in asked)
        raise SettingsError(
            f"{listed}: {run} fills in masks and is judged by plain text, which has no use for it; "
            "leave it out"
        )


def _by_labels(run: Path, source: object, options: Reading, final: str) -> Report:
    """Judge a model by labelled text, and keep what it said of each."""
    given: Any = {name: getattr(options, name) for name in ("device", "precision", "plugin")}
    predictor, shorter = _limited(Predictor.opened(run, **given), options.max_tokens)
    decision = predictor.decision(options.threshold)
    table, agreed = options.open(source, predictor.card)
    of_labels = agreed.label if registry.of(predictor.task.name).names_one else ()
    read, by = table, slicing.require(table, options.by, agreed.text, of_labels)
    table, agreed = naming.as_trained(table, agreed, predictor.card.contract)
    own = examples.of_file(agreed, table, predictor.task.labels)
    everything, found = _labelled(table, own)
    wide = Widened.of(predictor.task, found)
    targets = targets_of(wide.task, found)
    scores = predictor.score(found, decision, targets=targets, batch_size=options.batch_size)
    wider = wide.scores(scores)
    beside = parts.Beside(
        cells=slicing.cells([read], by, found),
        leaked=seen_texts.ways(run, found),
        unknown=unknown.Counter(lambda: predictor.tokenizer),
    )
    promised = None if wide.unseen else decision
    numbers = parts.judge(wide.task, wider, found, beside, rule=promised, marked=wide.said)
    if predictor.task.asks == "words" and (agreed.form == "words" or table.format == "conll"):
        numbers["plain_text"] = _on_plain_text(predictor, found)
    remarks = (
        *own.reasons[len(agreed.reasons) :],
        *_of_file(table, everything, found),
        wide.remark(),
        shorter,
        *(evaluations.remark(run, source), seen_texts.remark(run)),
    )
    numbers["remarks"] = [remark for remark in remarks if remark]
    numbers |= {"faulty": len(table.faults)} if table.faults else {}
    numbers |= _by_batches(wide.task, wider, options.per_batch, numbers)
    to = evaluations.write(run, source, _opened(run, final, numbers, predictor.task))
    faulty_rows.write(faulty_rows.beside(to.with_suffix("")), table.faults or ())
    answers, cells = to.with_suffix(".parquet"), beside.cells
    judged.write_scores(answers, predictor.task, found, scores, beside.leaked, by=cells)
    return numbers


def _labelled(table: Table, agreed: Contract) -> tuple[list[Example], list[Example]]:
    """Return all texts of a file, and those that are judged."""
    examples.require_labels(table, agreed, option="--label")
    everything = list(examples.read(table, agreed))
    if found := [item for item in everything if not is_skipped(item)]:
        return everything, found
    raise DataError(f"{table.name}: no row has both a text and a scored label")


def _of_file(table: Table, everything: Sequence[Example], found: Sequence[Example]) -> list[str]:
    """Say what was left out of a file, and how it was read where that was in doubt."""
    return [
        *(finding.message for finding in table.findings if finding.kind in ("left out", "layout")),
        skipped(everything, table.name),
        mended(found, table.name),
        table.faults.said(table.name) if table.faults else "",
    ]


def _opened(run: Path, command: str, numbers: Report, task: Task) -> Report:
    """Keep that the test file of a run was judged by, before anybody sees what that gave."""
    if command:
        numbers["openings"] = openings.note(run, command, numbers, task.main_metric)
        numbers["remarks"] = [*numbers["remarks"], openings.said(run)]
    return numbers


def _by_batches(task: Task, scores: Scores, size: int | None, numbers: Report) -> dict[str, object]:
    """Judge batch by batch, where that is asked for."""
    if size is None:
        return {}
    whole = catalogue.value(numbers, task.main_metric)
    return {"per_batch": per_batch.judge(task, scores, size, whole)}


def _limited(predictor: Predictor, max_tokens: int | None) -> tuple[Predictor, str]:
    """Let a model read texts in other windows than in training; say so.

    Raises:
        SettingsError: The encoder cannot read so many tokens, or the special ones leave no room.
    """
    shape = predictor.card.shape
    if max_tokens is None or max_tokens == shape.max_tokens:
        return predictor, ""
    predictor.tokenizer.limited(max_tokens, of="of a text")
    least = predictor.tokenizer.specials(pair=len(predictor.card.contract.text) == 2) + LEAST
    if max_tokens < least:
        raise SettingsError(f"--max-tokens {max_tokens}: expected at least {least}")
    card = replace(predictor.card, shape=replace(shape, max_tokens=max_tokens))
    said = f"texts are read in {max_tokens:,} tokens at once, in training {shape.max_tokens:,}"
    return replace(predictor, card=card), said


def _on_plain_text(predictor: Predictor, found: Sequence[Example]) -> dict[str, object]:
    """Judge the same sentences as plain text, cut into words as predict does."""
    said = predictor.predict([item.text for item in found])
    is_marked = not entities.is_plain(predictor.task.labels)
    return plain.judge(found, said, marks_entities=is_marked)


def _by_masks(run: Path, source: object, options: Reading) -> dict[str, object]:
    """Judge a model by masked tokens of all of a text.

    What is masked follows from the run's seed and the text, so that models can be compared.
    """
    if not isinstance(source, str | os.PathLike):
        raise DataError(
            f"{run}: this model fills in masks and is judged by files, folders or patterns of "
            "plain text; save the texts to a file"
        )
    column = options.text[0] if options.text else None
    encoding = options.file.encoding
    plain_text.check_files([str(source)], column=column, encoding=encoding)
    from textune.corpora import library  # torch, transformers: nothing is wrong with the file
    from textune.encoder import devices, masked_lm
    from textune.objectives.masked import Masked

    place = bases.find(run)
    asked = config.read_section(run / "config.toml", "mask", MaskSettings)
    seed = config.seed_of(run / "config.toml")
    text = TextSettings.model_validate({"column": column, "encoding": encoding})
    found = library.judged([str(source)], tokenizers.load(place), text, asked, seed=seed)
    loaded = masked_lm.read(place, nsp=asked.nexts)
    loaded.encoder.to(devices.choose(options.device))
    numbers = Masked(found, 1).judge(loaded.encoder, micro_tokens=0)
    evaluations.write(run, source, numbers)
    return numbers

"""The settings that say which columns of which files are read, and how their rows are parted."""

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from textune.data.names import parted
from textune.records import Annotators, Long, ReadOptions
from textune.settings.section import Section
from textune.tasks import registry


def _to_names(value: object) -> object:
    return parted(value) if isinstance(value, str | int | list | tuple) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_to_names)]
Cells = Annotated[
    tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)
]


def _known_task(name: str) -> str:
    if name not in registry.TASKS:
        *others, last = map(repr, registry.TASKS)
        raise ValueError(f"Input should be {', '.join(others)} or {last}")
    return name


TaskName = Annotated[str, AfterValidator(_known_task)]


class DataSettings(Section):
    """Which columns are read, and how the rows are parted."""

    own_none: ClassVar[frozenset[str]] = frozenset(["quote"])

    task: TaskName | None = Field(
        None,
        description=f"What is learned: {registry.described()}; recognised if not given.",
    )
    text: Names = Field(
        (), description="Text column; two for pairs; words, or question and passage."
    )
    label: Names = Field(
        (), description="Label column, one 0/1 column for each label, or one for each number."
    )
    header: bool | None = Field(None, description="Whether the first row names the columns.")
    delimiter: str | None = Field(
        None, description="Character between cells, where recognition errs."
    )
    annotators: Annotators | None = Field(
        None, description="Whose label is taken where annotators differ; that of most by default."
    )
    rows: str | None = Field(
        None, description="Keys of JSON that lead to the rows, as body.items, where several may."
    )
    sheet: str | None = Field(
        None, description="Sheet of a spreadsheet, where several hold tables."
    )
    quote: str | None = Field(
        None, description='Character around cells, "none" for none; where recognition errs.'
    )
    encoding: str | None = Field(
        None, description="Encoding of the files that are not UTF-8, as cp1252."
    )
    faulty: Literal["refuse", "skip"] | None = Field(
        None, description="What becomes of faulty rows; those skipped are written to the run."
    )
    merge_labels: Cells = Field(
        (), description='NAME=OTHER: labels that are one; "auto" for those that look alike.'
    )
    group: str | None = Field(None, description="Rows equal in this column stay in one split.")
    skip: Cells = Field(
        (), description="COLUMN=VALUE: rows in which that cell stands are left out, as unlabelled."
    )
    no_skip: Cells = Field(
        (), description="COLUMN=VALUE: that cell is a label, though it looks like none."
    )
    names: str | None = Field(
        None, description="Names of classes that are numbers: a file of them, or a column."
    )
    weight: str | None = Field(
        None, description="Column that says how much each text weighs in the loss."
    )
    by: Names = Field((), description="Columns whose values are judged apart.")
    valid_share: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Part held out when no file is given; 0.1, or few in folds; 0 for none.",
    )
    test_share: float = Field(0.0, ge=0, lt=1, description="Part sealed for the final test.")
    folds: int | None = Field(
        None, ge=2, description="Parts of which one, data.fold, is sealed for the final test."
    )
    fold: int = Field(1, ge=1, description="Which of data.folds is the test.")
    split_seed: int | None = Field(
        None, ge=0, lt=2**32, description="Seed of the split, where it is not the run's."
    )
    limit: int | None = Field(
        None, ge=2, description="Use at most so many rows of each file: a trial."
    )
    unlabelled: float | None = Field(
        None,
        ge=0,
        description="Of the training texts without any label keep so many (a number above 1) "
        "or so many for each labelled one (a ratio up to 1). Several labels a text only.",
    )
    most_per_class: int | None = Field(
        None, ge=1, description="Keep at most so many training texts of a class."
    )
    max_tokens: int | None = Field(
        None,
        ge=8,
        description="Tokens of a text that are read; the encoder's own limit by default.",
    )
    long: Long | None = Field(
        None,
        description="What is read of a text beyond the limit: its beginning, its end, both, or all "
        "in windows; windows by default where more than a little lies beyond.",
    )
    overlap: float = Field(
        0.25, ge=0, le=0.9, description="Share of a window that the next one shows again."
    )
    pool: Literal["mean", "max", "learned"] = Field(
        "mean", description="How the answers in the windows of one text become one."
    )
    cache: bool = Field(True, description="Keep token ids between runs.")

    @property
    def file(self) -> ReadOptions:
        """Return how the files are to be read."""
        return ReadOptions(
            header=self.header,
            delimiter=self.delimiter,
            rows=self.rows,
            sheet=self.sheet,
            annotators=self.annotators,
            quote=self.quote,
            encoding=self.encoding,
            faulty=self.faulty,
            merge_labels=self.merge_labels or None,
        )

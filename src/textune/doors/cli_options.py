"""Options that several commands have, each with its help."""

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[
    str,
    typer.Argument(metavar="FILE", help="CSV, TSV, JSONL, Parquet, CoNLL or SQuAD JSON, also .gz."),
]
Text = Annotated[str | None, typer.Option("--text", help="Text column; two, A,B, for pairs.")]
Label = Annotated[str | None, typer.Option("--label", help="Label column, or A,B,… of 0 and 1.")]
TaskName = Annotated[
    str | None,
    typer.Option("--task", help="single, multi (several labels), number, tags or answers."),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header", help="Does the first row name the columns? (else 1, 2, …)"
    ),
]
Delimiter = Annotated[str | None, typer.Option(help="Character between cells.")]
Group = Annotated[str | None, typer.Option(help="Rows equal in this column stay in one split.")]
Skip = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN=VALUE", help="Leave out rows with this cell (unlabelled ones)."),
]
Names = Annotated[
    str | None,
    typer.Option("--names", help="Names of classes that are numbers: a file, or a column."),
]
Weight = Annotated[
    str | None,
    typer.Option("--weight", help="Column that says how much each text weighs in the loss."),
]
Base = Annotated[str | None, typer.Option(help="Encoder: a directory or a Hub name.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]
Threshold = Annotated[float | None, typer.Option(help="Probability from which a label applies.")]
RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Folder that `train` wrote.")]
AcceptChanges = Annotated[
    bool,
    typer.Option(
        "--accept-changes", help="Resume with other versions, kernels or number format too."
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is there.")]
Seed = Annotated[int | None, typer.Option(help="Of everything random.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
Resume = Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")]
Precision = Annotated[
    str | None,
    typer.Option(help="Number format of products: auto (measured once a run), fp32 or bf16."),
]

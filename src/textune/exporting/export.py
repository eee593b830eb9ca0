"""A run becomes a folder that other programs compute, or is refused: compared before it is kept."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from textune.encoder import bases, exported, manifest, pooling
from textune.encoder.exported import Export
from textune.encoder.model import Encoder
from textune.encoder.own_exports import RECORD
from textune.errors import MissingExtraError, RunError, SettingsError, among
from textune.exporting import graphs, page, parity, quantizing, texts
from textune.exporting.parity import Allowed, Parity, Tell
from textune.predicting import held as held_out
from textune.predicting.predictor import Predictor
from textune.records import Example, Scores
from textune.runs import runs
from textune.runtime.predictor import Predictor as Runtime
from textune.storage import atomic, checksums
from textune.tasks.own import ANSWERS

TO = ("onnx", "openvino", "torchscript", "safetensors")
NUMBERS = {
    "onnx": ("fp32", "fp16", "int8"),
    "openvino": ("fp32", "fp16"),
    "torchscript": ("fp32",),
    "safetensors": ("fp32",),
}
MADE = 1000  # random texts
KEPT = (  # of a model's folder, beside the weights
    *("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("added_tokens.json", "vocab.txt", "vocab.json", "merges.txt"),
)
VERSIONS = ("textune", "torch", "transformers", "tokenizers", "numpy", "onnx", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be exported, and how far it may be from its run."""

    run: Path
    to: str = "onnx"
    numbers: str = "fp32"
    out: Path | None = None  # beside the run, if not given
    made: int = MADE
    score: float | None = None  # these three in place of those of `parity.ALLOWED`
    moved: float | None = None
    points: float | None = None
    overwrite: bool = False

    @property
    def place(self) -> Path:
        """Return the folder that is written."""
        if self.out is not None:
            return self.out
        more = "" if self.numbers == "fp32" else f"-{self.numbers}"
        beside = self.run if self.run.name not in ("", "..") else self.run.resolve()
        return beside.with_name(f"{beside.name}-{self.to}{more}")

    @property
    def allowed(self) -> Allowed:
        """Return how far the export may be from its run."""
        usual = parity.ALLOWED[self.numbers]
        named = {"score": self.score, "moved": self.moved, "points": self.points}
        return replace(usual, **{name: own for name, own in named.items() if own is not None})

    def check(self) -> None:
        """Refuse what cannot be, before anything is read.

        Raises:
            SettingsError: There is no such form or format of numbers, or a bound is no number.
        """
        if self.to not in TO:
            raise SettingsError(f"--to {self.to}: no form to export to; {among(str(self.to), TO)}")
        if self.numbers not in NUMBERS[self.to]:
            others = [to for to in TO if self.numbers in NUMBERS[to]]
            raise SettingsError(
                f"--{self.numbers}: is there for --to {' and '.join(others)}, not for {self.to}"
            )
        for name, value, most in (
            ("--random", self.made, None),
            ("--tolerance", self.score, None),
            ("--moved", self.moved, 1),
            ("--points", self.points, 100),
        ):
            if value is not None and not 0 <= value <= (most or float("inf")):
                upto = f" to {most}" if most else " or more"
                raise SettingsError(f"{name} {value}: expected 0{upto}")


@dataclass(frozen=True, slots=True)
class Done:
    """A folder that was written."""

    path: Path
    parity: Parity
    bytes: int  # of the graph and its weights


def export(asked: Request, tell: Tell = lambda words: None) -> Done:
    """Export a run's model, compared with the run on its validation texts and on random ones.

    Args:
        asked: What, and how.
        tell: Takes what is done now; it may take minutes.

    Raises:
        TextuneError: There is no finished model, the folder is there, a library is missing, or
            the export is further from the run than is allowed; nothing is left of it.
    """
    asked.check()
    _refuse_place(asked)
    tell(f"reading {asked.run}")
    predictor = _opened(asked)
    held = held_out.held(asked.run, predictor.task, predictor.card)
    made = texts.random_ones(
        asked.made, predictor.task, predictor.card, predictor.tokenizer, held.examples
    )
    try:
        with atomic.replacing_folder(asked.place, overwrite=asked.overwrite) as unfinished:
            tell(f"writing it as {asked.to}, in {asked.numbers}")
            _write(asked, predictor, unfinished)
            found = _compared(asked, predictor, held, made, unfinished, tell=tell)
            parity.refuse(found, asked.allowed, str(asked.place))
            size = _tell(asked, predictor, found, unfinished)
    except FileExistsError as error:
        raise _taken(asked.place) from error
    except OSError as error:
        raise RunError(f"{asked.place}: cannot be written: {error.strerror or error}") from error
    return Done(asked.place, found, size)


def _refuse_place(asked: Request) -> None:
    place = asked.place
    if place.resolve() in (asked.run.resolve(), (asked.run / "model").resolve()):
        raise RunError(f"{place}: is the run itself; name another folder with --out")
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    if not (place / RECORD).is_file():
        raise RunError(
            f"{place}: was not written by textune export, and is not replaced; name another folder"
        )
    if not asked.overwrite:
        raise _taken(place)


def _taken(place: Path) -> RunError:
    return RunError(
        f"{place}: is there already; replace it with --overwrite, or name another with --out"
    )


def _opened(asked: Request) -> Predictor:
    """Load the run's model, in fp32 by torch.

    Raises:
        SettingsError: Its head or its preprocessing is its owner's own code.
    """
    folder = runs.model_folder(bases.of_address(asked.run))
    if exported.is_in(folder):
        raise RunError(f"{asked.run}: is an export itself; give the run that it was made of")
    own = [part for part in ANSWERS if part in runs.read_card(folder).own]
    if own and asked.to != "safetensors":
        raise SettingsError(
            f"{asked.run}: its {' and '.join(own)} is Python code of its owner's, which a graph "
            "has no place for; --to safetensors writes the model as it is"
        )
    if own:
        raise SettingsError(f"{asked.run}: its {own[0]} is its owner's own; copy the folder model/")
    return Predictor.load(folder, device="cpu", precision="fp32")


def _write(asked: Request, predictor: Predictor, folder: Path) -> None:
    """Write the model's files, not yet compared."""
    source = Path(predictor.tokenizer.place)
    if asked.to == "safetensors":
        for file in source.iterdir():
            if file.name != manifest.NAME and not file.name.startswith("evaluations"):
                atomic.copy(file, folder / file.name)
    else:
        for name in KEPT:
            atomic.copy(source / name, folder / name)
        if not (folder / "tokenizer.json").exists():
            atomic.write_text(folder / "tokenizer.json", predictor.tokenizer.backend.to_str())
        runs.write_card(folder, predictor.card)
        _write_graphs(asked, predictor, source, folder)
    manifest.seal(folder)


def _write_graphs(asked: Request, predictor: Predictor, source: Path, folder: Path) -> None:
    graph, head = graphs.read(source, predictor.card, predictor.task)
    assert isinstance(predictor.encoder, Encoder)
    sharpness = pooling.saved(source) if predictor.card.pool == "learned" else None
    told = Export(
        to=asked.to,
        numbers=asked.numbers,
        inputs=graph.inputs,
        pad=graph.model.config.pad_token_id or 0,
        by_length=predictor.encoder.apart,
        sharpness=() if sharpness is None else tuple(sharpness.tolist()),
    )
    atomic.write_json(folder / exported.NAME, told.told())
    _put(graph, asked, folder / exported.MODELS[asked.to], asked.numbers)
    if head is not None:
        half = "fp32" if asked.numbers == "int8" else asked.numbers
        _put(head, asked, folder / exported.HEADS[asked.to], half)


def _put(graph: Any, asked: Request, file: Path, numbers: str) -> None:
    """Write a graph in a form.

    Raises:
        MissingExtraError: A library that writes it is not installed.
        ModelError: It cannot be written so.
    """
    try:
        if asked.to == "torchscript":
            graphs.to_torchscript(graph, file)
        elif asked.to == "onnx" and numbers == "fp32":
            graphs.to_onnx(graph, file)
        else:
            with atomic.passing_folder(file.parent) as passing:
                graphs.to_onnx(graph, passing / "fp32.onnx")
                if asked.to == "openvino":
                    quantizing.to_openvino(passing / "fp32.onnx", file, half=numbers == "fp16")
                elif numbers == "int8":
                    quantizing.to_int8(passing / "fp32.onnx", file, spared=graph.spared)
                else:
                    quantizing.to_fp16(passing / "fp32.onnx", file)
    except ImportError as error:
        extra = "openvino,export" if asked.to == "openvino" else "export"
        raise MissingExtraError(
            f"--to {asked.to}: needs {error.name}: pip install 'textune[{extra}]'"
        ) from error


def _compared(
    asked: Request,
    predictor: Predictor,
    held: held_out.Held,
    made: list[Example],
    folder: Path,
    *,
    tell: Tell,
) -> Parity:
    """Compare what was written with the run."""
    other: Predictor | Runtime
    if asked.to == "safetensors":
        other = Predictor.load(folder, device="cpu", precision="fp32")
    else:
        other = Runtime.load(folder)
    rule = predictor.card.decision

    def by_run(examples: Any) -> Scores:
        return predictor.score(examples, rule)

    def by_export(examples: Any) -> Scores:
        return other.score(examples, rule)

    return parity.compare(predictor.task, held, made, by_run, by_export, tell=tell)


def _tell(asked: Request, predictor: Predictor, found: Parity, folder: Path) -> int:
    """Write the record and the page; return the bytes of the weights."""
    weights = [
        file
        for pattern in (*manifest.GRAPHS, "*.safetensors")
        for file in sorted(folder.glob(pattern))
    ]
    own = asked.allowed
    record = {
        "to": asked.to,
        "numbers": asked.numbers,
        "run": asked.run.resolve().name,
        "task": predictor.card.task,
        "allowed": {"difference": own.score, "moved": own.moved, "points": own.points},
        **found.told(),
        "versions": _versions(),
        "sha256": {file.name: checksums.sha256(file) for file in weights},
    }
    atomic.write_json(folder / RECORD, record)
    if asked.to != "safetensors":
        atomic.write_text(folder / "README.md", page.of(asked.to, asked.numbers, predictor, found))
    return sum(file.stat().st_size for file in weights)


def _versions() -> dict[str, str]:
    return dict(_installed())


def _installed() -> Iterator[tuple[str, str]]:
    for name in (*VERSIONS, "openvino"):
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue

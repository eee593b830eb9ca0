"""An exported model computes logits by ONNX Runtime or OpenVINO: without torch and transformers.

Windows of like length are computed together, padded. Shapes: T tokens of a window, B windows at
once, L tokens of the longest of them, C outputs, D width, M tokens that are asked, I items.
"""

import json
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textune.encoder import manifest
from textune.encoder.pooled import pooled
from textune.errors import MissingExtraError, ModelError, SettingsError, first_line
from textune.fast import cores as cpus
from textune.records import Asks, Pairs, Pool
from textune.text.store import Store

Floats = NDArray[np.float32]
Run = Callable[[Mapping[str, NDArray[Any]]], Floats]
NAME = manifest.EXPORTED
FORMAT = 1  # of it
MODELS = {"onnx": "model.onnx", "openvino": "model.xml", "torchscript": "model.pt"}
HEADS = {"onnx": "pair_head.onnx", "openvino": "pair_head.xml", "torchscript": "pair_head.pt"}
IDS, MASK, SEGMENTS = "input_ids", "attention_mask", "token_type_ids"
TOKENS = 384  # at once, padding included: of more, much is padding, and a CPU no faster


@dataclass(frozen=True, slots=True)
class Export:
    """What computing with an exported graph needs beside it: `export.json`."""

    to: str  # a key of MODELS
    numbers: str  # format of numbers: "fp32", "fp16" or "int8"
    inputs: tuple[str, ...]  # names of the graph's
    pad: int  # id of padding
    by_length: bool = False  # whether padding would change answers: windows of one length only
    sharpness: tuple[float, ...] = field(default=())  # (C,) of a learned pool

    def told(self) -> dict[str, object]:
        """Return it as JSON would hold it."""
        return {
            "format": FORMAT,
            "to": self.to,
            "numbers": self.numbers,
            "inputs": list(self.inputs),
            "pad": self.pad,
            "by_length": self.by_length,
            "sharpness": list(self.sharpness),
        }


class Exported:
    """An encoder with its head, as it was exported.

    Args:
        run: Computes the graph.
        export: How it wants its inputs.
        asks: What the head is asked about.
        pool: How the logits of several windows become one answer.
        head: Computes logits of the states of two texts that are encoded apart, if they are.
    """

    def __init__(
        self, run: Run, export: Export, *, asks: Asks, pool: Pool, head: Run | None = None
    ):
        self._run, self._export, self._head = run, export, head
        self._asks, self._pool = asks, pool
        own = np.asarray(export.sharpness, dtype=np.float32)
        self._sharpness = own if len(own) else None

    @property
    def numbers(self) -> str:
        """Format of its numbers: "fp32", "fp16" or "int8"."""
        return self._export.numbers

    def window(self, ids: NDArray[np.int32], first: int, asked: NDArray[np.int32]) -> Floats:
        """Compute the logits of a window, (1, C), or of the tokens `asked` in it, (M, C).

        The ids are (T,), special tokens included; the first so many of them lie in the first
        segment. Of one of two texts that are encoded apart it is the state that the head reads.
        """
        found = self._computed([ids], [first])[0]
        return found[None] if self._asks == "texts" else found[asked]

    def computed(self, store: Store, windows: NDArray[np.int64]) -> list[Floats]:
        """Compute what `window` does of windows of a store, in their order."""
        found: dict[int, Floats] = {}
        lengths = np.diff(store.borders)[windows]
        for places in self._together(lengths):
            shown = windows[places]
            ids = [store.window(window) for window in shown.tolist()]
            block = self._computed(ids, store.first_sizes[shown].tolist())
            for place, window, own in zip(places.tolist(), shown.tolist(), block, strict=True):
                first, end = store.asked_borders[window : window + 2]
                is_whole = self._asks == "texts"
                found[place] = own[None] if is_whole else own[store.asked[first:end]]
        return [found[place] for place in range(len(windows))]

    def join(self, logits: Floats, of: NDArray[np.integer[Any]], count: int) -> Floats:
        """Pool the logits of each item over windows; (R, C) and (R,) items → (I, C).

        Of two texts that are encoded apart, both states become logits; (2 I, D) → (I, C).
        """
        if self._head is not None:
            return self._head({"first": logits[0::2], "second": logits[1::2]})
        return pooled(logits, of, count, how=self._pool, sharpness=self._sharpness)

    def _together(self, lengths: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        """Part windows into those that are computed at once, the shortest first."""
        order = np.argsort(lengths, kind="stable")
        first = 0
        for end in range(1, len(order) + 1):
            if end < len(order):
                longest = int(lengths[order[end]])
                is_other = self._export.by_length and longest != lengths[order[first]]
                if not (is_other or longest * (end + 1 - first) > TOKENS):
                    continue
            yield order[first:end]
            first = end

    def _computed(self, ids: list[NDArray[np.int32]], firsts: list[int]) -> Floats:
        """Compute a block of windows; (B, C), or (B, L, C) of a head on tokens."""
        shape = len(ids), max(map(len, ids))
        inputs = {name: np.zeros(shape, dtype=np.int64) for name in (IDS, MASK, SEGMENTS)}
        inputs[IDS][:] = self._export.pad
        for row, (own, first) in enumerate(zip(ids, firsts, strict=True)):
            inputs[IDS][row, : len(own)] = own
            inputs[MASK][row, : len(own)] = 1
            inputs[SEGMENTS][row, first : len(own)] = 1
        return self._run({name: inputs[name] for name in self._export.inputs})


def is_in(folder: Path) -> bool:
    """Tell whether a folder holds an exported graph."""
    return (folder / NAME).is_file()


def read(folder: Path) -> Export:
    """Read how an exported graph wants its inputs.

    Raises:
        ModelError: It is absent, damaged, or of a later textune.
    """
    file = folder / NAME
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
        if (number := values.pop("format")) != FORMAT:
            raise ValueError(f"of the format {number!r:.40}, and this textune knows {FORMAT}")
        own: dict[str, Any] = {
            name: tuple(one) if isinstance(one, list) else one for name, one in values.items()
        }
        found = Export(**own)
        if found.to not in MODELS:
            raise ValueError(f"exported to {found.to!r:.40}")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelError(f"{file}: not what textune export wrote: {error}") from error
    return found


def load(folder: Path, *, asks: Asks, pool: Pool, pairs: Pairs) -> Exported:
    """Load an exported model.

    Raises:
        MissingExtraError: What computes it is not installed.
        ModelError: It is damaged.
    """
    export = read(folder)
    run = runner(folder / MODELS[export.to], export.to)
    head = runner(folder / HEADS[export.to], export.to) if pairs == "apart" else None
    return Exported(run, export, asks=asks, pool=pool, head=head)


def refuse_other(folder: Path, *, device: str, precision: str) -> None:
    """Refuse a device or a number format that an exported model was not made for.

    Raises:
        SettingsError: It is another.
    """
    if device not in ("auto", "cpu"):
        raise SettingsError(
            f"--device {device}: {folder} is an exported model, computed on the CPU"
        )
    own = read(folder).numbers
    if precision not in ("auto", own):
        raise SettingsError(
            f"--precision {precision}: {folder} was exported in {own}; give --precision auto, or "
            "its run instead"
        )


def runner(file: Path, to: str) -> Run:
    """Return what computes a graph in a file.

    Raises:
        MissingExtraError: What computes it is not installed.
        ModelError: It is damaged.
    """
    if not file.is_file():
        raise ModelError(f"{file}: no such file; copy the whole folder that textune export wrote")
    try:
        return _RUNNERS[to](file)
    except ImportError as error:
        extra = {"onnx": "onnx", "openvino": "openvino"}.get(to, "")
        wants = f"pip install 'textune[{extra}]'" if extra else "pip install torch"
        raise MissingExtraError(f"{file}: is computed by {error.name}: {wants}") from error
    except Exception as error:  # each library has kinds of its own
        raise ModelError(
            f"{file}: cannot be loaded: {first_line(error)}; copy the folder again, or export anew"
        ) from error


def cores() -> int:
    """Count the threads that compute: as OMP_NUM_THREADS says, or by affinity and quotas."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked):
        return int(asked)
    return cpus.threads_for(len(cpus.allowed()), cpus.quota())


def _by_onnxruntime(file: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.log_severity_level = 3  # errors
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # beside neighbours
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def run(inputs: Mapping[str, NDArray[Any]]) -> Floats:
        return np.asarray(session.run(None, dict(inputs))[0], dtype=np.float32)

    return run


def _by_openvino(file: Path) -> Run:
    import openvino

    how = {"INFERENCE_NUM_THREADS": cores(), "INFERENCE_PRECISION_HINT": "f32"}
    model = openvino.Core().compile_model(str(file), "CPU", how)
    own = threading.local()  # a request can be used by one thread at a time

    def run(inputs: Mapping[str, NDArray[Any]]) -> Floats:
        if not hasattr(own, "request"):
            own.request = model.create_infer_request()
        return np.array(own.request.infer(dict(inputs))[0], dtype=np.float32)

    return run


def _by_torch(file: Path) -> Run:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch has torch.export beside it
        model = torch.jit.load(str(file), map_location="cpu")

    def run(inputs: Mapping[str, NDArray[Any]]) -> Floats:
        with torch.inference_mode():
            found = model(*(torch.from_numpy(np.ascontiguousarray(one)) for one in inputs.values()))
        return np.asarray(found.numpy(), dtype=np.float32)

    return run


_RUNNERS = {"onnx": _by_onnxruntime, "openvino": _by_openvino, "torchscript": _by_torch}

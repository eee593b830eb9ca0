"""The README of an exported folder."""

from textune.encoder import exported
from textune.exporting.parity import Parity
from textune.metrics.catalogue import METRICS
from textune.predicting.predictor import Predictor
from textune.tasks import registry

_BY = {"onnx": "onnxruntime", "openvino": "openvino", "torchscript": "torch"}


def of(to: str, numbers: str, predictor: Predictor, found: Parity) -> str:
    """Write the page of an export: what it is, how it is asked, how far it is from its run."""
    card, task = predictor.card, predictor.task
    words = registry.of(card.task).texts[: len(card.contract.text)]
    typed = " ".join(f'"{word}"' for word in words)
    given = repr(words[0] if len(words) == 1 else words)
    return f"""# {exported.MODELS[to]}: {registry.of(card.task).words}, {numbers}

Exported with textune. Texts are read in windows of up to {card.shape.max_tokens} tokens.
Probabilities and decisions are those of `decision.json`, applied by `textune.runtime`, which needs
numpy, tokenizers and {_BY[to]} alone:

```
python -m textune.runtime . {typed}
```

```python
from textune.runtime import Predictor

predictor = Predictor.load(".")
print(predictor([{given}])[0])
```

Labels: {", ".join(f"`{label}`" for label in task.labels)}

The graph gives logits of {"int64" if to == "onnx" else "integer"} inputs, windows × tokens.

## Compared with the run

{_compared(found)}
"""


def _compared(found: Parity) -> str:
    lines = [
        "| | |",
        "|---|---|",
        f"| validation texts, random texts | {found.own:,}, {found.made:,} |",
        f"| largest difference of a score | {found.gap:.2g} |",
        f"| decisions that moved | {found.moved_own:,}, {found.moved_made:,} |",
    ]
    lines += [
        f"| {METRICS[name].title}, run and export | {before:.4f}, {after:.4f} |"
        for name, (before, after) in found.metrics.items()
    ]
    return "\n".join([*lines, "", "More is in `parity.json`."])

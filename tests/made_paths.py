"""The ways in which a run can compute, each with a Learner made from settings as a run makes it."""

import random
from dataclasses import dataclass

import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

import families
import thinning
from conftest import WORDS
from textune.corpora import corpus, library
from textune.doors import keywords
from textune.encoder import bases, devices
from textune.fast import build, calls
from textune.objectives.labelled import Labelled
from textune.objectives.masked import Masked
from textune.recipes import vocabularies
from textune.runs.events import drained
from textune.settings import config
from textune.settings.config import Settings
from textune.settings.language_config import AdaptSettings
from textune.text import tokenizers
from textune.training import snapshot
from textune.training.learner import Learner

CLASSES = {
    "single": "AutoModelForSequenceClassification",
    "multi": "AutoModelForSequenceClassification",
    "number": "AutoModelForSequenceClassification",
    "tags": "AutoModelForTokenClassification",
    "mlm": "AutoModelForMaskedLM",
}


@dataclass(frozen=True)
class Path:
    """One of the ways in which a run can compute."""

    numbers: str
    kernels: bool
    packed: bool = True
    device: str = "cpu"

    def __str__(self):
        layers = "kernels" if self.kernels else "torch" if self.packed else "padded"
        return f"{self.device}-{self.numbers}-{layers}"


def is_there(path):
    return path.device == "cpu" or torch.cuda.is_available()


PATHS = [
    Path("fp32", kernels=True),
    Path("bf16", kernels=True),
    Path("fp32", kernels=False),
    Path("bf16", kernels=False),
    Path("fp32", kernels=False, packed=False),
    Path("bf16", kernels=False, packed=False),
    Path("fp32", kernels=False, device="cuda"),
    Path("bf16", kernels=False, device="cuda"),
    Path("fp32", kernels=False, packed=False, device="cuda"),
    Path("bf16", kernels=False, packed=False, device="cuda"),
    Path("fp16", kernels=False),
    Path("fp16", kernels=False, device="cuda"),
]


def _marked(path, *before, more=()):
    here = pytest.mark.skipif(not is_there(path), reason="needs a CUDA card")
    return pytest.param(*before, path, id="-".join((str(path), *before)), marks=(here, *more))


every_path = pytest.mark.parametrize("path", [_marked(path) for path in PATHS])


def every_task_and_path(tasks, *, of_fp16):
    """Pair tasks with paths; with fp16, whose code is bf16's but for the scale, a few of them.

    Each two of task, layers and numbers meet on a processor; the third of them is exhaustive.
    """
    few = {path: tasks if path.numbers != "fp16" else of_fp16 for path in PATHS}
    pairs = [(path, task) for path, chosen in few.items() for task in chosen]
    here = [(path, task) for path, task in pairs if path.device == "cpu"]
    kept = thinning.covering([(p.numbers, (p.kernels, p.packed), task) for p, task in here], 2)
    spare = {pair for number, pair in enumerate(here) if number not in kept}
    exhaustive = (pytest.mark.exhaustive,)
    marked = [_marked(*pair, more=exhaustive if pair in spare else ()) for pair in pairs]
    return pytest.mark.parametrize(("task", "path"), marked)


def choose(path, monkeypatch):
    """Let layers compute by kernels, or without them, from now on."""
    monkeypatch.setenv("TEXTUNE_KERNELS", "1" if path.kernels else "0")
    build.library.cache_clear()
    calls._declared = None
    if path.kernels and not calls.available():
        pytest.skip(f"no kernels here: {calls.why()}")


def make_base(folder, tiny_base, path, rate):
    """Write a base of two layers that packs or pads, with one rate of dropout everywhere."""
    from transformers import AutoModel

    kind = "bert" if path.packed else "mpnet"
    config = families.tiny_config(kind, dropout=rate, max_position_embeddings=64)
    torch.manual_seed(0)
    model = AutoModel.from_config(config)
    for name, item in model.named_parameters():  # else all attend alike: dropping would hardly tell
        if name.endswith((".query.weight", ".key.weight", ".q.weight", ".k.weight")):
            item.data.mul_(20)
        elif name.endswith((".value.weight", ".v.weight")):
            item.data.mul_(10)
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (folder / file).write_bytes((tiny_base / file).read_bytes())
    return folder


def write_rows(folder, task):
    """Write 48 short texts for a task."""
    draw = random.Random(3)
    texts = [draw.choices(WORDS, k=draw.randint(3, 9)) for _ in range(48)]
    file = folder / f"{task}.{'conll' if task == 'tags' else 'csv'}"
    if task == "tags":
        rows = [
            "\n".join(f"{word}\t{'B-X' if word in WORDS[:5] else 'O'}" for word in words) + "\n"
            for words in texts
        ]
    elif task == "mlm":
        file = folder / "plain.txt"
        rows = [" ".join(words) for words in texts]
    else:
        head = {"single": "text,label", "multi": "text,warm,cold", "number": "text,score"}[task]
        cells = {
            "single": lambda n: ("good", "bad", "fair")[n % 3],
            "multi": lambda n: f"{n % 2},{n % 3 // 2}",
            "number": lambda n: f"{n / 7:.3f}",
        }[task]
        rows = [head, *(f"{' '.join(words)},{cells(n)}" for n, words in enumerate(texts))]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def learner_of(task, path, base, source, scratch, *changes):
    """Make what a run would learn with."""
    given = {"base": str(base), "device": path.device, "seed": 3}
    if task == "mlm":
        given |= {"batch_size": 8, "lr": 1e-3, "epochs": 2, "warm_head": "never"}
        asked = (f"train.precision={path.numbers}", *changes)
        settings = keywords.resolve(AdaptSettings, given, None, asked)
        start = drained(vocabularies.prepare((str(source),), settings, scratch))
        found = drained(
            library.gather(
                (str(source),),
                tokenizers.load(str(start.tokenizer)),
                settings.text,
                settings.mask,
                seed=3,
                division=start.division,
            )
        )
        spoken = start.language(found, nsp=False, seed=3)
        encoder = spoken.encoder.to(devices.choose(path.device))
        settings, _ = snapshot.choose_precision(settings, encoder.device, width=32, resumed=None)
        return Learner.build(Masked(found, 8), settings, encoder)
    given |= {"train.batch_size": 8, "train.lr": 1e-3, "train.epochs": 2}
    settings = config.resolve(Settings, None, (f"train.precision={path.numbers}", *changes), given)
    place = bases.find(str(base))
    found = drained(corpus.gather(str(source), settings, tokenizers.load(place)))
    objective = Labelled.of(found, settings)
    encoder, sub = objective.encoder(place, settings.train, devices.choose(path.device))
    return Learner.build(objective, settings, encoder, sub=sub)


def stock_loss(learner, task, batch):
    """Return a function that computes the batch's loss by plain transformers, padded, eager."""
    import transformers

    encoder = learner.encoder
    said = encoder.config.to_dict()
    config = transformers.AutoConfig.for_model(said.pop("model_type"), **said)
    config._attn_implementation = "eager"
    table = encoder.model.get_input_embeddings().weight
    config.vocab_size = len(table)
    model = getattr(transformers, CLASSES[task]).from_config(config, attn_implementation="eager")
    model.load_state_dict({name: value.cpu() for name, value in encoder.model.state_dict().items()})
    model.get_input_embeddings().padding_idx = None  # of a sub-table: this row is a word's
    batch_ids = batch.ids if encoder.table is None else encoder.table[batch.ids]
    rows = list(batch_ids.cpu().split(list(batch.lengths)))
    ids = pad_sequence(rows, batch_first=True)
    mask = pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)

    def loss():
        found = model(input_ids=ids, attention_mask=mask).logits
        if task == "mlm":
            states = found[mask.bool()][batch.asked.cpu()]
            return torch.nn.functional.cross_entropy(
                states, batch.mlm_targets.cpu(), reduction="sum"
            )
        if task == "tags":
            found = found[mask.bool()][batch.asked.cpu()]
        return learner.objective.loss(found, batch)

    return model, loss

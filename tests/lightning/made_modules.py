"""Small data, modules and Trainers, and modules that change one method."""

import json
import shutil

import torch
from lightning.pytorch import Trainer
from torch import nn
from torch.nn import functional

import textune
from textune.lightning import TextData, TextModule

QUIET = {
    "accelerator": "cpu",
    "enable_progress_bar": False,
    "enable_model_summary": False,
}


def trainer(folder, **given):
    usual = {"max_epochs": 1, "logger": False, "enable_checkpointing": False}
    return Trainer(default_root_dir=folder, **{**QUIET, **usual, **given})


def made(file, base, *, lr=1e-3, epochs=1, kind=TextModule, **given):
    data = TextData(file, base=base, **{"batch_size": 16, "seed": 5, **given})
    return data, kind.for_data(data, lr=lr, epochs=epochs)


def weights(model):
    return {name: value.clone() for name, value in model.encoder.model.state_dict().items()}


def gap(one, other):
    assert one.keys() == other.keys()
    return max(float((one[name].float() - other[name].float()).abs().max()) for name in one)


def trained(folder, file, base, **given):
    """Return the weights that `textune train` comes to."""
    from safetensors.torch import load_file

    run = textune.train(
        file, base=base, out=folder, seed=5, batch_size=16, lr=1e-3, epochs=1, **given
    )
    return run, load_file(run.path / "model" / "model.safetensors")


def write_aspects(tmp_path):
    lines = ["text,food,service"]
    for number in range(60):
        one, two = ("good", "bad")[number % 2], ("fast", "slow", "none")[number % 3]
        lines.append(f"the {one} meal was {('very', 'fine', 'dull')[number % 3]},{one},{two}")
    file = tmp_path / "aspects.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def write_questions(tmp_path):
    rows = [
        {
            "id": str(number),
            "question": "was the film good",
            "context": f"the {word} book is a {word} day",
            "answers": {"text": [word], "answer_start": [4]},
        }
        for number, word in enumerate(["good", "bad", "cold", "warm"] * 12)
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    return file


def write_pairs(tmp_path):
    lines, things = ["one,other,label"], ("film", "book", "meal", "song", "day")
    for number in range(60):
        word, other = ("good", "bad")[number % 2], ("good", "bad")[number // 2 % 2]
        one, two = things[number % 5], things[number // 5 % 5]
        lines.append(f"the {word} {one},a {other} {two},{('no', 'yes')[word == other]}")
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def numbered_otherwise(base, folder):
    """Copy a base whose tokenizer has the same words in another order."""
    shutil.copytree(base, folder)
    file = folder / "tokenizer.json"
    found = json.loads(file.read_text(encoding="utf-8"))
    words = found["model"]["vocab"]
    plain = [word for word in words if not word.startswith("[")]
    words |= dict(zip(plain, [words[word] for word in reversed(plain)], strict=True))
    file.write_text(json.dumps(found), encoding="utf-8")
    return folder


WAYS = {
    "weights": ["train.class_weights=balanced", "train.sampling=balanced", "train.schedule=cosine"],
    "frozen": ["train.freeze=1", "train.label_smoothing=0.1", "train.clip=0.1"],
}
KINDS = {  # task → data, how they are read, and a number of validation
    "single": ("reviews", {}, "valid_mcc"),
    "multi": ("comments", {"label": "warm,cold,film"}, "valid_micro_f1"),
    "number": ("numbers", {}, "valid_rmse"),
    "tags": ("tagged", {}, "valid_f1_kind"),
    "aspects": (write_aspects, {"label": "food,service", "task": "aspects"}, "valid_accuracy"),
    "answers": (write_questions, {}, "valid_exact_match"),
}


class OwnSchedule(TextModule):
    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        total = self.trainer.estimated_stepping_batches
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=total)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step"},
        }


class Focal(TextModule):
    def loss(self, logits, batch):
        losses = functional.cross_entropy(logits.float(), batch.targets, reduction="none")
        return ((1 - (-losses).exp()) ** 2 * losses).sum()


class Deep(TextModule):
    def head(self, last):
        width = last.in_features
        return nn.Sequential(nn.Linear(width, 8), nn.GELU(), nn.Linear(8, last.out_features))


class Plain(TextModule):
    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

"""A pretrained encoder becomes another of its shape and tokenizer, with random weights.

`python -m bench.untrained JOB.json RESULT.json` writes it in a process of its own.
"""

import json
import shutil
from pathlib import Path

from bench import processes


def make(model: Path, folder: Path, *, seed: int) -> int:
    """Write the encoder, and return the number of its parameters.

    Args:
        model: Directory of the pretrained one; all but its weights and their checksums is copied.
        folder: Made here.
        seed: Of the weights, which transformers draws.
    """
    import torch
    from transformers import AutoConfig, AutoModelForMaskedLM

    left_out = shutil.ignore_patterns("*.safetensors", "manifest.json", "language.json")
    shutil.copytree(model, folder, ignore=left_out)
    torch.manual_seed(seed)
    drawn = AutoModelForMaskedLM.from_config(AutoConfig.from_pretrained(model))
    drawn.save_pretrained(folder)
    return sum(item.numel() for item in drawn.parameters())


def main() -> None:
    """Write the encoder that the parent asks for."""
    job, target = processes.read_job()
    processes.limit_threads(job["threads"])
    parameters = make(Path(job["model"]), Path(job["folder"]), seed=job["seed"])
    target.write_text(json.dumps({"parameters": parameters}), encoding="utf-8")


if __name__ == "__main__":
    main()

"""An encoder of BERT-base's shape and random weights: nothing is downloaded for its speed."""

import json
import shutil
from pathlib import Path

from bench import processes

BASE = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12}
INNER = {"intermediate_size": 3072, "max_position_embeddings": 512}
SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL_INNER = {"intermediate_size": 64, "max_position_embeddings": 512}
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "special_tokens_map.json")
WEIGHTS = 85e6  # of BERT-base's layers, which multiply each token


def make(folder: Path, bundled: Path, *, is_tiny: bool) -> Path:
    """Write the encoder, with the tokenizer of the bundled base, in a process of its own."""
    folder.mkdir(exist_ok=True)
    for name in TOKENIZER:
        if (bundled / name).is_file():
            shutil.copy(bundled / name, folder / name)
    shape = {**SMALL, **SMALL_INNER} if is_tiny else {**BASE, **INNER}
    job = {"folder": str(folder), "shape": shape, "threads": 1}
    processes.run("bench.card_base", job, folder.parent)
    return folder


def lengths(base: Path, file: Path, most: int) -> list[int]:
    """Count the tokens of each text of a JSON-lines file, cut to so many."""
    from tokenizers import Tokenizer

    rows = [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return [min(len(each.ids), most) for each in tokenizer.encode_batch(rows)]


def main() -> None:
    """Write what the parent asks for."""
    job, target = processes.read_job()
    import torch
    from transformers import BertConfig, BertForMaskedLM

    torch.manual_seed(0)
    config = BertConfig(vocab_size=30522, **job["shape"])
    BertForMaskedLM(config).save_pretrained(job["folder"])
    target.write_text("{}", encoding="utf-8")


if __name__ == "__main__":
    main()

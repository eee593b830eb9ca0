"""A configuration becomes an encoder of random weights in the shape of XLM-R base.

`python -m bench.big JOB.json RESULT.json` writes it in a process of its own, for its memory must
not count as that of the processes that are measured.
"""

import json
from pathlib import Path
from typing import Any

from bench import processes
from bench.tasks import read_prepared

SHAPE: dict[str, Any] = {
    "vocab_size": 250_002,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 514,
    "type_vocab_size": 1,
    "layer_norm_eps": 1e-5,
}
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0 to 3, as in XLM-R
PIECES = 8000  # of the tokenizer, far below the rows of the embedding
LENGTH = 512  # tokens of a text: positions count from beyond the padding


def make(job: dict[str, Any], folder: Path, **changes: Any) -> int:
    """Write weights and tokenizer, and return the number of parameters.

    Args:
        job: `texts` names prepared rows, whose `labels` are those of one label a text.
        folder: Made here.
        changes: Of the shape.
    """
    import torch
    from transformers import XLMRobertaConfig, XLMRobertaModel

    texts, _ = read_prepared(Path(job["texts"]), "single", job["labels"])
    tokenizer(texts).save_pretrained(folder)
    config = XLMRobertaConfig(bos_token_id=0, pad_token_id=1, eos_token_id=2, **(SHAPE | changes))
    torch.manual_seed(0)
    model = XLMRobertaModel(config)
    model.save_pretrained(folder)
    return sum(item.numel() for item in model.parameters())


def tokenizer(texts: list[str]) -> Any:
    """Train a unigram tokenizer on texts, with the special tokens of XLM-R."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    found = Tokenizer(models.Unigram())
    found.pre_tokenizer = pre_tokenizers.Metaspace()
    found.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=PIECES, special_tokens=list(SPECIAL), unk_token="<unk>", show_progress=False
    )
    found.train_from_iterator(texts, trainer)
    found.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=found,
        bos_token="<s>",
        cls_token="<s>",
        pad_token="<pad>",
        eos_token="</s>",
        sep_token="</s>",
        unk_token="<unk>",
        model_max_length=LENGTH,
    )


def main() -> None:
    """Write the encoder that the parent asks for."""
    job, target = processes.read_job()
    processes.limit_threads(job["threads"])
    parameters = make(job, Path(job["folder"]), **job.get("changes", {}))
    target.write_text(json.dumps({"parameters": parameters}), encoding="utf-8")


if __name__ == "__main__":
    main()

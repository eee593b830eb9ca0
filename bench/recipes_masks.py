"""A saved masked-LM model becomes what it says of the same masks of the same held-out text.

`python -m bench.recipes_masks JOB.json RESULT.json`: transformers loads the model, whoever saved
it. A text is cut at the limit; 15 % of its tokens, never special ones, become the mask, always the
same ones.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from bench import processes
from bench.masked_jobs import RATE
from bench.quality_sets import read
from bench.recipes_scores import Predictions

SEED = 7


def answer(place: str, texts: Path, *, max_tokens: int) -> Predictions:
    """Ask a model for the masked pieces of each text, in fp32."""
    import torch
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(place)
    model: Any = AutoModelForMaskedLM.from_pretrained(place, dtype=torch.float32).eval()
    draw = np.random.default_rng(SEED)
    probabilities, decisions = [], []
    for row in read(texts):
        ids = tokenizer(row["text"], truncation=True, max_length=max_tokens)["input_ids"]
        chosen = 1 + np.flatnonzero(draw.random(len(ids) - 2) < RATE)
        if not len(chosen):
            chosen = np.asarray([1])
        truth = torch.tensor(ids)[chosen]
        asked = torch.tensor(ids)
        asked[chosen] = tokenizer.mask_token_id
        with torch.no_grad():
            logits = model(input_ids=asked[None]).logits[0, chosen].double()  # (M, V)
        said = logits.softmax(1).gather(1, truth[:, None])[:, 0]
        probabilities.append(said.tolist())
        decisions.append((logits.argmax(1) == truth).int().tolist())
    return Predictions(probabilities, decisions)


def main() -> None:
    """Read the job, ask, and write what was said."""
    job, target = processes.read_job()
    processes.limit_threads(job["threads"])
    found = answer(job["model"], Path(job["test"]), max_tokens=job["max_tokens"])
    found.write(Path(job["answers"]))
    target.write_text(json.dumps({}), encoding="utf-8")


if __name__ == "__main__":
    main()

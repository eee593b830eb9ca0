"""A run of linear probing imports what it needs alone, and plain transformers reads its model."""

import os
import subprocess
import sys

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from made_texts import own_cache
from textune.encoder import light
from textune.text import batches, tokenizers

HEAVY = ["transformers", "sklearn", "matplotlib.pyplot", "torch._dynamo", "sympy"]
ROWS = 16
TEXTS = ("a gripping and funny film", "unflinchingly bleak and desperate")


@pytest.fixture(scope="module")
def run(tmp_path_factory, shared, _kernels):
    with own_cache(tmp_path_factory.mktemp("quick"), _kernels) as folder:
        yield made(folder, shared)


def made(folder, shared):
    """Return the folder of a run that a process made, and what that said."""
    lines = (shared / "sst2" / "dev.tsv").read_text(encoding="utf-8").splitlines()[: ROWS + 1]
    (folder / "some.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    script = (
        "import sys\nfrom textune.doors import cli\n"
        "cli.app(['train', *sys.argv[1:]], standalone_mode=False)\n"
        f"print('imported:', sorted(set({HEAVY!r}) & sys.modules.keys()))"
    )
    options = ["--effort", "quick", "--device", "cpu", "--out", str(folder / "run")]
    command = [sys.executable, "-c", script, str(folder / "some.tsv"), *options]
    environment = {**os.environ, "TEXTUNE_PICTURES": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return folder / "run", done.stderr + done.stdout


@pytest.mark.usefixtures("kernels")
def test_a_quick_run_says_that_its_encoder_is_frozen(run):
    (line,) = [line for line in run[1].splitlines() if line.startswith("encoder: ")]
    assert "M parameters, frozen: nothing is fitted but a linear head on it; " in line
    assert "trained here" not in line


@pytest.mark.usefixtures("kernels")
def test_a_quick_run_imports_no_model_classes(run):
    path, said = run
    assert said.splitlines()[-1] == "imported: []"
    assert "<svg" in (path / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("kernels")
def test_plain_transformers_computes_what_a_quick_run_saved(run):
    path, _ = run
    tokenizer = AutoTokenizer.from_pretrained(path / "model")
    model = AutoModelForSequenceClassification.from_pretrained(path / "model").eval()
    with torch.inference_mode():
        logits = model(**tokenizer(list(TEXTS), padding=True, return_tensors="pt")).logits
    labels = tuple(name for _, name in sorted(model.config.id2label.items()))
    own = light.load(path / "model", labels)
    assert own is not None
    read = tokenizers.load(str(path / "model"))
    ids = [read.wrap(each, None)[0] for each in read.encode(TEXTS)]
    packed = batches.pack_ids(ids, [len(each) for each in ids])
    torch.testing.assert_close(own.logits(packed), logits, atol=1e-5, rtol=0)
    assert (logits[0] - logits[1]).abs().max() > 1e-3

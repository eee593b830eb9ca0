"""Every family answers as an export as it does as a run: scores, decisions, windows."""

import os
import shutil

import pytest
import torch
from transformers import AutoModel

from families import tiny_config
from made_runs import make_run
from textune.exporting.export import Request, export
from textune.families.known import FAMILIES
from thinning import but

USUAL = (
    *("albert", "bert", "deberta-v2", "distilbert", "electra", "modernbert", "mpnet", "roberta"),
    *("xlm-roberta", "camembert"),
)
REFUSED = ("longformer", "xlnet")  # windows of its own; no limit of positions
ALL = [name for name in FAMILIES if name not in REFUSED]
EXPORTED = ALL if os.environ.get("TEXTUNE_FAMILIES") == "all" else USUAL
LIKE_OTHERS = ("albert", "camembert", "electra", "mpnet", "xlm-roberta")
LABELS = ["bad", "fine", "good"]


def made_base(folder, kind, tiny_base):
    """Write an encoder of a family, with random weights, beside a tokenizer of words."""
    shutil.copytree(tiny_base, folder)
    torch.manual_seed(0)
    config = tiny_config(kind, max_position_embeddings=66, num_hidden_layers=1)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("kind", but(EXPORTED, *LIKE_OTHERS))
@pytest.mark.first(2)
def test_a_family_answers_as_its_run_does(kind, tiny_base, tmp_path):
    base = made_base(tmp_path / "base", kind, tiny_base)
    run = make_run(tmp_path / "run", base, "single", LABELS)
    found = export(Request(run, made=40)).parity
    assert found.gap < 1e-4
    assert found.moved_made == 0
    assert found.made == 40
    assert len(EXPORTED) >= 10
    if FAMILIES[kind].is_fused:  # the last layer is computed for the first token alone
        graph = (tmp_path / "run-onnx" / "model.onnx").read_bytes()
        assert b"attention/Slice" in graph

"""A usual classifier answers without transformers as it does with it; others are left alone."""

import json
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from families import random_texts, tiny_config
from made_paths import write_rows
from made_runs import make_run
from textune.encoder import light
from textune.encoder.model import Encoder
from textune.families.known import PREFIXES
from textune.text import batches

pytestmark = pytest.mark.usefixtures("kernels")
LABELS = ("LABEL_0", "LABEL_1", "LABEL_2")
LENGTHS = [1, 2, 7, 33, 60]


def saved(folder, kind="bert", **changes):
    torch.manual_seed(3)
    model = AutoModelForSequenceClassification.from_config(tiny_config(kind, **changes))
    model.save_pretrained(folder)
    return model.eval()


def batch():
    return batches.pack_ids(random_texts(LENGTHS), [max(1, length // 2) for length in LENGTHS])


def test_every_family_that_is_answered_quickly_is_tested():
    assert sorted(PREFIXES) == ["bert", "camembert", "roberta", "xlm-roberta"]


@pytest.mark.parametrize("kind", sorted(PREFIXES))
def test_logits_equal_those_of_transformers(kind, tmp_path):
    padded = Encoder(saved(tmp_path, kind), packed=False).eval()
    quick = light.load(tmp_path, LABELS)
    assert quick is not None
    with torch.inference_mode():
        found, wanted = quick(batch()), padded(batch())
        assert torch.allclose(found, wanted, atol=1e-5)
        assert wanted.std() > 0.01
        assert quick.compute_in(torch.bfloat16)
        coarse = quick(batch())
    assert 0 < (coarse - wanted).abs().max() < 0.03


@pytest.mark.parametrize("asks", ["words", "answers"])
def test_heads_on_tokens_answer_as_those_of_transformers(asks, tmp_path):
    torch.manual_seed(3)
    auto = {"words": AutoModelForTokenClassification, "answers": AutoModelForQuestionAnswering}
    labels = LABELS[: 2 if asks == "answers" else 3]
    model = auto[asks].from_config(tiny_config("bert", num_labels=len(labels)))
    model.save_pretrained(tmp_path)
    quick = light.load(tmp_path, labels, asks=asks)
    assert quick is not None
    padded = Encoder(model.eval(), per_token=True, packed=False).eval()
    with torch.inference_mode():
        assert torch.allclose(quick(batch()), padded(batch()), atol=1e-5)


def test_other_labels_are_left_to_transformers(tmp_path):
    saved(tmp_path)
    assert light.load(tmp_path, LABELS) is not None
    assert light.load(tmp_path, LABELS[::-1]) is None
    assert light.load(tmp_path, LABELS[:2]) is None


@pytest.mark.parametrize("kind", ["distilbert", "electra", "albert"])
def test_other_families_are_left_to_transformers(kind, tmp_path):
    saved(tmp_path, kind)
    assert light.load(tmp_path, LABELS) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"hidden_act": "relu"},
        {"is_decoder": True},
        {"architectures": ["BertForMaskedLM"]},
        {"num_hidden_layers": 3},
        {"id2label": None},
        {"model_type": None},
    ],
    ids=str,
)
def test_an_unusual_configuration_is_left_to_transformers(changes, tmp_path):
    saved(tmp_path)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes), encoding="utf-8")
    assert light.load(tmp_path, LABELS) is None


def test_weights_that_are_not_whole_are_left_to_transformers(tmp_path):
    saved(tmp_path)
    file = tmp_path / "model.safetensors"
    whole = load_file(file)
    content = file.read_bytes()
    for name in ("classifier.bias", "bert.encoder.layer.1.attention.self.key.weight"):
        save_file({key: value for key, value in whole.items() if key != name}, file)
        assert light.load(tmp_path, LABELS) is None
    save_file({key: value.half() for key, value in whole.items()}, file)
    assert light.load(tmp_path, LABELS) is None
    for part in (content[: len(content) // 2], b"", b"\xff" * 99):
        file.write_bytes(part)
        assert light.load(tmp_path, LABELS) is None
    file.write_bytes(content)
    assert light.load(tmp_path, LABELS) is not None
    file.unlink()
    assert light.load(tmp_path, LABELS) is None
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    assert light.load(tmp_path, LABELS) is None


def test_without_kernels_transformers_is_asked(tmp_path, fresh_kernels, monkeypatch):
    saved(tmp_path)
    monkeypatch.setenv("TEXTUNE_KERNELS", "0")
    assert light.load(tmp_path, LABELS) is None


def test_the_first_update_comes_without_transformers(tiny_base, tmp_path):
    files = [str(write_rows(tmp_path, task)) for task in ("single", "tags")]
    script = (
        "import os\nimport sys\nimport torch\nfrom textune import records\n"
        "from textune.doors import cli\nfrom textune.recipes import labelled_text, requests\n"
        "told = labelled_text.learn\n"
        "def training(request):\n"
        "    for event in told(request):\n"
        "        yield event\n"
        "        if isinstance(event, records.Step):\n"
        "            heavy = 'transformers torch._dynamo sympy sklearn scipy pandas'.split()\n"
        "            print('imported:', sorted({*heavy} & sys.modules.keys()), flush=True)\n"
        "            os._exit(0)\n"
        "labelled_text.learn = training\n"
        "for file in sys.argv[3:]:\n"
        "    if child := os.fork():\n"
        "        assert os.waitpid(child, 0)[1] == 0\n"
        "    else:\n"
        "        more = ['--base', sys.argv[1], '--out', sys.argv[2], '--overwrite']\n"
        "        cli.app(['train', file, *more, '--device', 'cpu'], standalone_mode=False)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tiny_base), str(tmp_path / "run"), *files],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines().count("imported: []") == len(files)


@pytest.mark.parametrize("switch", ["1", "0"])
@pytest.mark.first(1)
def test_a_text_is_answered_without_importing_transformers(tiny_base, tmp_path, switch):
    run = make_run(tmp_path, tiny_base, "single", ["bad", "good"])
    script = (
        "import sys\nfrom textune.doors import cli\n"
        "cli.app(['predict', sys.argv[1], 'a good film'], standalone_mode=False)\n"
        "print('imported:', 'transformers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(run)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TEXTUNE_KERNELS": switch},
    )
    assert done.stdout.splitlines()[-1] == "imported: False"
    assert "good" in done.stdout

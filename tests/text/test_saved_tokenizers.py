"""The model that a run saves reads texts as the run did, by textune and by plain transformers."""

import csv
import errno
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer as Backend
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, BertModel, RobertaModel

import textune
from families import tiny_config
from textune.encoder import bases
from textune.text import saving, tokenizers, usual

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["Turkey", "turkey", "caf\u00e9", "cafe", "China", "china", "good-day", "gooday", "Polish"]
FILLERS = ["the", "a", "was", "of", "in"]
ROBERTA = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def texts():
    draw = random.Random(0)
    return [
        (" ".join([*draw.choices(FILLERS, k=5), draw.choice(WORDS[half::2])]), ("no", "yes")[half])
        for _ in range(40)
        for half in (0, 1)
    ]


def bert(folder, normalizer, pre_tokenizer, model_class="BertTokenizer"):
    """Write a base whose class in transformers would lower capitals and drop accents."""
    model = models.WordPiece(
        {
            word: number
            for number, word in enumerate([*SPECIALS, *WORDS, *FILLERS, "-", "good", "day"])
        },
        unk_token="[UNK]",
    )
    backend = Backend(model)
    backend.normalizer, backend.pre_tokenizer = normalizer, pre_tokenizer
    backend.decoder = decoders.WordPiece()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    backend.add_special_tokens(SPECIALS)
    torch.manual_seed(0)
    config = tiny_config("bert", max_position_embeddings=64, pad_token_id=0)
    BertModel(config).save_pretrained(folder)
    backend.save(str(folder / "tokenizer.json"))
    names = {f"{name[1:-1].lower()}_token": name for name in SPECIALS}
    settings = {"tokenizer_class": model_class, **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def roberta(folder):
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    backend.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=ROBERTA, initial_alphabet=alphabet, show_progress=False
    )
    backend.train_from_iterator([text for text, _ in texts()], trainer)
    backend.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    torch.manual_seed(0)
    config = tiny_config("roberta", max_position_embeddings=66, pad_token_id=1, vocab_size=400)
    RobertaModel(config).save_pretrained(folder)
    backend.save(str(folder / "tokenizer.json"))
    names = dict(zip(("bos_token", "pad_token", "eos_token", "unk_token"), ROBERTA, strict=False))
    names |= {"cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>"}
    settings = {"tokenizer_class": "RobertaTokenizer", **names}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


def lowering(*, lowercase, strip_accents):
    return normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents)


def replacing():
    replace = normalizers.Replace("good-day", "gooday")
    return normalizers.Sequence([replace, lowering(lowercase=False, strip_accents=False)])


KINDS = {
    "capitals": lambda folder: bert(
        folder, lowering(lowercase=False, strip_accents=None), pre_tokenizers.BertPreTokenizer()
    ),
    "accents": lambda folder: bert(
        folder, lowering(lowercase=True, strip_accents=False), pre_tokenizers.BertPreTokenizer()
    ),
    "replace": lambda folder: bert(folder, replacing(), pre_tokenizers.BertPreTokenizer()),
    "whitespace": lambda folder: bert(
        folder,
        lowering(lowercase=False, strip_accents=False),
        pre_tokenizers.WhitespaceSplit(),
    ),
    "prefix space": roberta,
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_reads_texts_as_it_was_trained_to(kind, tmp_path):
    (tmp_path / "base").mkdir()
    base = KINDS[kind](tmp_path / "base")
    with (tmp_path / "texts.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *texts()])
    run = textune.train(
        tmp_path / "texts.csv", base=base, out=tmp_path / "run", epochs=1, device="cpu"
    )
    trained = tokenizers.load(bases.find(base))
    saved = tokenizers.load(bases.find(run.path))
    plain = AutoTokenizer.from_pretrained(run.path / "model")
    for text, _ in texts():
        wanted = trained.encode([text])[0]
        np.testing.assert_array_equal(saved.encode([text])[0], wanted)
        assert plain(text)["input_ids"] == trained.wrap(wanted, None)[0].tolist()
    assert "Beware" not in (run.path / "model" / "README.md").read_text(encoding="utf-8")


SETTINGS = {
    "as it is": {},
    "written by an older version": {
        "added_tokens_decoder": {
            str(number): {"content": token, "normalized": False, "special": True}
            | dict.fromkeys(("lstrip", "rstrip", "single_word"), False)
            for token, number in zip(SPECIALS, (0, 100, 101, 102, 103), strict=True)
        },
        "clean_up_tokenization_spaces": True,
        "padding_side": "left",
    },
    "little said": None,
}


@pytest.mark.parametrize("kind", SETTINGS)
def test_settings_of_a_usual_tokenizer_are_those_that_transformers_writes(kind, tmp_path):
    base = Path(bases.find("all-MiniLM-L6-v2"))
    place = tmp_path / "base"
    shutil.copytree(base, place, ignore=shutil.ignore_patterns("*.safetensors"))
    file = place / "tokenizer_config.json"
    told = {"do_lower_case": True, "model_max_length": 512}
    if SETTINGS[kind] is not None:
        told = json.loads(file.read_text()) | SETTINGS[kind]
    file.write_text(json.dumps(told))
    used = tokenizers.load(str(place))
    assert saving.write_files(used.backend, str(place), tmp_path / "own")
    saving._save_by_transformers(used.backend, str(place), tmp_path / "theirs")
    own, theirs = (tmp_path / name / "tokenizer_config.json" for name in ("own", "theirs"))
    assert own.read_bytes() == theirs.read_bytes()
    (tmp_path / "own" / "config.json").write_bytes((place / "config.json").read_bytes())
    found = AutoTokenizer.from_pretrained(tmp_path / "own").backend_tokenizer
    found.no_truncation()
    found.no_padding()
    assert found.to_str() == used.backend.to_str()  # so all texts are read alike


def test_an_unusual_tokenizer_is_left_to_transformers(tmp_path):
    for number, kind in enumerate(KINDS):
        folder = tmp_path / str(number)
        folder.mkdir()
        KINDS[kind](folder)
        assert usual.settings(tokenizers.load(str(folder)).backend, folder) is None
    base = Path(bases.find("all-MiniLM-L6-v2"))
    shutil.copytree(base, tmp_path / "own", ignore=shutil.ignore_patterns("*.safetensors"))
    file, used = tmp_path / "own" / "tokenizer_config.json", tokenizers.load(str(base)).backend
    for change in ({"unk_token": "[OTHER]"}, {"do_lower_case": False}, {"extra": 1}):
        file.write_text(json.dumps(json.loads((base / file.name).read_text()) | change))
        assert usual.settings(used, tmp_path / "own") is None


def test_a_full_disk_is_said_of_a_tokenizer_that_transformers_writes(tmp_path):
    (tmp_path / "base").mkdir()
    base = KINDS["capitals"](tmp_path / "base")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "tokenizer.json").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as found:
        saving.write_files(tokenizers.load(str(base)).backend, str(base), folder)
    assert found.value.errno == errno.ENOSPC


def test_what_plain_transformers_reads_otherwise_is_said(tmp_path, monkeypatch):
    (tmp_path / "base").mkdir()
    base = KINDS["capitals"](tmp_path / "base")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text((base / "config.json").read_text())
    monkeypatch.setattr(saving, "AS_IT_IS", "BertTokenizer")  # no class takes the file as it is
    said = saving.write(tokenizers.load(str(base)), folder, ["the Turkey", "was"])
    assert said.startswith("plain transformers' AutoTokenizer reads 1 of 2 texts otherwise")
    assert "'the Turkey'" in said
    assert saving.remark(said).startswith("\n**Beware**: plain transformers")

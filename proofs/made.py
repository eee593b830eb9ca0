"""What the proofs work on: a tiny base of random weights, and files of labelled text."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

WORDS = "good fine lovely bright warm bad poor dull cold awful film book meal song day was is the a"
SPECIALS = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]"]


def base(folder: Path) -> Path:
    """Write a BERT of two layers and random weights with a tokenizer of words."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = [*SPECIALS, *WORDS.split()]
    backend = Tokenizer(models.WordLevel({w: n for n, w in enumerate(words)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Lowercase()
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=64,
        pad_token_id=1,
    )
    BertModel(config).save_pretrained(folder)
    names = dict(zip(("unk", "pad", "cls", "sep", "mask"), SPECIALS, strict=True))
    PreTrainedTokenizerFast(
        tokenizer_object=backend, **{f"{name}_token": piece for name, piece in names.items()}
    ).save_pretrained(folder)
    return folder


def sentences(count: int, *, seed: int = 0) -> list[tuple[str, str]]:
    """Return texts of eight words, and the label that their words decide."""
    draw, words = random.Random(seed), WORDS.split()
    found = []
    for number in range(count):
        label = ("bad", "good")[number % 2]
        own = words[:5] if label == "good" else words[5:10]
        chosen = [draw.choice(own if draw.random() < 0.6 else words[10:]) for _ in range(8)]
        found.append((" ".join(chosen), label))
    return found


def reviews(file: Path, count: int = 96, *, seed: int = 0) -> Path:
    """Write a CSV of texts with one of two labels."""
    rows = [f"{text},{label}" for text, label in sentences(count, seed=seed)]
    file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return file


def plain(file: Path, count: int = 80, *, seed: int = 1) -> Path:
    """Write a text of one document a line."""
    rows = [text for text, _ in sentences(count, seed=seed)]
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def good_files() -> dict[str, bytes]:
    """Return twenty sound files, by the name that each would have."""
    rows = sentences(12, seed=2)
    texts = [text for text, _ in rows]
    tagged = "\n\n".join("\n".join(f"{w}\tO" for w in text.split()) for text in texts)
    entities = tagged.replace("film\tO", "film\tB-THING").replace("book\tO", "book\tB-THING")
    squad = {
        "version": "1.1",
        "data": [{"title": "t", "paragraphs": [_paragraph(n, t) for n, t in enumerate(texts)]}],
    }
    objects = [{"text": text, "label": label} for text, label in rows]
    marks = [{"text": t, "a": n % 2, "b": n % 3 == 0} for n, t in enumerate(texts)]
    spans = [{"text": t, "spans": [[0, len(t.split()[0]), "X"]]} for t in texts]
    words = [{"tokens": t.split(), "tags": ["O"] * len(t.split())} for t in texts]
    made = {
        "single.csv": "text,label\n" + "".join(f"{t},{y}\n" for t, y in rows),
        "quoted.csv": "text,label\n" + "".join(f'"{t}, ""so""",{y}\n' for t, y in rows),
        "semicolon.csv": "text;label\n" + "".join(f"{t};{y}\n" for t, y in rows),
        "crlf.csv": "text,label\r\n" + "".join(f"{t},{y}\r\n" for t, y in rows),
        "headless.tsv": "".join(f"{y}\t{t}\n" for t, y in rows),
        "pipes.txt": "text|label\n" + "".join(f"{t}|{y}\n" for t, y in rows),
        "pairs.csv": "premise,hypothesis,label\n" + "".join(f"{t},{t[:9]},{y}\n" for t, y in rows),
        "number.csv": "text,score\n" + "".join(f"{t},{n / 7:.2f}\n" for n, t in enumerate(texts)),
        "multi.csv": "text,a,b\n" + "".join(f"{t},{n % 2},1\n" for n, t in enumerate(texts)),
        "lists.csv": "text,labels\n" + "".join(f"{t},x;y\n" for t in texts),
        "accents.csv": "text,label\n" + "".join(f"café {t},{y}é\n" for t, y in rows),
        "single.jsonl": _lines(objects),
        "multi.jsonl": _lines(marks),
        "lists.jsonl": _lines(
            [{"text": t, "labels": ["x", "y"][: n % 3]} for n, t in enumerate(texts)]
        ),
        "spans.jsonl": _lines(spans),
        "words.jsonl": _lines(words),
        "array.json": json.dumps(objects),
        "squad.json": json.dumps(squad),
        "ner.conll": entities + "\n",
        "answers.csv": "question,context,answer\n"
        + "".join(f"what was it,{t},{t.split()[3]}\n" for t in texts),
    }
    return {name: text.encode() for name, text in made.items()}


def _lines(rows: Sequence[Mapping[str, object]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _paragraph(number: int, text: str) -> dict[str, object]:
    word = text.split()[2]
    answer = {"text": word, "answer_start": text.index(word)}
    question = {"id": f"q{number}", "question": f"which word, {number}?", "answers": [answer]}
    return {"context": text, "qas": [question]}

"""What a user can do wrong with plain text ends in a message, and leaves what was there."""

import pytest
from test_cli import textune
from test_language_cli import blocks, bytes_of, lines, made, place, spoken

from conftest import WORDS
from made_texts import make_base, write_tokenizer

__all__ = ["blocks", "lines", "made", "place", "spoken", "textune"]  # fixtures


@pytest.fixture
def places(tmp_path, tiny_base, spoken, made, lines, reviews):
    """Return what the words of a mistaken command stand for."""
    for name, content in (
        ("empty.txt", b""),
        ("blank.txt", b" \n\t\n \n"),
        ("binary.txt", b"the film\n\x00\x01\x02 was good\n" * 20),
        ("latin.txt", "the film\nwas good\ncaf\xe9 was bad\n".encode("latin-1")),
        ("unknown.txt", b"zzz yyy xxx\n" * 40),
        ("short.txt", b"the film was good\n"),
        ("table.csv", b"id,words,label\n" + b"1,the film was good,x\n" * 20),
        ("wrong.toml", b"[mask]\nrate = 2\n[train]\nlrr = 1\n"),
        ("shares.toml", b"[mask]\nmask_share = 0.9\nrandom_share = 0.5\n"),
    ):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.jpg").write_bytes(b"\xff\xd8")
    return {
        "LINES": str(lines),
        "REVIEWS": str(reviews),
        "SPOKEN": str(spoken),
        "RUN": str(made),
        "NOMASK": lambda: str(make_base(tmp_path / "nomask", WORDS, mask=None)),
        "ROBERTA": lambda: str(make_base(tmp_path / "roberta", WORDS, kind="roberta")),
        "PICKLE": lambda: pickled(tmp_path / "pickle", spoken),
        "MISFIT": lambda: misfit(tmp_path / "misfit"),
    }


def misfit(folder):
    make_base(folder, WORDS, vocab_size=25)
    write_tokenizer(folder, [*WORDS, *(f"w{number}" for number in range(40))])
    return str(folder)


def pickled(folder, base):
    import shutil

    shutil.copytree(base, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return str(folder)


LINES = ["adapt", "LINES", "--base", "SPOKEN"]
MISTAKES = [
    (["empty.txt"], "empty.txt: the file is empty; name a file with text in it"),
    (["blank.txt"], "blank.txt: the file is empty; name a file with text in it"),
    (["missing.txt"], "missing.txt: there is no such file"),
    (["missing/*.txt"], "missing/*.txt: no file matches this pattern; check it"),
    (["pictures"], "pictures: no file in this folder, or below it, has an ending of text"),
    (["short.txt", "--nsp"], "next sentences need 4 documents at least"),
    (["short.txt"], "there is only one document, of 4 tokens: too little to hold something out"),
    (["binary.txt"], "binary.txt:2:1: a NUL character, which no text contains"),
    (["latin.txt"], "latin.txt:3:4: the byte 0xe9 is not UTF-8: 'caf\\xe9 was bad'; 1 line is"),
    (["unknown.txt"], "knows none of the words of this text; choose another --base"),
    (
        ["table.csv"],
        "table.csv: no column is named as one of text (id, words, label); name the column",
    ),
    (["table.csv", "--text", "word"], "table.csv: there is no column 'word'; did you mean 'words"),
    (["LINES", "--text", "body"], "lines.txt: "),
    (["LINES", "--base", "NOMASK"], "its tokenizer has no mask token ([MASK], <mask>)"),
    (["LINES", "--base", "ROBERTA", "--nsp"], "roberta encoders have no head for next"),
    (["LINES", "--base", "MISFIT"], "its tokenizer has 65 pieces and its model rows for 25 only"),
    (["LINES", "--base", "./nowhere"], "./nowhere: no such directory"),
    (["LINES", "--base", "PICKLE"], "holds its weights only as a pickle"),
    (["LINES", "--mask", "0"], "mask.rate: Input should be greater than 0, found 0.0"),
    (["LINES", "--mask", "1.5"], "mask.rate: Input should be less than 1, found 1.5"),
    (["LINES", "--mask", "much"], "Invalid value for '--mask'"),
    (["LINES", "--config", "wrong.toml"], "2 settings are wrong:"),
    (["LINES", "--config", "wrong.toml"], "mask.rate: Input should be less than 1, found 2"),
    (["LINES", "--config", "wrong.toml"], "train.lrr: no such setting; did you mean 'lr'?"),
    (["LINES", "--config", "shares.toml"], "mask_share and random_share are more than 1 together"),
    (["LINES", "--config", "none.toml"], "none.toml: no such settings file"),
    (["LINES", "--set", "mask.rat=0.2"], "mask.rat: no such setting; did you mean 'rate'?"),
    (["LINES", "--set", "train.metric=mcc"], "train: metric can be set for labelled text only"),
    (["LINES", "--set", "train.class_weights=balanced"], "class_weights can be set for labelled"),
    (["LINES", "--set", "lr"], "--set lr: expected section.key=value"),
    (["LINES", "--max-tokens", "65"], "--max-tokens 65: this encoder reads at most 64 tokens"),
    (["LINES", "--max-tokens", "4"], "text.max_tokens: Input should be greater than or equal to 8"),
    (["LINES", "--hours", "0"], "train.hours: Input should be greater than 0, found 0.0"),
    (["LINES", "--hours", "-1"], "train.hours: Input should be greater than 0, found -1.0"),
    (["LINES", "--hours", "1", "--epochs", "2"], "--epochs and --hours exclude each other"),
    (["LINES", "--limit", "1"], "text.limit: Input should be greater than or equal to 2"),
    (["LINES", "--add-words", "missing.txt"], "--add-words missing.txt: expected how many words"),
    (["LINES", "--prove", "missing.csv"], "--prove missing.csv: there is no such file"),
    (["LINES", "--prove", "REVIEWS", "--prove-seeds", "1"], "--prove-seeds 1: two seeds at least"),
    (["LINES", "--prove", "REVIEWS", "--prove-set", "train.lrr=1"], "train.lrr: no such setting"),
    (["LINES", "--prove", "LINES"], "lines.txt"),
    (["LINES", "--device", "gpu"], "device 'gpu'"),
    (["LINES", "--resume"], "nothing to resume there"),
    (["LINES", "--resume", "--overwrite"], "exclude each other"),
    (["LINES", "--out", "RUN"], "already exists; --resume continues it, --overwrite starts anew"),
    (["LINES", "--out", "LINES"], "lines.txt: is a file; --out names a folder"),
    (["LINES", "--out", "pictures"], "already exists, and holds 'cat.jpg' and no run; choose"),
    (["LINES", "--out", "pictures", "--overwrite"], "holds 'cat.jpg' and no run; textune deletes"),
    (["LINES", "--epoch", "3"], "No such option"),
    ([], "Missing argument"),
]


def completed(words, places):
    """Put paths in place of names; a base that was not named is the usual one."""
    words = [places.get(word, word) for word in words]
    words = [word() if callable(word) else word for word in words]
    if words[1:] and words[0] == "adapt" and "--base" not in words:
        words += ["--base", places["SPOKEN"]]
    return words


@pytest.mark.parametrize(
    ("words", "message"),
    [(["adapt", *words], message) for words, message in MISTAKES],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_a_message_and_exit_code_2(
    textune, places, made, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    before = bytes_of(made)
    code, out, err = textune(*completed(words, places))
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert not list(tmp_path.glob("runs/*"))
    assert bytes_of(made) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["LINES", "--size", "huge"], "--size huge: expected tiny, mini, small, medium, base, lar"),
        (["LINES", "--size", "0x64"], "--size 0x64: layers must be 1 to 96, and the width a mult"),
        (["LINES", "--size", "2x100"], "--size 2x100: layers must be 1 to 96, and the width a mul"),
        (["LINES", "--vocab", "3"], "vocab: Input should be greater than or equal to 6, found 3"),
        (["LINES", "--vocab", "20"], "a vocabulary of 20 pieces is too small for this text"),
        (["short.txt", "--nsp"], "next sentences need 4 documents at least"),
        (["short.txt"], "there is only one document, of"),
        (["empty.txt"], "empty.txt: the file is empty"),
        (["latin.txt"], "latin.txt:3:4: the byte 0xe9 is not UTF-8"),
        (["LINES", "--base", "SPOKEN"], "No such option"),
        (["LINES", "--set", "dropout=2"], "dropout: Input should be less than 1, found 2"),
        (["LINES", "--set", "base=x"], "base: no such setting"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_in_pretraining_is_a_message_and_exit_code_2(
    textune, places, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    options = [] if "--size" in words else ["--size", "1x64"]
    options += [] if "--vocab" in words else ["--vocab", "120"]
    code, out, err = textune(*completed(["pretrain", *words, *options], places))
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert not list(tmp_path.glob("runs/*"))


@pytest.mark.parametrize(
    "words",
    [
        ["adapt", "latin.txt"],
        ["adapt", "unknown.txt"],
        ["adapt", "LINES", "--base", "ROBERTA", "--nsp"],
        ["adapt", "LINES", "--base", "MISFIT"],
        ["adapt", "LINES", "--prove", "missing.csv"],
        ["adapt", "LINES", "--max-tokens", "65"],
        ["pretrain", "latin.txt", "--size", "1x64", "--vocab", "120"],
        ["pretrain", "short.txt", "--nsp", "--size", "1x64", "--vocab", "120"],
    ],
    ids=" ".join,
)
def test_a_run_is_not_overwritten_by_a_mistake(textune, places, made, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    before = bytes_of(made)
    code, _, err = textune(*completed(words, places), "--out", made, "--overwrite")
    assert code == 2, err
    assert bytes_of(made) == before

"""Files, settings and model folders that nobody should have: refused, or read, never a crash."""

import json
import shutil
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from proofs import made
from proofs.trials import Setting, Trial, judged, mutations

SECONDS = 5.0  # that reading one small file may take
NASTY: tuple[Any, ...] = (0, -1, 2**31, 1e308, "64", "", None, True, [], {}, [[[[]]]], "../..")
PIECES = (b'"', b"\0", b"\r", b",", b"\t", b"\xff", b"[", b"{", b"\n\n", b"\xe2\x80\x8b", b"=1+1")


def files(setting: Setting) -> Iterator[Trial]:
    """Change bytes of sound files and let them be checked: in this process, for speed."""
    import textune
    from textune.errors import TextuneError

    good = made.good_files()
    for number in range(setting.count):
        name = setting.draw.choice(sorted(good))
        file = setting.folder / name
        file.write_bytes(_mutated(setting, good[name]))
        began = time.perf_counter()
        fault, outcome = None, "read"
        try:
            textune.check(file)
        except TextuneError as error:
            outcome = "refused"
            if name.partition(".")[0] not in str(error):
                fault = f"the message does not name the file: {error!s:.120}"
        except Exception as error:
            fault = f"{type(error).__name__}: {error!s:.160}"
        seconds = time.perf_counter() - began
        if seconds > SECONDS:
            fault = f"took {seconds:.1f} s"
        if fault is not None:
            shutil.copy(file, setting.folder / f"fault-{number}-{name}")
        yield Trial(f"{number}: {name}", fault, outcome)
        file.unlink()


def settings(setting: Setting) -> Iterator[Trial]:
    """Draw settings that make little sense: each is refused in words, or trains."""
    from textune.settings.config import Settings

    names = [
        f"{section}.{name}"
        for section, field in Settings.model_fields.items()
        if hasattr(field.annotation, "model_fields")
        for name in field.annotation.model_fields  # type: ignore[union-attr]  # tested above
    ]
    source = made.reviews(setting.folder / "reviews.csv", 40)
    values = ["0", "-1", "1", "3", "0.5", "1e-9", "1e9", "nan", "inf", "true", "", "text", "label"]
    values += ["none", "auto", "f1", "[]", "['text']", "{}", "é", "../x", "999999999999999999999"]
    for number in range(setting.count):
        drawn = setting.draw.sample(names, setting.draw.randint(1, 2))
        pairs = [f"{name}={setting.draw.choice(values)}" for name in drawn]
        run = setting.folder / "run"
        words: list[object] = ["train", source, "--base", setting.base, "--out", run]
        words += ["--epochs", "1", "--batch-size", "16"]
        for pair in pairs:
            words += ["--set", pair]
        ended = setting.server.run(words, limits={"RLIMIT_CPU": 60})
        yield judged(f"{number}: {' '.join(pairs)}", ended, allowed=(0, 2, 5, 6))
        shutil.rmtree(run, ignore_errors=True)


def bases(setting: Setting) -> Iterator[Trial]:
    """Change one value of a base's files: refused in words, or a run that judges finite numbers."""
    source = made.reviews(setting.folder / "reviews.csv", 40)
    for number in range(setting.count):
        place, run = setting.folder / "base", setting.folder / "run"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(setting.base, place)
        what = _spoil(setting, place)
        words = ["train", source, "--base", place, "--out", run, "--epochs", "1"]
        ended = setting.server.run(words, limits={"RLIMIT_CPU": 60})
        fault = None
        if ended.code == 0 and "nan" in (run / "metrics.json").read_text(encoding="utf-8").lower():
            fault = "a metric that is no number"
        yield judged(f"{number}: {what}", ended, allowed=(0, 2, 5, 6), fault=fault)
        shutil.rmtree(run, ignore_errors=True)


def models(setting: Setting) -> Iterator[Trial]:
    """Damage each file of a saved model: the same answers, or refused; never others."""
    source = made.reviews(setting.folder / "reviews.csv", 40)
    run, place = setting.folder / "run", setting.folder / "damaged"
    setting.server.run(["train", source, "--base", setting.base, "--out", run, "--epochs", "1"])
    texts = [text for text, _ in made.sentences(4, seed=9)]
    right = setting.server.run(["predict", run / "model", *texts, "--json"])
    yield judged("undamaged", right, allowed=(0,))
    for file in sorted(path for path in (run / "model").rglob("*") if path.is_file()):
        name = file.relative_to(run / "model")
        changes = [*islice(mutations(file.read_bytes(), setting.draw), setting.count)]
        for how, content in [*changes, ("deleted", None)]:
            shutil.rmtree(place, ignore_errors=True)
            shutil.copytree(run / "model", place)
            (place / name).unlink()
            if content is not None:
                (place / name).write_bytes(content)
            ended = setting.server.run(["predict", place, *texts, "--json"])
            is_other = ended.code == 0 and ended.output != right.output
            fault = "other answers" if is_other else None
            yield judged(f"{name} {how}", ended, allowed=(0, 2), fault=fault)


def _mutated(setting: Setting, content: bytes) -> bytes:
    draw, data = setting.draw, bytearray(content)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(data) + 1)
        kind = draw.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([draw.randrange(256)])
        elif kind == 1:
            data[at:at] = draw.choice(PIECES)
        elif kind == 2:
            del data[at : at + draw.randint(1, 40)]
        elif kind == 3:
            data[at:at] = data[at : at + draw.randint(1, 200)]
        else:
            del data[at:]
    return bytes(data)


def _spoil(setting: Setting, place: Path) -> str:
    """Change a value of one JSON file, or bytes of any file; say what."""
    draw = setting.draw
    file = draw.choice(sorted(path for path in place.iterdir() if path.is_file()))
    if file.suffix == ".json" and draw.random() < 0.8:
        values = json.loads(file.read_text(encoding="utf-8"))
        key, value = draw.choice(sorted(values)), draw.choice(NASTY)
        values[key] = value
        file.write_text(json.dumps(values), encoding="utf-8")
        return f"{file.name}: {key} = {value!r:.40}"
    how, content = draw.choice([*islice(mutations(file.read_bytes(), draw), 6)])
    file.write_bytes(content)
    return f"{file.name} {how}"

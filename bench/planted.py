"""Long texts whose evidence lies only in their last fifth: read in windows, and by beginnings.

`python -m bench.planted` makes texts of about 1,500 tokens. All of it is small talk, but for a few
sentences near the end that tell the label. `textune train` learns them with `data.long=window`,
which must see the evidence, and with `data.long=head`, which cannot: it scores by chance.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import commands, machine, processes
from bench.quality_sets import Row, write

LONGS = ("window", "head")
WANTED = 0.95  # accuracy that windows must exceed
DEVIATIONS = 3  # from one half that are still chance
LABELS = ("bad", "good")
TOKENS = 1500  # of a text, roughly: a word or a mark each
LAST = 0.2  # share of a text in which the evidence lies
CUES = 6  # sentences of evidence

# fmt: off
PEOPLE = ["captain", "doctor", "driver", "farmer", "lawyer", "neighbour", "painter", "teacher"]
DEEDS = ["carried", "counted", "crossed", "described", "followed", "measured", "moved", "painted"]
THINGS = ["boat", "bridge", "engine", "field", "garden", "house", "letter", "market", "river"]
TIMES = ["afternoon", "evening", "month", "morning", "spring", "summer", "weekend", "winter"]
PLACES = ["church", "forest", "harbour", "kitchen", "library", "office", "square", "station"]
CUE_WORDS = {
    "good": ["brilliant", "charming", "delightful", "excellent", "superb", "wonderful"],
    "bad": ["awful", "boring", "disappointing", "dreadful", "horrible", "terrible"],
}
# fmt: on


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the texts, train both ways, then print and write what was found."""
    options = parse(arguments)
    say = commands.console(stderr=True)
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-planted-") as name:
        folder = Path(name)
        files = prepare(options, folder)
        for long in LONGS:
            try:
                found[long] = processes.run(
                    "bench.planted_measure", job(options, files, long), folder
                )
            except processes.ProgramError as error:
                sys.exit(str(error))
            say.print(f"{long}: accuracy {found[long]['accuracy']:.4f}")
    report = {
        "settings": commands.settings(options),
        "versions": machine.versions(),
        "machine": machine.processor(),
        "found": found,
        "words": verdict(found, options.test_texts),
    }
    show(report, commands.console())
    commands.finish(report, options.json)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = commands.plain_parser("planted", __doc__)
    add = parser.add_argument
    add("--base", help="encoder: directory or Hub name (default: the bundled all-MiniLM-L6-v2)")
    add("--texts", type=commands.positive, default=48, help="to train on (48)")
    add("--test-texts", type=commands.positive, default=80, help="to score (80)")
    add("--tokens", type=commands.positive, default=TOKENS, help=f"of a text ({TOKENS})")
    add("--max-tokens", type=commands.positive, default=256, help="of a window (256)")
    add("--pool", default="mean", help="how windows become one answer (mean)")
    add("--epochs", type=commands.positive, default=8, help="passes over the texts (8)")
    add("--batch-size", type=commands.positive, default=4, help="texts in one update (4)")
    add("--lr", type=float, default=1e-4, help="highest learning rate (1e-4)")
    add("--seed", type=commands.natural, default=1, help="of the texts and of training (1)")
    options = parser.parse_args(arguments)
    options.base = options.base or commands.bundled_base(parser)
    return options


def prepare(options: argparse.Namespace, folder: Path) -> dict[str, Path]:
    """Write texts to train on, to choose the epoch by (a third as many), and to score."""
    draw = random.Random(options.seed)
    counts = {"train": options.texts, "valid": max(options.texts // 3, 8)}
    return {
        part: write(folder / f"{part}.jsonl", texts(draw, count, tokens=options.tokens))
        for part, count in (counts | {"test": options.test_texts}).items()
    }


def texts(draw: random.Random, count: int, *, tokens: int) -> list[Row]:
    """Make texts of both labels in turn."""
    labels = [LABELS[number % len(LABELS)] for number in range(count)]
    return [{"text": text(draw, label, tokens=tokens), "label": label} for label in labels]


def text(draw: random.Random, label: str, *, tokens: int) -> str:
    """Make one text whose evidence lies only in the last fifth of its words.

    Args:
        draw: The only source of chance.
        label: A key of CUE_WORDS.
        tokens: About so many, words and full stops.
    """
    wanted = tokens * draw.uniform(0.95, 1.05)
    told = [small_talk(draw)]
    while sum(map(tokens_in, told)) < (1 - LAST) * wanted:
        told.append(small_talk(draw))
    last = [f"It was a {draw.choice(CUE_WORDS[label])} {draw.choice(THINGS)}." for _ in range(CUES)]
    while sum(map(tokens_in, told)) + sum(map(tokens_in, last)) < wanted:
        last.append(small_talk(draw))
    draw.shuffle(last)
    return " ".join([*told, *last])


def small_talk(draw: random.Random) -> str:
    """Make a sentence that says nothing of the label."""
    person, deed, thing, time, place = map(draw.choice, (PEOPLE, DEEDS, THINGS, TIMES, PLACES))
    return f"The {person} {deed} the {thing} near the {place} in the {time}."


def tokens_in(sentence: str) -> int:
    """Count the words of a sentence, and its full stop."""
    return len(sentence.split()) + 1


def job(options: argparse.Namespace, files: Mapping[str, Path], long: str) -> dict[str, Any]:
    """Say what one training has to do."""
    names = ("base", "max_tokens", "pool", "epochs", "batch_size", "lr", "seed", "threads")
    return (
        {name: getattr(options, name) for name in names}
        | {part: str(file) for part, file in files.items()}
        | {"long": long}
    )


def verdict(found: Mapping[str, Mapping[str, Any]], count: int) -> str:
    """Say whether windows found the evidence, and beginnings did not, in so many texts."""
    window, head = (found[long]["accuracy"] for long in LONGS)
    is_chance = abs(head - 0.5) <= DEVIATIONS * 0.5 / count**0.5
    return (
        f"windows {'find' if window > WANTED else 'DO NOT find'} the evidence: accuracy "
        f"{window:.4f}, more than {WANTED} is wanted; beginnings "
        f"{'score by chance' if is_chance else 'DO NOT score by chance'}: accuracy {head:.4f}"
    )


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print what both readings scored."""
    settings = report["settings"]
    table = Table(
        title=f"{settings['texts']} texts of about {settings['tokens']:,} tokens, evidence in the "
        f"last fifth; windows of {settings['max_tokens']} tokens, pooled by {settings['pool']}"
    )
    for heading in ("data.long", "accuracy", "ex/s", "train seconds"):
        table.add_column(heading, justify="left" if heading == "data.long" else "right")
    for long, each in report["found"].items():
        table.add_row(
            long,
            f"{each['accuracy']:.4f}",
            f"{each['examples_per_second']:.1f}",
            f"{each['train_seconds']:.0f}",
        )
    console.print(table)
    console.print(report["words"])


if __name__ == "__main__":
    main()

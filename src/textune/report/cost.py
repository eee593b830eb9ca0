"""What a run's capsule tells becomes the section of its cost."""

from textune.metrics import written
from textune.report import pages
from textune.report.section import Section, Subject, section
from textune.runs.typed import Capsule

ENERGY = {"processors": "Energy of the processors", "card": "Energy of the graphics card"}


def cost(subject: Subject) -> Section | None:
    """Show time, speed, padding, memory and energy, as far as the run tells them."""
    rows = [(name, value) for name, value in _rows(subject.files.capsule) if value]
    if not rows:
        return None
    return section("cost", "Cost", "cost.html", {"rows": rows})


def _rows(told: Capsule) -> list[tuple[str, str]]:
    seconds, whole = told.get("train_seconds"), told.get("wall_seconds")
    texts, tokens = told.get("examples_per_second"), told.get("tokens_per_second")
    energy = told.get("energy_joules") or {}
    return [
        ("Whole run", written.clock(whole) if whole else ""),
        ("Updates of the weights", written.clock(seconds) if seconds else ""),
        ("Updates", pages.count(told["steps"]) if told.get("steps") else ""),
        ("Texts a second", pages.number(texts, 1) if texts else ""),
        ("Tokens a second", pages.count(round(tokens)) if tokens else ""),
        ("Padding", _padding(told) if tokens else ""),
        ("Peak memory of the process", _bytes(told.get("peak_memory_bytes"))),
        ("Peak memory on the graphics card", _bytes(told.get("peak_card_bytes"))),
        *((ENERGY.get(key, key), _joules(used)) for key, used in energy.items()),
        ("Device", _device(told)),
    ]


def _padding(told: Capsule) -> str:
    """Say how many tokens were computed beside those of texts."""
    padding = told.get("padding")
    if padding is None:
        return ""
    spared = told.get("padding_avoided")
    beside = (
        f"; batches padded to their longest text would compute {pages.percent(spared)} more tokens"
        if spared
        else ""
    )
    own = "none" if padding == 0 else f"{pages.percent(padding)} beside the tokens of texts"
    return own + beside


def _bytes(count: int | None) -> str:
    if not count:
        return ""
    mebi = count / 2**20
    return f"{mebi / 1024:.1f} GiB" if mebi >= 1024 else f"{mebi:.0f} MiB"


def _joules(used: float) -> str:
    return f"{used / 3600:.2f} Wh ({pages.count(round(used))} J)"


def _device(told: Capsule) -> str:
    device, threads = told.get("device"), told.get("threads")
    if not device:
        return ""
    by = f", {threads} thread{'' if threads == 1 else 's'}" if threads and device == "cpu" else ""
    return f"{device}{by}, {told.get('precision', '')}".rstrip(", ")

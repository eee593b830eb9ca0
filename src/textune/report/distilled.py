"""What became of a run in fewer layers becomes a section: what was lost, and what was gained."""

from textune.metrics import catalogue, written
from textune.report import pages
from textune.report.section import Section, Subject, section


def distilled(subject: Subject) -> Section | None:
    """Show size, speed and scores of a distilled model beside those of the run that taught it."""
    found = subject.files.metrics.get("distilled")
    if not isinstance(found, dict):
        return None
    sizes = [f"{size / 2**20:,.1f} MiB" for size in found["bytes"]]
    speeds = [pages.number(speed, 1) for speed in found["texts_per_second"]]
    rows = [
        ("Weights", *sizes, f"{found['bytes'][1] / found['bytes'][0]:.2f} times"),
        ("Texts a second, by turns", *speeds, f"{found['times_as_fast']:.2f} times"),
    ]
    for name, score in found["scores"].items():
        between = " … ".join(map(written.signed, score["interval"] or ()))
        both = (written.decimals(score[which]) for which in ("first", "other"))
        better = f"{written.signed(score['gain'])}{f' ({between})' * bool(between)}"
        rows.append((catalogue.title(name), *both, better))
    values = {"rows": rows, "on": found["on"], "texts": f"{found['texts']:,}"}
    return section("distilled", "What was lost and gained", "distilled.html", values)

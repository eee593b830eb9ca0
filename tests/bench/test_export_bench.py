"""What `python -m bench.export` reads and shows."""

import io

from rich.console import Console

from bench import export
from textune.families.known import FAMILIES


def test_sets_or_families_are_chosen(shared):
    sets = export.parse(["--data", str(shared)])
    assert sets.only == ["sst2", "stsb", "wnut17"]
    assert sets.forms == ["fp32", "int8", "fp16"]
    families = export.parse(["--families", "--data", str(shared)])
    assert {*families.only} == FAMILIES.keys() - {*export.REFUSED}
    assert len(families.only) >= 10
    assert families.forms == ["fp32"]


def test_texts_a_processor_second_are_of_each_in_turns():
    said = []
    found = export.timed([1, 2], lambda texts: said.append("a"), lambda texts: said.append("b"))
    assert said == ["a", "b"] * 3
    assert all(one > 0 for one in found)


def test_a_refusal_is_a_row_as_well():
    told = {
        "megabytes": 31.2,
        "max_difference": 2e-2,
        "moved_decisions": {"validation": 0, "random": 1},
        "texts": {"validation": 872, "random": 200},
        "metrics": {"mcc": {"run": 0.8, "export": 0.81}},
        "held_to": ["mcc"],
        "texts_a_second": [100.0, 120.0],
    }
    console = Console(width=190, record=True, file=io.StringIO())
    export.show({"sst2": {"fp32": told, "int8": {"refused": "x: refused, MCC falls"}}}, console)
    text = console.export_text()
    assert "100 → 120" in text
    assert "MCC falls" in text

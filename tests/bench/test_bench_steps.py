import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench import stepping
from bench.steps import main, parse, shares


def event(key: str, milliseconds: float, count: int) -> SimpleNamespace:
    return SimpleNamespace(key=key, self_cpu_time_total=1000 * milliseconds, count=count)


def test_operations_are_summed_by_part_and_what_is_unknown_is_the_rest() -> None:
    events = [
        event("aten::mm", 60, 20),
        event("aten::addmm", 20, 10),
        event("attend_backward_f32", 10, 2),
        event("adamw", 6, 2),
        event("aten::view", 4, 100),
    ]
    found = stepping.parts(events, 2)
    assert list(found) == [
        "matrix products",
        "attention",
        "optimizer",
        "the rest: Python, autograd, allocation",
    ]
    assert found["matrix products"] == {"ms": 40.0, "share": 0.8, "calls": 15.0}
    assert sum(part["share"] for part in found.values()) == pytest.approx(1.0)


def test_the_share_is_of_the_rate_that_was_measured() -> None:
    products = {"square": {"shape": [8, 8, 8], "device": "cpu", "fp32": 200.0, "bf16": 400.0}}
    found = shares({"product_gflop": 20.0, "seconds_per_step": 0.2}, products)
    assert found == {"square, fp32": pytest.approx(0.5), "square, bf16": pytest.approx(0.25)}


@pytest.mark.exhaustive
def test_a_few_updates_are_timed_and_profiled(
    tmp_path: Path, tiny_base: Path, shared: Path, forked: None
) -> None:
    target = tmp_path / "steps.json"
    options = ["--base", str(tiny_base), "--steps", "2", "--threads", "1", "--quick"]
    main([*options, "--json", str(target), "--data", str(shared)])
    found = json.loads(target.read_text(encoding="utf-8"))
    assert {"matrix products", "optimizer", "clipping"} <= set(found["parts"])
    assert found["product_gflop"] > 0
    assert found["tokens_per_second"] > found["texts_per_second"] > 0
    assert found["precision"] in {"fp32", "bf16"}


def test_a_wrong_task_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--task", "colour"])
    assert "cola" in capsys.readouterr().err

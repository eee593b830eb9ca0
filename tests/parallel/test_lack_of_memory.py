"""Memory is lacking in one of two processes: both repeat the update with half as much at once."""

import os

import pytest
import torch

import made_lack
import made_ranks
from made_paths import PATHS, make_base, write_rows

# a function of torch, the call of it that fails, and the processes in which it does
POINTS = {
    "forward": ("mm", 3, (1,)),
    "backward": ("addmm", 4, (0,)),
    "moments": ("zeros_like", 5, (0, 1)),
    "always": ("mm", 3, (1,)),
}


@pytest.fixture(scope="module")
def ran(tiny_base, tmp_path_factory, _kernels, forks):
    """Return what came of each point, and of a run that computes half as much from the first."""
    path, folder = PATHS[0], tmp_path_factory.mktemp("lack")
    base = make_base(folder / "base", tiny_base, path, 0.25)
    cache = made_ranks.cache_in(folder, _kernels)
    return made_lack.run(forks, POINTS, path, (base, write_rows(folder, "single"), folder), cache)


@pytest.mark.exhaustive
@pytest.mark.parametrize("point", [name for name in POINTS if name != "always"])
def test_both_processes_repeat_the_update_with_half_as_much(ran, point):
    first, second = (found[point] for found in ran)
    assert first["room"] == second["room"]
    assert first["room"]["halvings"] == 1
    wanted = ran[0][str(first["room"]["micro_tokens"])]["weights"]
    assert len(wanted) > 10
    for name, item in wanted.items():
        assert torch.equal(first["weights"][name], item)  # masks of dropout, too
        assert torch.equal(second["weights"][name], item)
    (said,) = first["news"]
    assert said.startswith("memory was lacking at update 1 (rank ")


@pytest.mark.exhaustive
def test_after_four_halvings_the_run_ends_and_the_process_is_named(ran):
    first, second = (found["always"] for found in ran)
    assert first["room"] == {"micro_tokens": 16, "halvings": 4, "recompute": True}
    assert second["room"] == first["room"]
    assert first["fault"].startswith("rank 1 of 2 on ")
    assert "update 1: not enough memory" in first["fault"]
    for name, item in first["weights"].items():
        assert torch.equal(item, second["weights"][name])


@pytest.mark.parametrize(
    ("shard", "words"),
    [
        ("false", ["--set train.micro_tokens=16"]),
        ("true", ["--set train.micro_tokens=", "--resume"]),
    ],
)
@pytest.mark.first(1)
def test_a_run_ends_with_the_code_of_a_lack_of_memory_and_names_the_process(
    tiny_base, tmp_path, forks, shard, words
):
    texts = write_rows(tmp_path, "single")
    command = ["train", str(texts), "--base", str(tiny_base), "--out", str(tmp_path / "run")]
    command += ["--epochs", "1", "--device", "cpu", "--precision", "fp32"]
    command += ["--set", f"train.shard={shard}"]
    given = {"TEXTUNE_CACHE": os.environ["TEXTUNE_CACHE"], "TEXTUNE_PICTURES": 0}
    lack = made_lack.lack_in_updates
    started = made_ranks.start(forks, command, tmp_path, before=lack, **given)
    assert started.wait() == [6, 6], started.said()
    assert started.said().count("error: ") == 1
    assert "error: rank 1 of 2 on " in started.said()
    assert "not enough memory for" in started.said()
    assert all(part in started.said() for part in words)

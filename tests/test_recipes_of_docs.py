"""The scripts beside the recipes' pages run, on a tiny base and a few rows of the public data."""

import json
import runpy

import pytest

from test_docs import ROOT

FILES = {
    "cola": ("cola/in_domain_train.tsv", "cola/out_of_domain_dev.tsv"),
    "jigsaw": ("jigsaw/train_sample.csv",),
    "emotions": tuple(
        f"goemotions/{name}" for name in ("dev.tsv", "dev.tsv", "test.tsv", "emotions.txt")
    ),
}
LABELS = {"cola": 2, "jigsaw": 6, "emotions": 20}


def beginning(file, folder):
    """Copy the first rows of a file; a table whose cells have line ends stays whole."""
    if file.suffix == ".csv":
        return file
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)[:200]
    copy = folder / file.name
    copy.write_text("".join(lines), encoding="utf-8")
    return copy


@pytest.mark.parametrize("name", FILES)
@pytest.mark.first(1)
def test_the_script_of_a_recipe_does_what_its_page_says(name, shared, tiny_base, tmp_path, capsys):
    main = runpy.run_path(str(ROOT / "docs" / "recipes" / f"{name}.py"))["main"]
    out = tmp_path / "run"
    files = [str(beginning(shared / file, tmp_path)) for file in FILES[name]]
    short = ["--max-tokens", "64"] if name == "jigsaw" else []  # all that the tiny base reads
    main([*files, "--rows", "100", "--base", str(tiny_base), "--out", str(out), *short])
    lines = capsys.readouterr().out.splitlines()
    first, *rest = [json.loads(line) for line in lines if line.startswith("{")]
    assert len(first["labels"]) >= LABELS[name]
    assert len(rest) >= 2
    assert (out / "metrics.json").is_file()

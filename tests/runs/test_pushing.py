"""A model goes to the hub and comes back by its name, with the same bits; nothing else goes."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

import textune
from made_hub import TOKEN, serving
from textune.doors import cli
from textune.errors import ModelError, RunError, SettingsError
from textune.runs import pushing

SCRIPT = """
import json, sys
from pathlib import Path
from textune.encoder import bases
from textune.reading import sources
from textune.runs import pushing
folder, asked = pushing.prepare(Path(sys.argv[1]), "me/films", public=False, revision=None)
done = pushing.upload(folder, asked)
from textune.predicting.predictor import Predictor
one = Predictor.load(sys.argv[1]).predict(["a good film", "a bad film"])
two = Predictor.load("hf://me/films").predict(["a good film", "a bad film"])
rows = [row.cells for row in sources.read("hf://me/texts").rows()]
base = Path(bases.find("me/films")) / "model.safetensors"
same = base.read_bytes() == (folder / "model.safetensors").read_bytes()
print(json.dumps({"url": done.url, "same": one == two, "bits": same, "rows": len(rows)}))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory, tiny_base):
    from conftest import write_reviews

    folder = tmp_path_factory.mktemp("pushed")
    reviews = write_reviews(folder / "reviews.csv")
    return textune.train(reviews, base=tiny_base, out=folder / "run", epochs=1, valid=reviews).path


@pytest.mark.exhaustive
def test_a_model_goes_to_the_hub_and_comes_back(made, tmp_path):
    with serving() as hub:
        hub.repos[("datasets", "me/texts")] = {
            "train.csv": (made.parent / "reviews.csv").read_bytes()
        }
        given = {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path), "HF_TOKEN": TOKEN}
        given |= {"HF_HUB_OFFLINE": "0", "HF_HUB_DISABLE_XET": "1"}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(made)],
            env=os.environ | given,
            capture_output=True,
            text=True,
            timeout=200,
        )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == {
        "url": f"{hub.address}/me/films/commit/{'b' * 40}",
        "same": True,
        "bits": True,
        "rows": 160,
    }
    there = hub.repos[("models", "me/films")]
    assert there.keys() == {file.name for file in (made / "model").iterdir()}
    assert hub.private["me/films"]
    assert there["README.md"].startswith(b"---\nlibrary_name: transformers\n")
    assert TOKEN not in done.stdout + done.stderr


def test_what_would_go_is_said_and_nothing_goes(made):
    done = CliRunner().invoke(cli.app, ["push", str(made), "me/films", "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.output)
    assert (found["url"], found["public"]) == (None, False)
    assert "model.safetensors" in found["files"]
    assert not any("parquet" in name or "checkpoint" in name for name in found["files"])


def test_a_model_that_was_changed_does_not_go(made, tmp_path):
    import shutil

    folder = tmp_path / "model"
    shutil.copytree(made / "model", folder)
    text = (folder / "decision.json").read_text(encoding="utf-8")
    (folder / "decision.json").write_text(text + " ", encoding="utf-8")
    with pytest.raises(ModelError, match="is not as it was when the model was saved"):
        pushing.prepare(folder, "me/films", public=False, revision=None)
    with pytest.raises(SettingsError, match="write OWNER/NAME"):
        pushing.prepare(made, "films", public=False, revision=None)
    there, asked = pushing.prepare(made, "me/films", public=False, revision=None)
    with pytest.raises(RunError, match="HF_HUB_OFFLINE is set"):
        pushing.upload(there, asked)

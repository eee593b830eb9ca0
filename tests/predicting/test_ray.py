"""A cluster answers as one process does, also where one of its actors is killed meanwhile.

So does Spark, where it is installed.
"""

import csv
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas
import psutil
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import textune
from made_runs import make_run
from textune import Predictor
from textune.doors.cli import app
from textune.errors import DataError, RanksError, SettingsError
from textune.predicting import files
from textune.predicting.files import Long
from textune.predicting.predictor import Reading
from textune.predicting.workers import Opening
from textune.ray import Labeller, actors

TEXTS = ["good film", "a bad and dull book", "cold", "very warm meal", "an awful day"] * 40


@pytest.fixture(scope="module", autouse=True)
def sessions():
    """Keep Ray's sessions in a folder that goes with the tests; its sockets need a short name."""
    with (
        tempfile.TemporaryDirectory(prefix="r", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("RAY_TMPDIR", folder)
        patch.setenv("RAY_prestart_worker_first_driver", "0")  # no worker that nobody asks
        yield Path(folder)


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("ray"), tiny_base, "multi", ["cold", "warm"])


@pytest.fixture
def source(tmp_path):
    with (tmp_path / "texts.csv").open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["id", "text"], *enumerate(TEXTS)])
    return tmp_path / "texts.csv"


def test_a_batch_gets_the_columns_of_predict(run):
    labeller = Labeller(run, precision="fp32")
    batch = {"id": np.arange(3), "text": np.array(TEXTS[:3], dtype=object), "decision": [1, 2, 3]}
    found = labeller(batch)
    assert list(found) == ["id", "text", "decision", "decision (textune)", "p(cold)", "p(warm)"]
    own = Predictor.load(run, precision="fp32")(TEXTS[:3])
    assert found["p(cold)"] == pytest.approx([one.scores["cold"] for one in own], abs=1e-6)
    assert found["decision (textune)"] == [";".join(one.labels) for one in own]
    assert labeller({"text": []})["p(warm)"] == []


def test_a_batch_without_its_text_is_refused(run):
    with pytest.raises(DataError, match=r"no column 'text'.*text="):
        Labeller(run)({"body": ["good film"]})
    with pytest.raises(DataError, match="column 'body': 7 is no text"):
        Labeller(run, text="body")({"body": [7]})
    assert Labeller(run, text="body")({"body": [None]})["decision"]


@pytest.mark.exhaustive
def test_an_actor_that_is_killed_loses_no_row(run, source, sessions, tmp_path):
    pytest.importorskip("ray")
    whole, output = tmp_path / "whole.parquet", tmp_path / "out.parquet"
    predictor = Predictor.load(run, precision="fp32")
    list(files.predict_file(predictor, str(source), whole, Reading(), chunk=5))
    opening = Opening(run, "cpu", "fp32", None, None, False)
    long = Long(opening, asked=lambda opening: actors.started(opening, "local", 1))
    going = files.predict_file(predictor, str(source), output, Reading(), chunk=5, long=long)
    assert next(going) == 5
    killed = [each for each in psutil.Process().children(recursive=True) if is_actor(each)]
    assert killed
    assert list(sessions.glob("ray/session_*"))
    for each in killed:
        os.kill(each.pid, signal.SIGKILL)
    assert list(going)[-1] == len(TEXTS)
    assert pq.read_table(output).equals(pq.read_table(whole))


def is_actor(process):
    try:
        return "_Actor" in " ".join(process.cmdline())
    except psutil.Error:
        return False


def test_a_cluster_that_is_not_there_is_said(run, source, tmp_path):
    pytest.importorskip("ray")
    words = ["predict", str(run), "--input", str(source), "--output", str(tmp_path / "a.csv")]
    done = CliRunner().invoke(app, [*words, "--ray", "127.0.0.1:1"])
    assert isinstance(done.exception, RanksError)
    assert "--ray 127.0.0.1:1" in str(done.exception)
    assert not Path(tmp_path / "a.csv").exists()
    done = CliRunner().invoke(app, ["predict", str(run), "good film", "--ray", "local"])
    assert isinstance(done.exception, SettingsError)


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")
def test_the_function_of_spark_labels(tiny_base, tmp_path, monkeypatch):
    sql = pytest.importorskip("pyspark.sql")
    functions = pytest.importorskip("pyspark.sql.functions")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java")
    run = make_run(tmp_path, tiny_base, "single", ["bad", "good"])
    page = Path(__file__).parents[2] / "docs" / "labelling.md"
    code = page.read_text(encoding="utf-8").partition("<!-- spark -->\n```text\n")[2]
    names = {"pandas": pandas, "textune": textune, "Iterator": Iterator, "RUN": str(run)}
    names |= {"pandas_udf": functions.pandas_udf}
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)  # of what Spark starts
    spark = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = spark.getOrCreate()
    try:
        exec(code.partition("```")[0], names)
        frame = session.createDataFrame([(text,) for text in TEXTS[:10]], ["text"])
        found = frame.withColumn("label", names["label"]("text")).collect()
    finally:
        session.stop()
    own = textune.Predictor.load(run)(TEXTS[:10])
    assert [row["label"] for row in found] == [one.labels[0] for one in own]

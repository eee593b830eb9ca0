"""MLflow and Weights & Biases get a run's numbers, settings and model, and need no network."""

import socket
from contextlib import contextmanager

import pandas as pd
import pytest

import textune
from textune.predicting.predictor import Predictor
from textune.records import Message
from textune.runs.journal import Journal
from textune.trackers.mlflow import metric_name

OPTIONS = {"epochs": 2, "batch_size": 16, "lr": 2e-3, "seed": 5, "device": "cpu"}


@pytest.fixture
def _no_network(monkeypatch):
    """Fail where anything but this machine is asked for."""
    connect = socket.socket.connect

    def near(self, address):
        if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise AssertionError(f"asks the network: {address}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", near)


@contextmanager
def stopped_after(step, monkeypatch):
    """Let a training be stopped by Ctrl-C after some updates."""
    note = Journal.step

    def die(journal, one, *given):
        if one.number == step:
            journal.flush()
            raise KeyboardInterrupt
        note(journal, one, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "step", die)
        yield


@pytest.mark.usefixtures("_no_network")
@pytest.mark.filterwarnings("ignore")  # of other people's programs
@pytest.mark.exhaustive
def test_several_at_once_and_a_resumed_run_is_the_same_one(
    comments, tiny_base, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    settings = ["tracking.mlflow_uri=" + (tmp_path / "mlruns").as_uri(), "tracking.project=films"]
    given = {"base": tiny_base, "out": tmp_path / "run", "valid": comments, "settings": settings}
    given |= {"track": "mlflow,wandb"} | OPTIONS
    with stopped_after(13, monkeypatch), pytest.raises(KeyboardInterrupt):
        textune.train(comments, **given)
    events = textune.doors.api.events_of(textune.train, comments, **given, resume=True)
    told = [one.text for one in events if isinstance(one, Message)]
    assert [text for text in told if "training goes on" in text] == []
    run = tmp_path / "run"

    import mlflow

    client = mlflow.MlflowClient(tracking_uri=(tmp_path / "mlruns").as_uri())
    place = client.get_experiment_by_name("films").experiment_id
    (found,) = client.search_runs([place])
    assert (found.info.run_name, found.info.status) == ("run", "FINISHED")
    assert found.data.params["train.lr"] == "0.002"
    history = client.get_metric_history(found.info.run_id, "train/loss")
    assert [one.step for one in history] == [*range(1, 21)]
    aucs = client.get_metric_history(found.info.run_id, "valid/roc_auc_of/warm")
    assert [one.step for one in aucs] == [10, 20]
    assert len(client.get_metric_history(found.info.run_id, "epoch/loss")) == 2

    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    model = mlflow.pyfunc.load_model(f"runs:/{found.info.run_id}/model", dst_path=str(tmp_path))
    texts = pd.read_csv(comments)[["comment"]]
    answers = model.predict(texts)
    predictor = Predictor.load(run)
    wanted = predictor.predict(list(texts["comment"]))
    assert [*answers] == [name for name, _ in predictor.task.columns()]
    assert answers.to_numpy().tolist() == list(map(predictor.task.cells, wanted))

    parts = sorted((run / "wandb").glob("offline-run-*/*.wandb"))
    assert len(parts) == 2
    assert len({part.name for part in parts}) == 1  # of one run, which `wandb sync` puts together


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("train/loss", "train/loss"),
        ("valid/roc_auc/c++", "valid/roc_auc_of/c_2b_2b"),
        ("valid/roc_auc/...", "valid/roc_auc_of/_..."),
        ("valid/roc_auc/a/b", "valid/roc_auc_of/a_2fb"),
        ("valid/..", "valid/_.."),
    ],
)
def test_names_that_mlflow_takes(name, wanted):
    assert metric_name(name) == wanted

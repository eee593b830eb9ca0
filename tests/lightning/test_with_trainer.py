"""Lightning's own Trainer with the modules of textune; one file, as importing it takes seconds."""

import importlib
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import textune
from textune.errors import CheckpointError, MissingExtraError, ModelError, SettingsError
from thinning import after

pytest.importorskip("lightning", reason="the extra `lightning` is not installed")

from lightning.pytorch.callbacks import (
    EarlyStopping,
    EMAWeightAveraging,
    GradientAccumulationScheduler,
    LearningRateMonitor,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.tuner import Tuner
from made_modules import (
    KINDS,
    WAYS,
    Deep,
    Focal,
    OwnSchedule,
    Plain,
    gap,
    made,
    numbered_otherwise,
    trained,
    trainer,
    weights,
    write_pairs,
)

from made_forks import Fork
from textune.lightning import TextData, TextModule

pytestmark = [
    # Lightning's own, of its copy of torch's pytree; nobody here can change it
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*is deprecated"),
    # advice on hardware and on intervals of logging, of no meaning for tiny runs
    pytest.mark.filterwarnings("ignore:The number of training batches"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty"),
    # a run that goes on here writes no further checkpoints
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`"),
]


def test_weights_are_those_of_textune_train_however_many_parts_are_accumulated(
    reviews, tiny_base, tmp_path
):
    _, wanted = trained(tmp_path / "run", reviews, tiny_base, settings="train.dropout=0")
    for parts in (1, 4, 20):
        data, model = made(reviews, tiny_base, settings="train.dropout=0")
        before = weights(model)
        fit = trainer(tmp_path, accumulate_grad_batches=parts)
        fit.fit(model, data)
        assert fit.global_step == 9
        assert gap(weights(model), wanted) < 1e-6
        assert gap(before, wanted) > 1e-4


@pytest.mark.parametrize("way", after(1, WAYS))
def test_settings_of_the_training_mean_what_they_mean_to_textune_train(
    way, reviews, tiny_base, tmp_path
):
    changes = ["train.dropout=0", *WAYS[way]]
    _, wanted = trained(tmp_path / "run", reviews, tiny_base, settings=changes)
    data, model = made(reviews, tiny_base, settings=changes)
    trainer(tmp_path, accumulate_grad_batches=2).fit(model, data)
    assert gap(weights(model), wanted) < 1e-6


@pytest.mark.exhaustive
def test_masks_of_dropout_are_those_of_textune_train(reviews, tiny_base, tmp_path):
    _, wanted = trained(tmp_path / "run", reviews, tiny_base)
    data, model = made(reviews, tiny_base)
    trainer(tmp_path).fit(model, data)
    assert gap(weights(model), wanted) < 1e-6


@pytest.mark.parametrize(
    ("steps", "kind"), [((5, 9, 13), TextModule), ((5,), OwnSchedule)], ids=["usual", "own"]
)
@pytest.mark.first(1)
@pytest.mark.exhaustive
def test_a_checkpoint_amid_a_pass_goes_on_to_the_same_weights(
    steps, kind, reviews, tiny_base, tmp_path
):
    kept = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    usual = {"max_epochs": 2, "accumulate_grad_batches": 2, "num_sanity_val_steps": 0}
    data, model = made(reviews, tiny_base, epochs=2, kind=kind)
    whole = trainer(tmp_path, callbacks=[kept], enable_checkpointing=True, **usual)
    whole.fit(model, data)
    for step in steps:  # amid the first pass, at its end, and amid the second
        again, fresh = made(reviews, tiny_base, epochs=2, kind=kind)
        rest = trainer(tmp_path, **usual)
        rest.fit(fresh, again, ckpt_path=tmp_path / f"step={step}.ckpt", weights_only=True)
        assert rest.global_step == whole.global_step == 18
        assert gap(weights(model), weights(fresh)) == 0


def test_a_checkpoint_between_parts_of_an_update_goes_on_to_the_same_weights(
    few, tiny_base, tmp_path
):
    class Amid(ModelCheckpoint):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            if batch_idx == 6:  # the third of four parts
                trainer.save_checkpoint(tmp_path / "amid.ckpt")

    usual = {"accumulate_grad_batches": 4, "num_sanity_val_steps": 0}
    data, model = made(few, tiny_base)
    whole = trainer(tmp_path, callbacks=[Amid(tmp_path)], enable_checkpointing=True, **usual)
    whole.fit(model, data)
    again, fresh = made(few, tiny_base)
    rest = trainer(tmp_path, **usual)
    rest.fit(fresh, again, ckpt_path=tmp_path / "amid.ckpt", weights_only=True)
    assert rest.global_step == whole.global_step == 3
    assert gap(weights(model), weights(fresh)) < 1e-6  # sums in another order
    losses = [float(run.callback_metrics["train_loss_step"]) for run in (whole, rest)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)


def test_a_checkpoint_is_not_gone_on_with_by_other_texts(reviews, few, tiny_base, tmp_path):
    kept = ModelCheckpoint(tmp_path, filename="{step}", every_n_train_steps=5)
    data, model = made(reviews, tiny_base)
    trainer(tmp_path, callbacks=[kept], enable_checkpointing=True).fit(model, data)
    place = kept.best_model_path
    other, fresh = made(few, tiny_base)
    with pytest.raises(CheckpointError, match="other texts; make TextData as it was made there"):
        trainer(tmp_path).fit(fresh, other, ckpt_path=place, weights_only=True)
    with pytest.raises(CheckpointError, match="in the middle of a pass by 1 processes with acc"):
        trainer(tmp_path, accumulate_grad_batches=2).fit(
            model, data, ckpt_path=place, weights_only=True
        )


@pytest.mark.exhaustive
def test_callbacks_see_the_numbers_of_the_whole_set(comments, tiny_base, tmp_path):
    best = ModelCheckpoint(tmp_path / "kept", monitor="valid_roc_auc_cold", mode="max")
    stop = EarlyStopping("valid_loss", patience=1, min_delta=10.0)
    rates = LearningRateMonitor("step")
    data, model = made(comments, tiny_base, label="warm,cold,film", epochs=5)
    run = trainer(
        tmp_path,
        max_epochs=5,
        callbacks=[best, stop, rates],
        logger=CSVLogger(tmp_path),
        enable_checkpointing=True,
        log_every_n_steps=1,
    )
    run.fit(model, data)
    assert run.current_epoch == 2  # no loss was better by 10
    assert Path(best.best_model_path).is_file()
    found = run.callback_metrics
    names = {"valid_mcc", "valid_loss", "valid_f1_warm", "train_loss_epoch"}
    assert names <= found.keys()
    report = data.objective.judge(model.encoder, micro_tokens=64)
    assert float(found["valid_mcc"]) == pytest.approx(report["mcc"], abs=1e-6)
    assert float(found["valid_loss"]) == pytest.approx(report["log_loss"], abs=1e-5)
    assert float(found["valid_roc_auc_cold"]) == pytest.approx(
        report["labels"]["cold"]["roc_auc"], abs=1e-6
    )
    written = (tmp_path / "lightning_logs/version_0/metrics.csv").read_text(encoding="utf-8")
    assert "lr" in written.splitlines()[0]
    again = TextModule.load_from_checkpoint(best.best_model_path, weights_only=True)
    assert again.card.decision.kind == "threshold"
    texts = ["cold awful film", "very good day"]
    batches = trainer(tmp_path).predict(again, again.texts(texts))
    assert [one for part in batches for one in part] == again.predictor().predict(texts)


@pytest.mark.exhaustive
def test_a_rate_is_looked_for_and_weights_are_averaged(few, tiny_base, tmp_path):
    data, model = made(few, tiny_base)
    run = trainer(tmp_path)
    found = Tuner(run).lr_find(model, data, num_training=12, early_stop_threshold=None)
    assert len(found.results["lr"]) == 3  # updates of a pass
    model.lr = 5e-4
    run.fit(model, data)
    again, fresh = made(few, tiny_base, lr=model.lr)
    trainer(tmp_path).fit(fresh, again)
    assert gap(weights(model), weights(fresh)) == 0  # as if nobody had looked
    before = weights(fresh)
    trainer(tmp_path, callbacks=[EMAWeightAveraging(decay=0.5)]).fit(fresh, again)
    assert gap(before, weights(fresh)) > 0


def test_the_rate_follows_the_schedule_at_each_update(reviews, tiny_base, tmp_path):
    data = TextData(reviews, base=tiny_base, batch_size=16)
    changes = ("train.schedule=one-cycle", "train.warmup_epochs=0.5")
    model = TextModule.for_data(data, lr=1e-3, epochs=1, settings=changes)
    rates = []

    class Rates(EarlyStopping):
        def on_train_batch_start(self, trainer, pl_module, batch, batch_idx):
            rates.append(trainer.optimizers[0].param_groups[0]["lr"])

    trainer(tmp_path, callbacks=[Rates("valid_loss")]).fit(model, data)
    assert rates[0] == pytest.approx(1e-3 * 0.04)
    assert max(rates) == rates[4] == pytest.approx(1e-3)
    assert len(rates) == 9
    assert rates[-1] < 2e-4


def test_a_trial_run_goes_through_everything_once(reviews, tiny_base, tmp_path):
    data, model = made(reviews, tiny_base, settings="data.test_share=0.1")
    run = trainer(tmp_path, fast_dev_run=True)
    run.fit(model, data)
    run.test(model, data, verbose=False)
    assert run.callback_metrics["test_n"] > 0
    run.predict(model, data)


@pytest.mark.parametrize("task", after(2, KINDS))
def test_every_task_learns_predicts_and_is_saved_as_textune_reads_it(
    task, request, tiny_base, tmp_path
):
    made_by, options, metric = KINDS[task]
    file = made_by(tmp_path) if callable(made_by) else request.getfixturevalue(made_by)
    data, model = made(file, tiny_base, settings="data.valid_share=0.2", **options)
    assert data.corpus.task.name == task
    run = trainer(tmp_path)
    run.fit(model, data)
    assert metric in run.callback_metrics
    asked = [
        (item.text, item.pair) if item.pair else item.text for item in data.corpus.examples[:5]
    ]
    model.save(tmp_path / "saved")
    predictor = textune.Predictor.load(tmp_path / "saved")
    assert (tmp_path / "saved/model/manifest.json").is_file()
    assert textune.evaluate(tmp_path / "saved", file)["n"] == len(data.corpus.examples)
    for one, other in zip(predictor.predict(asked), model.predictor().predict(asked), strict=True):
        assert (one.labels, one.columns) == (other.labels, other.columns)
        assert dict(one.scores) == pytest.approx(dict(other.scores), abs=1e-5)
        assert dict(one.numbers) == pytest.approx(dict(other.numbers), rel=1e-5)
    assert gap(weights(TextModule.from_run(tmp_path / "saved")), weights(model)) < 1e-5


@pytest.mark.exhaustive
def test_a_run_of_textune_train_is_judged_and_trained_on(reviews, tiny_base, tmp_path):
    run, wanted = trained(tmp_path / "run", reviews, tiny_base)
    data = TextData(reviews, base=tiny_base, batch_size=16, seed=5)
    model = TextModule.from_run(run, data, lr=1e-4, epochs=1)
    assert gap(weights(model), wanted) == 0
    judged = trainer(tmp_path).validate(model, data, verbose=False)
    assert judged[0]["valid_mcc"] == pytest.approx(run.metrics["valid"]["mcc"], abs=1e-6)
    dear = replace(model.card.decision, kind="cost", costs=((1.0, 0.0), (0.0, 1.0)))
    model.card = replace(model.card, decision=dear)  # by which the other class is right
    judged = trainer(tmp_path).validate(model, data, verbose=False)
    assert judged[0]["valid_mcc"] == pytest.approx(-run.metrics["valid"]["mcc"], abs=1e-6)
    assert model.card.decision == dear
    trainer(tmp_path).fit(model, data)
    assert gap(weights(model), wanted) > 0


@pytest.mark.parametrize("kind", [Focal, Deep, Plain])
def test_one_method_changes_head_loss_or_optimizer(kind, few, tiny_base, tmp_path):
    data, model = made(few, tiny_base, kind=kind)
    before = weights(model)
    run = trainer(tmp_path)
    run.fit(model, data)
    assert gap(before, weights(model)) > 0
    if kind is Focal:
        assert run.callback_metrics["valid_loss"] < run.callback_metrics["valid_log_loss"]
    if kind is Plain:
        assert type(run.optimizers[0]) is torch.optim.SGD
    if kind is Deep:
        with pytest.raises(ModelError, match="Deep computes its logits by a method of its own"):
            model.save(tmp_path / "own")
    else:
        assert model.save(tmp_path / "own").is_dir()


def test_the_trainer_clips_and_computes_in_bf16(few, tiny_base, tmp_path):
    data, model = made(few, tiny_base, lr=0.1, epochs=2)
    before = weights(model)
    norms = []

    class Norms(EarlyStopping):
        def on_before_zero_grad(self, trainer, pl_module, optimizer):
            found = [item.grad for item in pl_module.parameters() if item.grad is not None]
            norms.append(float(nn.utils.get_total_norm(found)) if found else 0.0)

    run = trainer(
        tmp_path,
        precision="bf16-mixed",
        gradient_clip_val=0.01,
        max_epochs=2,
        callbacks=[Norms("valid_loss")],
    )
    run.fit(model, data)
    assert not model.encoder.has_kernels
    assert 0 < max(norms) <= 0.0101
    assert gap(before, weights(model)) > 0
    assert model.encoder.model.dtype == torch.float32


def test_what_cannot_be_is_refused(few, comments, tiny_base, tmp_path):
    data, model = made(few, tiny_base)
    with pytest.raises(SettingsError, match="instead of a GradientAccumulationScheduler"):
        trainer(tmp_path, callbacks=[GradientAccumulationScheduler({0: 2})]).fit(model, data)
    with pytest.raises(SettingsError, match="there are no test texts; give TextData"):
        trainer(tmp_path).test(model, data)
    with pytest.raises(SettingsError, match=r"precision=bf16: .*give Trainer\(precision="):
        TextData(few, settings="train.precision=bf16")
    with pytest.raises(SettingsError, match="not of the training; give it to TextData"):
        TextModule.for_data(data, settings="data.valid_share=0.5")
    with pytest.raises(SettingsError, match="tensorboard and device mean nothing"):
        TextData(few, settings="device=cpu")
    with pytest.raises(SettingsError, match="track, tensorboard and device mean nothing"):
        TextData(few, settings='track=["csv"]')
    with pytest.raises(SettingsError, match=r"metric=f1: .*give ModelCheckpoint\(monitor="):
        TextModule.for_data(data, settings="train.metric=f1")
    with pytest.raises(SettingsError, match="top=2: a text has exactly one of these labels"):
        TextModule.for_data(data, settings="decision.aim=top=2")
    other = TextData(comments, base=tiny_base, label="warm,cold,film")
    with pytest.raises(ModelError, match="made for single with the labels"):
        trainer(tmp_path).fit(model, other)


def test_data_of_other_tokens_are_refused(reviews, tiny_base, tmp_path):
    run, _ = trained(tmp_path / "run", reviews, tiny_base)
    other = TextData(reviews, base=numbered_otherwise(tiny_base, tmp_path / "other"))
    with pytest.raises(ModelError, match=r"as other tokens; give TextData\(…, base='"):
        TextModule.from_run(run, other)
    file = write_pairs(tmp_path)
    data, model = made(file, tiny_base, text="one,other")
    apart, _ = made(file, tiny_base, text="one,other", settings="train.pairs=apart")
    with pytest.raises(ModelError, match="reads the texts of a pair together, and the data do not"):
        trainer(tmp_path).fit(model, apart)
    with pytest.raises(SettingsError, match="pairs=apart: the texts were read before, together"):
        TextModule.for_data(data, settings="train.pairs=apart")


def test_what_is_left_out_the_recipe_chooses_and_the_head_is_fitted_first(
    few, tiny_base, tmp_path, auto_recipe
):
    data = TextData(few, base=tiny_base, settings="data.valid_share=0.3")
    model = TextModule.for_data(data, settings="decision.abstain=0.9")
    assert data.settings.train.batch_size == 8
    assert data.settings.train.probe
    [found] = trainer(tmp_path).validate(model, data, verbose=False)
    assert found["valid_mcc"] > 0.8
    run = trainer(tmp_path, max_epochs=2)
    run.fit(model, data)
    assert run.global_step == 2 * data.objective.per_epoch
    assert run.optimizers[0].param_groups[0]["lr"] == 0  # the schedule ends with the Trainer
    assert model.card.decision.answers == 0.9  # as was wished
    texts = ["good film", "cold day", "the is"]
    answers = run.predict(model, model.texts(texts))
    saved = textune.Predictor.load(model.save(tmp_path / "saved")).predict(texts)
    for one, other in zip((found for part in answers for found in part), saved, strict=True):
        assert one.labels == other.labels
        assert dict(one.scores) == pytest.approx(dict(other.scores), abs=1e-6)


def test_a_missing_package_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    monkeypatch.delitem(sys.modules, "textune.lightning")
    with pytest.raises(MissingExtraError, match=r"pip install 'textune\[lightning\]'"):
        importlib.import_module("textune.lightning")


@pytest.mark.exhaustive
def test_two_processes_come_to_the_weights_of_one(server, reviews, tiny_base, tmp_path):
    _, wanted = trained(tmp_path / "run", reviews, tiny_base, settings="train.dropout=0")
    given, log = (tiny_base, reviews, tmp_path), tmp_path / "said.txt"
    begun = server.start_module("tests.lightning.made_ddp", given, log, os.environ)
    assert Fork(server, begun).wait() == 0, log.read_text(encoding="utf-8")[-2000:]
    found = [torch.load(tmp_path / f"rank-{rank}.pt") for rank in (0, 1)]
    assert gap(found[0]["weights"], found[1]["weights"]) == 0
    assert gap(found[0]["weights"], wanted) < 1e-6
    assert found[0]["numbers"] == pytest.approx(found[1]["numbers"], nan_ok=True)
    assert found[0]["numbers"]["valid_n"] == 16
    assert len(found[0]["texts"]) + len(found[1]["texts"]) == 16


@pytest.mark.exhaustive
def test_the_python_of_the_page_runs(reviews, tiny_base, tmp_path, monkeypatch, capsys):
    page = Path(__file__).parents[2] / "docs" / "lightning.md"
    code = "".join(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S))
    named = 'label="label"'
    assert code.count(named) == 1
    monkeypatch.chdir(tmp_path)
    code = code.replace(named, f"{named}, base={str(tiny_base)!r}")
    code = code.replace('accelerator="cpu"', 'accelerator="cpu", enable_progress_bar=False')
    exec(compile(code, page.name, "exec"), {})
    assert {"bad", "good"} & set(re.findall(r"\w+", capsys.readouterr().out))

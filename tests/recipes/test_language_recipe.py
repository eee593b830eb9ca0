"""Plain text makes an encoder at home in it, or makes one; the folder says how well."""

import json
import math
import shutil

import pytest
import torch
import transformers
from safetensors.torch import load_file

import textune
from made_texts import drawn, give_head, own_cache, write_blocks, write_lines
from textune.corpora import library
from textune.doors import keywords, language_api
from textune.encoder import bases, masked_lm
from textune.errors import RunError
from textune.objectives.masked import Masked
from textune.recipes import plain_text, requests
from textune.records import Message, Started, Step, Validated
from textune.settings.language_config import AdaptSettings
from textune.text import tokenizers

TRAIN = {"epochs": 3, "batch_size": 16, "lr": 2e-3, "seed": 5, "device": "cpu"}
TRAIN["precision"] = "fp32"  # what is compared here is exact in it
NUMBERS = {"loss", "perplexity", "masked_accuracy"}
NSP_HEAD = {"nsp_loss", "nsp_accuracy"}
FILES = {
    "capsule.json",
    "config.toml",
    "data_card.json",
    "log.jsonl",
    "metrics.json",
    "model",
    "report.html",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory, _kernels):
    with own_cache(tmp_path_factory.mktemp("made"), _kernels) as folder:
        yield folder


@pytest.fixture(scope="module")
def spoken(place, tiny_base):
    return give_head(tiny_base, place / "spoken")


@pytest.fixture(scope="module")
def lines(place):
    return write_lines(place / "lines.txt")


@pytest.fixture(scope="module")
def blocks(place):
    return write_blocks(place / "blocks.txt")


@pytest.fixture(scope="module")
def adapted(place, lines, spoken):
    return language_api.adapt(lines, out=place / "adapted", base=spoken, **TRAIN)


@pytest.fixture(scope="module")
def paired(place, blocks, spoken):
    options = TRAIN | {"epochs": 6, "base": spoken, "nsp": True}
    return drawn(language_api.adapt, blocks, place / "paired", **options)


@pytest.fixture(scope="module")
def pretrained(place, blocks):
    made = {"size": "1x64", "vocab": 200, "epochs": 12, "seed": 5, "device": "cpu"}
    return language_api.pretrain(blocks, out=place / "pretrained", **made)


@pytest.fixture(params=["adapted", "paired", "pretrained"])
def run(request):
    return request.getfixturevalue(request.param)


def gathered(source, base, settings):
    """Return the library that a run with these settings has."""
    steps = library.gather(
        [source],
        tokenizers.load(bases.find(base)),
        settings.text,
        settings.mask,
        seed=settings.seed,
    )
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def read_json(file):
    return json.loads(file.read_text(encoding="utf-8"))


def read_log(run):
    return [json.loads(line) for line in (run.path / "log.jsonl").read_text().splitlines()]


def events_of(kind, source, out, *changes, **given):
    """Return everything that a run tells those who watch it."""
    settings = keywords.resolve(kind, TRAIN | given, None, changes)
    request = requests.TextRequest((str(source),), settings, out)
    return list(plain_text.learn(request))


def test_a_run_writes_its_folder(run):
    assert {entry.name for entry in run.path.iterdir()} >= FILES
    assert not (run.path / "checkpoints").exists()  # of no use to a finished run
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "Held-out perplexity fell from" in page
    assert read_json(run.path / "metrics.json") == run.metrics


def test_a_run_draws_its_pictures(paired):
    assert {file.name for file in (paired.path / "pictures").iterdir()} == {
        "learning_rate.png",
        "loss.png",
        "masked_accuracy.png",
    }


def test_held_out_text_is_less_of_a_surprise_after_a_run(run):
    before, after = run.metrics["before"], run.metrics["valid"]
    assert after["perplexity"] < 0.9 * before["perplexity"]
    assert run.metrics["best"] == {
        "step": max(line["step"] for line in read_log(run)),
        "metric": "loss",
        "value": after["loss"],
    }


def test_numbers_come_with_their_intervals_and_a_baseline(run):
    asked = NUMBERS | (NSP_HEAD if "nsp" in run.metrics["objective"] else set())
    for part in ("before", "valid"):
        numbers = run.metrics[part]
        assert set(numbers) == asked | {"n", "masked", "intervals"}
        assert set(numbers["intervals"]) == asked
        assert all(low <= numbers[key] <= high for key, (low, high) in numbers["intervals"].items())
        assert numbers["perplexity"] == pytest.approx(math.exp(numbers["loss"]))
    simple = run.metrics["baselines"]["most_frequent"]
    assert simple["piece"] in {".", "the", "is", "very", "was", "a"}
    assert 0 < simple["masked_accuracy"] < 0.3


def test_the_log_begins_with_the_weights_before_the_first_step(run):
    lines = read_log(run)
    assert (lines[0]["kind"], lines[0]["step"]) == ("validation", 0)
    assert lines[0]["metrics"]["loss"] == run.metrics["before"]["loss"]
    steps = [line["step"] for line in lines if line["kind"] == "step"]
    assert steps == list(range(1, max(steps) + 1))
    assert lines[-1]["metrics"]["loss"] == run.metrics["valid"]["loss"]


def test_the_card_says_what_was_read(adapted, lines, pretrained, blocks):
    card = read_json(adapted.path / "data_card.json")
    assert card["files"][0]["path"] == str(lines)
    assert card["splits"] == {"train": 144, "valid": 16}
    assert (card["documents"], card["tokens"], card["pieces"]) == (160, 1600, 160)
    assert (card["tokens_train"], card["tokens_valid"]) == (1440, 160)
    card = read_json(pretrained.path / "data_card.json")
    assert card["files"][0]["path"] == str(blocks)
    assert card["tokens"] == card["tokens_train"] + card["tokens_valid"]


def test_plain_transformers_loads_what_was_adapted(adapted, spoken, lines):
    model, found = transformers.AutoModelForMaskedLM.from_pretrained(
        adapted.path / "model", output_loading_info=True
    )
    assert not any(found.values())
    base = transformers.AutoModelForMaskedLM.from_pretrained(spoken)
    assert model.config.vocab_size == base.config.vocab_size
    names = transformers.AutoTokenizer.from_pretrained(adapted.path / "model")
    text = lines.read_text(encoding="utf-8").splitlines()[0]
    wanted = transformers.AutoTokenizer.from_pretrained(spoken)(text)["input_ids"]
    assert names(text)["input_ids"] == wanted


def test_plain_transformers_loads_what_judges_next_sentences(paired):
    model, found = transformers.AutoModelForPreTraining.from_pretrained(
        paired.path / "model", output_loading_info=True
    )
    assert not any(found.values())
    assert isinstance(model, transformers.BertForPreTraining)
    assert paired.metrics["objective"] == "mlm+nsp"


def test_plain_transformers_loads_what_was_pretrained(pretrained):
    model, found = transformers.AutoModelForMaskedLM.from_pretrained(
        pretrained.path / "model", output_loading_info=True
    )
    assert not any(found.values())
    assert isinstance(model, transformers.BertForMaskedLM)
    assert (model.config.num_hidden_layers, model.config.hidden_size) == (1, 64)
    names = transformers.AutoTokenizer.from_pretrained(pretrained.path / "model")
    assert len(names) == model.config.vocab_size <= 200
    assert names.tokenize("The FILM") == names.tokenize("the film")
    assert names.unk_token not in names.tokenize("the film was very good.")


def test_plain_transformers_finds_the_same_loss(adapted, lines, spoken):
    settings = keywords.resolve(AdaptSettings, {}, adapted.path / "config.toml")
    found = gathered(lines, spoken, settings)
    model = transformers.AutoModelForMaskedLM.from_pretrained(adapted.path / "model").eval()
    losses = []
    for row in range(len(found.valid)):
        batch = found.masked_batch(found.valid, torch.tensor([row]).numpy(), epoch=0)
        logits = model(batch.ids[None]).logits[0, batch.asked]
        losses += torch.nn.functional.cross_entropy(
            logits, batch.mlm_targets, reduction="none"
        ).tolist()
    assert len(losses) == adapted.metrics["valid"]["masked"]
    assert sum(losses) / len(losses) == pytest.approx(adapted.metrics["valid"]["loss"], abs=1e-5)


@pytest.mark.parametrize(("batch_size", "micro_tokens"), [(1, 16), (7, 100), (512, 10**6)])
@pytest.mark.parametrize("name", ["adapted", "paired"])
def test_judging_is_the_same_whatever_is_computed_at_once(
    request, name, spoken, batch_size, micro_tokens
):
    run = request.getfixturevalue(name)
    source = request.getfixturevalue("lines" if name == "adapted" else "blocks")
    settings = keywords.resolve(AdaptSettings, {}, run.path / "config.toml")
    found = gathered(source, spoken, settings)
    read = masked_lm.read(bases.find(run.path), nsp=settings.mask.nexts)
    numbers = Masked(found, batch_size).judge(read.encoder, micro_tokens=micro_tokens)
    assert json.dumps(numbers) == json.dumps(run.metrics["valid"])


def test_a_run_is_a_base_for_fine_tuning(adapted, reviews, tmp_path):
    run = textune.train(reviews, base=adapted.path, out=tmp_path / "run", epochs=0, device="cpu")
    tuned = load_file(run.path / "model" / "model.safetensors")
    before = load_file(adapted.path / "model" / "model.safetensors")
    shared = [name for name in tuned if name in before]
    assert any("encoder.layer.1" in name for name in shared)
    assert all(tuned[name].equal(before[name]) for name in shared)


def test_a_base_keeps_the_pooler_that_only_other_heads_read(adapted, spoken):
    before = load_file(spoken / "model.safetensors")
    after = load_file(adapted.path / "model" / "model.safetensors")
    assert set(before) <= set(after)


def test_its_own_settings_repeat_a_run_and_another_seed_does_not(adapted, lines, tmp_path):
    options = {"config": adapted.path / "config.toml"}
    again = language_api.adapt(lines, out=tmp_path / "again", **options)
    other = language_api.adapt(lines, out=tmp_path / "other", seed=6, **options)
    assert again.metrics == adapted.metrics != other.metrics
    files = [run.path / "model" / "model.safetensors" for run in (adapted, again, other)]
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()


def test_computing_less_at_once_changes_rounding_only(lines, spoken, tmp_path):
    base = without_dropout(spoken, tmp_path / "base")
    options = {"base": base, "epochs": 1, "lr": 0.1, "device": "cpu", "precision": "fp32"}
    weights = []
    for tokens in (16, 4096):
        changes = [f"train.micro_tokens={tokens}", "text.limit=48"]
        changes += ["train.eps=1"]  # of AdamW: no division by zero
        run = language_api.adapt(lines, out=tmp_path / f"{tokens}", settings=changes, **options)
        weights.append(load_file(run.path / "model" / "model.safetensors"))
    before = load_file(base / "model.safetensors")
    gaps = [(weights[0][name] - weights[1][name]).abs().max().item() for name in before]
    moves = [(weights[0][name] - before[name]).abs().max().item() for name in before]
    assert max(gaps) < 1e-6 < 1e-2 < max(moves)


def without_dropout(base, folder):
    shutil.copytree(base, folder)
    config = read_json(folder / "config.json")
    config |= {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.mark.usefixtures("either_format")
def test_no_pass_over_the_text_leaves_a_base_as_it_was(lines, spoken, tmp_path):
    run = language_api.adapt(lines, base=spoken, out=tmp_path / "run", epochs=0, device="cpu")
    before = load_file(spoken / "model.safetensors")
    after = load_file(run.path / "model" / "model.safetensors")
    assert all(after[name].equal(before[name]) for name in before)
    assert run.metrics["before"] == run.metrics["valid"]
    assert run.metrics["best"]["step"] == 0


@pytest.mark.usefixtures("either_format")
def test_weights_that_got_worse_are_not_kept(adapted, lines, tmp_path):
    run = language_api.adapt(
        lines, base=adapted.path, out=tmp_path / "run", lr=0.5, epochs=1, device="cpu"
    )
    assert run.metrics["best"]["step"] == 0
    assert run.metrics["valid"] == run.metrics["before"]
    page = (run.path / "report.html").read_text(encoding="utf-8")
    assert "No later measurement was better than the one before the first step." in page


def test_patience_ends_a_run_that_gets_no_better(adapted, lines, tmp_path):
    changes = ("train.patience=2", "train.validate_every=3")
    found = events_of(
        AdaptSettings, lines, tmp_path / "run", *changes, base=str(adapted.path), lr=1e-12
    )
    assert [event.step for event in found if isinstance(event, Validated)][-1] <= 9
    said = [event.text for event in found if isinstance(event, Message)]
    assert any("stopped early: no better held-out loss in 2 validations" in text for text in said)


@pytest.mark.parametrize(
    "changes",
    [
        ["mask.whole_words=true", "mask.rate=0.9", "mask.mask_share=0.0", "text.limit=20"],
        ["mask.random_share=0.0", "text.max_tokens=8", "train.clip=none", "text.cache=false"],
        ["text.valid_share=0.5", "train.precision=bf16", "train.schedule=one-cycle"],
        ["text.most_valid_tokens=100", "train.validate_every=4", "tensorboard=true"],
    ],
    ids=" ".join,
)
@pytest.mark.first(2)
def test_every_setting_trains(lines, spoken, tmp_path, changes):
    run = language_api.adapt(
        lines, base=spoken, out=tmp_path / "run", epochs=1, device="cpu", settings=changes
    )
    assert run.metrics["valid"]["masked"] > 0
    text = (run.path / "config.toml").read_text(encoding="utf-8").replace('"', "")
    for change in changes:
        name, _, value = change.partition("=")
        assert f"{name.rpartition('.')[2]} = {value}" in text.splitlines()


def test_frozen_layers_stay_as_they_were(lines, spoken, tmp_path):
    run = language_api.adapt(
        lines, base=spoken, out=tmp_path / "run", device="cpu", settings=["train.freeze=1"]
    )
    before = load_file(spoken / "model.safetensors")
    after = load_file(run.path / "model" / "model.safetensors")
    still = [name for name in before if "embeddings" in name or "layer.0" in name]
    moving = [name for name in before if "layer.1" in name]
    assert all(after[name].equal(before[name]) for name in still)
    assert not any(after[name].equal(before[name]) for name in moving)


def test_a_cased_tokenizer_tells_capitals_apart(blocks, tmp_path):
    made = {"size": "1x64", "vocab": 150, "epochs": 0, "device": "cpu", "cased": True}
    run = language_api.pretrain(blocks, out=tmp_path / "run", **made)
    names = transformers.AutoTokenizer.from_pretrained(run.path / "model")
    assert names.tokenize("The film") != names.tokenize("the film")
    assert names.decode(names("The film")["input_ids"], skip_special_tokens=True) == "The film"


@pytest.mark.usefixtures("either_format")
def test_pretraining_asks_for_next_sentences_too(blocks, tmp_path):
    made = {"size": "1x64", "vocab": 150, "epochs": 1, "device": "cpu", "nsp": True}
    run = language_api.pretrain(blocks, out=tmp_path / "run", **made)
    assert run.metrics["objective"] == "mlm+nsp"
    _, found = transformers.AutoModelForPreTraining.from_pretrained(
        run.path / "model", output_loading_info=True
    )
    assert not any(found.values())


def test_a_pretrained_encoder_reads_as_far_as_was_asked(blocks, tmp_path):
    made = {"size": "1x64", "vocab": 150, "epochs": 1, "device": "cpu", "max_tokens": 32}
    run = language_api.pretrain(blocks, out=tmp_path / "run", **made)
    names = transformers.AutoTokenizer.from_pretrained(run.path / "model")
    assert names.model_max_length == 32
    assert read_json(run.path / "model" / "config.json")["max_position_embeddings"] == 32
    assert read_json(run.path / "data_card.json")["max_tokens"] == 32


@pytest.mark.usefixtures("either_format")
@pytest.mark.first(1)
def test_a_run_can_be_adapted_further(pretrained, lines, tmp_path):
    run = language_api.adapt(lines, base=pretrained.path, out=tmp_path / "run", **TRAIN)
    assert run.metrics["valid"]["perplexity"] < run.metrics["before"]["perplexity"]


def test_who_watches_hears_of_each_step(lines, spoken, tmp_path):
    found = events_of(AdaptSettings, lines, tmp_path / "run", base=str(spoken), epochs=1)
    started = next(event for event in found if isinstance(event, Started))
    assert (started.steps, started.first, started.tokens) == (9, 1, 144 * 12)
    steps = [event for event in found if isinstance(event, Step)]
    assert [step.number for step in steps] == list(range(1, 10))
    assert sum(step.texts for step in steps) == 144
    assert sum(step.tokens for step in steps) == started.tokens
    said = [event.text for event in found if isinstance(event, Message)]
    assert said[0] == "lines.txt: 160 lines, no blank line between them: each line is a document"
    assert said[-1] == f"everything is in {tmp_path / 'run'}"


def test_a_run_of_labels_is_not_taken_for_one_of_text(reviews, lines, spoken, tmp_path):
    textune.train(reviews, base=spoken, out=tmp_path / "run", epochs=0, device="cpu")
    with pytest.raises(RunError, match="was not made by textune adapt or pretrain"):
        language_api.adapt(lines, base=spoken, out=tmp_path / "run", resume=True)

import os
from pathlib import Path
from typing import Any

import pytest

from bench import big, memory, tasks
from bench.memory import Samples, Usage


def usage(program: str, turn: int, peak: float, training: float | None = None) -> Usage:
    return Usage(
        program=program,
        policy="its policy",
        turn=turn,
        texts=64,
        peak_mb=peak,
        sampled_peak_mb=peak - 1,
        at_start_mb=100.0,
        training_peak_mb=training,
        after_peak_mb=None,
        samples=10,
    )


def test_peaks_of_loading_of_training_and_of_saving_are_kept_apart() -> None:
    samples = Samples()
    seen = ((100, 0), (900, 0), (400, 1), (650, 1), (500, 1), (700, 2), (300, 2))
    for resident, stage in seen:
        samples.add(resident, stage=stage)
    assert (samples.highest, samples.at_start) == (900, 400)
    assert (samples.training, samples.after) == (650, 700)
    assert samples.count == 7


def test_a_process_is_looked_at_until_it_is_gone(tmp_path: Path) -> None:
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    samples = Samples([tmp_path / "other", begun], [ended])
    samples(os.getpid())
    assert samples.highest > 10
    assert samples.at_start is None
    begun.touch()
    samples(os.getpid())
    assert samples.at_start == samples.training
    assert samples.after is None
    ended.touch()
    samples(os.getpid())
    assert samples.after is not None
    samples(2**22 + 1)  # no process has this number
    assert samples.count == 3


def test_the_highest_of_all_turns_counts_and_peers_are_compared_with_textune() -> None:
    found = memory.summarise(
        [
            usage("textune", 1, 400, 300),
            usage("textune predict", 1, 200),
            usage("default", 1, 900, 700),
            usage("tuned-bf16", 1, 800, None),
            usage("tuned-fp32", 1, 600, 500),
            usage("textune", 2, 500, 350),
            usage("default", 2, 1000, 600),
        ]
    )
    assert found["programs"]["textune"]["peak_mb"] == 500
    assert found["programs"]["textune"]["training_peak_mb"] == 350
    assert found["programs"]["default"]["training_peak_mb"] == 700
    assert found["programs"]["tuned-bf16"]["training_peak_mb"] is None
    assert found["times_textune"] == {
        "default": 2.0,
        "tuned-bf16": 1.6,
        "tuned-fp32": 1.2,
        "best tuned": 1.2,
    }


def test_peers_alone_are_compared_with_nobody() -> None:
    assert memory.summarise([usage("default", 1, 900)])["times_textune"] == {}


def test_the_big_encoder_has_the_tokens_and_the_shape_of_its_model(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoTokenizer

    from textune.text import tokenizers

    words = ["the", "cat", "sat", "on", "a", "mat", "and", "slept"]
    rows = [(" ".join(words[n % 5 : n % 8 + 3]), (str(n % 2),)) for n in range(200)]
    texts = tasks.write(tmp_path / "rows.jsonl", rows, "single", ("0", "1"))
    small: dict[str, Any] = {"hidden_size": 12, "num_hidden_layers": 1, "intermediate_size": 16}
    folder = tmp_path / "big"
    job = {"texts": str(texts), "labels": ["0", "1"]}
    assert big.make(job, folder, **small) > 250_002 * 12
    config = AutoConfig.from_pretrained(folder)
    assert (config.model_type, config.vocab_size) == ("xlm-roberta", 250_002)
    assert config.max_position_embeddings == 514
    found = AutoTokenizer.from_pretrained(folder)
    assert (found.pad_token_id, found.model_max_length) == (1, 512)
    ids = found("the cat slept")["input_ids"]
    assert (ids[0], ids[-1]) == (0, 2)
    assert found.unk_token_id not in ids
    ours = tokenizers.load(str(folder))
    assert ours.limit == 512
    wrapped, _ = ours.wrap(ours.encode(["the cat slept"])[0], None)
    assert wrapped.tolist() == ids


def test_the_real_shape_is_that_of_xlm_r_base() -> None:
    width, inner, layers = (
        big.SHAPE[name] for name in ("hidden_size", "intermediate_size", "num_hidden_layers")
    )
    assert (width, inner, layers, big.SHAPE["vocab_size"]) == (768, 3072, 12, 250_002)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--big", "--base", "x"], "--big and --base exclude each other"),
        (["--only", "tutorial"], "--only tutorial: allowed are textune, default, tuned-fp32"),
        (["--data", "nowhere"], "--data nowhere: cola/in_domain_train.tsv"),
    ],
)
def test_a_wrong_option_is_explained(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        memory.parse(options)
    assert message in capsys.readouterr().err


def test_a_big_encoder_is_trained_on_few_rows(shared: Path) -> None:
    assert (memory.parse(["--big"]).limit, memory.parse(["--base", "x"]).limit) == (64, 512)
    assert memory.parse(["--big"]).only == ["textune", "default", "tuned-fp32", "tuned-bf16"]

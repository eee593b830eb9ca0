import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest

from made_runs import make_run
from textune.doors import cli
from thinning import spare

TRAIN = ["--epochs", "1", "--batch-size", "16", "--lr", "0.002", "--device", "cpu"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture
def textune(monkeypatch, capsys):
    """Return a function that runs a command and gives its exit code, stdout and stderr."""

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["textune", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.run()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


@pytest.fixture(scope="module")
def made(tiny_base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return make_run(folder, tiny_base, "single", ["bad", "good"])


def one_object(out):
    assert out.count("\n") == 1
    assert out.endswith("\n")
    return json.loads(out)


def test_check_for_programs_is_one_object(textune, reviews, tiny_base):
    code, out, err = textune("check", reviews, "--base", tiny_base, "--json")
    found = one_object(out)
    assert (code, err) == (0, "")
    assert {name: found[name] for name in ("task", "text", "label", "rows", "labels")} == {
        "task": "single",
        "text": ["text"],
        "label": ["label"],
        "rows": 160,
        "labels": {"bad": 80, "good": 80},
    }
    assert isinstance(found["findings"], list)


def test_check_for_people_ends_in_the_command_to_train(textune, reviews, tiny_base):
    code, out, err = textune("check", reviews, "--base", tiny_base)
    assert (code, err) == (0, "")
    assert f"textune train {reviews} --text text --label label --task single" in out


def test_train_evaluate_and_predict_for_programs(textune, reviews, tiny_base, tmp_path):
    run = tmp_path / "run"
    words = ["train", reviews, "--base", tiny_base, "--out", run, "--json", *TRAIN]
    code, out, err = textune(*words, "--epochs", 5, "--lr", 0.005)  # one at chance is warned of
    found = one_object(out)
    assert (code, err) == (0, "")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert found == {"run": str(run), **metrics}
    code, out, err = textune("evaluate", run, reviews, "--json")
    assert (code, err) == (0, "")
    assert one_object(out)["n"] == 160
    code, out, err = textune("predict", run, "good film", "bad book", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [item["text"] for item in found] == ["good film", "bad book"]
    assert all(set(item) == {"text", "labels", "scores"} for item in found)
    assert all(set(item["scores"]) == {"bad", "good"} for item in found)
    code, out, err = textune("predict", run, "--input", reviews, "--json")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 160


def test_train_for_people_says_what_happens(textune, reviews, tiny_base, tmp_path):
    words = ["train", reviews, "--base", tiny_base, "--out", tmp_path / "run", *TRAIN]
    code, out, err = textune(*words, "--valid", reviews)
    assert code == 0
    assert "MCC" in out
    assert f"textune predict {tmp_path / 'run'}" in out
    assert "160 rows, texts in 'text', labels in 'label': one label a text" in err
    assert "note:" in err  # that the validation texts were trained on


def test_notes_stay_off_the_output_for_programs(textune, reviews, tiny_base, tmp_path):
    words = ["train", reviews, "--base", tiny_base, "--out", tmp_path / "run", *TRAIN]
    code, out, err = textune(*words, "--valid", reviews, "--json")
    assert code == 0
    one_object(out)
    assert err.startswith("note:")


def test_predicting_a_file_says_how_many_rows(textune, made, reviews, tmp_path):
    words = ["predict", made, "--input", reviews, "--output", tmp_path / "out.csv"]
    assert textune(*words) == (0, f"{tmp_path / 'out.csv'}: 160 rows\n", "")
    code, _, err = textune(*words)
    assert code == 2
    assert "already exists; --overwrite replaces it" in err
    code, out, _ = textune(*words, "--overwrite", "--json")
    assert one_object(out) == {"output": str(tmp_path / "out.csv"), "rows": 160}


def test_columns_are_named_in_lists(textune, comments, tiny_base):
    words = ["check", comments, "--base", tiny_base, "--json", "--text", "comment"]
    code, out, _ = textune(*words, "--label", "warm, film")
    assert code == 0
    assert one_object(out)["label"] == ["warm", "film"]


def test_columns_without_names_are_numbers(textune, tiny_base, tmp_path):
    file = tmp_path / "rows.tsv"
    lines = [f"src\t{n % 2}\t\tthe film number {n} was a lovely day\n" for n in range(40)]
    file.write_text("".join(lines), encoding="utf-8")
    words = ["--no-header", "--text", "4", "--label", "2", "--base", tiny_base, "--json"]
    code, out, _ = textune("train", file, *words, "--out", tmp_path / "run", *TRAIN)
    assert code == 0
    assert set(one_object(out)["valid"]["labels"]) == {"0", "1"}
    code, out, _ = textune("evaluate", tmp_path / "run", file, "--json")
    assert (code, one_object(out)["n"]) == (0, 40)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check", "nowhere.csv"], "nowhere.csv: there is no such file"),
        (["check", "REVIEWS", "--text", "txt"], "did you mean 'text'"),
        (["check", "REVIEWS", "--task", "sngle"], "sngle"),
        (["train", "REVIEWS", "--label", "lable"], "did you mean 'label'"),
        (["train", "REVIEWS", "--valid", "0.1"], "is held out by --set data.valid_share=0.1"),
        (["train", "REVIEWS", "--task", "sngle"], "data.task: Input should be 'single', 'multi'"),
        (["train", "REVIEWS", "--set", "train.lrr=1"], "train.lrr: no such setting; did you mean"),
        (["train", "REVIEWS", "--set", "lr"], "--set lr: expected section.key=value"),
        (["train", "REVIEWS", "--epochs", "-1"], "train.epochs: Input should be greater"),
        (["train", "REVIEWS", "--epochs", "many"], "Invalid value for '--epochs'"),
        (["train", "REVIEWS", "--config", "none.toml"], "none.toml: no such settings file"),
        (["train", "REVIEWS", "--base", "./nowhere"], "./nowhere: no such directory; --base"),
        (
            ["train", "REVIEWS", "--base", "no-such-model"],
            "no-such-model: cannot be had from",
        ),
        (["train", "REVIEWS", "--device", "gpu"], "device 'gpu'"),
        (["train", "REVIEWS", "--valid", "nowhere.csv"], "nowhere.csv: there is no such file"),
        (["train", "REVIEWS", "--max-tokens", "9999"], "this encoder reads at most"),
        (["train", "REVIEWS", "--resume"], "nothing to resume there"),
        (["train", "REVIEWS", "--resume", "--overwrite"], "exclude each other"),
        (["train", "REVIEWS", "--epoch", "3"], "No such option"),
        (["check"], "Missing argument"),
        (["train"], "name the FILE to train on, or give --config"),
        (["trian", "REVIEWS"], "No such command"),
        (["evaluate", "nowhere", "REVIEWS"], "nowhere: no such folder; RUN is a folder that"),
        (["predict", "nowhere", "text"], "nowhere: no such folder; RUN is a folder that"),
        (["predict", "RUN"], "name either texts or --input FILE"),
        (["predict", "RUN", "text", "--input", "REVIEWS"], "name either texts or --input FILE"),
        (["predict", "RUN", "text", "--output", "out.csv"], "--output goes with --input FILE"),
        (["predict", "RUN", "REVIEWS", "--output", "o.csv"], "a file of texts is named by --input"),
        (["predict", "RUN", "text", "--threshold", "2"], "a probability lies between 0 and 1"),
        (["predict", "RUN", "text", "--device", "gpu"], "device 'gpu'"),
        (["predict", "RUN", "--input", "REVIEWS", "--text", "txt"], "did you mean 'text'"),
        (["predict", "RUN", "--input", "REVIEWS", "--output", "a.xls"], "unknown ending; allowed"),
        (["evaluate", "RUN", "REVIEWS", "--label", "text"], "was not seen in training"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_a_message_and_exit_code_2(
    textune, reviews, made, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    known = {"REVIEWS": str(reviews), "RUN": str(made)}
    code, out, err = textune(*(known.get(word, word) for word in words))
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert "Traceback" not in err
    assert not (tmp_path / "runs" / "reviews").exists()


def test_an_existing_run_is_refused(textune, reviews, made):
    code, _, err = textune("train", reviews, "--out", made)
    assert code == 2
    assert "already exists; --resume continues it, --overwrite starts anew" in err
    assert (made / "model" / "decision.json").exists()


def test_a_run_without_a_sound_checkpoint_is_exit_code_4(textune, reviews, tiny_base, tmp_path):
    run = tmp_path / "run"
    (run / "checkpoints" / "step-00000001").mkdir(parents=True)
    words = ["train", reviews, "--base", tiny_base, "--out", run, "--resume", *TRAIN]
    code, _, err = textune(*words)
    assert code == 4
    assert "none of the 1 checkpoints is whole" in err


def test_a_run_in_use_is_exit_code_3(textune, server, reviews, tiny_base, tmp_path):
    run = tmp_path / "run"
    long = ["--epochs", "500", "--set", "data.valid_share=0.1"]  # no folds before the first update
    command = ["train", reviews, "--base", tiny_base, *long, "--out", run]
    first = server.start([*command, "--device", "cpu"])
    while not (run / "log.jsonl").is_file():
        assert server.poll(first) is None
        time.sleep(0.01)
    os.kill(first, signal.SIGSTOP)  # it holds the folder, and its turn on the processor is free
    for more in ([], ["--resume"], ["--overwrite"]):
        code, _, err = textune("train", reviews, "--base", tiny_base, "--out", run, *more)
        assert code == 3
        assert f"another process works in it: process {first} on" in err
    os.kill(first, signal.SIGKILL)
    assert server.wait(first).code == -signal.SIGKILL


def test_a_bug_is_exit_code_1_with_a_traceback(textune, reviews, monkeypatch):
    from textune.survey import survey

    def broken(*_, **__):
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr(survey, "check", broken)
    code, out, err = textune("check", reviews)
    assert (code, out) == (1, "")
    assert "ZeroDivisionError: surprise" in err
    assert "this is a bug of textune's; please report it" in err


def test_a_full_disk_is_a_message(textune, reviews, monkeypatch):
    from textune.survey import survey

    def full(*_, **__):
        raise OSError(28, "No space left on device", "run/log.jsonl")

    monkeypatch.setattr(survey, "check", full)
    code, _, err = textune("check", reviews)
    assert code == 2
    assert err == "error: run/log.jsonl: cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    "words",
    [
        spare(["predict", "RUN", "--input", "FILE", "--json"]),
        ["check", "FILE"],
    ],
)
def test_a_reader_who_leaves_early_hears_nothing(made, tiny_base, tmp_path, words):
    file = tmp_path / "texts.csv"
    lines = [f"the film number {n} was good,{n % 2}\n" for n in range(1500)]
    file.write_text("text,label\n" + "".join(lines), encoding="utf-8")
    known = {"RUN": str(made), "FILE": str(file)}
    command = [sys.executable, "-m", "textune", *(known.get(word, word) for word in words)]
    command += ["--base", str(tiny_base)] if words[0] == "check" else []
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_a_terminal_that_lacks_a_character_still_gets_an_answer(made):
    code = f"""
import sys
from textune.doors import cli
for words in ([], ["--json"]):
    sys.argv[1:] = ["predict", {str(made)!r}, "h\\u00e9llo", *words]
    try: cli.run()
    except SystemExit as end: assert end.code == 0
"""
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    *shown, last = done.stdout.splitlines()
    assert "h\\xe9llo" in "".join(shown)
    assert '"h\\u00e9llo"' in last


def test_bytes_that_are_no_text_are_refused(made, textune):
    code, _, err = textune("predict", made, os.fsdecode(b"\xff"))  # as Python reads a command line
    assert code == 2
    assert "text 1: holds bytes that are not UTF-8" in err


def test_checking_loads_nothing_that_trains(reviews, tiny_base):
    heavy = ["torch", "transformers", "matplotlib", "sklearn", "scipy", "pandas"]
    file, base = str(reviews), str(tiny_base)
    code = f"""
import sys, textune
from textune.doors import cli
textune.check({file!r}, base={base!r})
sys.stderr.write(' '.join(set({heavy}) & set(sys.modules)))
sys.argv[1:] = ['check', {file!r}, '--base', {base!r}]
try: cli.run()
except SystemExit as end: assert end.code == 0
sys.stderr.write(' '.join(set({heavy}) & set(sys.modules)))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert "rows" in done.stdout
    assert done.stderr == ""


def test_the_installed_program_is_this_one(made):
    program = shutil.which("textune", path=os.path.dirname(sys.executable))  # noqa: PTH120
    assert program is not None
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    for name in ("check", "train", "evaluate", "predict", "demo"):
        assert f" {name} " in done.stdout


def test_the_proposed_predict_command_fits_a_model_of_pairs(textune, tiny_base, tmp_path):
    lines = ["first,second,label"]
    lines += [f"the film was {word} {n},a meal {n},{word}" for n in range(12) for word in "ab"]
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = ["--text", "first,second", "--label", "label", "--epochs", "1"]
    run = tmp_path / "run"
    code, out, err = textune("train", file, *options, "--base", tiny_base, "--out", run)
    assert code == 0, err
    proposed = shlex.split(out.splitlines()[-1].partition("texts:")[2])
    assert proposed == ["textune", "predict", str(run), "some text", "a second text"]
    assert textune(*proposed[1:])[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("check", "\x1b[31mmissing.csv"),
        ("check", "--\x1b[31m"),
        ("\x1b[31m",),
        ("train", "a.csv", "--set", "\x1b[31m=1"),
    ],
)
def test_what_is_typed_cannot_command_the_terminal(textune, words):
    code, out, err = textune(*words)
    assert code == 2
    assert "\x1b" not in out + err
    assert r"\x1b[31m" in err

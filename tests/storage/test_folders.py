import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from textune.errors import BusyError, RunError, SettingsError
from textune.storage import atomic, folders

HOLD = """
import sys
from pathlib import Path
from textune.storage import atomic, folders
with folders.claim(Path(sys.argv[1]), resume=False, overwrite=False) as folder:
    atomic.write_text(folder / "config.toml", "")
    print("mine", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def busy(tmp_path):
    """Return a folder that another process works in, and that process's number."""
    folder = tmp_path / "run"
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "mine\n"
        yield folder, process
        process.kill()


def claimed(folder, *, resume=False, overwrite=False):
    return folders.claim(folder, resume=resume, overwrite=overwrite)


@pytest.mark.parametrize("asked", [{}, {"resume": True}, {"overwrite": True}], ids=str)
def test_a_folder_in_use_is_refused_and_its_owner_named(busy, asked):
    folder, process = busy
    with (
        pytest.raises(BusyError, match=f"another process works in it: process {process.pid} on "),
        claimed(folder, **asked),
    ):
        pass
    assert (folder / "run.owner").exists()
    assert BusyError.exit_code == 3


def test_a_killed_owner_does_not_keep_the_folder(busy):
    folder, process = busy
    process.kill()
    process.wait()
    with claimed(folder, resume=True):
        pass
    assert [entry.name for entry in folder.iterdir()] == ["config.toml"]


def test_only_one_of_many_gets_a_folder(tmp_path):
    code = HOLD.replace("sys.stdin.read()", "import time; time.sleep(0.5)")
    command = [sys.executable, "-c", code, str(tmp_path / "run")]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert outputs.count(b"mine\n") == 1


def test_a_lock_whose_file_was_just_deleted_is_taken_anew(tmp_path, monkeypatch):
    """Between opening the file and locking it, its last holder may delete it."""
    acquire, times = FileLock.acquire, []

    def late(self, *words, **named):
        found = acquire(self, *words, **named)
        times.append(1)
        if len(times) == 1:
            (tmp_path / "run" / "run.lock").unlink()
        return found

    monkeypatch.setattr(FileLock, "acquire", late)
    with (
        claimed(tmp_path / "run"),
        pytest.raises(BusyError, match="another process works in it"),
        claimed(tmp_path / "run"),
    ):
        pass
    assert len(times) == 2


def test_a_claim_that_wrote_nothing_leaves_nothing(tmp_path):
    with claimed(tmp_path / "run"):
        assert (tmp_path / "run").is_dir()
    assert not (tmp_path / "run").exists()


def test_an_empty_folder_of_the_users_is_taken_and_kept(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    with claimed(folder):
        pass
    assert list(folder.iterdir()) == []


def test_a_claim_ends_with_an_error_as_well(tmp_path):
    with pytest.raises(KeyError, match="oops"), claimed(tmp_path / "run") as folder:
        atomic.write_text(folder / "config.toml", "")
        raise KeyError("oops")
    assert [entry.name for entry in (tmp_path / "run").iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("entries", "asked", "message"),
    [
        (["config.toml"], {}, "already exists; --resume continues it, --overwrite starts anew, or"),
        (["thesis.txt"], {"overwrite": True}, "holds 'thesis.txt' and no run; textune deletes"),
        (["thesis.txt", "run.lock"], {"overwrite": True}, "holds 'thesis.txt' and no run"),
        (["thesis.txt"], {}, "already exists, and holds 'thesis.txt' and no run; choose another"),
        ([], {"resume": True}, "nothing to resume there"),
        (["run.lock"], {"resume": True}, "nothing to resume there"),
        ([], {"resume": True, "overwrite": True}, "--resume and --overwrite exclude each other"),
    ],
)
def test_folders_that_cannot_be_used_are_refused_and_kept(tmp_path, entries, asked, message):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in entries:
        (folder / name).write_text("kept", encoding="utf-8")
    with pytest.raises(RunError, match=message), claimed(folder, **asked):
        pass
    kept = {name for name in entries if name != "run.lock"}
    assert {entry.name for entry in folder.iterdir()} - {"run.lock"} == kept


def test_resuming_what_is_not_there_makes_nothing(tmp_path):
    with pytest.raises(RunError, match="nothing to resume"), claimed(tmp_path / "a", resume=True):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "run").write_text("mine", encoding="utf-8")
    with (
        pytest.raises(RunError, match="is a file; --out names a folder"),
        claimed(tmp_path / "run"),
    ):
        pass
    with (
        pytest.raises(RunError, match="cannot be made: Not a directory; choose another --out"),
        claimed(tmp_path / "run" / "inside"),
    ):
        pass
    assert (tmp_path / "run").read_text(encoding="utf-8") == "mine"


def marked(folder):
    """Make what a run leaves in its folder."""
    with claimed(folder), folders.beginning(folder) as made:
        (made / "config.toml").write_text("seed = 1\n", encoding="utf-8")
    return folder


def test_beginning_deletes_the_run_and_nothing_behind_its_links(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    folder = marked(tmp_path / "run")
    (folder / "model").mkdir()
    (folder / "model" / "decision.json").touch()
    (folder / "checkpoints").symlink_to(tmp_path / "elsewhere")
    with claimed(folder, overwrite=True), folders.beginning(folder) as made:
        (made / "config.toml").write_text("seed = 2\n", encoding="utf-8")
    assert sorted(entry.name for entry in folder.iterdir()) == [".textune", "config.toml"]
    assert (folder / "config.toml").read_text(encoding="utf-8") == "seed = 2\n"
    assert (tmp_path / "elsewhere" / "kept").exists()


def test_what_fails_while_it_begins_leaves_the_run_before_as_it_was(tmp_path):
    folder = marked(tmp_path / "run")
    (folder / "metrics.json").write_text("{}", encoding="utf-8")
    with (
        pytest.raises(UnicodeEncodeError),
        claimed(folder, overwrite=True),
        folders.beginning(folder) as made,
    ):
        (made / "config.toml").write_text("half a character: \ud800", encoding="utf-8")
    names = sorted(entry.name for entry in folder.iterdir())
    assert names == [".textune", "config.toml", "metrics.json"]
    assert (folder / "config.toml").read_text(encoding="utf-8") == "seed = 1\n"


@pytest.mark.parametrize(
    "name",
    [
        "thesis.txt",
        "model/thesis.txt",
        "predictions/notes/mine.txt",
        "checkpoints/step-00000001/mine.json",
        ".git/config",
        "model.bak",
    ],
)
def test_a_run_that_holds_something_else_is_never_replaced(tmp_path, name):
    folder = marked(tmp_path / "run")
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("years of work", encoding="utf-8")
    with (
        pytest.raises(RunError, match="which no run writes; textune deletes only what is its own"),
        claimed(folder, overwrite=True),
    ):
        pass
    assert (folder / name).read_text(encoding="utf-8") == "years of work"
    with claimed(folder, resume=True):  # which deletes nothing
        pass


@pytest.mark.parametrize(
    "name",
    [
        "checkpoints/mean.safetensors",
        "evaluations/dev.faulty.jsonl",
        "model/adapter/adapter_config.json",
        "model/adapter/adapter_model.safetensors",
        "model/evaluations/dev.parquet",
        "model/own_head.safetensors",
        "model/plugin.py",
        "model/preprocess.py",
    ],
)
def test_a_run_with_all_that_textune_may_write_can_be_replaced(tmp_path, name):
    folder = marked(tmp_path / "run")
    (folder / name).parent.mkdir(parents=True)
    (folder / name).touch()
    with claimed(folder, overwrite=True), folders.beginning(folder):
        pass
    assert not (folder / name).exists()


def test_folders_that_only_look_like_a_run_are_never_replaced(tmp_path):
    for name in ("model", "config.toml"):
        folder = tmp_path / f"with {name}"
        folder.mkdir()
        (folder / name).touch()
        with pytest.raises(RunError, match="and no run; textune"), claimed(folder, overwrite=True):
            pass
        assert (folder / name).exists()


def test_a_run_that_the_version_before_made_can_be_replaced(tmp_path):
    folder = tmp_path / "run"
    for place in ("model", "predictions", "evaluations", "checkpoints/step-00000003"):
        (folder / place).mkdir(parents=True)
    for name in (
        *("data_card.json", "splits.json", "log.jsonl", "capsule.json", "metrics.json"),
        *("report.html", "model/config.json", "model/model.safetensors", "model/decision.json"),
        *("model/tokenizer.json", "model/README.md", "predictions/valid.parquet", ".model-17"),
        *("evaluations/dev.json", "checkpoints/best.safetensors", "checkpoints/.tmp-3-17"),
        "checkpoints/step-00000003/state.json",
    ):
        (folder / name).touch()
    settings = "seed = 1\n[train]\nepochs = 1\n[run]\nsource = 'a.csv'\n"
    (folder / "config.toml").write_text(settings, encoding="utf-8")
    with claimed(folder, overwrite=True), folders.beginning(folder) as made:
        (made / "config.toml").touch()
    assert sorted(entry.name for entry in folder.iterdir()) == [".textune", "config.toml"]


@pytest.mark.parametrize("what", ["file", "base", "config"])
def test_a_run_that_holds_an_input_is_never_replaced(tmp_path, what):
    folder = marked(tmp_path / "run")
    (folder / "predictions").mkdir()
    (folder / "predictions" / "valid.parquet").touch()
    inputs = {
        "file": folder / "predictions" / "valid.parquet",
        "base": folder,
        "config": tmp_path / "run" / ".." / "run" / "config.toml",
    }
    with (
        pytest.raises(RunError, match=f"--overwrite would delete the {what} "),
        folders.claim(
            folder, resume=False, overwrite=True, inputs={f"the {what}": str(inputs[what])}
        ),
    ):
        pass
    assert inputs[what].exists()


def test_what_killed_processes_left_is_cleared_by_the_next(tmp_path):
    folder = marked(tmp_path / "run")
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    dead = atomic._beside(folder / "any").name.replace(f"-{os.getpid()}-", f"-{process.pid}-")
    living = dead.replace(f"-{process.pid}-", "-1-")
    left = [dead, f".model-{process.pid}", f"checkpoints/.tmp-3-{process.pid}"]
    for name in (*left, living):
        (folder / name).mkdir(parents=True)
    with claimed(folder, resume=True):
        pass
    assert not any((folder / name).exists() for name in left)
    assert (folder / living).exists()


@pytest.mark.parametrize("name", ["n" * 300, "a\0b"], ids=["long", "NUL"])
def test_a_folder_that_cannot_be_is_said(tmp_path, name):
    with pytest.raises(RunError, match=r"cannot be made: .*choose another --out"):  # noqa: SIM117
        with claimed(tmp_path / name):
            pass


@pytest.mark.parametrize(
    ("resume", "way"), [(True, "copy the run to where it may be written"), (False, "another --out")]
)
def test_a_place_where_nothing_may_be_written_is_said(resume, way):
    where = Path("/sys/kernel")  # takes no files, root's neither
    refused = pytest.raises(RunError, match=f"cannot be written: .*{way}$")
    with refused, folders.claim(where, resume=resume, overwrite=False):
        pass


def test_a_full_disk_advises_what_helps(tmp_path):
    folder = marked(tmp_path / "run")
    for place, advice in ((None, "start again with --overwrite"), ("step-3", "with --resume")):
        if place is not None:
            (folder / "checkpoints" / place).mkdir(parents=True)
        with (
            pytest.raises(RunError, match=f"No space left on device; .*{advice}"),
            claimed(folder, resume=True),
        ):
            raise OSError(28, os.strerror(28), str(folder / "log.jsonl"))
    with (
        pytest.raises(RunError, match=r"^/elsewhere/a\.csv: Input/output error; the run in"),
        claimed(folder, resume=True),
    ):
        raise OSError(5, os.strerror(5), "/elsewhere/a.csv")


@pytest.mark.parametrize("name", ["seen_texts.npy", "faulty.jsonl", "splits.json"])
def test_what_is_whole_stays_and_what_is_damaged_is_written_anew(tmp_path, name):
    folder, made = tmp_path / "run", tmp_path / "made"
    for place in (folder, made):
        place.mkdir()
        if name.endswith("npy"):
            np.save(place / name, np.arange(3, dtype=np.uint64))
        else:
            more = int(name.endswith("l"))
            (place / name).write_text('{"a": 1}\n' + '{"a": 2}\n' * more)
    assert folders.mend(folder, made) == []
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:-3])
    assert folders.mend(folder, made) == [name]
    assert (folder / name).read_bytes() == content


def test_a_mistake_leaves_no_folder_that_was_made_for_the_run(tmp_path):
    (tmp_path / "mine").mkdir()
    for place in ("runs/reviews", "mine/a/b"):
        with pytest.raises(SettingsError), claimed(tmp_path / place):
            raise SettingsError("a mistake that is found before anything is written")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]

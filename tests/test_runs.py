import json
import os
import stat
import subprocess
import sys

import pytest

from textune import runs
from textune.errors import BusyError, ModelError, RunError
from textune.records import Contract, Decision, Shape
from textune.runs import Card

CARD = Card(
    task="single",
    labels=("bad", "good"),
    decision=Decision("threshold", {"bad": 0.5, "good": 0.25}, fitted=True),
    shape=Shape(64),
    contract=Contract("single", ("text",), ("label",), "name", reasons=("because",)),
    header=True,
    delimiter=",",
)
HOLD = """
import sys
from pathlib import Path
from textune import runs
with runs.claim(Path(sys.argv[1]), resume=False, overwrite=False) as folder:
    runs.write_text(folder / "config.toml", "")
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
    return runs.claim(folder, resume=resume, overwrite=overwrite)


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
        runs.write_text(folder / "config.toml", "")
        raise KeyError("oops")
    assert [entry.name for entry in (tmp_path / "run").iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    ("entries", "asked", "message"),
    [
        (["config.toml"], {}, "already exists; --resume continues it, --overwrite starts anew, or"),
        (["thesis.txt"], {"overwrite": True}, "holds 'thesis.txt' and no run; textune deletes"),
        (["thesis.txt", "run.lock"], {"overwrite": True}, "holds 'thesis.txt' and no run"),
        (["thesis.txt"], {}, "already exists"),
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


def test_beginning_deletes_the_run_and_nothing_behind_its_links(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").touch()
    folder = tmp_path / "run"
    (folder / "model").mkdir(parents=True)
    (folder / "model" / "decision.json").touch()
    (folder / "config.toml").touch()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    with claimed(folder, overwrite=True):
        runs.begin(folder)
        assert sorted(entry.name for entry in folder.iterdir()) == ["run.lock", "run.owner"]
    assert (tmp_path / "elsewhere" / "kept").exists()


def test_a_failed_write_keeps_the_file_that_was_there(tmp_path):
    file = tmp_path / "metrics.json"
    runs.write_json(file, {"mcc": 0.5, "name": "é"})
    assert json.loads(file.read_text(encoding="utf-8")) == {"mcc": 0.5, "name": "é"}
    with pytest.raises(ValueError, match="JSON compliant"):
        runs.write_json(file, {"mcc": float("nan")})
    with pytest.raises(UnicodeEncodeError, match="surrogates"):
        runs.write_text(file, "half a character: \ud800")
    assert json.loads(file.read_text(encoding="utf-8"))["mcc"] == 0.5
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "model"
    with runs.replacing(folder) as unfinished:
        (unfinished / "one").touch()
        assert not folder.exists()
    with pytest.raises(OSError, match="disk full"), runs.replacing(folder) as unfinished:
        (unfinished / "half").touch()
        raise OSError("disk full")
    assert [entry.name for entry in folder.iterdir()] == ["one"]
    with runs.replacing(folder) as unfinished:
        (unfinished / "two").touch()
    assert [entry.name for entry in folder.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [folder]


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077], ids=oct)
def test_what_is_written_is_as_readable_as_the_umask_allows(tmp_path, umask):
    before = os.umask(umask)
    try:
        runs.write_json(tmp_path / "metrics.json", {})
        with runs.replacing(tmp_path / "model") as unfinished:
            runs.write_text(unfinished / "README.md", "")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    files = {name: mode for name, mode in modes.items() if "." in name}
    assert files == dict.fromkeys(("metrics.json", "README.md"), 0o666 & ~umask)
    assert modes["model"] == 0o777 & ~umask


def test_a_card_reads_back_as_it_was_written(tmp_path):
    runs.write_card(tmp_path, CARD)
    assert runs.read_card(tmp_path) == CARD


@pytest.mark.parametrize(
    "content",
    [None, "", "{", "[]", "{}", '{"contract": {}}', '{"contract": {"colour": 1}}', '"text"'],
)
def test_a_damaged_card_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "decision.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"decision\.json: not what textune train wrote"):
        runs.read_card(tmp_path)


def test_the_model_is_found_from_the_run_or_from_itself(tmp_path):
    model = tmp_path / "run" / "model"
    model.mkdir(parents=True)
    runs.write_card(model, CARD)
    assert runs.model_folder(tmp_path / "run") == model
    assert runs.model_folder(model) == model


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        (None, "no such folder; RUN is a folder that `textune train` wrote"),
        ("notes.txt", "no finished model in it: not a run"),
        ("config.toml", "its training has not finished; continue it with --resume"),
        ("checkpoints", "its training has not finished; continue it with --resume"),
    ],
)
def test_where_no_model_is_the_reason_is_said(tmp_path, mark, message):
    run = tmp_path / "run"
    if mark is not None:
        run.mkdir()
        (run / mark).touch()
    with pytest.raises(RunError, match=message):
        runs.model_folder(run)


def test_files_are_described_by_their_content(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"abc")
    found = runs.describe_files([str(file), None])
    assert found == [
        {
            "path": str(file),
            "bytes": 3,
            "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        }
    ]


def test_the_capsule_names_versions_and_machine():
    found = runs.capsule()
    assert found["versions"]["torch"].startswith("2.")
    assert found["cores"] == os.cpu_count()

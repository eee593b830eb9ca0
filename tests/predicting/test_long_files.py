"""Files that take long are labelled by several processes, and go on where one was killed."""

import csv
import os
import signal
import time
from pathlib import Path

import fsspec
import pytest
from typer.testing import CliRunner

from made_runs import make_run
from textune import Predictor
from textune.doors.cli import app
from textune.errors import BusyError, DataError, RanksError, RunError, SettingsError
from textune.predicting import files, sending, unfinished
from textune.predicting.files import Long
from textune.predicting.predictor import CHUNK, Reading
from textune.predicting.workers import Opening
from textune.reading import remote

ROWS = 2 * CHUNK + 100
WORDS = ["good film", "a bad and dull book", "cold", "very warm meal", "an awful day"]


@pytest.fixture(scope="module")
def run(tiny_base, tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("long"), tiny_base, "multi", ["cold", "warm"])


@pytest.fixture(scope="module")
def predictor(run):
    return Predictor.load(run, precision="fp32")


@pytest.fixture
def source(tmp_path):
    return written(tmp_path / "texts.csv", 25)


def written(file, rows):
    with file.open("w", encoding="utf-8", newline="") as opened:
        lines = ([number, WORDS[number % 5] + " so" * (number % 7)] for number in range(rows))
        csv.writer(opened).writerows([["id", "text"], *lines])
    return file


def steps(predictor, run, source, output, *, options=Reading(), **long):  # noqa: B008
    overwrite, given = long.pop("overwrite", False), long.pop("long", None)
    given = given or Long(Opening(run, "cpu", "fp32", None, None, False), **long)
    how = {"overwrite": overwrite, "chunk": 5, "long": given}
    return files.predict_file(predictor, str(source), output, options, **how)


def stopped(predictor, run, source, output, parts=3):
    """Label some parts, and end as a process that is killed does."""
    going = steps(predictor, run, source, output)
    for _ in range(parts):
        next(going)
    going.close()
    return unfinished.folder_of(output)


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_stopped_file_goes_on_to_the_same_bytes(predictor, run, source, tmp_path, ending):
    whole, output = tmp_path / f"whole.{ending}", tmp_path / f"out.{ending}"
    assert list(steps(predictor, run, source, whole)) == [5, 10, 15, 20, 25]
    assert not unfinished.folder_of(whole).exists()
    folder = stopped(predictor, run, source, output)
    assert len(list(folder.glob("part-*.json"))) == 3
    assert not output.exists()
    assert list(steps(predictor, run, source, output, resume=True)) == [5, 10, 15, 20, 25]
    assert output.read_bytes() == whole.read_bytes()
    assert not folder.exists()


def test_kept_answers_are_read_and_not_computed(predictor, run, source, tmp_path):
    output = tmp_path / "out.csv"
    folder = stopped(predictor, run, source, output)
    parts = unfinished.Parts(output, dict, _there=frozenset([1]))
    cells = parts.read(1)
    cells[2][0] = "kept"
    (folder / "part-0000001.json").unlink()
    parts._write(1, cells)
    list(steps(predictor, run, source, output, resume=True))
    with output.open(encoding="utf-8", newline="") as opened:
        assert [row["decision"] for row in csv.DictReader(opened)].index("kept") == 7


@pytest.mark.parametrize("how", ["flipped", "cut", "emptied"])
def test_a_damaged_part_is_answered_anew(predictor, run, source, tmp_path, how):
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    list(steps(predictor, run, source, whole))
    part = stopped(predictor, run, source, output) / "part-0000001.json"
    content = part.read_bytes()
    flipped = content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]
    part.write_bytes({"flipped": flipped, "cut": content[:-9], "emptied": b""}[how])
    long = Long(Opening(run, "cpu", "fp32", None, None, False), resume=True)
    list(steps(predictor, run, source, output, long=long))
    assert output.read_bytes() == whole.read_bytes()
    assert long.remarks == [f"{part.parent}: 1 part of the answers damaged, and answered anew"]


def test_other_input_or_options_are_refused_and_named(predictor, run, source, tmp_path):
    output = tmp_path / "out.csv"
    folder = stopped(predictor, run, source, output)
    with pytest.raises(RunError, match=r"an option changed.*--overwrite"):
        list(steps(predictor, run, source, output, options=Reading(threshold=0.9), resume=True))
    with pytest.raises(RunError, match=r"not finished; --resume goes on, --overwrite"):
        list(steps(predictor, run, source, output))
    written(source, 24)
    with pytest.raises(RunError, match="the input changed"):
        list(steps(predictor, run, source, output, resume=True))
    assert len(list(folder.glob("part-*.json"))) == 3
    assert list(steps(predictor, run, source, output, anew=True))[-1] == 24
    assert not folder.exists()


def test_what_is_dropped_leaves_no_folder_where_one_part_is_all(predictor, run, source, tmp_path):
    folder = stopped(predictor, run, source, tmp_path / "out.csv")
    written(source, 4)
    assert list(steps(predictor, run, source, tmp_path / "out.csv", anew=True)) == [4]
    assert not folder.exists()


def test_a_folder_of_somebody_elses_stays(predictor, run, source, tmp_path):
    folder = unfinished.folder_of(tmp_path / "out.csv")
    folder.mkdir()
    (folder / "mine.txt").write_text("kept", encoding="utf-8")
    assert list(steps(predictor, run, source, tmp_path / "out.csv"))[-1] == 25
    assert [file.name for file in folder.iterdir()] == ["mine.txt"]


def test_where_nothing_is_kept_a_resume_begins(predictor, run, source, tmp_path):
    assert list(steps(predictor, run, source, tmp_path / "out.csv", resume=True))[-1] == 25


def test_a_second_process_is_refused(predictor, run, source, tmp_path):
    output = tmp_path / "out.csv"
    going = steps(predictor, run, source, output)
    for _ in range(3):
        next(going)
    with pytest.raises(BusyError, match="another process writes it"):
        list(steps(predictor, run, source, output, resume=True))
    assert list(going)[-1] == 25


def test_a_faulty_row_leaves_no_output(predictor, run, source, tmp_path):
    sound = source.read_bytes()
    source.write_bytes(sound + b'25,"never closed\n')
    output = tmp_path / "out.csv"
    with pytest.raises(DataError, match=r"texts\.csv:27"):
        list(steps(predictor, run, source, output))
    assert not output.exists()
    source.write_bytes(sound)  # mended: another input than that of the answers
    with pytest.raises(RunError, match=r"the input changed.*--overwrite without --resume"):
        list(steps(predictor, run, source, output, resume=True))
    assert list(steps(predictor, run, source, output, anew=True))[-1] == 25
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.csv", "texts.csv"]


@pytest.mark.exhaustive
def test_several_processes_answer_the_same_and_a_lost_one_loses_nothing(
    predictor, run, source, tmp_path
):
    whole, output = tmp_path / "whole.csv", tmp_path / "out.csv"
    list(steps(predictor, run, source, whole))
    written(source, 400)
    list(steps(predictor, run, source, whole, overwrite=True))
    going = steps(predictor, run, source, output, processes=2)
    for _ in range(3):
        next(going)
    for child in children():
        os.kill(child, signal.SIGKILL)
    with pytest.raises(RanksError, match=r"one of 2 processes was lost.*--resume goes on"):
        list(going)
    assert not output.exists()
    assert list(steps(predictor, run, source, output, resume=True))[-1] == 400
    assert output.read_bytes() == whole.read_bytes()
    assert not children()


def children():
    """Return the processes that answer for this one."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            line = (place / "cmdline").read_bytes()
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if parent == os.getpid() and b"spawn_main" in line:
            found.append(int(place.name))
    return found


def test_a_killed_command_goes_on_to_the_same_bytes(run, server, tmp_path):
    source, whole, output = tmp_path / "texts.csv", tmp_path / "whole.csv", tmp_path / "out.csv"
    written(source, ROWS)
    words = ["predict", str(run), "--input", str(source), "--precision", "fp32", "--output"]
    process = server.start([*words, output])
    while not (unfinished.folder_of(output) / "part-0000001.json").exists():
        assert server.poll(process) is None, "it ended before it kept two parts"
        time.sleep(0.01)
    os.kill(process, signal.SIGKILL)
    assert server.wait(process).code == -signal.SIGKILL
    assert not output.exists()
    done = CliRunner().invoke(app, [*words, str(output), "--resume"])
    assert done.exit_code == 0, done.output
    assert f"{ROWS:,} rows" in done.output
    assert CliRunner().invoke(app, [*words, str(whole)]).exit_code == 0
    assert output.read_bytes() == whole.read_bytes()
    assert not unfinished.folder_of(output).exists()


def test_an_output_at_an_address_is_sent_whole(run, source, tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    place, copy = "memory://long/out.csv", tmp_path / "out.csv"
    words = ["predict", str(run), "--input", str(source), "--precision", "fp32", "--output"]
    for output in (place, copy.as_uri()):
        done = CliRunner().invoke(app, [*words, output])
        assert done.exit_code == 0, done.output
    with fsspec.open(place) as sent:
        assert sent.read() == copy.read_bytes()
    assert not list((tmp_path / "cache" / "outgoing").rglob("*.csv"))
    done = CliRunner().invoke(app, [*words, place])
    assert "already exists; --overwrite replaces it" in str(done.exception)
    assert CliRunner().invoke(app, [*words, place, "--overwrite"]).exit_code == 0


def test_a_form_that_is_a_folder_is_sent_file_by_file(tmp_path, monkeypatch):
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    with sending.to("memory://long/brat", overwrite=False) as (path, _):
        path.mkdir()
        (path / "1.txt").write_text("cold", encoding="utf-8")
        (path / "1.ann").write_text("", encoding="utf-8")
    there, place = remote.system_of("memory://long/brat")
    assert sorted(name.rpartition("/")[2] for name in there.find(place)) == ["1.ann", "1.txt"]
    assert not path.exists()


def test_an_address_that_takes_nothing_is_refused():
    with (
        pytest.raises(SettingsError, match="web servers take no files"),
        sending.to("https://x.org/a.csv", overwrite=False),
    ):
        pass
    with (
        pytest.raises(RunError, match=r"nosuch://a/b.csv: cannot be written \(Protocol not known"),
        sending.to("nosuch://a/b.csv", overwrite=False),
    ):
        pass
    with (
        pytest.raises(DataError, match="pip install gcsfs"),
        sending.to("gs://bucket/a.csv", overwrite=False),
    ):
        pass


@pytest.mark.parametrize("option", [["--resume"], ["--processes", "2"]])
def test_what_belongs_to_files_is_refused_without_one(run, option):
    done = CliRunner().invoke(app, ["predict", str(run), "good film", *option])
    assert isinstance(done.exception, SettingsError)
    assert f"{option[0]} goes with --output FILE" in str(done.exception)


@pytest.mark.parametrize("name", [unfinished.ABOUT, unfinished.LOCK])
def test_a_folder_in_place_of_a_file_of_kept_answers_is_named(tmp_path, name):
    output = tmp_path / "out.csv"
    (unfinished.folder_of(output) / name).mkdir(parents=True)
    with (
        pytest.raises(RunError, match=rf"{name}: is a folder, .*move it away"),
        unfinished.kept(output, dict, resume=True, anew=False) as parts,
    ):
        parts.add(1, [])

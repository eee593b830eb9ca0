import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from textune.storage import atomic
from textune.storage.names import utf8


def test_a_failed_write_keeps_the_file_that_was_there(tmp_path):
    file = tmp_path / "metrics.json"
    atomic.write_json(file, {"mcc": 0.5, "name": "é"})
    assert json.loads(file.read_text(encoding="utf-8")) == {"mcc": 0.5, "name": "é"}
    with pytest.raises(ValueError, match="JSON compliant"):
        atomic.write_json(file, {"mcc": float("nan")})
    atomic.write_text(tmp_path / "names.json", '"caf\udce9"')
    assert json.loads((tmp_path / "names.json").read_text(encoding="utf-8")) == "caf\udce9"
    (tmp_path / "names.json").unlink()
    assert json.loads(file.read_text(encoding="utf-8"))["mcc"] == 0.5
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "model"
    with atomic.replacing_folder(folder) as unfinished:
        (unfinished / "one").touch()
        assert not folder.exists()
    with pytest.raises(OSError, match="disk full"), atomic.replacing_folder(folder) as unfinished:
        (unfinished / "half").touch()
        raise OSError("disk full")
    assert [entry.name for entry in folder.iterdir()] == ["one"]
    with atomic.replacing_folder(folder) as unfinished:
        (unfinished / "two").touch()
    assert [entry.name for entry in folder.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_holds_something_stays_where_it_may_not_be_replaced(tmp_path):
    folder = tmp_path / "kept"
    for name in ("one", "two"):
        try:
            with atomic.replacing_folder(folder, overwrite=False) as unfinished:
                (unfinished / "deep").mkdir()
                atomic.write_text(unfinished / "deep" / name, name)
        except FileExistsError:
            assert name == "two"
    assert [entry.name for entry in (folder / "deep").iterdir()] == ["one"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_is_not_deleted_in_place_of_a_file(tmp_path):
    (tmp_path / "faulty.jsonl").mkdir()
    with pytest.raises(OSError, match=r"faulty\.jsonl"):
        atomic.remove_file(tmp_path / "faulty.jsonl")
    atomic.remove_file(tmp_path / "not there")
    assert [entry.name for entry in tmp_path.iterdir()] == ["faulty.jsonl"]


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077], ids=oct)
def test_what_is_written_is_as_readable_as_the_umask_allows(tmp_path, umask):
    before = os.umask(umask)
    try:
        atomic.write_json(tmp_path / "metrics.json", {})
        with atomic.replacing_folder(tmp_path / "model") as unfinished:
            atomic.write_text(unfinished / "README.md", "")
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*")}
    files = {name: mode for name, mode in modes.items() if "." in name}
    assert files == dict.fromkeys(("metrics.json", "README.md"), 0o666 & ~umask)
    assert modes["model"] == 0o777 & ~umask


def test_many_writers_of_one_file_leave_all_of_one(tmp_path):
    file = tmp_path / "same.txt"
    contents = [str(number) * 200_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: atomic.write_text(file, text), contents))
    assert file.read_text(encoding="utf-8") in contents
    assert list(tmp_path.iterdir()) == [file]


def test_of_many_writers_who_may_not_replace_one_wins(tmp_path):
    file = tmp_path / "same.txt"

    def write(text):
        try:
            atomic.write_text(file, text, overwrite=False)
        except FileExistsError:
            return None
        return text

    with ThreadPoolExecutor(8) as pool:
        written = [text for text in pool.map(write, "abcdefgh") if text]
    assert [file.read_text(encoding="utf-8")] == written
    assert list(tmp_path.iterdir()) == [file]


def test_a_name_as_long_as_can_be_is_written(tmp_path):
    file = tmp_path / ("n" * 255)
    atomic.write_text(file, "text")
    assert file.read_text(encoding="utf-8") == "text"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("caf\udce9.csv", "caf\\xe9.csv"), ("caf\udcc3\udca9", "café"), ("café", "café")],
    ids=["latin-1", "ASCII locale", "UTF-8"],
)
def test_names_become_text_whatever_the_locale(name, shown):
    assert utf8(name) == shown


def test_what_the_disk_refuses_is_named_as_it_will_be_called(tmp_path):
    absent = tmp_path / "no" / "report.html"
    with pytest.raises(FileNotFoundError) as found:
        atomic.write_text(absent, "")
    assert found.value.filename == str(absent)
    folder = tmp_path / "model"
    with pytest.raises(FileNotFoundError) as found, atomic.replacing_folder(folder) as unfinished:
        (unfinished / "part" / "weights").touch()
    assert found.value.filename == str(folder / "part" / "weights")
    with pytest.raises(FileNotFoundError) as found, atomic.replacing_folder(folder):
        absent.touch()
    assert found.value.filename == str(absent)

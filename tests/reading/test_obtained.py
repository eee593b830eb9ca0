"""Archives, folders, patterns and lists become files: those that are meant, or a question."""

import gzip
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from textune.errors import DataError
from textune.reading import documents, sources
from textune.records import ReadOptions

PARTS = ("test", "train")
ROWS = "text,label\n" + "".join(f"a film of the year {n},{n % 2}\n" for n in range(9))
MORE = ROWS.replace("year", "month")


@pytest.fixture
def packed(tmp_path):
    """Return a function that writes members to a zip archive."""

    def write(members, name="reviews.zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return tmp_path / name

    return write


def folder_of(tmp_path, files):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def origins(source):
    return [row.origin for row in sources.read(source).rows()]


def message_of(source):
    with pytest.raises(DataError, match=r"\w") as caught:
        list(sources.read(source).rows())
    return str(caught.value)


def test_the_one_file_of_an_archive_is_read_as_itself(packed):
    noise = {"README.txt": "read me", "__MACOSX/data/._a.csv": "x", "data/.DS_Store": "x"}
    path = packed({**noise, "data/a.csv": ROWS})
    assert origins(path)[:2] == ["a.csv:2", "a.csv:3"]
    assert "'data/a.csv' in the archive reviews.zip" in sources.read(path).reasons
    assert origins(path / "data" / "a.csv") == origins(f"{path}/data") == origins(path)


def test_a_member_may_be_packed_again_or_be_parquet(packed, tmp_path):
    pq.write_table(pa.table({"text": ["a"], "label": [1]}), tmp_path / "a.parquet")
    path = packed({"a.csv.gz": gzip.compress(ROWS.encode())})
    assert len(origins(path)) == 9
    path = packed({"a.parquet": (tmp_path / "a.parquet").read_bytes()})
    assert [row.cells for row in sources.read(path).rows()] == [("a", "1")]


def test_a_run_is_no_labelled_text_and_where_it_belongs_is_said(tmp_path):
    for name in (".textune", "metrics.json", "log.jsonl", "predictions.csv"):
        (tmp_path / name).write_text("{}")
    said = message_of(tmp_path)
    assert "this is the folder of a run, and no labelled text; name a file of texts" in said
    assert f"`textune evaluate {tmp_path} FILE`" in said


def test_of_several_files_in_an_archive_one_is_named(packed):
    path = packed({"a.csv": ROWS, "b.csv": MORE})
    message = message_of(path)
    assert "the archive holds several files (a.csv, b.csv); name the one that is meant" in message
    assert f"{path}/a.csv" in message
    assert f"'{path}/*.csv'" in message
    assert origins(f"{path}/b.csv")[0] == "b.csv:2"
    assert len(origins(f"{path}/*.csv")) == 18
    assert "there is no 'c.csv' in this archive" in message_of(f"{path}/c.csv")


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_parts_are_known_by_the_names_of_files(packed, tmp_path, kind):
    files = {"train.csv": ROWS, "test.csv": MORE, "sample_submission.csv": "id,label\n1,0\n"}
    place = packed(files) if kind == "zip" else folder_of(tmp_path / "data", files)
    parts = sources.parts(place)
    assert {name: [file.name for file in held] for name, held in parts.items()} == {
        "train": ["train.csv"],
        "test": ["test.csv"],
    }
    assert origins(place)[0] == "train.csv:2"
    assert any("train: train.csv; test: test.csv" in said for said in sources.read(place).reasons)


def test_shards_of_a_part_are_one_table(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for part, shards in (("train", 2), ("validation", 1), ("test", 1)):
        for shard in range(shards):
            name = f"{part}-{shard:05}-of-{shards:05}.parquet"
            pq.write_table(pa.table({"text": [f"{part} {shard}"], "label": [0]}), folder / name)
    (tmp_path / "README.md").write_text("a card")
    assert [row.cells[0] for row in sources.read(tmp_path).rows()] == ["train 0", "train 1"]
    assert {name: len(held) for name, held in sources.parts(tmp_path).items()} == {
        "train": 2,
        "valid": 1,
        "test": 1,
    }
    assert origins(tmp_path)[1] == "train-00001-of-00002.parquet: row 1"
    pattern = str(folder / "*.parquet")
    assert set(sources.parts(pattern)) == {"train", "valid", "test"}
    assert sources.parts(str(folder / "train*.parquet")) == {}


def test_several_data_sets_in_a_folder_are_asked_about(tmp_path):
    folder = folder_of(tmp_path, {"en/train.csv": ROWS, "de/train.csv": ROWS, "de/test.csv": ROWS})
    assert "several files of training data (de/train.csv, en/train.csv)" in message_of(folder)
    assert set(sources.parts(folder / "de")) == {"train", "test"}


@pytest.mark.parametrize("form", ["pattern", "list", "tuple"])
def test_several_files_are_one_table_whose_rows_name_their_file(tmp_path, form):
    folder = folder_of(tmp_path, {"a.csv": ROWS, "b.csv": "label,text\n7,x y z\n8,what else\n"})
    paths = [folder / "a.csv", str(folder / "b.csv")]
    source = {"pattern": str(folder / "*.csv"), "list": paths, "tuple": tuple(paths)}[form]
    rows = list(sources.read(source).rows())
    assert [row.origin for row in rows[-3:]] == ["a.csv:10", "b.csv:2", "b.csv:3"]
    assert [row.cells for row in rows[-2:]] == [("x y z", "7"), ("what else", "8")]
    assert "2 files as one: a.csv, b.csv" in sources.read(source).reasons


def test_files_of_one_name_are_told_apart(tmp_path):
    folder = folder_of(tmp_path, {"en/a.csv": ROWS, "de/a.csv": ROWS})
    found = origins(str(folder / "*" / "a.csv"))
    assert (found[0], found[9]) == (f"{folder}/de/a.csv:2", f"{folder}/en/a.csv:2")
    (folder / "en" / "a.csv").write_text(ROWS + "a,b,c\nd,e,f\n")
    message = message_of(str(folder / "*" / "a.csv"))
    assert message.startswith(f"{folder}/en/a.csv: 2 problems\n  {folder}/en/a.csv:11")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ("text,stars\na b c,1\nd e f,2\n", "it lacks 'label' and has 'stars'"),
        ('{"text": "a", "label": "b"}\n', "its format (jsonl) is not that of a.csv (csv)"),
    ],
)
def test_files_of_other_columns_are_no_one_table(tmp_path, other, expected):
    folder = folder_of(tmp_path, {"a.csv": ROWS, "b.csv": other})
    message = message_of([folder / "a.csv", folder / "b.csv"])
    assert message.startswith("b.csv: its ")
    assert expected in message


def test_damaged_and_encrypted_archives_are_refused(packed, tmp_path):
    path = packed({"a.csv": ROWS * 99})
    data = path.read_bytes()
    (tmp_path / "half.zip").write_bytes(data[: len(data) // 2])
    assert "half.zip: the zip archive is damaged or cut off" in message_of(tmp_path / "half.zip")
    broken = bytearray(data)
    broken[60:80] = bytes(20)
    (tmp_path / "broken.zip").write_bytes(broken)
    assert "a.csv: the zip data is damaged" in message_of(tmp_path / "broken.zip")
    locked = bytearray(data)
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[data.index(sign) + at] |= 1
    (tmp_path / "locked.zip").write_bytes(locked)
    assert "a.csv: it is encrypted in locked.zip" in message_of(tmp_path / "locked.zip")


def test_an_archive_without_rows_is_refused(packed):
    path = packed({"word/document.xml": "<x/>", "[Content_Types].xml": "<x/>"}, "letter.docx")
    assert "letter.docx: this is a file of Office, and no spreadsheet" in message_of(path)
    assert "the archive holds no file of rows" in message_of(packed({"__MACOSX/a": "x"}))


def test_the_text_of_an_archive_is_plain_text_too(packed):
    path = packed({"a.txt": "one\n", "b.md": "two\n", "__MACOSX/._a.txt": "x"})
    found = documents.read_all(documents.find([path]))
    assert [part.text for part in found] == ["one", "two"]


def test_a_dict_of_data_sets_has_parts():
    made = {name: pa.table({"text": [name], "label": [0]}) for name in ("test", "train", "dev")}
    assert set(sources.parts(made)) == {"train", "valid", "test"}
    assert [row.cells[0] for row in sources.read(made).rows()] == ["train"]
    with pytest.raises(DataError, match="two data sets are of the part 'train'"):
        sources.read({"train": made["train"], "training": made["dev"]})


def test_a_pattern_leaves_out_what_stands_beside_the_data(tmp_path):
    folder = folder_of(tmp_path, {"a.txt": "one\n", "b.txt": "two\n", "readme.txt": "read me"})
    table = sources.read(str(folder / "*.txt"))
    assert [row.cells for row in table.rows()] == [("one",), ("two",)]
    assert "not read, by their names: readme.txt" in table.reasons


def test_an_encoding_is_heeded_in_an_archive(packed):
    path = packed({"a.csv": ROWS.replace("film", "café").encode("cp1252")})
    table = sources.read(path, ReadOptions(encoding="cp1252"))
    assert next(table.rows()).cells[0] == "a café of the year 0"


def test_folders_of_labels_have_parts(tmp_path):
    texts = {f"{part}/{label}/1.txt": f"{label} film" for part in PARTS for label in ("neg", "pos")}
    folder = folder_of(tmp_path, texts)
    found = sources.parts(folder)
    assert {name: files[0].name for name, files in found.items()} == {
        "train": "train",
        "test": "test",
    }
    assert next(row.cells for row in sources.read(found["test"]).rows()) == ("neg film", "neg")


def test_a_saved_data_set_has_parts(tmp_path):
    for name in PARTS:
        part = tmp_path / name
        part.mkdir()
        table = pa.table({"text": [f"of {name}"], "label": [0]})
        with pa.ipc.new_stream(part / "data-00000-of-00001.arrow", table.schema) as file:
            file.write_table(table)
        state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}
        (part / "state.json").write_text(json.dumps(state))
        (part / "dataset_info.json").write_text("{}")
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": [*PARTS, "unsupervised"]}))
    found = sources.parts(tmp_path)
    assert [row.cells[0] for row in sources.read(tmp_path).rows()] == ["of train"]
    assert [row.cells[0] for row in sources.read(found["test"]).rows()] == ["of test"]
    said = "parts, by the names of folders: train: train; test: test"
    assert sources.read(tmp_path).reasons[:2] == (said, "not read: unsupervised")

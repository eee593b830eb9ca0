"""Archives of many files are unpacked to the cache, once, and read as the folder that they hold."""

import io
import os
import tarfile
import zipfile

import pytest

from textune.errors import DataError
from textune.reading import obtained, sources, unpacked
from textune.storage import atomic

TEXTS = {
    f"reviews/{part}/{label}/{n}.txt": f"a {label} film {n}"
    for part in ("train", "test")
    for label in ("neg", "pos")
    for n in range(3)
}
NOISE = {"reviews/README": "read me", "reviews/train/unsup/0.txt": "a film", "reviews/.x": "x"}


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """Return a function that packs files into an archive by its ending."""
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))

    def write(name, files):
        path = tmp_path / name
        if name.endswith(".zip"):
            with zipfile.ZipFile(path, "w") as made:
                for member, content in files.items():
                    made.writestr(member, content)
            return path
        with tarfile.open(path, f"w:{name.rpartition('.')[2].replace('tar', '')}") as made:
            for member, content in files.items():
                about = tarfile.TarInfo(member)
                about.size = len(content)
                made.addfile(about, io.BytesIO(content.encode()))
        return path

    return write


def cells(source):
    return [row.cells for row in sources.read(source).rows()]


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])
def test_texts_in_folders_of_labels_are_read_from_an_archive(archive, name):
    path = archive(name, TEXTS | NOISE)
    assert sorted(cells(path)) == [
        (f"a {label} film {n}", label) for label in ("neg", "pos") for n in range(3)
    ]
    assert sorted(sources.parts(path)) == ["test", "train"]
    assert obtained.on_machine(path) == [path]
    assert next(sources.read(path).rows()).origin.startswith("train/neg/")


def test_a_table_in_a_tar_archive_is_read(archive):
    rows = "text,label\n" + "".join(f"a film {n},{n % 2}\n" for n in range(9))
    assert len(cells(archive("a.tar.gz", {"data/a.csv": rows}))) == 9
    both = archive("b.tar", {"train.csv": rows, "dev.csv": rows})
    assert sorted(sources.parts(both)) == ["train", "valid"]


def test_an_archive_is_unpacked_again_where_it_changed(archive):
    assert len(cells(archive("a.tar", {"a.csv": "text,label\na b c,1\nd e f,2\n"}))) == 2
    assert len(cells(archive("a.tar", {"a.csv": "text,label\na b c,1\nd e,2\nf,1\n"}))) == 3


def test_members_that_would_lie_elsewhere_are_left_out(archive, tmp_path):
    rows = "text,label\na b c,1\nd e f,2\n"
    path = archive("a.tar", {"../evil.csv": rows, "/tmp/evil.csv": rows, "good.csv": rows})
    assert next(sources.read(path).rows()).origin == "good.csv:2"
    assert not list(tmp_path.rglob("evil.csv"))


def test_a_damaged_archive_is_refused_in_a_line(archive):
    path = archive("a.tar.gz", TEXTS)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"a.tar.gz: .* damaged or cut off .*again$"):
        sources.read(path)
    assert len(cells(archive("a.tar.gz", TEXTS))) == 6


def test_a_zip_archive_of_annotations_is_read_as_its_folder(archive):
    path = archive("a.zip", {"x/1.txt": "Ann left.", "x/1.ann": "T1\tPER 0 3\tAnn\n"})
    assert cells(path)[0][0] == "Ann left."


def test_what_a_killed_process_left_in_the_cache_is_cleared(archive, tmp_path):
    path = archive("a.tar.gz", TEXTS)
    with atomic.replacing_folder(tmp_path / "any") as unfinished:
        mine = unfinished.name
    left = tmp_path / "cache" / "unpacked" / mine.replace(str(os.getpid()), str(2**22 + 1))
    (left / "files").mkdir(parents=True)
    assert len(cells(path)) == 6
    assert [entry.name for entry in left.parent.iterdir() if entry.name.startswith(".")] == []


def test_what_another_process_unpacked_meanwhile_is_kept(archive, tmp_path, monkeypatch):
    path, unpack = archive("a.tar.gz", TEXTS), unpacked._unpack
    place = unpacked.folder_of(path)
    (kept,) = (one for one in (tmp_path / "cache" / "unpacked").iterdir() if one.is_dir())
    (place / "mark").touch()
    kept.rename(tmp_path / "aside")

    def late(*given):
        unpack(*given)
        (tmp_path / "aside").rename(kept)

    monkeypatch.setattr(unpacked, "_unpack", late)
    assert (unpacked.folder_of(path) / "mark").exists()
    assert [one for one in kept.parent.iterdir() if one.is_dir()] == [kept]


@pytest.mark.parametrize("name", ["a.tar.gz", "a.tar"])
def test_an_archive_without_rows_is_named_with_what_it_holds(archive, name):
    files = {"code/crf.py": "import os", "code/run.sh": "true"}
    with pytest.raises(
        DataError, match=rf"{name}: the archive holds no file of rows \(crf.py, "
    ) as said:
        sources.read(archive(name, files))
    assert "unpacked" not in str(said.value)


def test_an_archive_of_several_tables_is_named(archive):
    path = archive("a.tar", {"train_one.csv": "text,label\n", "train_two.csv": "text,label\n"})
    with pytest.raises(DataError, match=r"a.tar, unpacked: .*several files of training data"):
        sources.read(path)

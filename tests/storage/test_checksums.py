import pytest

from textune.errors import DataError
from textune.storage import checksums
from textune.storage.checksums import Inputs


def test_files_are_described_by_what_was_in_them(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b"abc")
    found = Inputs.of([file, tmp_path / "absent.csv"])
    found.refuse_changed([file, tmp_path / "absent.csv"])
    expected = {
        "path": str(file),
        "bytes": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    }
    assert found.to_json() == [expected]
    file.write_bytes(b"abcd")
    assert found.to_json() == [expected]
    with pytest.raises(DataError, match=r"a\.csv: was changed while it was read; start again"):
        found.refuse_changed([file])


def test_a_file_is_read_again_once_somebody_wrote_to_it(tmp_path):
    file = tmp_path / "weights"
    found = []
    for content in (b"one", b"two", b"three"):
        file.write_bytes(content)
        assert checksums.sha256_once(file) == checksums.sha256_once(file) == checksums.sha256(file)
        found.append(checksums.sha256_once(file))
    assert len(set(found)) == 3

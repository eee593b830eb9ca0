import pytest

from textune.errors import DataError
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

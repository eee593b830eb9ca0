"""A table is read from its file as it was loaded, whatever becomes of the file's name."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from textune.encoder import stored

KINDS = [torch.float32, torch.float16, torch.bfloat16]


def table_in(folder, kind=torch.float32, rows=300, **others):
    table = torch.randn(rows, 12, generator=torch.Generator().manual_seed(1)).to(kind)
    tensors = {"a.bias": torch.ones(7), "table": table, **others}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return table.float()


def open_files():
    """Count them, where Linux tells."""
    return len(list(Path("/proc/self/fd").glob("*")))


def whole(found):
    return torch.cat([rows for _, rows in found.blocks()])


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_rows_are_those_of_the_tensor(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(stored, "BLOCK", 128)
    table = table_in(tmp_path, kind)
    found = stored.find(str(tmp_path), table)
    assert found is not None
    assert found.dtype == kind
    assert found.shape == (300, 12)
    assert torch.equal(found.rows(17, 200), table[17:200])
    assert found.rows(299, 300).dtype == torch.float32
    assert [first for first, _ in found.blocks()] == [0, 128, 256]
    assert torch.equal(whole(found), table)


def test_every_format_that_is_read_is_tested():
    assert set(stored.FORMATS.values()) == set(KINDS)


def test_a_table_of_few_rows_is_found(tmp_path):
    table = table_in(tmp_path, rows=3)
    found = stored.find(str(tmp_path), table)
    assert found is not None
    assert torch.equal(whole(found), table)


def test_the_right_one_of_two_tables_is_found(tmp_path):
    table = table_in(tmp_path, a_table=torch.zeros(300, 12), z_table=torch.ones(300, 12))
    found = stored.find(str(tmp_path), table)
    assert found is not None
    assert torch.equal(whole(found), table)


def test_another_table_is_not_found(tmp_path):
    table = table_in(tmp_path)
    assert stored.find(str(tmp_path), table[:-1]) is None
    assert stored.find(str(tmp_path), table.view(600, 6)) is None
    assert stored.find(str(tmp_path), table.view(-1)) is None
    for row in (0, 150, 299):
        changed = table.clone()
        changed[row, 5] += 1e-3
        assert stored.find(str(tmp_path), changed) is None
    assert stored.find(str(tmp_path), table) is not None


@pytest.mark.parametrize(
    "content",
    [b"", b"\x05", b"\xff" * 64, b"\0" * 5 + b"\1" + b"\0" * 9, b"\2" + b"\0" * 7 + b"{}[]"],
    ids=["empty", "short", "huge", "large", "no tensors"],
)
def test_a_file_that_cannot_be_read_is_passed_over(content, tmp_path):
    table = table_in(tmp_path)
    (tmp_path / "a.safetensors").write_bytes(content)
    before = open_files()
    assert stored.find(str(tmp_path), table) is not None
    (tmp_path / "model.safetensors").unlink()
    assert stored.find(str(tmp_path), table) is None
    assert open_files() in {before + 1, 0}  # what was found stays open, the rest does not


def test_a_base_that_is_not_here_has_no_table(tmp_path):
    assert stored.find("nobody/nothing", torch.zeros(3, 4)) is None
    assert stored.find(str(tmp_path), torch.zeros(3, 4)) is None


def test_it_is_read_after_its_file_was_deleted_or_replaced(tmp_path):
    table = table_in(tmp_path)
    found = stored.find(str(tmp_path), table)
    assert found is not None
    save_file({"table": torch.zeros(300, 12)}, tmp_path / "new")
    (tmp_path / "new").replace(tmp_path / "model.safetensors")
    assert torch.equal(whole(found), table)
    shutil.rmtree(tmp_path)
    assert torch.equal(whole(found), table)


def test_a_file_that_is_cut_meanwhile_is_told(tmp_path):
    table = table_in(tmp_path)
    found = stored.find(str(tmp_path), table)
    assert found is not None
    with (tmp_path / "model.safetensors").open("r+b") as file:
        file.truncate(2000)
    with pytest.raises(OSError, match="weights were cut short while they were in use"):
        whole(found)

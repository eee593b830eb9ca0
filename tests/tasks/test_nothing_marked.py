"""Texts none of which has a label or an entity are said to be that, and no constant class."""

import json

import pytest

from made_tables import checked
from textune.errors import DataError

SAID = r"every cell of '{}' is '\[\]': no text here has a label or an entity.*--task plain"


def written(folder, key, count=12):
    rows = [{"text": f"the bus number {n} was late", key: []} for n in range(count)]
    file = folder / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


@pytest.mark.parametrize("key", ["label", "labels", "tags"])
def test_lists_of_nothing_alone_are_no_class(tmp_path, key):
    with pytest.raises(DataError, match=SAID.format(key)):
        checked(written(tmp_path, key))


def test_a_column_of_them_that_is_named_is_refused_too(tmp_path):
    file = written(tmp_path, "entities")
    assert checked(file).contract.task == "plain"
    with pytest.raises(DataError, match=SAID.format("entities")):
        checked(file, label="entities")


def test_documents_without_an_entity_are_named(tmp_path):
    (tmp_path / "a.con").write_text("\n")
    (tmp_path / "a.txt").write_text("She fell .\nNo fever .\n")
    with pytest.raises(DataError, match=SAID.format("label")):
        checked(tmp_path / "a.con")
    assert checked(tmp_path / "a.con", task="plain").contract.task == "plain"


def test_texts_of_which_one_has_a_label_are_learned_from(tmp_path):
    file = written(tmp_path, "labels")
    more = [
        json.dumps({"text": f"late {n}", "labels": ["late", "bus"][: 1 + n % 2]}) for n in (1, 2)
    ]
    file.write_text("\n".join([file.read_text(), *more]))
    assert checked(file).contract.task == "multi"

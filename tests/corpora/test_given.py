"""A data set's own parts judge, where nobody named others and their labels are told."""

import pytest

from textune.corpora import corpus
from textune.errors import DataError
from textune.runs.events import drained
from textune.settings.config import Settings
from textune.text import tokenizers


def rows(words, count=30, labels=("bad", "good")):
    lines = [f"the {words} was a {labels[n % 2]} one {n},{labels[n % 2]}" for n in range(count)]
    return "\n".join(["text,label", *lines, ""])


@pytest.fixture
def folder(tmp_path):
    """Return a folder with the three parts of a data set."""
    for name, words in (("train-1", "film"), ("train-2", "book"), ("dev", "song"), ("test", "day")):
        (tmp_path / f"{name}.csv").write_text(rows(words))
    return tmp_path


@pytest.fixture
def gather(tiny_base):
    """Return a function that gathers a corpus, and what was said on the way."""

    def gather(source, data=None, **parts):
        settings = Settings.model_validate({"data": data or {}})
        said = []
        found = corpus.gather(source, settings, tokenizers.load(tiny_base), **parts)
        made = drained(_heard(found, said))
        return made, " ".join(said)

    return gather


def _heard(events, said):
    while True:
        try:
            event = next(events)
        except StopIteration as ended:
            return ended.value
        said.append(event.text)
        yield event


def sizes(found):
    return tuple(len(part) for part in (found.split.train, found.split.valid, found.split.test))


def test_the_parts_of_a_folder_judge(folder, gather):
    found, said = gather(folder)
    assert sizes(found) == (60, 30, 30)
    assert [(file.part, file.path.rpartition("/")[2]) for file in found.files] == [
        ("train", "train-1.csv"),
        ("train", "train-2.csv"),
        ("valid", "dev.csv"),
        ("test", "test.csv"),
    ]
    assert f"valid: the data set's own part ({folder}/dev.csv)" in said
    assert found.examples[59].origin == "train-2.csv:31"
    assert "parts, by the names of files: train: train-1.csv, train-2.csv; valid: dev.csv" in said


def test_what_is_named_or_drawn_goes_before(folder, gather, tmp_path):
    found, said = gather(folder, test=str(folder / "dev.csv"))
    assert sizes(found)[2] == 30
    assert "song" in found.part("test")[0].text
    found, said = gather(folder, {"valid_share": 0.2, "test_share": 0.1})
    assert sum(sizes(found)) == 60
    assert said.count("rows are drawn instead, as asked") == 2
    assert {file.part for file in found.files} == {"train"}  # the others were not used


def test_a_part_whose_labels_are_secret_is_not_used(folder, gather):
    (folder / "test.csv").write_text(rows("day", labels=("-1", "-1")))
    found, said = gather(folder)
    assert sizes(found) == (60, 30, 0)
    assert "own part 'test' is not used: test.csv does not tell its labels" in said
    assert [file.part for file in found.files] == ["train", "train", "valid"]
    (folder / "test.csv").write_text("text,id\na film,1\na book,2\n")
    assert "own part 'test' is not used: test.csv has no column 'label'" in gather(folder)[1]


def test_files_that_are_one_table_are_each_described(folder, gather):
    found, _ = gather([folder / "train-1.csv", str(folder / "dev.csv")], {"valid_share": 0.2})
    assert [file.part for file in found.files] == ["train", "train"]
    assert len(found.examples) == 60


def test_a_folder_that_is_not_there_is_refused(gather, tmp_path):
    with pytest.raises(DataError, match="there is no such file"):
        gather(tmp_path / "nowhere")


def test_a_file_beside_data_of_python_is_read_in_the_encoding_that_was_named(gather, tmp_path):
    lines = [f"the café was {n % 2} and {n},{n % 2}" for n in range(30)]
    file = tmp_path / "dev.csv"
    file.write_bytes("\n".join(["text,label", *lines, ""]).encode("cp1252"))
    data = {"text": [line[:-2] for line in lines], "label": [line[-1] for line in lines]}
    found, _ = gather(data, {"encoding": "cp1252"}, valid=str(file))
    assert found.part("valid")[0].text == "the café was 0 and 0"

"""Annotations of Anafora are read with the texts beside them."""

import json
import shutil

import pytest

from textune.errors import DataError
from textune.reading import sources

TEXT = "It was a bad week for Asia, and the last twenty four hours were no better.\n"
ENTITY = """\
<entity>
  <id>{n}@e@doc@gold</id>
  <span>{start},{end}</span>
  <type>Period</type>
  <parentsType>Duration</parentsType>
  <properties><Number></Number></properties>
</entity>
"""
INFO = "<info>\n  <savetime>14:58:22 20-07-2015</savetime>\n</info>\n\n"
SCHEMA = '<schema path="./" protocol="file">temporal.schema.xml</schema>\n'


def written(folder, head, ending):
    folder.mkdir(parents=True)
    (folder / f"doc{ending}").write_text(TEXT)
    entities = "".join(ENTITY.format(n=n, start=n, end=n + 3) for n in range(4))
    file = folder / "doc.TimeNorm.gold.completed.xml"
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n\n'
    file.write_text(f"{declared}<data>\n{head}<annotations>\n{entities}</annotations>\n</data>\n")
    return file


@pytest.mark.parametrize("ending", ["", ".txt"])
@pytest.mark.parametrize("head", [INFO + SCHEMA, SCHEMA, ""])
def test_annotations_of_anafora_are_spans_of_the_text_beside(tmp_path, head, ending):
    file = written(tmp_path / "set" / "doc", head, ending)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set")
    spans = [{"start": n, "end": n + 3, "label": "Period"} for n in range(4)]
    for place in (file, tmp_path / "set", archive):
        (row,) = sources.read(place).rows()
        assert (row.cells[0], json.loads(row.cells[1])) == (TEXT, spans)


def test_annotations_of_anafora_are_not_read_without_their_text_or_of_two(tmp_path):
    file = written(tmp_path / "set" / "doc", INFO, ".txt")
    other = file.with_name("doc.TimeNorm.eve.completed.xml")
    other.write_text(file.read_text())
    with pytest.raises(DataError, match="a text has the annotations of several people or schemes"):
        sources.read(tmp_path / "set")
    other.unlink()
    file.write_text(file.read_text().replace("<span>1,4</span>", "<span>1</span>"))
    with pytest.raises(
        DataError, match=r"entity 2: expected <span>0,4</span> and <type>, found '1"
    ):
        list(sources.read(file).rows())
    (file.parent / "doc.txt").unlink()
    with pytest.raises(DataError, match=r"text is not beside them .*as doc or doc\.txt"):
        sources.read(file)

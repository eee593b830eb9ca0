"""Annotations of Anafora, beside their texts, are named for what they are, with the way out."""

import shutil

import pytest

from made_tables import checked
from textune.errors import DataError

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
def test_annotations_of_anafora_are_named(tmp_path, head, ending):
    file = written(tmp_path / "set" / "doc", head, ending)
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path / "set")
    for place in (file, tmp_path / "set", archive):
        with pytest.raises(DataError, match=r"annotations of Anafora .*a span for each entity"):
            checked(place)

"""The command over public files, with files and a manifest that are made here."""

import pytest

from proofs import public

MANIFEST = """
[[file]]
repository = "us/made"
path = "mail.csv"
reading = "single: text -> label"
rows = 20
labels = 2
batch = "seen"

[[file]]
repository = "us/made"
path = "both.csv"
reading = "single: text -> topic"
rows = 20
labels = 2
batch = "seen"

[[file]]
repository = "us/made"
path = "latin.csv"
reading = "single: text -> label"
rows = 20
encoding = "cp1252"
batch = "seen"

[[file]]
repository = "us/made"
path = "codes.csv"
refused = "no column looks like text"
batch = "seen"

[[file]]
repository = "us/made"
path = "mail.csv"
reading = "single: text -> label"
rows = 21
batch = "other"

[[file]]
repository = "us/other"
path = "train.csv"
reading = "single: text -> label"
rows = 20
batch = "other"
"""


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "us+made"
    folder.mkdir()
    labels = ("good", "bad")
    rows = [f"a text of day {n},{labels[n % 2]}" for n in range(20)]
    (folder / "mail.csv").write_text("\n".join(["text,label", *rows]))
    both = [f"{row},{('food', 'film')[n % 3 == 0]}" for n, row in enumerate(rows)]
    (folder / "both.csv").write_text("\n".join(["text,label,topic", *both]))
    latin = [row.replace("day", "d\xe9but no\xebl") for row in rows]
    (folder / "latin.csv").write_bytes("\n".join(["text,label", *latin]).encode("cp1252"))
    codes = [f"x{n},{n * 7}" for n in range(20)]
    (folder / "codes.csv").write_text("\n".join(["code,size", *codes]))
    (tmp_path / "files.toml").write_text(MANIFEST)
    return tmp_path


def test_each_file_is_judged_by_what_its_owner_means(made, capsys):
    files = ["--files", str(made), "--manifest", str(made / "files.toml")]
    assert public.main(files) == 1
    said = capsys.readouterr().out.splitlines()
    outcomes = [line.split()[0] for line in said[:6]]
    assert outcomes == ["right", "asked", "asked", "refused", "wrong", "absent"]
    assert "expected 21 rows" in said[4]
    assert "git clone https://github.com/us/other" in said[5]
    assert said[6:] == ["seen: asked 2, right 1, refused 1", "other: wrong 1, absent 1"]
    assert public.main([*files, "--only", "codes"]) == 0


def test_the_manifest_names_each_file_once_and_what_is_expected():
    found = public.expected()
    assert len({(one.repository, one.path) for one in found}) == len(found) > 100
    assert all(bool(one.refused) != bool(one.reading) for one in found)

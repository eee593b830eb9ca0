"""Every remade file of ../shared/cases is read as its owner means it, or refused with a reason."""

import json
import re
from pathlib import Path

import pytest

from made_tables import count_tokens
from textune.errors import DataError
from textune.records import Survey
from textune.survey import survey

CASES = Path(__file__).parents[2].parent / "shared" / "cases"
EXPECTED = json.loads((CASES / "expect.json").read_text()) if CASES.is_dir() else {}
REFUSED: dict[str, str] = {}  # by another reason than the one that is expected


def checked(name: str) -> Survey:
    """Check a file; where nothing depends on a tokenizer, without one."""
    needs_tokenizer = EXPECTED[name].get("finding") == "unknown"
    return survey.check(str(CASES / name), count_tokens=None if needs_tokenizer else count_tokens)


def test_the_cases_are_all_there():
    if not EXPECTED:
        pytest.skip("the remade files (../shared/cases) are not here")
    assert len(EXPECTED) == 46
    assert all((CASES / name).exists() for name in EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED) or ["absent"])
def test_a_file_is_read_as_its_owner_means_it(name):
    if not EXPECTED:
        pytest.skip("the remade files (../shared/cases) are not here")
    wanted = EXPECTED[name]
    pattern = wanted.get("finding", "")
    if name in REFUSED or (wanted.get("or_error") and is_refused(name)):
        with pytest.raises(DataError, match=re.compile(REFUSED.get(name, pattern), re.IGNORECASE)):
            checked(name)
        return
    found = checked(name)
    agreed = found.contract
    assert agreed.task == wanted.get("task", agreed.task)
    assert list(agreed.text) == wanted.get("text", list(agreed.text))
    assert sorted(agreed.label) == sorted(wanted.get("label", agreed.label))
    for kinds in ("labels", "types"):
        assert sorted(found.labels) == sorted(wanted.get(kinds, found.labels))
    messages = [finding.message for finding in found.findings]
    assert any(re.search(pattern, message, re.IGNORECASE) for message in ["", *messages])
    if pattern:
        assert any(re.search(pattern, message, re.IGNORECASE) for message in messages), messages
    if wanted.get("repaired"):
        assert any(finding.kind == "mended" for finding in found.findings)


def is_refused(name: str) -> bool:
    try:
        checked(name)
    except DataError:
        return True
    return False


def test_users_of_doccano_who_disagree_are_said(tmp_path):
    lines = [
        {"text": f"text number {n}", "annotations": [{"label": 1 + n % 2, "user": 1}]}
        for n in range(20)
    ]
    lines[3]["annotations"] = [{"label": 1, "user": 1}, {"label": 2, "user": 2}]
    lines[4]["annotations"] = [{"label": n, "user": n + m} for n, m in ((1, 0), (2, 0), (2, 5))]
    file = tmp_path / "users.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)))
    found = survey.check(file, count_tokens=count_tokens)
    messages = " ".join(finding.message for finding in found.findings)
    assert "annotators differ in 2 of 2 texts" in messages
    assert "1 row is left out, since each has as many annotators" in messages
    assert found.rows == 19
    assert set(found.labels) == {"1", "2"}

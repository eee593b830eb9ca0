"""The snippets of docs/scikit_learn.md, one after another, with a tiny base."""

import re
from pathlib import Path

import pytest
from made_estimators import SETTINGS

PAGE = Path(__file__).parents[2] / "docs" / "scikit_learn.md"
KINDS = re.compile(r"\b(Text\w+|MultiLabelTextClassifier|TokenTagger)\((?=[^)]*\))")


@pytest.mark.exhaustive
def test_the_snippets_run(reviews, tiny_base, monkeypatch, capsys):
    monkeypatch.chdir(reviews.parent)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S))
    quick = f'effort="quick", settings={SETTINGS!r}, '
    code, changed = KINDS.subn(
        lambda call: (
            f"{call[0]}base={str(tiny_base)!r}, " + ("" if call[1] == "TextFeatures" else quick)
        ),
        code.replace("epochs=1", ""),
    )
    assert changed == 4
    exec(compile(code, PAGE.name, "exec"), {})
    said = capsys.readouterr().out
    assert {"good", "lr", "True"} <= set(re.findall(r"\w+", said))

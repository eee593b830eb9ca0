"""What commands take to start is measured as whole processes, and summed up by medians."""

import sys

import pytest

from bench import startup
from bench.processes import ProgramError, environment
from bench.startup import Took


def test_each_command_is_summed_up_by_its_medians():
    found = startup.summarise({"a": [Took(3.0, 1.0), Took(1.0, 9.0), Took(2.0, 2.0)]})
    assert (found["a"]["wall"], found["a"]["processor"]) == (2.0, 2.0)
    assert len(found["a"]["turns"]) == 3
    assert startup.table(found).row_count == 1


def test_a_process_is_measured_by_its_own_seconds(tmp_path):
    busy = "import time\nwhile time.process_time() < 0.3: pass"
    took = startup.to_end([sys.executable, "-c", busy], tmp_path, environment(1, tmp_path))
    assert took.wall >= took.processor * 0.9 >= 0.27


def test_a_command_is_ended_as_soon_as_its_file_has_content(tmp_path):
    code = "import time; open('log', 'w').write('x'); time.sleep(60)"
    log = tmp_path / "log"
    took = startup.to_line([sys.executable, "-c", code], log, tmp_path, environment(1, tmp_path))
    assert took.wall < 30
    with pytest.raises(ProgramError, match="ended with 0"):
        startup.to_line(
            [sys.executable, "-c", ""], tmp_path / "none", tmp_path, environment(1, tmp_path)
        )


@pytest.mark.exhaustive
def test_what_is_wrong_with_a_file_is_measured_to_the_end(tmp_path):
    took = startup.to_end(
        startup.lines()["train: no such file"], tmp_path, environment(1, tmp_path)
    )
    assert took.processor > 0.05
    assert not (tmp_path / "runs" / "missing").exists()


def test_rows_to_train_on_are_all_different(tmp_path):
    startup.write_rows(tmp_path / "rows.csv")
    rows = (tmp_path / "rows.csv").read_text().splitlines()
    assert len(rows) == len(set(rows)) == 1 + len(startup.WORDS) ** 3


def test_texts_to_train_on_are_different_and_of_like_length(tmp_path):
    startup.write_texts(tmp_path / "texts.csv", 200)
    rows = [row.rsplit(",", 1) for row in (tmp_path / "texts.csv").read_text().splitlines()[1:]]
    assert len({text for text, _ in rows}) == 200
    assert [label for _, label in rows].count("good") == 100
    assert 36 < sum(len(text.split()) for text, _ in rows) / 200 < 40

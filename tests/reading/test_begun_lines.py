"""Lines that begin with a class are texts and labels, however the file is sorted."""

from made_tables import checked, read_as


def saved(folder, lines: list[str]):
    file = folder / "reviews.all"
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def test_lines_sorted_by_the_class_that_they_begin_with(tmp_path):
    lines = [f"{n // 600} what people said of the film on day {n}" for n in range(1200)]
    found = checked(saved(tmp_path, lines))
    assert read_as(found) == ("single", "text", "label", 1200)
    assert dict(found.labels) == {"0": 600, "1": 600}


def test_a_class_without_a_text_among_them_is_an_empty_text(tmp_path):
    lines = [f"{n % 2} what people said of the film on day {n}" for n in range(200)]
    lines[7] = "1 "
    found = checked(saved(tmp_path, lines))
    assert read_as(found)[:3] == ("single", "text", "label")
    assert any("1 text is empty" in finding.message for finding in found.findings)


def test_lines_that_all_begin_with_one_number_are_text(tmp_path):
    lines = [f"1 cup of flour for cake number {n}" for n in range(700)]
    assert checked(saved(tmp_path, lines)).contract.task == "plain"

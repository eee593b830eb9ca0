"""Classes that differ in number by no more than chance weigh alike; others as they are."""

import pytest

import textune

pytestmark = pytest.mark.usefixtures("auto_recipe")


@pytest.fixture
def trained(tiny_base, tmp_path):
    """Return a function that trains on so many good and bad reviews; what the run noted."""

    def run(good, bad, **given):
        rows = [f"good film {number},pos" for number in range(good)]
        rows += [f"bad plot {number},neg" for number in range(bad)]
        file = tmp_path / "reviews.csv"
        file.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
        out = tmp_path / "run"
        textune.train(
            file, base=tiny_base, out=out, device="cpu", effort="quick", overwrite=True, **given
        )
        return (out / "config.toml").read_text(encoding="utf-8")

    return run


def test_a_difference_by_chance_is_evened_out(trained):
    assert 'class_weights = "balanced"' in trained(11, 7)


def test_a_difference_that_chance_does_not_make_stays(trained):
    assert 'class_weights = "none"' in trained(30, 7)


def test_what_is_asked_for_stays(trained):
    assert 'class_weights = "none"' in trained(11, 7, settings="train.class_weights=none")
    assert 'class_weights = "none"' in trained(11, 7, recipe="classic")

"""Keywords become requests: the folder of a run that nobody names."""

from textune.doors import keywords


def test_a_run_that_goes_on_without_a_folder_named_is_the_last_of_its_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    places = [tmp_path / "runs" / name for name in ("reviews", "reviews-2")]
    for resume in (False, True):
        assert str(keywords.named_folder("a/reviews.csv", resume=resume)) == "runs/reviews"
    for place, free in zip(places, ("runs/reviews-2", "runs/reviews-3"), strict=True):
        place.mkdir(parents=True)
        assert keywords.named_folder("reviews.csv", resume=True) == place.relative_to(tmp_path)
        assert str(keywords.named_folder("reviews.csv")) == free

"""What an explanation says is what the model says of texts that lack a word."""

from pathlib import Path

import numpy as np
import pytest
import torch

from textune.data.words import joined
from textune.errors import SettingsError
from textune.fast import layers
from textune.predicting.explaining import choosing, gradients, lacking, occluding, tracing
from textune.predicting.explaining import explain as explaining
from textune.predicting.predictor import Predictor
from textune.text import batches

RUNS = Path(__file__).parents[2] / "fixtures" / "runs_2026"
TEXT = "dust haze heat, we had sun over rain"
TEXTS = {
    "single": TEXT,
    "multi": TEXT,
    "number": TEXT,
    "pairs": (TEXT, "mud dew rain over in was"),
    "tags": TEXT,
    "answers": ("what was over", TEXT),
}
ASKED = list(TEXTS)
LONG = " ".join(["dust haze heat all we had sun over rain mud dew ."] * 12)


@pytest.fixture(scope="module")
def loaded():
    """Return the kept runs by their names."""
    return {name: Predictor.load(RUNS / name, precision="fp32") for name in TEXTS}


def odds(predictor, text, label):
    """Return log-odds of a label by the logits of a text that is predicted by itself."""
    example = predictor.examples([text])
    logits = predictor.score(example, predictor.decision(None)).logits[0].astype(float)
    at = predictor.task.labels.index(label)
    if predictor.task.name == "multi":
        return logits[at]
    return logits[at] - np.log(np.exp(np.delete(logits, at)).sum())


def traced(predictor, text):
    model = predictor.asked()
    return tracing.trace(predictor.examples([text])[0], model.tokenizer, model.shape)


@pytest.mark.parametrize("name", ["single", "multi"])
def test_a_contribution_is_the_difference_of_two_predictions(loaded, name):
    predictor = loaded[name]
    (found,) = predictor.explain([TEXT], method="occlusion")
    assert [part.text for part in found.parts] == ["dust", "haze", "heat", ",", *TEXT.split()[3:]]
    for reason in found.reasons:
        whole = odds(predictor, TEXT, reason.label)
        assert reason.value == pytest.approx(whole, abs=1e-5)
        for part, number in zip(found.parts, reason.contributions, strict=True):
            assert TEXT[part.start : part.end] == part.text
            without = TEXT[: part.start] + TEXT[part.end :]
            assert number == pytest.approx(whole - odds(predictor, without, reason.label), abs=1e-5)


def test_of_a_number_contributions_are_in_its_unit(loaded):
    predictor = loaded["number"]
    (found,) = predictor.explain([TEXT], method="occlusion")
    (reason,) = found.reasons
    both = predictor.predict([TEXT, TEXT.removeprefix("dust ")])
    numbers = [one.numbers["points"] for one in both]
    assert reason.measure == "quantity"
    assert reason.value == pytest.approx(numbers[0], abs=1e-5)
    assert reason.contributions[0] == pytest.approx(numbers[0] - numbers[1], abs=1e-5)


def test_tags_are_explained_with_masked_words_that_keep_their_places(loaded):
    predictor = loaded["tags"]
    words = TEXT.replace(",", " ,").split()
    (found,) = predictor.explain([words], label="PER", method="occlusion")
    reason = found.reasons[0]
    (at,) = [n for n, place in enumerate(joined(words)[1]) if place == reason.spot]

    def per(given):
        scores = predictor.score(predictor.examples([given]), predictor.decision(None))
        logits = scores.logits[at].astype(float)
        mine = [n for n, label in enumerate(predictor.task.labels) if label.endswith("PER")]
        return np.log(np.exp(logits[mine]).sum() / np.exp(np.delete(logits, mine)).sum())

    masked = ["[MASK]", *words[1:]]
    assert reason.contributions[0] == pytest.approx(per(words) - per(masked), abs=1e-5)


@pytest.mark.parametrize("name", ASKED)
def test_gradients_add_up_to_the_difference_to_the_baseline(loaded, name):
    (found,) = loaded[name].explain([TEXTS[name]], method="gradients")
    (other,) = loaded[name].explain([TEXTS[name]], method="occlusion")
    assert found.reasons
    for reason, same in zip(found.reasons, other.reasons, strict=True):
        assert sum(reason.contributions) == pytest.approx(reason.value - reason.base, abs=2e-3)
        assert reason.value == pytest.approx(same.value, abs=1e-4)


def test_gradients_are_those_of_captum(loaded):
    captum = pytest.importorskip("captum.attr")
    predictor = loaded["single"]
    trace = traced(predictor, TEXT)
    encoder = predictor.encoder
    ids = torch.from_numpy(trace.store.window(0).astype(np.int64))[None]
    with layers.parted(encoder.model):
        table = encoder.model.get_input_embeddings()
        base = torch.full_like(ids, int(encoder.config.pad_token_id))
        base[0, [0, -1]] = ids[0, [0, -1]]

        def odds_of(ids):
            logits = torch.cat([encoder(_batch(row)) for row in ids])
            others = logits[:, [at for at in range(logits.shape[1]) if at != place]]
            return logits[:, place] - others.logsumexp(dim=1)

        found = predictor.explain([TEXT], method="gradients")[0].reasons[0]
        place = predictor.task.labels.index(found.label)
        way = captum.LayerIntegratedGradients(odds_of, table)
        wanted = way.attribute(ids, baselines=base, n_steps=gradients.STEPS, internal_batch_size=1)
    sums = wanted.detach().double().sum(dim=-1).reshape(-1)[1:-1].numpy()
    by_word = np.zeros(len(trace.spots))
    np.add.at(by_word, trace.windows[0][1:-1], sums)
    np.testing.assert_allclose(found.contributions, by_word, atol=1e-4)


def _batch(ids):
    return batches.pack_ids([ids.numpy()], [len(ids)])


@pytest.mark.parametrize("method", explaining.METHODS)
def test_a_text_is_explained_alike_alone_and_in_company(loaded, method):
    texts = [TEXT, "rain", f"{TEXT} {TEXT}", TEXT]
    together = loaded["multi"].explain(texts, method=method)
    again = loaded["multi"].explain(texts, method=method)
    assert [one.told() for one in together] == [one.told() for one in again]
    for text, found in zip(texts, together, strict=True):
        (alone,) = loaded["multi"].explain([text], method=method)
        assert [one.label for one in alone.reasons] == [one.label for one in found.reasons]
        for one, other in zip(alone.reasons, found.reasons, strict=True):
            np.testing.assert_allclose(one.contributions, other.contributions, atol=2e-5)


def test_nothing_drops_and_the_encoder_is_left_as_it_was(loaded, monkeypatch):
    encoder = loaded["single"].encoder
    embeddings = encoder.model.base_model.embeddings
    before, calls = embeddings.fused, []
    forward = type(encoder).forward

    def watched(self, batch):
        calls.append(any(part.training for part in self.modules()))
        return forward(self, batch)

    monkeypatch.setattr(type(encoder), "forward", watched)
    encoder.train(True)
    try:
        for method in explaining.METHODS:
            loaded["single"].explain([TEXT], method=method)
        assert encoder.training
    finally:
        encoder.train(False)
    assert len(calls) > 2
    assert not any(calls)
    assert embeddings.fused is before
    assert not encoder.model.get_input_embeddings()._forward_hooks


def test_several_labels_are_explained_and_the_likeliest_of_the_others(loaded):
    (found,) = loaded["multi"].explain([TEXT])
    decided = [one.label for one in found.reasons if one.decided]
    others = [one for one in found.reasons if not one.decided]
    assert tuple(decided) == found.labels
    assert len(others) == 1
    scores = found.prediction.scores
    assert others[0].score == max(scores[name] for name in scores if name not in decided)


def test_another_label_is_explained_on_request(loaded):
    (usual,) = loaded["single"].explain([TEXT])
    label = next(one for one in loaded["single"].task.labels if one not in usual.labels)
    (found,) = loaded["single"].explain([TEXT], label=label)
    assert [(one.label, one.decided) for one in found.reasons] == [(label, False)]
    assert found.top(label)
    assert found.labels == usual.labels


def test_a_part_of_the_passage_is_explained_on_request(loaded):
    question, passage = TEXTS["answers"]
    (found,) = loaded["answers"].explain([(question, passage)], label="sun over")
    assert found.reasons[0].spot == (passage.index("sun"), passage.index("over") + 4)
    assert {part.side for part in found.parts} == {1, 2}
    with pytest.raises(SettingsError, match="does not stand in the passage"):
        loaded["answers"].explain([(question, passage)], label="snow")


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        ("single", "dryy", r"--for 'dryy': none of this model's labels; did you mean 'dry'"),
        ("tags", "PERS", r"--for 'PERS': none of this model's tags; did you mean 'PER'"),
        ("number", "point", r"did you mean 'points'"),
    ],
)
def test_a_label_that_there_is_not_is_refused(loaded, name, label, words):
    with pytest.raises(SettingsError, match=words):
        loaded[name].explain([TEXTS[name]], label=label)


def test_a_method_that_there_is_not_is_refused(loaded):
    with pytest.raises(SettingsError, match="--method 'gradient': did you mean 'gradients'"):
        loaded["single"].explain([TEXT], method="gradient")


@pytest.mark.parametrize("method", explaining.METHODS)
def test_a_text_without_words_and_one_of_one_word(loaded, method):
    empty, one = loaded["single"].explain(["  ", "rain"], method=method)
    assert (empty.parts, empty.reasons) == ((), ())
    assert "no word" in empty.remarks[0]
    assert [part.text for part in one.parts] == ["rain"]
    (reason,) = one.reasons
    (number,) = reason.contributions
    assert number == pytest.approx(reason.value - reason.base, abs=2e-3)


@pytest.mark.parametrize("method", explaining.METHODS)
def test_which_text_of_a_pair_is_empty_is_said(loaded, method):
    texts = [("rain", ""), (" ", "rain"), ("", ""), ("sun", "rain")]
    second, first, both, neither = loaded["pairs"].explain(texts, method=method)
    assert second.remarks == ("the second text of the pair is empty: it has no word",)
    assert first.remarks == ("the first text of the pair is empty: it has no word",)
    assert "in either text" in both.remarks[0]
    assert not neither.remarks


def test_words_beyond_the_limit_moved_nothing_and_are_counted(loaded):
    (found,) = loaded["single"].explain([LONG])
    room = loaded["single"].card.shape.max_tokens - 2
    assert len(found.parts) == room
    assert found.unread == len(LONG.split()) - room


def test_of_several_windows_the_one_that_decided_is_named(loaded):
    predictor, text = loaded["multi"], " ".join([*["sun over"] * 9, *["dust haze heat"] * 4])
    (found,) = predictor.explain([text])
    trace = traced(predictor, text)
    spots = [[trace.spots[at] for at in shown[shown >= 0]] for shown in trace.windows]
    places = [(shown[0].start, shown[-1].end) for shown in spots]
    values = [odds(predictor, text[slice(*place)], found.reasons[0].label) for place in places]
    assert len(places) > 2
    assert found.window == places[int(np.argmax(values))]
    assert predictor.explain(["sun"])[0].window is None


def test_a_long_text_is_taken_apart_within_bounds(loaded):
    predictor = loaded["multi"]
    (found,) = predictor.explain([LONG])
    words = sum(part.words for part in found.parts)
    assert words == len(LONG.split())
    assert len(found.parts) < words
    assert "left out in" in found.remarks[0]
    model, trace = predictor.asked(), traced(predictor, LONG)
    (prediction,) = predictor.predict([LONG])
    scores = model.scores(lacking.copies([(trace, ())], mask=1))
    asked = choosing.Asked(trace, prediction, scores.probabilities)
    (one,) = occluding.occlude(model, [trace], [choosing.choose(model, asked, None)], most=40)
    assert one.copies <= 40
    strongest = max(range(len(one.parts)), key=lambda at: float(np.abs(one.moved[:, at]).max()))
    assert len(one.parts[strongest]) <= -(-len(trace.words) // occluding.FIRST)


def test_words_are_those_that_people_see(loaded):
    text = "I don't know (well-known) 3.5 https://a.org/x?y, ok!"
    found = traced(loaded["single"], text)
    written = [found.written(spot) for spot in found.spots]
    assert written[:2] == ["I", "don't"]
    assert "well-known" in written
    assert "3.5" in written
    assert written[-2:] == ["ok", "!"]

import numpy as np
import pytest

from textune.splits import near
from textune.splits.sketches import Sketcher, Sketches

WORDS = [f"word{chr(97 + n)}{chr(97 + m)}" for n in range(20) for m in range(20)]


def sketched(*texts: str | tuple[str, str]) -> Sketches:
    sketcher = Sketcher(len(texts))
    for text in texts:
        sketcher.add(*((text,) if isinstance(text, str) else text))
    return sketcher.done()


def drawn(count: int, length: int, seed: int = 0) -> list[list[str]]:
    draw = np.random.default_rng(seed)
    return [draw.choice(WORDS, length).tolist() for _ in range(count)]


@pytest.mark.parametrize("length", [10, 20, 40, 400])
def test_texts_of_which_a_tenth_of_the_words_changed_are_found(length):
    texts = drawn(200, length)
    changed = [[*text] for text in texts]
    for text in changed:
        text[3 :: max(10, length // 10)] = ["other"] * len(text[3 :: max(10, length // 10)])
    known, others = (sketched(*map(" ".join, each)) for each in (texts, changed))
    assert (near.matches(known, others) == np.arange(200)).mean() > 0.95


def test_texts_that_have_nothing_in_common_are_not_found():
    assert (near.repeats(sketched(*map(" ".join, drawn(300, 12)))) == -1).all()


def test_the_earlier_of_two_texts_has_no_partner():
    text = " ".join(WORDS[:12])
    assert near.repeats(sketched(text, text + " more", "a b c")).tolist() == [-1, 0, -1]


def test_short_texts_are_near_to_nothing():
    assert (
        near.repeats(sketched("thank you", "thank you", "thank you so much")).tolist() == [-1] * 3
    )


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_and_one_text_have_no_partner(count):
    texts = sketched(*[" ".join(WORDS[:9])] * count)
    assert near.repeats(texts).tolist() == [-1] * count
    assert near.matches(texts, sketched()).tolist() == []
    assert near.matches(sketched(), texts).tolist() == [-1] * count


def test_of_equal_texts_each_meets_only_a_few(monkeypatch):
    compared = []
    shares = near.shares
    monkeypatch.setattr(
        near, "shares", lambda *each: compared.append(len(each[1])) or shares(*each)
    )
    text = " ".join(WORDS[:12])
    assert near.repeats(sketched(*[text] * 5000)).tolist() == [-1] + [0] * 4999
    assert sum(compared) < 3 * 5000


def test_both_texts_of_a_pair_must_be_alike():
    first, second = " ".join(WORDS[:30]), " ".join(WORDS[30:36])
    other = " ".join(WORDS[50:56])
    found = near.repeats(sketched((first, second), (first, other), (first + " more", second)))
    assert found.tolist() == [-1, -1, 0]


def test_letters_of_scripts_without_spaces_are_compared():
    text = "这部电影很好看我非常喜欢剧情有点无聊"
    assert near.repeats(
        sketched(text, text.replace("好", "难"), "服务态度差房间干净价格便宜")
    ).tolist() == [
        -1,
        0,
        -1,
    ]

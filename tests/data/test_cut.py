"""Plain text is cut into words as the training file was."""

import json

import pytest
from typer.testing import CliRunner

import textune
from textune.data.cut import CutCensus, CutDifference, Cutter
from textune.data.words import joined, words_of
from textune.doors.cli import app
from textune.records import Example

SENTENCES = {
    "addresses": ["write to ada@mail.org or to b.novak@x-y.net today .", "see http://a.org/b now"],
    "abbreviations": ["The U.S. and AT&T met O'Neill .", "U.S. talks end , he said ."],
    "hyphens": ["a well-known man - he said - left", "the twenty-one state-owned firms"],
    "clitics": ["John 's wife does n't know .", "We 'll see . They do n't ."],
    "tweets": ["@ada look at #topic now :) ...", "ok :) thanks @bob ... #fun"],
    "numbers": ["it costs 3.50 or 1,000 , at 10:30", "in 2,000 cases , 4.5 of them"],
    "white space": ["He left today. She came, too.", "It rained. They stayed, of course."],
}
NATURAL = {  # text as people write it, and the words that are meant
    "addresses": ("Ask c.d@e-f.com, please.", ["Ask", "c.d@e-f.com", ",", "please", "."]),
    "abbreviations": ("In the U.S. AT&T won.", ["In", "the", "U.S.", "AT&T", "won", "."]),
    "hyphens": ("a state-owned bank", ["a", "state-owned", "bank"]),
    "clitics": ("Mary's son doesn't.", ["Mary", "'s", "son", "does", "n't", "."]),
    "tweets": ("hi @eve, #news...", ["hi", "@eve", ",", "#news", "..."]),
    "numbers": ("4.75, or 9,999", ["4.75", ",", "or", "9,999"]),
    "white space": ("They left. Good.", ["They", "left.", "Good."]),
}


def learned(name: str) -> Cutter:
    census = CutCensus()
    for sentence in SENTENCES[name] * 2:
        census.add(sentence.split())
    return Cutter.of(census.cut())


@pytest.mark.parametrize("name", SENTENCES)
def test_words_of_the_file_are_found_again_in_plain_text(name):
    cutter = learned(name)
    for sentence in SENTENCES[name]:
        text, places = joined(sentence.split())
        assert cutter(text) == places


@pytest.mark.parametrize("name", NATURAL)
def test_other_text_is_cut_in_the_same_way(name):
    text, words = NATURAL[name]
    assert [text[start:end] for start, end in learned(name)(text)] == words


def test_a_file_of_plain_words_leaves_the_cut_as_it_was():
    census = CutCensus()
    census.add(["Dan", "moved", "to", "Ghent", "."])
    assert census.cut() == ()
    text = "It's 5 € – 你好!"
    assert Cutter.of(())(text) == words_of(text)


def test_every_sign_stands_in_one_word():
    for name in SENTENCES:
        cutter = learned(name)
        for text in (*(t for t, _ in NATURAL.values()), "…@a-b:)) 你好,x", "a'b''c'", "é́-1.a"):
            places = cutter(text)
            assert "".join(text[a:b] for a, b in places) == "".join(text.split())
            assert all(a < b for a, b in places)


def test_says_what_share_would_be_cut_otherwise():
    text, places = joined(["do", "not", "x-y", "z"])
    difference = CutDifference(())
    difference.add(Example(text, "a:1", label=("O", "O", "B-X", "O"), words=places))
    found = difference.finding()
    assert found is not None
    assert "25.0% of the words and 100.0% of the entities would be cut otherwise" in found.message


@pytest.mark.timeout(120)
def test_a_model_finds_mail_addresses_in_plain_text(tmp_path, tiny_base):
    lines = []
    for number in range(40):
        words = ["the", f"a{number}@mail.org", "is", "good", "."]
        lines += [f"{word} {'B-M' if '@' in word else 'O'}" for word in words] + [""]
    file = tmp_path / "mails.conll"
    file.write_text("\n".join(lines))
    run = textune.train(str(file), base=tiny_base, out=tmp_path / "run", epochs=1, device="cpu")
    [found] = textune.Predictor.load(run.path)(["the b.c@mail.org, is"])
    assert [found.text[a:b] for a, b in found.words] == ["the", "b.c@mail.org", ",", "is"]
    done = CliRunner().invoke(app, ["evaluate", str(run.path), str(file), "--json"])
    plain = json.loads(done.stdout)["plain_text"]
    assert plain["cut_otherwise"] == 0
    assert set(plain) == {"precision", "recall", "f1", "cut_otherwise"}
    shown = CliRunner().invoke(app, ["evaluate", str(run.path), str(file)])
    assert "the same sentences as plain text" in shown.stdout

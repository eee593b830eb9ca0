"""The bench of products times both ways, of numbers of tokens that change and that do not."""

from bench import products


def test_both_ways_are_timed(capsys):
    products.main(["--width", "32", "--inner", "64", "--tokens", "8", "--turns", "3"])
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in said[1:]] == [
        "8 tokens, the same",
        "8 tokens, changing",
    ]
    assert all("torch / kernels" in line for line in said[1:])

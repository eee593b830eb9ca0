"""The bench of products times both ways, of numbers of tokens that change and that do not."""

import pytest

from bench import products


@pytest.mark.parametrize("precision", ["bf16", "fp32"])
def test_both_ways_are_timed(capsys, precision):
    sizes = ["--width", "32", "--inner", "64", "--tokens", "8", "--turns", "3"]
    products.main([*sizes, "--precision", precision])
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in said[1:]] == [
        "8 tokens, the same",
        "8 tokens, changing",
    ]
    assert said[0].startswith(f"{precision} by kernels: ")
    assert all("torch / kernels" in line for line in said[1:])

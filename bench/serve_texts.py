"""Reviews become texts of about so many tokens, for servers to be asked."""

from pathlib import Path

from textune.text import tokenizers

COUNT = 256


def made(data: Path, run: Path, *, tokens: int, count: int = COUNT) -> list[str]:
    """Cut the beginnings of reviews to so many tokens, special ones included, or one or two less.

    Args:
        data: Folder of the public data sets.
        run: Whose tokenizer counts.
        tokens: Of a text.
        count: Texts.
    """
    from bench import predict

    tokenizer = tokenizers.load(str(run / "model"))
    found = []
    for text in predict.mixed(data, 4 * count):
        words = text.split()
        while words and tokenizer.count([" ".join(words)])[0] > tokens:
            del words[-max(1, (len(words) - tokens) // 2) :]
        whole = " ".join(words)
        if tokenizer.count([whole])[0] >= tokens - 2:
            found.append(whole)
        if len(found) == count:
            break
    return found

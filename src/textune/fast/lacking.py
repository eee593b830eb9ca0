"""What torch, NumPy and Python say of a lack of memory becomes one answer: it is one, or not."""

from textune.errors import TextuneError

CPU_WORDS = ("can't allocate memory", "not enough memory")  # of torch, in a plain RuntimeError


def is_lack(error: BaseException) -> bool:
    """Tell whether an error says that memory is lacking, and is not one that we have made of it."""
    if isinstance(error, TextuneError):
        return False
    import torch  # here, as whoever waits for signals needs none of it

    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in CPU_WORDS)

"""What a server takes at most, before it refuses."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of requests and of what waits."""

    max_queue: int = 512  # texts that wait, of all requests together
    max_body: int = 2 * 2**20  # bytes of a request
    max_texts: int = 256  # of a request
    max_tokens: int = 65_536  # of a request, in all its texts
    max_file: int = 16 * 2**20  # bytes of a file to be labelled
    timeout: float = 30.0  # seconds that a request may wait for its answer
    batch_tokens: int = 1_024  # computed together: on a CPU more are no faster
    grace: float = 30.0  # seconds in which a stopping server answers what it has taken


USUAL = Limits()
MOST_EXPLAINED = 8  # texts of a request that are explained: each costs as much as its words

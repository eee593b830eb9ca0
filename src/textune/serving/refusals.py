"""Why a request gets no answer: a status, and a sentence that says where, what and the way out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """A kind of refusal: its status, and its name as text-embeddings-inference has it."""

    status: int
    name: str


UNKNOWN_TOKEN = Reason(401, "Unauthorized")
NOT_FOUND = Reason(404, "NotFound")
NOT_ALLOWED = Reason(405, "MethodNotAllowed")
GONE = Reason(499, "ClientClosedRequest")
TOO_LARGE = Reason(413, "Validation")
NOT_JSON = Reason(415, "UnsupportedMediaType")
MALFORMED = Reason(422, "Validation")
NO_NUMBER = Reason(424, "Backend")
OVERLOADED = Reason(429, "Overloaded")
BUG = Reason(500, "Internal")
STOPPING = Reason(503, "Unhealthy")
TOO_LATE = Reason(504, "Timeout")


class RefusedError(Exception):
    """A request that gets no answer."""

    def __init__(self, reason: Reason, message: str, *, headers: dict[str, str] | None = None):
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.headers = headers or {}


def malformed(place: str, found: str, allowed: str) -> RefusedError:
    """Refuse a part of a request that is not what it must be."""
    return RefusedError(MALFORMED, f"{place}: {found}; {allowed}")


def too_large(what: str, found: int, most: int, option: str) -> RefusedError:
    """Refuse a request that is larger than this server takes."""
    return RefusedError(
        TOO_LARGE,
        f"{what}: {found:,}; allowed: {most:,} at most (--{option}); send less at once",
    )

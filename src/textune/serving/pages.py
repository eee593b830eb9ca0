"""The page for people: three files that ask nobody but this server."""

from functools import lru_cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}


async def page(request: Request) -> Response:
    """Give the page."""
    return _file("page.html", "text/html")


async def script(request: Request) -> Response:
    """Give its script."""
    return _file("page.js", "text/javascript")


async def style(request: Request) -> Response:
    """Give its style."""
    return _file("page.css", "text/css")


def _file(name: str, kind: str) -> Response:
    return Response(_content(name), media_type=kind, headers=HEADERS)


@lru_cache(maxsize=8)
def _content(name: str) -> bytes:
    return (files("textune.serving") / "page" / name).read_bytes()

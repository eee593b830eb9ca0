"""What stands at an address is fetched once, again where it changed, and named by its address."""

import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pytest

from textune.errors import DataError
from textune.reading import documents, obtained, remote, sources
from textune.survey import survey

ROWS = "text,label\n" + "".join(f"a film of the year {n},{n % 2}\n" for n in range(9))


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a web server on this machine: its address, what it has, and what it was asked for."""
    monkeypatch.setenv("TEXTUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(remote, "FRESH", 0)  # ask each time
    files: dict[str, bytes] = {}
    asked: list[tuple[str, int]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = files.get(self.path.partition("?")[0])
            tag = None if content is None else f'"{hash(content)}"'
            code = 404 if content is None else 304 if self.headers["If-None-Match"] == tag else 200
            asked.append((self.path, code))
            self.send_response(code)
            if code == 200:
                self.send_header("ETag", tag)
                lost = 7 if "broken" in self.path else 0
                self.send_header("Content-Length", str(len(content) + lost))
            self.end_headers()
            if code == 200:
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", files, asked
    server.shutdown()
    thread.join()
    server.server_close()


def cells(source):
    return [row.cells for row in sources.read(source).rows()]


def message_of(source):
    with pytest.raises(DataError, match=r"\w") as caught:
        list(sources.read(source).rows())
    return str(caught.value)


def test_a_file_on_a_web_server_is_read_by_its_name(site):
    place, files, _ = site
    files["/a/reviews.csv"] = ROWS.encode()
    address = f"{place}/a/reviews.csv?download=true"
    table = sources.read(address)
    assert next(table.rows()).origin == "reviews.csv:2"
    assert table.reasons[0] == f"fetched from {address}"
    (path,) = obtained.on_machine(address)
    assert remote.address_of(path) == address
    assert survey.check(address).command.startswith(f"textune train '{address}'")


def test_a_copy_is_kept_until_the_file_changes(site):
    place, files, asked = site
    files["/a.csv"] = ROWS.encode()
    assert len(cells(f"{place}/a.csv")) == len(cells(f"{place}/a.csv")) == 9
    files["/a.csv"] = (ROWS + "one more,1\n").encode()
    assert len(cells(f"{place}/a.csv")) == 10
    assert [code for _, code in asked] == [200, 304, 200]


def test_archives_and_plain_text_may_be_remote(site, tmp_path):
    place, files, _ = site
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", ROWS)
    files["/a.zip"], files["/b.txt"] = (tmp_path / "a.zip").read_bytes(), b"one\ntwo\n"
    assert len(cells(f"{place}/a.zip")) == 9
    found = documents.read_all(documents.find([f"{place}/b.txt"]))
    assert [part.origin for part in found] == ["b.txt:1", "b.txt:2"]


def test_several_addresses_are_one_table(site):
    place, files, _ = site
    files["/a.csv"] = files["/b.csv"] = ROWS.encode()
    assert len(cells([f"{place}/a.csv", f"{place}/b.csv"])) == 18


def test_what_cannot_be_fetched_is_refused_in_a_line(site):
    place, files, _ = site
    assert "nothing.csv: the server answers 404" in message_of(f"{place}/nothing.csv")
    files["/broken.csv"] = ROWS.encode()
    assert "broken.csv: cannot be fetched (it broke off after" in message_of(f"{place}/broken.csv")
    message = message_of("http://127.0.0.1:9/a.csv")
    assert "http://127.0.0.1:9/a.csv: cannot be fetched" in message
    assert message.endswith("check the address and the network")
    files["/page.csv"] = b"<!DOCTYPE html><html></html>"
    assert "page.csv: this is a web page, not data" in message_of(f"{place}/page.csv")


def test_other_places_are_read_by_fsspec(site, tmp_path):
    files = fsspec.filesystem("memory")
    files.pipe_file("/textune/a.csv", ROWS.encode())
    assert len(cells("memory://textune/a.csv")) == 9
    files.pipe_file("/textune/a.csv", (ROWS + "one more,1\n").encode())
    assert len(cells("memory://textune/a.csv")) == 10
    files.rm("/textune", recursive=True)
    assert "there is no such file" in message_of("memory://textune/a.csv")
    (tmp_path / "a b.csv").write_text(ROWS)
    assert len(cells((tmp_path / "a b.csv").as_uri())) == 9


@pytest.mark.parametrize(("scheme", "package"), [("s3", "s3fs"), ("gs", "gcsfs"), ("az", "adlfs")])
def test_the_package_that_a_place_needs_is_named(site, scheme, package):
    message = message_of(f"{scheme}://bucket/a.csv")
    assert message.endswith(f"{scheme}:// needs a package of its own: pip install {package}")


def test_an_unknown_place_is_refused(site):
    assert "nowhere://a.csv: cannot be fetched" in message_of("nowhere://a.csv")

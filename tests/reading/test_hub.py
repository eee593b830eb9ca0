"""Data sets of the hub are found in its cache, their parts by card or name, classes by name."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import constants

from textune.errors import DataError
from textune.reading import cards, hub, sources

CARD = """---
configs:
- config_name: en
  data_files:
  - split: train
    path: en/train.csv
  - split: validation
    path: en/dev-*.csv
- config_name: de
  data_files: de/*.csv
dataset_info:
- config_name: en
  features:
  - {name: text, dtype: string}
  - name: label
    dtype:
      class_label:
        names: {'0': bad, '1': good}
---
# Reviews
"""
INFO = "---\ndataset_info:\n  features:\n  - {name: text, dtype: string}\n---\n"
ROWS = "text,label\n" + "".join(f"a film of the year {n},{n % 2}\n" for n in range(9))


@pytest.fixture
def cached(tmp_path, monkeypatch):
    """Return a function that puts files of a data set into a cache as the hub's library has it."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))

    def write(name, files, ref="main"):
        place = tmp_path / f"datasets--{name.replace('/', '--')}"
        (place / "refs" / ref).parent.mkdir(parents=True)
        (place / "refs" / ref).write_text("a" * 40)
        for file, content in files.items():
            path = place / "snapshots" / ("a" * 40) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, str):
                path.write_text(content)
            else:
                pq.write_table(content, path)
        return f"hf://{name}"

    return write


def cells(source):
    return [row.cells for row in sources.read(source).rows()]


def message_of(source):
    with pytest.raises(DataError, match=r"\w") as caught:
        sources.read(source)
    return str(caught.value)


def test_parts_are_known_by_the_names_of_files(cached):
    made = {name: pa.table({"text": [name], "label": ["x"]}) for name in ("train", "test")}
    files = {f"data/{name}-00000-of-00001.parquet": table for name, table in made.items()}
    address = cached("owner/reviews", {**files, ".gitattributes": "x", "README.md": "# no card"})
    assert cells(address) == [("train", "x")]
    assert set(sources.parts(address)) == {"train", "test"}
    assert sources.read(address).reasons[0] == "fetched from hf://owner/reviews"


def test_the_card_says_which_files_and_what_classes_are_called(cached):
    files = {"en/train.csv": ROWS, "en/dev-1.csv": ROWS, "en/dev-2.csv": ROWS, "de/all.csv": ROWS}
    address = cached("owner/reviews", {**files, "README.md": CARD})
    message = message_of(address)
    assert "there are several data sets in it; name one" in message
    assert "'en', 'de'" in message
    assert cells(f"{address}/en")[:2] == [
        ("a film of the year 0", "bad"),
        ("a film of the year 1", "good"),
    ]
    parts = sources.parts(f"{address}/en")
    assert [file.name for file in parts["valid"]] == ["dev-1.csv", "dev-2.csv"]
    assert cells(parts["valid"])[1] == ("a film of the year 1", "good")
    assert [label for _, label in cells(f"{address}/de")][:2] == ["bad", "good"]
    assert sources.parts(f"{address}/de") == {}


def test_a_file_of_a_data_set_may_be_named(cached):
    address = cached("owner/reviews", {"a.csv": ROWS, "b.csv": ROWS, "en/c.csv": ROWS})
    assert len(cells(f"{address}/a.csv")) == len(cells(f"{address}/en/c.csv")) == 9
    assert len(cells(f"{address}/en")) == 9
    assert "'nl' is no data set in it: there are a.csv, b.csv, en" in message_of(f"{address}/nl")


def test_a_data_set_that_was_converted_by_the_hub_is_found(cached):
    table = pa.table({"text": ["a"], "label": ["x"]})
    files = {f"default/{name}/0000.parquet": table for name in ("train", "test")}
    address = cached("owner/scripted", files, ref="refs/convert/parquet")
    assert cells(address) == [("a", "x")]
    assert set(sources.parts(address)) == {"train", "test"}


@pytest.mark.parametrize("address", ["hf://reviews", "hf://", "hf://a b/c", "hf://a/b@"])
def test_what_is_no_name_is_refused(address):
    assert "no name of a data set on the hub; write hf://owner/name" in message_of(address)


@pytest.fixture
def unreachable(monkeypatch):
    """Let the hub be where nobody listens."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")


def test_a_hub_that_cannot_be_reached_is_said_in_a_line(cached, unreachable):
    cached("ann/other", {"train.csv": ROWS})
    message = message_of("hf://no/such")
    assert message.startswith("hf://no/such: can neither be fetched nor is it in the cache")
    assert "\n" not in message


def test_what_is_in_the_cache_is_read_though_the_hub_cannot_be_reached(cached, unreachable):
    assert len(cells(cached("ann/reviews", {"train.csv": ROWS}))) == 9


def test_the_hub_is_asked_once_for_a_data_set_and_a_card_parsed_once(cached, monkeypatch):
    asked = []

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    address = cached("ann/shards", {f"train-{n}.csv": ROWS for n in range(3)} | {"README.md": INFO})
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        before = cards._parsed.cache_info().misses
        for _ in range(3):
            assert len(cells(address)) == 27
        server.shutdown()
    assert len(asked) == 1
    assert cards._parsed.cache_info().misses == before + 1


def test_what_is_neither_on_the_network_nor_in_the_cache_is_refused_in_a_line(cached):
    message = message_of("hf://owner/nothing")
    assert message.startswith("hf://owner/nothing: can neither be fetched nor is it in the cache")
    assert "hf download owner/nothing --repo-type dataset" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("hf://o/n", ("o/n", None, None)),
        ("hf://datasets/o/n/en", ("o/n", None, "en")),
        ("hf://o/n@1.0/en/a.csv", ("o/n", "1.0", "en/a.csv")),
        ("hf://o/n@refs/convert/parquet/en", ("o/n", "refs/convert/parquet", "en")),
    ],
)
def test_a_name_has_parts(address, expected):
    assert hub.parse(address) == expected


@pytest.mark.parametrize(
    ("names", "label"), [("{'0': bad, '1': good}", "bad"), ("{bad: 0, good: 1}", "0")]
)
def test_names_of_classes_that_no_number_has_are_passed_over(tmp_path, names, label):
    (tmp_path / "README.md").write_text(CARD.replace("{'0': bad, '1': good}", names))
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "train.csv").write_text(ROWS)
    rows = [row.cells for row in sources.read(tmp_path / "en" / "train.csv").rows()]
    assert rows[0] == ("a film of the year 0", label)

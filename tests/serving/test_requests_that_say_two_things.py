"""A request that says one thing twice, or a host that is another machine's, is refused."""

import socket

import pytest

from textune.errors import SettingsError
from textune.serving import reading, server
from textune.serving.refusals import RefusedError


@pytest.mark.parametrize(
    ("body", "key"),
    [
        (b'{"texts": ["a"], "texts": ["b"]}', "texts"),
        (b'{"texts": ["a"], "threshold": 0.1, "threshold": 0.9}', "threshold"),
        (b'{"inputs": "a", "parameters": {"top_k": 1, "top_k": 2}}', "top_k"),
        (b'{"texts": [{"text": "a", "text": "b"}]}', "text"),
    ],
)
def test_a_key_that_stands_twice_is_named(body, key):
    with pytest.raises(RefusedError, match=rf"the body: .*the key '{key}' stands twice in one"):
        reading.to_object(body)


def test_equal_keys_of_different_objects_are_read():
    found = reading.to_object(b'{"texts": [{"text": "a"}, {"text": "b"}]}')
    assert found == {"texts": [{"text": "a"}, {"text": "b"}]}


def test_a_host_that_is_no_address_of_this_machine_is_named():
    with pytest.raises(SettingsError, match=r"--host 192\.0\.2\.1: no address of this machine"):
        server.bound("192.0.2.1", 0)


def test_a_port_that_is_taken_names_another_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="another program uses it; another --port"):
            server.bound("127.0.0.1", port)

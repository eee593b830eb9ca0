"""A stand-in for Hugging Face's hub: its HTTP interface, on this machine, in memory."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TOKEN = "hf_a_token_of_the_tests"
SHA = "b" * 40


class Hub(ThreadingHTTPServer):
    """Repositories by kind and name, each a dict of files."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos, self.private, self.blobs, self.asked = {}, {}, {}, []
        self.address = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, value, code=200, headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(code)
        for name, text in dict(headers).items():
            self.send_header(name, text)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            found = b""
            while size := int(self.rfile.readline(), 16):
                found += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return found
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        self.server.asked.append(f"{self.command} {self.path}")
        path = self.path.partition("?")[0]
        if found := re.fullmatch(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/revision/.+)?", path):
            return self.info(found[1], found[2])
        if found := re.fullmatch(r"/api/(models|datasets)/([^/]+/[^/]+)/tree/[^/]+", path):
            return self.tree(found[1], found[2])
        if found := re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            return self.file("datasets" if found[1] else "models", found[2], found[3])
        return self.answer({"error": "no such page"}, 404)

    def do_HEAD(self):
        self.do_GET()

    def info(self, kind, name):
        files = self.server.repos.get((kind, name))
        if files is None:
            return self.answer({"error": "not found"}, 404, {"X-Error-Code": "RepoNotFound"})
        listed = [{"rfilename": each} for each in sorted(files)]
        private = self.server.private.get(name, False)
        return self.answer(
            {"id": name, "sha": SHA, "private": private, "siblings": listed, "tags": []}
        )

    def tree(self, kind, name):
        files = self.server.repos[kind, name]
        self.answer(
            [
                {
                    "type": "file",
                    "path": place,
                    "size": len(content),
                    "oid": hashlib.sha1(content).hexdigest(),
                }
                for place, content in sorted(files.items())
            ]
        )

    def file(self, kind, name, place):
        content = self.server.repos.get((kind, name), {}).get(place)
        if content is None:
            return self.answer({"error": "x"}, 404, {"X-Error-Code": "EntryNotFound"})
        etag = hashlib.sha256(content).hexdigest()
        return self.answer(content, headers={"ETag": f'"{etag}"', "X-Repo-Commit": SHA})

    def do_PUT(self):
        self.server.blobs[self.path.rpartition("/")[2]] = self.body()
        self.answer({})

    def do_POST(self):
        self.server.asked.append(f"POST {self.path}")
        text = self.body()
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer({"error": "Invalid token"}, 401)
        if self.path.endswith("/validate-yaml"):
            return self.answer({"errors": [], "warnings": []})
        if self.path.endswith("/repos/create"):
            return self.create(json.loads(text))
        if "/preupload/" in self.path:
            files = json.loads(text)["files"]
            modes = {True: "lfs", False: "regular"}
            return self.answer(
                {
                    "files": [
                        {
                            "path": one["path"],
                            "uploadMode": modes[one["path"].endswith(".safetensors")],
                            "shouldIgnore": False,
                        }
                        for one in files
                    ]
                }
            )
        if self.path.endswith("/info/lfs/objects/batch"):
            return self.batch(json.loads(text))
        if found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/([^/?]+)", self.path):
            return self.commit(found[1], text)
        return self.answer({"error": self.path}, 404)

    def create(self, wanted):
        name = "/".join(filter(None, [wanted.get("organization"), wanted["name"]]))
        code = 409 if ("models", name) in self.server.repos else 200
        self.server.repos.setdefault(("models", name), {})
        self.server.private.setdefault(
            name, bool(wanted.get("private")) or wanted.get("visibility") == "private"
        )
        self.answer({"url": f"{self.server.address}/{name}", "name": name, "id": name}, code)

    def batch(self, wanted):
        found = [
            {
                **one,
                "actions": {"upload": {"href": f"{self.server.address}/blobs/{one['oid']}"}},
            }
            for one in wanted["objects"]
        ]
        self.answer({"transfer": "basic", "objects": found})

    def commit(self, name, text):
        files = self.server.repos[("models", name)]
        for line in map(json.loads, text.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.blobs[value["oid"]]
        url = f"{self.server.address}/{name}/commit/{SHA}"
        self.answer({"commitUrl": url, "commitOid": SHA, "success": True})


@contextmanager
def serving() -> Iterator[Hub]:
    """Serve a hub while the block runs."""
    with Hub() as hub:
        Thread(target=hub.serve_forever, daemon=True).start()
        yield hub
        hub.shutdown()

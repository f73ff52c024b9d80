"""A stand-in for the Hugging Face Hub: a real HTTP server on this machine with the routes that huggingface_hub asks.

These tests have never seen the real hub. Routes, headers and error codes are those that the client reads (hf_api.py,
_commit_api.py, lfs.py, file_download.py and utils/_http.py of huggingface_hub 2.4). Large files go by Git LFS: Xet, which the
client prefers, has a protocol of its own, and HF_HUB_DISABLE_XET switches it off.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

WRITER, READER = "hf_writer", "hf_reader"
"""Tokens: one that may write to the repositories of `user`, and one that may not."""
LICENSES = ("apache-2.0", "mit", "cc-by-4.0", "other")
LFS = (".safetensors", ".png", ".bin", ".pkl")
"""Endings that .gitattributes of a new repository gives to Git LFS."""

_REPOSITORY = r"(?P<name>[^/]+/[^/]+)"
ROUTES = {
    "validate": r"POST /api/validate-yaml",
    "create": r"POST /api/repos/create",
    "info": rf"GET /api/models/{_REPOSITORY}(?:/revision/(?P<revision>[^/]+))?",
    "tree": rf"GET /api/models/{_REPOSITORY}/tree/(?P<revision>[^/]+)",
    "preupload": rf"POST /api/models/{_REPOSITORY}/preupload/main",
    "batch": rf"POST /{_REPOSITORY}\.git/info/lfs/objects/batch",
    "put": r"PUT /upload/(?P<oid>\w+)",
    "commit": rf"POST /api/models/{_REPOSITORY}/commit/main",
    "resolve": rf"(?:HEAD|GET) /{_REPOSITORY}/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
    "content": r"GET /content/(?P<oid>\w+)",
}


@dataclass
class Repository:
    """Commits, oldest first: each with its files."""

    private: bool = False
    gated: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, bytes]:
        """Those of the newest commit."""
        return [*self.commits.values()][-1]

    def commit(self, files: Mapping[str, bytes]) -> str:
        revision = hashlib.sha1(f"{len(self.commits)} {sorted(files)}".encode()).hexdigest()
        self.commits[revision] = dict(files)
        return revision


@dataclass
class Hub:
    """What the server knows, and what it was asked: method, path, headers by their names in small letters.

    cut: bytes after which the next download of a larger file breaks off. down: whether every answer is 503.
    """

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    cut: int | None = None
    down: bool = False

    def add(self, name: str, files: Mapping[str, bytes], **properties: bool) -> str:
        """Commit files to a repository, which is made if need be; return the revision."""
        self.large |= {hashlib.sha256(content).hexdigest(): content for path, content in files.items() if path.endswith(LFS)}
        return self.repositories.setdefault(name, Repository(**properties)).commit(files)

    @property
    def paths(self) -> list[str]:
        """As in "GET /api/models/user/name"."""
        return [f"{method} {path}" for method, path, _ in self.asked]


@contextmanager
def stand_in() -> Iterator[Hub]:
    """A hub that serves until the block ends."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Answers,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()


class _RefusedError(Exception):
    """An answer that is an error: status, X-Error-Code, and the message."""


class _Answers(BaseHTTPRequestHandler):
    """The requests of one connection."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a request of any method."""
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path, {name.lower(): value for name, value in self.headers.items()}))
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._route(f"{self.command} {urlsplit(self.path).path}")
        except _RefusedError as error:
            status, code, message = error.args
            self._reply(status, {"error": message}, {"X-Error-Code": code, "X-Error-Message": message})

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815  # names of http.server

    def _route(self, request: str) -> None:
        if self.hub.down:
            raise _RefusedError(503, "", "Service unavailable")
        for name, pattern in ROUTES.items():
            if found := re.fullmatch(pattern, request):
                getattr(self, f"_{name}")(**{key: value and unquote(value) for key, value in found.groupdict().items()})
                return
        raise _RefusedError(404, "", f"no route for {request}")

    def _reply(self, status: int, content: Any, headers: Mapping[str, str] | None = None) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _token(self) -> str | None:
        """The token of the request, if it has one. The hub refuses one that it does not know in every request."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or None
        if token not in (None, WRITER, READER):
            raise _RefusedError(401, "", "Invalid credentials in Authorization header")
        return token

    def _check_writer(self, namespace: str) -> None:
        token = self._token()
        if token is None:
            raise _RefusedError(401, "", "Invalid username or password.")
        if token != WRITER or namespace != "user":
            raise _RefusedError(403, "", f"You don't have the rights to write under the namespace {namespace!r}")

    def _found(self, name: str) -> Repository:
        """A repository that the request may see. Without a token, the hub does not say whether there is one."""
        token, repository = self._token(), self.hub.repositories.get(name)
        if repository is None or (repository.private and token is None):
            raise _RefusedError(404 if token else 401, "RepoNotFound", "Repository not found")
        return repository

    def _revision(self, name: str, revision: str | None) -> tuple[str, dict[str, bytes]]:
        """A commit and its files."""
        commits = self._found(name).commits
        chosen = [*commits][-1] if revision in (None, "main") else revision
        if chosen not in commits:
            raise _RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return chosen, commits[chosen]

    def _validate(self) -> None:
        content = json.loads(self.body)["content"]
        license = re.search(r"^license: (.*)$", content.split("---")[1], re.M)
        if license is None or license[1] not in LICENSES:
            self._reply(400, f'- Error: "license" must be one of [{", ".join(LICENSES)}]'.encode())
        else:
            self._reply(200, {"errors": [], "warnings": []})

    def _create(self) -> None:
        asked = json.loads(self.body)
        name = f"{asked['organization']}/{asked['name']}"
        self._check_writer(asked["organization"])
        if name in self.hub.repositories:
            self._reply(409, {"error": "You already created this model repo", "url": f"{self.hub.url}/{name}"})
            return
        self.hub.add(name, {".gitattributes": b"*.safetensors filter=lfs\n"}, private=asked.get("visibility") == "private")
        self._reply(200, {"url": f"{self.hub.url}/{name}", "name": name, "id": "0"})

    def _info(self, name: str, revision: str | None) -> None:
        chosen, files = self._revision(name, revision)
        siblings = [{"rfilename": path, "size": len(content), "blobId": _git(content)} for path, content in files.items()]
        private = self.hub.repositories[name].private
        self._reply(200, {"_id": "0", "id": name, "sha": chosen, "private": private, "tags": [], "siblings": siblings})

    def _tree(self, name: str, revision: str) -> None:
        _, files = self._revision(name, revision)
        self._reply(200, [{"type": "file", "path": path, "size": len(content), "oid": _git(content)} | _large(path, content)
                          for path, content in files.items()])  # fmt: skip

    def _preupload(self, name: str) -> None:
        self._check_writer(name.partition("/")[0])
        paths = [file["path"] for file in json.loads(self.body)["files"]]
        modes = [{"path": path, "uploadMode": "lfs" if path.endswith(LFS) else "regular", "shouldIgnore": False} for path in paths]
        self._reply(200, {"files": modes})

    def _batch(self, name: str) -> None:
        self._check_writer(name.partition("/")[0])
        asked = json.loads(self.body)["objects"]
        upload = {each["oid"]: {"upload": {"href": f"{self.hub.url}/upload/{each['oid']}"}} for each in asked}
        objects = [each | ({} if each["oid"] in self.hub.large else {"actions": upload[each["oid"]]}) for each in asked]
        self._reply(200, {"transfer": "basic", "objects": objects})

    def _put(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            raise _RefusedError(400, "", "the content has another hash")
        self.hub.large[oid] = self.body
        self._reply(200, b"")

    def _commit(self, name: str) -> None:
        self._check_writer(name.partition("/")[0])
        files = dict(self._found(name).files)
        for line in self.body.splitlines():
            match json.loads(line):
                case {"key": "file", "value": {"path": path, "content": content}}:
                    files[path] = base64.b64decode(content)
                case {"key": "lfsFile", "value": {"path": path, "oid": oid}}:
                    files[path] = self.hub.large[oid]
                case {"key": "deletedFile", "value": {"path": path}}:
                    del files[path]
        revision = self.hub.add(name, files)
        self._reply(200, {"success": True, "commitOid": revision, "commitUrl": f"{self.hub.url}/{name}/commit/{revision}"})

    def _resolve(self, name: str, revision: str, path: str) -> None:
        chosen, files = self._revision(name, revision)
        if self.hub.repositories[name].gated:
            raise _RefusedError(403, "GatedRepo", f"Access to model {name} is restricted")
        if path not in files:
            raise _RefusedError(404, "EntryNotFound", "Entry not found")
        content, headers = files[path], {"X-Repo-Commit": chosen}
        if lfs := _large(path, content):
            oid = lfs["lfs"]["oid"]
            elsewhere = f"{self.hub.url}/content/{oid}".replace("127.0.0.1", "localhost")
            headers |= {"Location": elsewhere, "X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(content))}
            self._reply(302, b"", headers)
        else:
            self._reply(200, content, headers | {"ETag": f'"{_git(content)}"'})

    def _content(self, oid: str) -> None:
        content = self.hub.large[oid]
        start = int(re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "bytes=0-"))[1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        cut = self.hub.cut if self.hub.cut is not None and self.hub.cut < len(content) else None
        self.wfile.write(content[start:cut])
        if cut is not None:
            self.hub.cut, self.close_connection = None, True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _git(content: bytes) -> str:
    """The hash of a file in Git."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _large(path: str, content: bytes) -> dict[str, Any]:
    """What a listing adds for a file of Git LFS."""
    if not path.endswith(LFS):
        return {}
    return {"lfs": {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}}

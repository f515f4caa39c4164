"""HTTP as a plain client: no redirects followed, no decoding, headers as sent."""

from __future__ import annotations

import http.client
import json
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def header(self, name: str) -> str:
        """The header's value, its repetitions joined as RFC 9110 §5.3 says; empty if absent."""
        return ", ".join(self.headers.get_all(name) or [])

    def json(self) -> Any:
        return json.loads(self.body)


def ask(method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=30)
    try:
        # skip_accept_encoding: http.client would else ask for `identity` by itself.
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.putrequest(method, path or "/", skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class ApiError(Exception):
    """The API answered something else than 2xx."""

    def __init__(self, method: str, path: str, answer: Answer) -> None:
        super().__init__(f"{method} {path} → {answer.status} {answer.body.decode(errors='replace')[:600]}")
        self.status = answer.status


class Api:
    """Fasti's REST API for one business."""

    def __init__(self, base: str, token: str) -> None:
        self.base = base.rstrip("/")
        self.token = token

    def call(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        answer = ask(method, f"{self.base}/api/v1{path}", headers, data)
        if not 200 <= answer.status < 300:
            raise ApiError(method, path, answer)
        return answer.json() if answer.body else None

    def get(self, path: str) -> Any:
        return self.call("GET", path)

    def post(self, path: str, body: object = None) -> Any:
        return self.call("POST", path, {} if body is None else body)

    def items(self, path: str) -> list[dict[str, Any]]:
        """The first page of a list; enough for what the suites look for."""
        return self.get(path)["items"]

    def local(self, url: str) -> str:
        """A URL of the server's as it is reached here, whatever its public name is."""
        return self.base + urlsplit(url).path

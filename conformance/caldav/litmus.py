#!/usr/bin/env python3
"""litmus 0.13 asks for WebDAV in folders of any files. A calendar home has calendars of calendar objects instead, so a
proxy stands between: MKCOL without a body becomes MKCALENDAR, a folder in a folder becomes a calendar beside it, and
what litmus puts travels inside of a VEVENT. Everything else goes through as it is: headers, status, properties.

    litmus.py --spawn target/debug/fasti

Each test of litmus is a check; its locks suite is left out, as Fasti announces no locks (RFC 4918 §18.2).
What CalDAV forbids stands in litmus.toml.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kit.place import Person, add_arguments, at, event, house, uid
from kit.server import WORK
from kit.tally import Tally

SUITES = ("basic", "copymove", "props", "http")
LINE = re.compile(r"^\s*\d+\. (\w+)\.* (pass|FAIL|SKIPPED|WARNING:|dummy)?\s*(.*)$")
HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length", "expect", "te", "date", "server"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    arguments = parser.parse_args()
    tally = Tally("litmus", Path(__file__).with_name("litmus.toml"))
    with house(arguments.spawn, "litmus") as running:
        person = running.person("ida")
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), costume(person.base))
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        url = person.home.replace(person.base, f"http://127.0.0.1:{proxy.server_port}")
        for suite in SUITES:
            litmus(tally, suite, url, person)
        proxy.shutdown()
    return tally.close()


def litmus(tally: Tally, suite: str, url: str, person: Person) -> None:
    done = subprocess.run(
        ["litmus", "--keep-going", url, person.username, person.password],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        cwd=WORK / "litmus",
        env={**os.environ, "TESTS": suite},
    )
    (WORK / f"litmus/{suite}.txt").write_text(done.stdout)
    # Each line is written twice, first without its result.
    results = {}
    for line in done.stdout.replace("\r", "\n").splitlines():
        if (found := LINE.match(line)) and found[2]:
            results[found[1]] = (found[2], found[3])
    for name, (result, detail) in results.items():
        tally.check(f"{suite}: {name}", result == "pass", f"{result} {detail}")
    tally.check(f"{suite}: runs to its end", "<- summary" in done.stdout, done.stdout + done.stderr)


def costume(base: str) -> type[BaseHTTPRequestHandler]:
    server = urlsplit(base).netloc

    folders: set[str] = set()
    files: set[str] = set()

    def beside(path: str) -> str:
        """`litmus/coll/x` as `litmus-coll/x`, for each folder that litmus made in its own."""
        front, inner, rest = path.partition("/litmus/")
        name = rest.split("/")[0]
        return f"{front}/litmus-{rest}" if inner and name in folders else path

    class Costume(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            body = self.body()
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            method = self.command
            if method == "MKCOL" and not body:
                method = "MKCALENDAR"
                inner = self.path.partition("/litmus/")[2].rstrip("/")
                if inner and "/" not in inner and inner not in files:
                    folders.add(inner)
            if method == "PUT":
                files.add(self.path.partition("/litmus/")[2])
                body, headers["Content-Type"] = dressed(body), "text/calendar"
            if "Destination" in headers:
                headers["Destination"] = beside(headers["Destination"].replace(self.headers["Host"], server))
            connection = http.client.HTTPConnection(server, timeout=30)
            connection.request(method, beside(self.path), body or None, {**headers, "Connection": "close"})
            answer = connection.getresponse()
            found = answer.read()
            if answer.status == 200 and answer.getheader("Content-Type", "").startswith("text/calendar"):
                found = undressed(found)
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            if answer.status not in (204, 304):
                self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            if method != "HEAD":
                # litmus need not wait for it.
                with contextlib.suppress(BrokenPipeError):
                    self.wfile.write(found)

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            whole = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                whole += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return whole

        def log_message(self, *_: object) -> None: ...

        do_OPTIONS = do_GET = do_HEAD = do_PUT = do_DELETE = do_COPY = do_MOVE = handle_any
        do_MKCOL = do_PROPFIND = do_PROPPATCH = do_REPORT = do_POST = do_LOCK = do_UNLOCK = handle_any

    return Costume


def dressed(body: bytes) -> bytes:
    """An event that carries these bytes; of another UID each time, as two files are two things to litmus."""
    text = base64.b64encode(body).decode()
    folded = "\r\n ".join(text[at : at + 70] for at in range(0, len(text), 70))
    return event(uid(), at(3, 9), "litmus", f"X-LITMUS:{folded}").encode()


def undressed(body: bytes) -> bytes:
    found = re.search(rb"X-LITMUS:([^\r\n]*)", body.replace(b"\r\n ", b""))
    return base64.b64decode(found[1]) if found else body


if __name__ == "__main__":
    sys.exit(main())

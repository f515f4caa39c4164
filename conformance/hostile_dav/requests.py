"""`http_*`: bytes over a socket and lists of headers; `tok_*`: tokens that are none."""

from __future__ import annotations

import base64
import socket
import time

from hostile_dav.cases import Case
from hostile_dav.target import HOST, Target
from kit.web import Answer

NOT_OFFERED = (404, 405, 501)


def run(target: Target, case: Case) -> bool:
    if not case.file.startswith(("http_", "tok_")):
        return False
    special = {
        "http_traversal.txt": traversal,
        "http_depth_odd.txt": depths,
        "http_basic_variants.txt": logins,
        "http_xff_rotation.txt": rotation,
        "http_slow_body.http": slow,
        "http_move_other_host.http": moved,
        "tok_feed_guesses.txt": feeds,
        "tok_jwt_none.txt": bearers,
    }
    special.get(case.file, as_is)(target, case)
    return True


def expect(target: Target, case: Case, name: str, answer: Answer, *also: int) -> None:
    detail = f"{answer.status} instead of {case.expected}: {answer.body[:300]!r}"
    target.tally.check(f"{name}: is answered as expected", case.allows(answer.status) or answer.status in also, detail)


def as_is(target: Target, case: Case) -> None:
    content = target.fill(case.content)
    answer = target.hit(case, case.file, lambda: target.raw(content, case.closes))
    match case.file:
        case "http_h2c_upgrade.http":
            target.tally.check(f"{case.file}: is not 101", answer.status != 101, answer.status)
        case "http_basic_1mb.http.gz" if answer.status == 0:
            target.tally.check(f"{case.file}: is closed", True)
        case _:
            expect(target, case, case.file, answer)
    target.tally.check(f"{case.file}: names no host it was told", b"evil.example" not in answer.body, answer.body[:300])
    if case.file == "http_depth_infinity.http":
        target.tally.check(f"{case.file}: says why", b"propfind-finite-depth" in answer.body, answer.body[:300])
    if case.file == "http_range_bomb.http":
        target.tally.check(
            f"{case.file}: does not multiply", answer.body.count(b"BEGIN:VCALENDAR") < 2, len(answer.body)
        )


def moved(target: Target, case: Case) -> None:
    """Taken by its path, or refused with the source kept."""
    content = target.fill(case.content)
    answer = target.raw(content)
    expect(target, case, case.file, answer)
    if answer.status in (201, 204):
        back = {"Destination": target.house.base + target.object}
        there = target.dav("MOVE", target.second + "moved.ics", headers=back)
        target.tally.check(f"{case.file}: is where it was moved to", there.status == 201, there.status)
    target.tally.check(f"{case.file}: nothing is lost", target.dav("GET", target.object).body == target.before[2])
    target.before = target.state()


def lines(target: Target, case: Case) -> list[bytes]:
    return [target.fill(line) for line in case.content.splitlines() if line.strip()]


def traversal(target: Target, case: Case) -> None:
    for line in lines(target, case):
        # As somebody from elsewhere: this machine itself may read /metrics.
        head = f" HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Basic {target.basic}\r\nX-Forwarded-For: 203.0.113.9\r\nContent-Length: 0\r\n\r\n"
        name = f"{case.file}: {line.decode()}"
        answer = target.hit(case, name, lambda line=line, head=head: target.raw(line + head.encode()))
        expect(target, case, name, answer)
        target.tally.check(f"{name}: shows no file", b"root:" not in answer.body and b"[package]" not in answer.body)


def depths(target: Target, case: Case) -> None:
    for line in lines(target, case):
        name = f"{case.file}: {line.decode().strip()}"
        head = f"PROPFIND {target.own} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Basic {target.basic}\r\nContent-Length: 0\r\n".encode()
        answer = target.hit(case, name, lambda head=head, line=line: target.raw(head + line + b"\r\n\r\n"))
        expect(target, case, name, answer)


def login(target: Target, header: bytes, more: bytes = b"") -> Answer:
    head = f"PROPFIND {target.own} HTTP/1.1\r\nHost: {HOST}\r\nDepth: 0\r\nContent-Length: 0\r\n".encode()
    return target.raw(head + b"Authorization: " + header + b"\r\n" + more + b"\r\n")


def logins(target: Target, case: Case) -> None:
    bodies = set()
    for line in case.content.splitlines():
        if not line.strip():
            continue
        name = f"{case.file}: {line.decode(errors='replace')}"
        answer = target.hit(case, name, lambda line=line: login(target, target.fill(line)))
        expect(target, case, name, answer)
        bodies.add(answer.body)
    target.tally.check(f"{case.file}: all are told the same", len(bodies) == 1, bodies)


def rotation(target: Target, case: Case) -> None:
    """Made-up addresses do not help; who has the password is let in all the same, or told to wait."""
    wrong = base64.b64encode(f"{target.ours.known['ben']}:wrong".encode())
    seen = [
        login(target, b"Basic " + wrong, line + b"\r\n").status for line in case.content.splitlines() if line.strip()
    ]
    first = seen.index(429) if 429 in seen else len(seen)
    target.tally.check(f"{case.file}: 401 then 429", 1 <= first <= 20 and set(seen[first:]) == {429}, seen)
    target.tally.check(f"{case.file}: others of the network can log in", target.state() == target.before)


def slow(target: Target, case: Case) -> None:
    content = target.fill(case.content)
    waiting = []
    for _ in range(200):
        connection = socket.create_connection(("127.0.0.1", target.house.port), timeout=30)
        connection.sendall(content)
        waiting.append(connection)
    started = time.monotonic()
    answer = target.hit(case, f"{case.file}: meanwhile", lambda: target.dav("GET", target.object))
    target.tally.check(f"{case.file}: others are served", answer.status == 200, answer.status)
    heads = set()
    for connection in waiting:
        try:
            heads.add(connection.recv(64)[:12])
        except OSError as error:
            heads.add(str(error).encode())
        connection.close()
    took = time.monotonic() - started
    target.tally.check(
        f"{case.file}: they are let go", heads <= {b"HTTP/1.1 408", b"", b"[Errno 104] Connection reset by peer"}, heads
    )
    target.tally.check(f"{case.file}: in time", took < 30, took)
    target.tally.check(f"{case.file}: nothing is stored", target.dav("GET", target.own + "slow.ics").status == 404)


def feeds(target: Target, case: Case) -> None:
    bodies = set()
    for line in lines(target, case):
        if b"{{" in line:  # what a hash or a revoked token gets is in tests/system/hostile/tokens.rs
            continue
        name = f"{case.file}: {line[:60].decode(errors='replace')}"
        request = b"GET /feeds/" + line + f".ics HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
        answer = target.hit(case, name, lambda request=request: target.raw(request))
        # What is no request line at all never comes to the feeds.
        expect(target, case, name, answer, 400)
        if answer.status == 404 and b"/" not in line:
            bodies.add(answer.body)
    target.tally.check(f"{case.file}: all are told the same", len(bodies) <= 1, bodies)


def bearers(target: Target, case: Case) -> None:
    for line in lines(target, case):
        name = f"{case.file}: {line[:40].decode(errors='replace')}"
        answer = target.hit(case, name, lambda line=line: login(target, b"Bearer " + line))
        expect(target, case, name, answer)

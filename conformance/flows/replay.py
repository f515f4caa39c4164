"""Replays a flow: the requests of a calendar program, written down as data.

A flow is a TOML file. Its head has `client`, `agent` (User-Agent), `as` (who logs in) and `evidence` (where the sequence
is known from). Each `[[step]]` has

    name        what happens, as a person would say it
    method      of HTTP, with `path`; or `api = "GET /bookings/{{booking}}"` for the REST API, whose body is `json_body`
    headers     as sent, beside Authorization and User-Agent; `as = ""` logs nobody in
    body        as sent; or `body_of = "name"`, a captured text, with `edit = [["regexp", "replacement"], …]`
    status      the number, or a list of those that are right
    header      { Name = "text that must be in it" }; "" for a header that must be absent
    error       the element in DAV:error
    hrefs       exactly these responses are in the multistatus; `has`, `has_not`: these are, are not
    gone        these responses have status 404
    prop        { "href" = { "D:name/D:inner" = value } }: the text; true, there is one; false, none; a number, its propstat
                has this status; "~regexp", the text matches
    ical        { "NAME" = value } of the body, or of `ical_at` = the href whose calendar-data it is; value as above
    xpath       { "path" = value } below the root, value as above
    json        { "a.0.b" = value } of the API's answer
    contains    texts the body must have; `lacks`: must not have
    capture     { name = "header ETag" | "prop HREF PATH" | "xpath PATH" | "json PATH" | "ical NAME" | "body" | "data HREF" }
    repeat      run it again while the status of the request's own URL in the answer is 507, at most this often
    wait        seconds before it

`{{name}}` stands for what the business or an earlier step knows.
"""

from __future__ import annotations

import base64
import json
import re
import time
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from kit.house import Business
from kit.tally import Tally
from kit.web import Answer, ask

NAMESPACES = {
    "D": "DAV:",
    "C": "urn:ietf:params:xml:ns:caldav",
    "CS": "http://calendarserver.org/ns/",
    "A": "http://apple.com/ns/ical/",
    "ME": "http://me.com/_namespace/",
    "X": "urn:example:x",
}


class Flow:
    """One file, run against one business."""

    def __init__(self, file: Path, business: Business, tally: Tally) -> None:
        self.data = tomllib.loads(file.read_text())
        self.name = file.stem
        self.business = business
        self.tally = tally
        self.known = dict(business.known)
        self.step: dict[str, Any] = {}
        self.answer: Answer
        self.root: ET.Element | None = None

    def run(self) -> None:
        for step in self.data["step"]:
            self.step = step
            time.sleep(step.get("wait", 0))
            try:
                self.one()
            except KeyError as missing:
                self.check("can be sent", False, f"an earlier step did not tell {missing}")

    def one(self) -> None:
        for _ in range(self.step.get("repeat", 0) + 1):
            self.answer = self.send()
            self.read()
            self.look()
            if not self.step.get("repeat") or "507" not in (self.status_of(self.step_path()) or ""):
                return
        self.check("ends", False, "it asks to be repeated for ever")

    def check(self, what: str, ok: bool, detail: object = "") -> bool:
        return self.tally.check(f"{self.name}: {self.step['name']}: {what}", ok, detail)

    # --- sending

    def fill(self, text: str) -> str:
        return re.sub(r"\{\{(\w+)\}\}", lambda match: self.known[match[1]], text)

    def fill_all(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.fill(value)
        if isinstance(value, dict):
            return {self.fill(key): self.fill_all(inner) for key, inner in value.items()}
        return [self.fill_all(inner) for inner in value] if isinstance(value, list) else value

    def step_path(self) -> str:
        return self.fill(self.step["path"]) if "path" in self.step else ""

    def send(self) -> Answer:
        if "api" in self.step:
            method, path = self.fill(self.step["api"]).split(" ", 1)
            headers = {"Authorization": f"Bearer {self.business.api.token}"}
            body = json.dumps(self.fill_all(self.step["json_body"])).encode() if "json_body" in self.step else None
            if body is not None:
                headers["Content-Type"] = "application/json"
            return ask(method, f"{self.business.api.base}/api/v1{path}", headers, body)
        headers = {"User-Agent": self.data["agent"]}
        person = self.step.get("as", self.data["as"])
        if person:
            pair = f"{self.known[person]}:{self.business.passwords[person]}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        headers |= self.fill_all(self.step.get("headers", {}))
        body = self.body()
        if body is not None and "Content-Type" not in headers:
            calendar = body.startswith(b"BEGIN:VCALENDAR")
            headers["Content-Type"] = "text/calendar; charset=utf-8" if calendar else "text/xml; charset=utf-8"
        path = self.step_path()
        url = path if "://" in path else self.business.house.base + path
        return ask(self.step["method"], url, headers, body)

    def body(self) -> bytes | None:
        if "body_of" in self.step:
            text = self.known[self.step["body_of"]]
            for pattern, replacement in self.step.get("edit", []):
                text, times = re.subn(self.fill(pattern), self.fill(replacement), text, flags=re.MULTILINE)
                if not times:
                    raise KeyError(f"{pattern} in what was fetched")
            return text.encode()
        if "body" not in self.step:
            return None
        text = self.fill(self.step["body"].lstrip("\n"))
        # TOML has line feeds; iCalendar has CRLF.
        return (text.replace("\n", "\r\n") if text.startswith("BEGIN:") else text).encode()

    # --- reading

    def read(self) -> None:
        self.root = None
        if "xml" in self.answer.header("Content-Type") and self.answer.body:
            try:
                self.root = ET.fromstring(self.answer.body)
            except ET.ParseError as error:
                self.check("is well-formed", False, error)

    def responses(self) -> dict[str, ET.Element]:
        found = self.root.findall("D:response", NAMESPACES) if self.root is not None else []
        return {unquote(urlsplit(r.findtext("D:href", "", NAMESPACES)).path): r for r in found}

    def status_of(self, href: str) -> str | None:
        response = self.responses().get(href)
        return None if response is None else response.findtext("D:status", None, NAMESPACES)

    def property(self, href: str, path: str) -> tuple[ET.Element | None, int]:
        """An element at or below a property, and the status of its propstat."""
        response = self.responses().get(href)
        for propstat in response.findall("D:propstat", NAMESPACES) if response is not None else []:
            found = propstat.find(f"D:prop/{path}", NAMESPACES)
            if found is not None:
                return found, int(propstat.findtext("D:status", "0 0", NAMESPACES).split()[1])
        return None, 0

    def texts(self, href: str, path: str) -> list[str]:
        response = self.responses().get(href)
        found = response.findall(f"D:propstat/D:prop/{path}", NAMESPACES) if response is not None else []
        return [(element.text or "").strip() for element in found]

    def data_of(self, href: str) -> str:
        return next(iter(self.texts(href, "C:calendar-data")), "")

    # --- looking

    def look(self) -> None:
        expected = self.step["status"] if isinstance(self.step["status"], list) else [self.step["status"]]
        seen = self.answer.body.decode(errors="replace")
        if not self.check(
            f"is {self.step['status']}", self.answer.status in expected, f"{self.answer.status} {seen[:500]}"
        ):
            return
        for name, part in self.fill_all(self.step.get("header", {})).items():
            value = self.answer.header(name)
            self.check(f"header {name}", part.lower() in value.lower() if part else not value, repr(value))
        if "error" in self.step:
            found = (
                self.root is not None
                and self.root.tag == "{DAV:}error"
                and self.root.find(self.step["error"], NAMESPACES) is not None
            )
            self.check(f"says {self.step['error']}", found, seen[:400])
        self.look_at_responses()
        for path, value in self.fill_all(self.step.get("xpath", {})).items():
            found = self.root.findall(path, NAMESPACES) if self.root is not None else []
            self.compare(path, [(element.text or "").strip() for element in found], value, seen[:800])
        self.look_at_calendar()
        for path, value in self.fill_all(self.step.get("json", {})).items():
            self.compare(path, json_at(self.answer.json(), path.split(".")), value, seen[:800])
        for text in self.fill_all(self.step.get("contains", [])):
            self.check(f"has {text}", text in seen, seen[:800])
        for text in self.fill_all(self.step.get("lacks", [])):
            self.check(f"has no {text}", text not in seen, seen[:800])
        for name, what in self.fill_all(self.step.get("capture", {})).items():
            self.capture(name, what)

    def look_at_responses(self) -> None:
        there = set(self.responses())
        if "hrefs" in self.step:
            wanted = set(self.fill_all(self.step["hrefs"]))
            self.check("the responses", there == wanted, f"{sorted(there)} instead of {sorted(wanted)}")
        for href in self.fill_all(self.step.get("has", [])):
            self.check(f"has {href}", href in there, sorted(there))
        for href in self.fill_all(self.step.get("has_not", [])):
            self.check(f"has no {href}", href not in there, sorted(there))
        for href in self.fill_all(self.step.get("gone", [])):
            self.check(f"{href} is gone", "404" in (self.status_of(href) or ""), self.status_of(href))
        for href, properties in self.fill_all(self.step.get("prop", {})).items():
            for path, value in properties.items():
                element, status = self.property(href, path)
                if isinstance(value, int) and not isinstance(value, bool):
                    self.check(f"{href} {path} is {value}", status == value, status or "absent")
                else:
                    seen = self.texts(href, path) if status == 200 else []
                    self.compare(f"{href} {path}", seen, value, f"{seen} {status} {sorted(there)}")

    def look_at_calendar(self) -> None:
        if "ical" not in self.step:
            return
        place = self.step.get("ical_at")
        text = self.data_of(self.fill(place)) if place else self.answer.body.decode(errors="replace")
        for name, value in self.fill_all(self.step["ical"]).items():
            self.compare(name, ical_values(text, name), value, text[:800])

    def compare(self, what: str, seen: list[str], value: Any, detail: object) -> None:
        if value is True or value is False:
            self.check(f"{what} {'is there' if value else 'is not there'}", bool(seen) == value, detail)
        elif isinstance(value, str) and value.startswith("~"):
            self.check(f"{what} is like {value[1:]}", any(re.search(value[1:], text) for text in seen), detail)
        else:
            self.check(f"{what} is {value}", str(value) in seen, f"{seen}: {detail}")

    def capture(self, name: str, what: str) -> None:
        kind, _, rest = what.partition(" ")
        found: list[str]
        match kind:
            case "header":
                found = [self.answer.header(rest)]
            case "prop":
                found = self.texts(*rest.split(" ", 1))
            case "xpath":
                found = [e.text or "" for e in self.root.findall(rest, NAMESPACES)] if self.root is not None else []
            case "json":
                found = json_at(self.answer.json(), rest.split("."))
            case "ical":
                found = ical_values(self.answer.body.decode(), rest)
            case "data":
                # A parser of XML reads CRLF as LF.
                found = [re.sub(r"\r?\n", "\r\n", self.data_of(rest))]
            case _:
                found = [self.answer.body.decode()]
        if self.check(f"tells {name}", bool(found) and found[0] != "", what):
            self.known[name] = found[0].strip() if kind not in ("data", "body") else found[0]


def json_at(value: Any, path: list[str]) -> list[str]:
    """The values at a path, in which `*` means each and a number one of a list; `#` is how many there are."""
    if not path:
        return ["" if value is None else str(value).lower() if isinstance(value, bool) else str(value)]
    head, rest = path[0], path[1:]
    if isinstance(value, list):
        if head == "#":
            return [str(len(value))]
        if head == "*":
            return [text for inner in value for text in json_at(inner, rest)]
        return json_at(value[int(head)], rest) if -len(value) <= int(head) < len(value) else []
    return json_at(value[head], rest) if isinstance(value, dict) and head in value else []


def ical_values(text: str, path: str) -> list[str]:
    """Values of a property by its name; `VEVENT/NAME` only in that component; `#VEVENT` how many there are."""
    lines = re.sub(r"\r?\n[ \t]", "", text).splitlines()
    if path.startswith("#"):
        return [str(sum(line == f"BEGIN:{path[1:]}" for line in lines))]
    component, _, name = path.rpartition("/")
    inside: list[str] = []
    found = []
    for line in lines:
        if line.startswith("BEGIN:"):
            inside.append(line[6:])
        elif line.startswith("END:"):
            inside.pop() if inside else None
        else:
            match = re.match(rf"{re.escape(name)}((?:;[^:\"]*(?:\"[^\"]*\")?)*):(.*)", line, re.IGNORECASE)
            if match and (not component or (inside and inside[-1] == component)):
                found.append(match[2])
    return found

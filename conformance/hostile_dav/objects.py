"""`ics_*` and `rr_*`: calendar objects, put into the time that blocks a staff member's availability."""

from __future__ import annotations

import re

from hostile_dav.cases import Case, cases
from hostile_dav.target import Target, event
from kit.web import Answer

ACCEPTED: dict[str, bytes] = {}

EXPAND = """<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data>
<C:expand start="{0}" end="{1}"/></C:calendar-data></D:prop><C:filter><C:comp-filter name="VCALENDAR">
<C:comp-filter name="VEVENT"><C:time-range start="{0}" end="{1}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""
FREE_BUSY = """<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range start="{0}" end="{1}"/></C:free-busy-query>"""
SYNC = """<D:sync-collection xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:sync-token/><D:sync-level>1</D:sync-level>
<D:prop><D:getetag/><C:calendar-data/></D:prop></D:sync-collection>"""
JUNE = ("20260601T000000Z", "20260701T000000Z")
DEEP = {"Depth": "1"}


def run(target: Target, case: Case) -> bool:
    if not case.file.startswith(("ics_", "rr_")):
        return False
    content = target.fill(case.content)
    name = case.file
    # A UID is taken in a calendar, so what takes one over goes where it is.
    calendar = target.own if name == "ics_uid_takeover.ics" else target.time_off
    path = f"{calendar}case.ics"
    answer = target.hit(case, name, lambda: target.dav("PUT", path, content))
    if case.kind.startswith("imip"):  # asked for: no effect, which every case is held to
        target.tally.check(f"{name}: is refused", 400 <= answer.status < 500, answer.status)
    else:
        detail = f"{answer.status} instead of {case.expected}: {answer.body[-300:]!r}"
        target.tally.check(f"{name}: is answered as expected", case.allows(answer.status), detail)
    if answer.status >= 300:
        refused(target, name, path, answer)
        return True
    ACCEPTED[name] = content
    read_back(target, case, path, content)
    asked_about(target, case)
    control(target, name, path, content)
    target.dav("DELETE", path)
    return True


def refused(target: Target, name: str, path: str, answer: Answer) -> None:
    if answer.status == 403:
        target.tally.check(
            f"{name}: says which condition",
            b"<D:error" in answer.body and re.search(rb"<C:[\w-]+", answer.body) is not None,
            answer.body[:300],
        )
    kept = target.dav("GET", path)
    target.tally.check(f"{name}: nothing is kept", kept.status == 404, kept.status)


def components(text: bytes) -> int:
    return len(re.findall(rb"^BEGIN:", text, re.MULTILINE | re.IGNORECASE))


def read_back(target: Target, case: Case, path: str, content: bytes) -> None:
    name = case.file
    answer = target.hit(case, f"{name}, read", lambda: target.dav("GET", path))
    target.tally.check(f"{name}: can be read", answer.status == 200, answer.status)
    bare = re.search(rb"(?<!\r)\n|\r(?!\n)", answer.body)
    target.tally.check(f"{name}: is served with CRLF", bare is None, answer.body[:200])
    unfolded = re.sub(rb"\r?\n[ \t]", b"", content)
    same = components(re.sub(rb"\r\n[ \t]", b"", answer.body)) == components(unfolded)
    target.tally.check(f"{name}: has as many components as were sent", same, answer.body[:300])
    for head, value in answer.headers.items():
        target.tally.check(f"{name}: header {head} is plain", value.isprintable(), repr(value))
    for what, body in (("sync", SYNC), ("expand", EXPAND.format(*JUNE))):
        answer = target.hit(
            case, f"{name}, {what}", lambda body=body: target.dav("REPORT", target.time_off, body.encode(), DEEP)
        )
        target.tally.check(f"{name}, {what}: is answered", answer.status in (207, 403, 507), answer.status)


def asked_about(target: Target, case: Case) -> None:
    """Availability, free/busy and the times around it stay bounded."""
    name, known = case.file, target.ours.known
    body = FREE_BUSY.format("20260801T000000Z", "20261001T000000Z").encode()
    answer = target.hit(case, f"{name}, free/busy", lambda: target.dav("REPORT", target.time_off, body, DEEP))
    target.tally.check(f"{name}, free/busy: is answered", answer.status in (200, 403, 507), answer.status)
    path = f"/availability?service={known['service']}&staff={known['anna_id']}&from={known['monday_iso']}&to={known['sunday_iso']}"
    answer = target.hit(case, f"{name}, availability", lambda: ask_api(target, path))
    target.tally.check(
        f"{name}, availability: is answered", answer.status in (200, 422), f"{answer.status} {answer.body[:300]!r}"
    )
    leaked = [word for word in (b"Surgery", b"secret", b"clinic") if word in answer.body]
    target.tally.check(f"{name}, availability: tells no details", not leaked, leaked)


def ask_api(target: Target, path: str) -> Answer:
    headers = {"Authorization": f"Bearer {target.ours.api.token}"}
    return target.dav("GET", f"/api/v1{path}", headers=headers)


def control(target: Target, name: str, path: str, content: bytes) -> None:
    """What EXPECT.tsv asks of single cases beside a status."""
    answer = target.dav("GET", path)
    text = re.sub(r"\r\n[ \t]", "", re.sub(rb"\r\n[ \t]", b"", answer.body).decode(errors="replace"))
    match name:
        case "ics_control_utf8_fold.ics":
            target.tally.check(
                f"{name}: the folded character is whole", "SUMMARY:Café 🎉 folded inside a character" in text, text
            )
        case "ics_control_xprops.ics":
            target.tally.check(f"{name}: is served byte for byte", answer.body == content, answer.body)
        case "ics_uid_path.ics":
            shown = answer.header("Content-Disposition") + answer.header("Location")
            target.tally.check(f"{name}: the UID is in no header", "../" not in shown, shown)
        case "ics_dst_gap_overlap.ics":
            body = EXPAND.format("20260328T000000Z", "20260401T000000Z").encode()
            found = target.dav("REPORT", target.time_off, body, DEEP).body
            target.tally.check(
                f"{name}: the hour that does not exist is 01:30Z", b"DTSTART:20260329T013000Z" in found, found[:900]
            )
        case "ics_class_private.ics":
            for feed in ("feed_of_anna", "feed_of_cleo"):
                shown = target.dav("GET", target.ours.known[feed].removeprefix(target.house.base)).body
                target.tally.check(
                    f"{name}: {feed} does not tell it", b"Surgery" not in shown and b"secret" not in shown
                )
            seen = target.dav(
                "REPORT", target.time_off, FREE_BUSY.format("20260831T000000Z", "20260903T000000Z").encode(), DEEP
            )
            target.tally.check(
                f"{name}: busy and nothing else",
                b"20260901T100000Z" in seen.body and b"Surgery" not in seen.body,
                seen.body,
            )


def all_together(target: Target) -> None:
    """All that was accepted, in one calendar: it is listed, synced, expanded, well-formed."""
    case = next(case for case in cases() if case.file.startswith("rr_"))
    kept = [
        f"{target.second}{number}.ics"
        for number, (name, content) in enumerate(ACCEPTED.items())
        if target.dav("PUT", f"{target.second}{number}.ics", content).status == 201
    ]
    target.tally.check("together: many are kept", len(kept) > 5, kept)
    target.dav("PUT", f"{target.second}plain.ics", event("plain@x", "SUMMARY:plain\r\n", "20260615T100000Z"))
    for what, body in (("sync", SYNC), ("expand", EXPAND.format(*JUNE))):
        answer = target.hit(
            case, f"together, {what}", lambda body=body: target.dav("REPORT", target.second, body.encode(), DEEP), 5
        )
        target.tally.check(f"together, {what}: is 207", answer.status == 207, f"{answer.status} {answer.body[:300]!r}")
        target.tally.check(
            f"together, {what}: the plain one is there", b"SUMMARY:plain" in answer.body, len(answer.body)
        )

"""What subscribers need from the HTTP side of a feed (RFC 9110; each client named where it is the reason)."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from kit.tally import Tally
from kit.web import Answer, ask

STRONG = re.compile(r'"[\x21\x23-\x7e]+"')

# Reported to break on a compressed feed, though some of them ask for it (Outlook.com, Outlook desktop).
MICROSOFT_AGENTS = {
    "Outlook desktop": "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
    "Outlook old": "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Microsoft Outlook 15.0.5023)",
    "Exchange": "Microsoft Exchange/15.20",
}
OTHER_AGENTS = {
    "Google": {"User-Agent": "Google-Calendar-Importer", "Accept-Encoding": "gzip,deflate"},
    "Apple": {"User-Agent": "iOS/18.4 (22E240) dataaccessd/1.0", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"},
    "Thunderbird": {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.0",
        "Accept": "text/calendar,text/plain;q=0.8,*/*;q=0.5",
        "Accept-Encoding": "gzip, deflate",
    },
    "ICSx5": {"User-Agent": "ICSx5/2.4", "Accept": "text/calendar, text/plain;q=0.9, */*;q=0.5"},
}


def check_http(tally: Tally, name: str, url: str) -> Answer | None:
    """Runs every rule against one feed; the plain answer, or None when it cannot be had."""
    plain = ask("GET", url)
    if not tally.check(f"{name} GET is 200 without a redirect", plain.status == 200, plain.status):
        return None
    check_headers(tally, name, plain)
    check_conditional(tally, name, url, plain)
    check_head(tally, name, url, plain)
    check_coding(tally, name, url, plain)
    for agent, headers in OTHER_AGENTS.items():
        answer = ask("GET", url, headers)
        tally.check(f"{name} answers {agent}", answer.status == 200 and decoded(answer) == plain.body, answer.status)
    check_methods(tally, name, url)
    return plain


def check_same(tally: Tally, name: str, url: str, first: Answer) -> None:
    """To be called a second or more after the first answer, so that a time of asking in the body shows."""
    again = ask("GET", url)
    tally.check(
        f"{name} is the same when nothing changed",
        (again.body, again.header("ETag"), again.header("Last-Modified"))
        == (first.body, first.header("ETag"), first.header("Last-Modified")),
        f"ETag {first.header('ETag')} then {again.header('ETag')}",
    )


def check_headers(tally: Tally, name: str, answer: Answer) -> None:
    media, *params = [part.strip().lower() for part in answer.header("Content-Type").split(";")]
    tally.check(
        f"{name} Content-Type", media == "text/calendar" and "charset=utf-8" in params, answer.header("Content-Type")
    )
    tally.check(f"{name} ETag is strong", bool(STRONG.fullmatch(answer.header("ETag"))), answer.header("ETag"))
    modified = http_date(answer.header("Last-Modified"))
    tally.check(
        f"{name} Last-Modified is a time gone by",
        modified is not None and modified <= datetime.now(UTC) + timedelta(seconds=2),
        answer.header("Last-Modified"),
    )
    directives = [part.strip().lower() for part in answer.header("Cache-Control").split(",")]
    tally.check(
        f"{name} Cache-Control is private",
        "private" in directives and "public" not in directives and "no-store" not in directives,
        answer.header("Cache-Control"),
    )
    # The token in the path is the credential, so the address must not travel on.
    tally.check(f"{name} Referrer-Policy", answer.header("Referrer-Policy") == "no-referrer", answer.header("Referrer-Policy"))
    tally.check(f"{name} X-Robots-Tag", "noindex" in answer.header("X-Robots-Tag").lower(), answer.header("X-Robots-Tag"))


def check_conditional(tally: Tally, name: str, url: str, plain: Answer) -> None:
    etag, modified = plain.header("ETag"), plain.header("Last-Modified")
    long_ago = "Thu, 01 Jan 2004 00:00:00 GMT"
    cases = {
        "If-None-Match": ({"If-None-Match": etag}, 304),
        "If-None-Match in a list": ({"If-None-Match": f'"other", {etag}'}, 304),
        "If-None-Match by weak comparison": ({"If-None-Match": f"W/{etag}"}, 304),
        "If-None-Match *": ({"If-None-Match": "*"}, 304),
        "If-None-Match of another": ({"If-None-Match": '"other"'}, 200),
        "If-Modified-Since": ({"If-Modified-Since": modified}, 304),
        "If-Modified-Since long ago": ({"If-Modified-Since": long_ago}, 200),
        "If-Modified-Since that is no date": ({"If-Modified-Since": "yesterday"}, 200),
        # RFC 9110 §13.1.3: If-None-Match decides alone.
        "If-None-Match before If-Modified-Since": ({"If-None-Match": '"other"', "If-Modified-Since": modified}, 200),
    }
    for case, (headers, expected) in cases.items():
        answer = ask("GET", url, headers)
        ok = answer.status == expected and (expected == 200 or answer.body == b"")
        tally.check(f"{name} {case} is {expected}", ok, f"{answer.status}, {len(answer.body)} bytes")
    # RFC 9110 §15.4.5: a 304 carries what the 200 would have.
    answer = ask("GET", url, {"If-None-Match": etag})
    differing = [h for h in ("ETag", "Cache-Control", "Vary") if answer.header(h) != plain.header(h)]
    tally.check(f"{name} 304 carries the headers of 200", not differing, differing)


def check_head(tally: Tally, name: str, url: str, plain: Answer) -> None:
    head = ask("HEAD", url)
    fields = ("Content-Type", "ETag", "Last-Modified", "Cache-Control", "Vary", "Content-Disposition")
    differing = [f"{f}: {head.header(f)!r} not {plain.header(f)!r}" for f in fields if head.header(f) != plain.header(f)]
    # Content-Length may be left out of an answer to HEAD (RFC 9110 §8.6), but not be wrong.
    if head.header("Content-Length") not in ("", str(len(plain.body))):
        differing.append(f"Content-Length: {head.header('Content-Length')} not {len(plain.body)}")
    tally.check(f"{name} HEAD has the headers of GET", head.status == 200 and not differing, differing or head.status)
    tally.check(f"{name} HEAD has no body", head.body == b"", len(head.body))
    conditional = ask("HEAD", url, {"If-None-Match": plain.header("ETag")})
    tally.check(f"{name} HEAD with If-None-Match is 304", conditional.status == 304, conditional.status)


def check_coding(tally: Tally, name: str, url: str, plain: Answer) -> None:
    zipped = ask("GET", url, {"Accept-Encoding": "gzip"})
    tally.check(
        f"{name} gzip when asked",
        zipped.header("Content-Encoding") == "gzip" and decoded(zipped) == plain.body,
        zipped.header("Content-Encoding") or "identity",
    )
    for which, answer in (("gzip", zipped), ("identity", plain)):
        vary = answer.header("Vary").lower()
        tally.check(f"{name} Vary of {which} names Accept-Encoding", "accept-encoding" in vary or vary == "*", vary)
    # RFC 9110 §8.8.3.3: one strong tag cannot stand for two codings.
    tag = zipped.header("ETag")
    tally.check(f"{name} gzip has a tag of its own", tag != plain.header("ETag") or tag.startswith("W/"), tag)
    unchanged = ask("GET", url, {"Accept-Encoding": "gzip", "If-None-Match": tag})
    tally.check(f"{name} If-None-Match of the gzip tag is 304", unchanged.status == 304, unchanged.status)
    refused = ask("GET", url, {"Accept-Encoding": "gzip;q=0, identity"})
    tally.check(f"{name} no gzip when refused", refused.body == plain.body, refused.header("Content-Encoding"))
    for agent, text in MICROSOFT_AGENTS.items():
        answer = ask("GET", url, {"User-Agent": text, "Accept-Encoding": "gzip, deflate, br"})
        ok = answer.status == 200 and answer.header("Content-Encoding") in ("", "identity") and answer.body == plain.body
        tally.check(f"{name} no compression for {agent}", ok, answer.header("Content-Encoding") or answer.status)


def check_methods(tally: Tally, name: str, url: str) -> None:
    for method in ("PUT", "DELETE", "POST"):
        answer = ask(method, url, {"Content-Type": "text/calendar"}, b"")
        tally.check(f"{name} {method} is 405", answer.status == 405, answer.status)
    # Thunderbird tries PROPFIND on a subscribed address; a 5xx would disable the calendar for a while.
    answer = ask("PROPFIND", url, {"Depth": "0", "Content-Type": "application/xml"}, b"")
    tally.check(f"{name} PROPFIND is refused", 400 <= answer.status < 500, answer.status)


def check_gone(tally: Tally, name: str, url: str) -> None:
    """A revoked token: 410, at which Thunderbird stops asking (at 404 it goes on)."""
    for method in ("GET", "HEAD"):
        answer = ask(method, url, {"If-None-Match": "*"})
        tally.check(f"{name} {method} is 410", answer.status == 410, answer.status)


def decoded(answer: Answer) -> bytes:
    if answer.header("Content-Encoding") != "gzip":
        return answer.body
    try:
        return gzip.decompress(answer.body)
    except (OSError, EOFError):
        return b"not gzip"


def http_date(text: str) -> datetime | None:
    """The IMF-fixdate of RFC 9110 §5.6.7, the only form a server may send."""
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if format_datetime(moment, usegmt=True) == text else None

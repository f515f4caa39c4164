"""`xml_*`: bodies of PROPFIND, PROPPATCH and REPORT."""

from __future__ import annotations

from hostile_dav.cases import Case
from hostile_dav.target import Target
from kit.web import Answer

NAMES = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav"}
DEEP = {"Depth": "1"}
INFINITE_ANSWER = 16 * 1024 * 1024
"""More than this no answer has, whatever was asked."""


def run(target: Target, case: Case) -> bool:
    if not case.file.startswith("xml_"):
        return False
    name, content = case.file, case.content
    if name == "xml_multiget_10k.xml.gz":
        content = content.replace(b"{{OBJ_A}}", target.big.encode())
    content = target.fill(content)
    answer = target.hit(case, name, lambda: send(target, case, content))
    if name == "xml_outbox_freebusy_foreign.ics":
        # Scheduling is not announced; what is not there tells nothing of anybody.
        target.tally.check(f"{name}: is not offered", answer.status in (403, 404, 405), answer.status)
        return True
    detail = f"{answer.status} instead of {case.expected}: {answer.body[-400:]!r}"
    target.tally.check(f"{name}: is answered as expected", case.allows(answer.status), detail)
    target.tally.check(f"{name}: the answer is bounded", len(answer.body) < INFINITE_ANSWER, len(answer.body))
    for secret in (b"root:", b"lollol"):
        target.tally.check(f"{name}: shows no {secret.decode()}", secret not in answer.body, answer.body[:300])
    closer(target, name, answer)
    return True


def send(target: Target, case: Case, content: bytes) -> Answer:
    method = {"caldav-propfind": "PROPFIND", "caldav-proppatch": "PROPPATCH", "caldav-report": "REPORT"}
    path = target.own
    if case.file == "xml_acl_grant_all.xml":
        return target.dav("ACL", target.foreign, content)
    if case.file == "xml_outbox_freebusy_foreign.ics":
        return target.dav("POST", target.home + "outbox/", content)
    if case.file == "xml_principal_search.xml":
        return target.dav("REPORT", "/dav/principals/", content, {"Depth": "0"})
    if "centuries" in case.file:
        path = target.full
    return target.dav(method[case.kind.split()[0]], path, content, DEEP)


def name_of(target: Target) -> str:
    asked = b'<D:propfind xmlns:D="DAV:"><D:prop><D:displayname/></D:prop></D:propfind>'
    answer = target.dav("PROPFIND", target.own, asked, {"Depth": "0"})
    root = target.well_formed("the name of a calendar", answer)
    return root.findtext("D:response/D:propstat/D:prop/D:displayname", "", NAMES) if root is not None else ""


def closer(target: Target, name: str, answer: Answer) -> None:
    check = target.tally.check
    match name:
        case "xml_cdata_inject.xml":
            check(f"{name}: comes back as text", name_of(target) == "a]]></D:displayname><D:owner>x", name_of(target))
        case "xml_proppatch_protected.xml":
            root = target.well_formed(name, answer)
            status = {}
            for propstat in root.findall("D:response/D:propstat", NAMES) if root is not None else []:
                code = propstat.findtext("D:status", "", NAMES).split()[1]
                status |= {element.tag.partition("}")[2]: code for element in propstat.find("D:prop", NAMES) or []}
            wanted = {"displayname": "424", "getetag": "403", "owner": "403", "resourcetype": "403"}
            check(f"{name}: 403 for each, 424 for the name", status == wanted, status)
            check(f"{name}: the name stays", name_of(target) != "ok", name_of(target))
        case "xml_timerange_inverted.xml" if answer.status == 207:
            check(f"{name}: finds nothing", b"<D:response>" not in answer.body, answer.body[:300])
        case "xml_principal_search.xml":
            people = answer.body.decode()
            check(f"{name}: finds the own people", target.username in people, people[:600])
            foreign = [
                target.theirs.known[p] for p in ("anna", "ben", "mia", "cleo") if target.theirs.known[p] in people
            ]
            check(f"{name}: finds nobody of another business", not foreign, foreign)
            check(f"{name}: finds no customer", target.ours.known["cleo"] not in people, people[:600])
        case "xml_filter_deep.xml":
            check(
                f"{name}: says valid-filter", b"valid-filter" in answer.body or answer.status == 400, answer.body[:300]
            )
        case "xml_sync_overflow_token.xml":
            future_tokens(target, name)
        case "xml_multiget_10k.xml.gz" if answer.status == 207:
            check(
                f"{name}: the object is there once",
                answer.body.count(b"<D:response>") == 1,
                answer.body.count(b"<D:response>"),
            )


def future_tokens(target: Target, name: str) -> None:
    """The same without the limit, which is wrong by itself; and this calendar's own token, from the future."""
    body = '<D:sync-collection xmlns:D="DAV:"><D:sync-token>{}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>'
    answer = target.dav("REPORT", target.own, body.format("").encode())
    root = target.well_formed(name, answer)
    token = root.findtext("D:sync-token", "", NAMES) if root is not None else ""
    head, separator, change = token.rpartition(":")
    for wrong in (
        "http://fasti/ns/sync/99999999999999999999999999",
        f"{head}{separator}{int(change or '0', 16) + 9:x}",
        f"{head}{separator}-1",
        token + "0" * 20,
    ):
        answer = target.dav("REPORT", target.own, body.format(wrong).encode())
        told = answer.status == 403 and b"valid-sync-token" in answer.body
        target.tally.check(
            f"{name}: {wrong[:50]} is no valid-sync-token", told, f"{answer.status} {answer.body[:300]!r}"
        )

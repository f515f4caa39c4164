#!/usr/bin/env python3
"""Proves that compare.py can fail: each test plants one fault in a good sample and names who must see it."""

from __future__ import annotations

import re
import unittest
from pathlib import Path

from compare import compare
from lint import Profile

SAMPLES = Path(__file__).resolve().parent / "samples"
GOOD = (SAMPLES / "appointments.ics").read_bytes()
BUSY = (SAMPLES / "busy.ifb").read_bytes()


def replaced(old: bytes, new: bytes, body: bytes = GOOD, times: int = 1) -> bytes:
    assert old in body, f"{old!r} is not in the sample"
    return body.replace(old, new, times)


def event(uid: bytes) -> bytes:
    """The first VEVENT of that UID, as it stands in the sample."""
    return next(block for block in re.findall(rb"BEGIN:VEVENT.*?END:VEVENT\r\n", GOOD, re.DOTALL) if b"UID:" + uid in block)


class PlantedFaults(unittest.TestCase):
    def assert_fault(self, body: bytes, pattern: str, profile: Profile = Profile.FEED) -> None:
        faults = "\n".join(compare(body, profile)[0])
        self.assertRegex(faults, pattern)

    def test_good_samples_agree(self) -> None:
        self.assertEqual(compare(GOOD)[0], [])
        faults, records = compare(BUSY, Profile.FREEBUSY)
        self.assertEqual((faults, len(records)), ([], 3))

    # --- lines

    def test_line_feeds_alone(self) -> None:
        self.assert_fault(GOOD.replace(b"\r\n", b"\n"), "lint: octets: .* not CRLF")

    def test_unfolded_long_line(self) -> None:
        self.assert_fault(re.sub(rb"\r\n ", b"", GOOD), "lint: octets: line .* more than 75")

    def test_fold_without_its_space(self) -> None:
        self.assert_fault(GOOD.replace(b"\r\n ", b"\r\n"), "lint: form: .* not a content line")

    def test_fold_inside_a_character(self) -> None:
        self.assert_fault(replaced("Färben".encode(), b"F\xc3\r\n \xa4rben"), "folded inside a character")

    def test_unescaped_comma(self) -> None:
        self.assert_fault(replaced(b"Haircut\\, dry", b"Haircut, dry"), "lint: text: SUMMARY")

    # --- zones

    def test_vtimezone_shifted_by_an_hour(self) -> None:
        body = replaced(b"TZOFFSETTO:+0100", b"TZOFFSETTO:+0200")
        body = replaced(b"TZOFFSETTO:+0200\r\nEND:DAYLIGHT", b"TZOFFSETTO:+0300\r\nEND:DAYLIGHT", body)
        # All that go by the file against the one that goes by tzdata: none uses the name in secret.
        self.assert_fault(body, r"winter.*start_utc is 2027-01-12T07:00:00Z \(icalendar, vobject, ical.js, libical\)")

    def test_vtimezone_changes_a_week_late(self) -> None:
        body = replaced(b"BYMONTH=3;BYDAY=2SU", b"BYMONTH=3;BYDAY=3SU")
        for hour in (b"14", b"15"):  # from before both changes to the days between the true and the false one
            body = replaced(b"20270310T%b0000" % hour, b"20270316T%b0000" % hour, body)
        self.assert_fault(body, r"nyc.*start_utc is 2027-03-16T19:00:00Z \(icalendar, vobject")
        self.assert_fault(body, r"expand: nyc")

    def test_undeclared_zone(self) -> None:
        body = re.sub(rb"BEGIN:VTIMEZONE\r\nTZID:Asia.*?END:VTIMEZONE\r\n", b"", GOOD, flags=re.DOTALL)
        self.assert_fault(body, "lint: zones: TZID Asia/Kolkata is used but not declared")

    def test_zone_that_begins_too_late(self) -> None:
        self.assert_fault(replaced(b"DTSTART:19700101T000000", b"DTSTART:20280101T000000"), "lint: zones: .* begins at")

    def test_floating_time(self) -> None:
        self.assert_fault(replaced(b"DTSTART:20270402T080000Z", b"DTSTART:20270402T080000"), "lint: event utc.*floating")

    # --- events

    def test_missing_event(self) -> None:
        """One reader loses an event: here by END:VEVENT swallowed into a nested component."""
        body = replaced(b"BEGIN:VEVENT\r\nUID:kolkata", b"BEGIN:X-HIDDEN\r\nBEGIN:VEVENT\r\nUID:kolkata")
        body = replaced(event(b"kolkata")[len(b"BEGIN:VEVENT\r\n"):], event(b"kolkata")[len(b"BEGIN:VEVENT\r\n"):] + b"END:X-HIDDEN\r\n", body)
        self.assert_fault(body, "read: event kolkata.*: seen")

    def test_event_twice(self) -> None:
        self.assert_fault(replaced(event(b"winter"), event(b"winter") * 2), "lint: identity: UID winter.* stands 2 times")

    def test_stamp_of_now(self) -> None:
        self.assert_fault(replaced(b"DTSTAMP:20270105T101500Z", b"DTSTAMP:20270105T101501Z"), "DTSTAMP .* is not LAST-MODIFIED")

    def test_no_sequence(self) -> None:
        self.assert_fault(replaced(b"SEQUENCE:3\r\n", b""), "lint: event summer.*0 times SEQUENCE")

    def test_end_before_start(self) -> None:
        self.assert_fault(replaced(b"DTEND:20270402T090000Z", b"DTEND:20270402T070000Z"), "lint: event utc.*not after")

    def test_broken_date(self) -> None:
        self.assert_fault(replaced(b"DTSTART:20270402T080000Z", b"DTSTART:20270432T080000Z"), "read: .* refuses it")

    def test_until_in_local_time(self) -> None:
        self.assert_fault(replaced(b"UNTIL=20271115T140000Z", b"UNTIL=20271115T090000"), "lint: event until.* not in UTC")

    # --- the calendar

    def test_no_method(self) -> None:
        self.assert_fault(replaced(b"METHOD:PUBLISH\r\n", b""), "lint: calendar: METHOD")

    def test_names_differ(self) -> None:
        self.assert_fault(replaced("X-WR-CALNAME:Salon Ü".encode(), b"X-WR-CALNAME:Salon U"), "lint: calendar: NAME")

    def test_refresh_hints_differ(self) -> None:
        self.assert_fault(replaced(b"X-PUBLISHED-TTL:PT15M", b"X-PUBLISHED-TTL:PT1H"), "lint: calendar: REFRESH-INTERVAL")

    # --- free/busy

    def test_busy_in_local_time(self) -> None:
        body = replaced(b"20270113T080000Z/PT45M", b"20270113T080000/PT45M", BUSY)
        self.assert_fault(body, "lint: freebusy: .* not a period in UTC", Profile.FREEBUSY)

    def test_busy_with_details(self) -> None:
        body = replaced(b"END:VFREEBUSY", b"SUMMARY:Anna\r\nEND:VFREEBUSY", BUSY)
        self.assert_fault(body, "lint: freebusy: SUMMARY", Profile.FREEBUSY)


if __name__ == "__main__":
    unittest.main(verbosity=1)

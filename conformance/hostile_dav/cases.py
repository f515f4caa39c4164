"""The hostile cases of `../shared/hostile` (or `$FASTI_SHARED/hostile`), and what EXPECT.tsv asks of each."""

from __future__ import annotations

import gzip
import os
import re
from dataclasses import dataclass
from pathlib import Path

SHARED = Path(os.environ.get("FASTI_SHARED") or Path(__file__).resolve().parents[3] / "shared")
FOLDER = SHARED / "hostile"

ELSEWHERE = "tests/system/hostile"
NOT_HERE = {
    "ics_subscribe_refresh.ics": "an answer of a remote calendar server: Fasti fetches none yet",
    "http_csrf_get.http": f"about the dashboard; {ELSEWHERE}/raw.rs",
    "http_csrf_text_plain.http": f"about the REST API; {ELSEWHERE}/raw.rs",
    "http_frame_matrix.txt": f"about pages; {ELSEWHERE}/raw.rs",
    "tok_cancel_predict.json": f"about links in bookings; {ELSEWHERE}/tokens.rs",
}
"""Rows that other suites run, or that nothing of Fasti's answers yet."""


@dataclass(frozen=True)
class Case:
    file: str
    kind: str
    expected: str

    @property
    def content(self) -> bytes:
        data = (FOLDER / self.file).read_bytes()
        return gzip.decompress(data) if self.file.endswith(".gz") else data

    def allows(self, status: int) -> bool:
        """Whether EXPECT.tsv's words name this status: `4xx`, `2xx-inert|4xx`, `400+close`, `207 own tenant only`."""
        words = re.findall(r"(?<![\w<])([1-5])(xx|\d\d)(?!\d)", self.expected)
        return any(str(status).startswith(first) and rest in ("xx", str(status)[1:]) for first, rest in words)

    @property
    def seconds(self) -> float:
        bound = re.search(r"<([\d.]+)s", self.expected)
        return float(bound[1]) if bound else 2.0

    @property
    def closes(self) -> bool:
        return "+close" in self.expected


def cases() -> list[Case]:
    rows = [line.split("\t") for line in (FOLDER / "EXPECT.tsv").read_text().splitlines()[1:]]
    ours = ("ics_", "rr_", "xml_", "http_", "tok_")
    return [Case(*row[:3]) for row in rows if row[0].startswith(ours)]

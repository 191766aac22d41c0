"""What the leaves of a trail add up to, and what is found wrong."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

SILENCE_S = 180
"""Between two leaves; the proxy writes one a minute at least while it runs."""
TOLD_MAX = 1000
"""Findings that are listed; all are counted."""

Exchange = tuple[int, str, int]
"""Worker, boot, sequence."""


class Findings:
    """What is wrong, and what is so."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.fault_count = 0
        self.notes: list[str] = []
        self.counts: Counter[str] = Counter()

    def fault(self, text: str) -> None:
        self.fault_count += 1
        if len(self.faults) < TOLD_MAX:
            self.faults.append(text)


class Account:
    """What the leaves add up to."""

    def __init__(self) -> None:
        self.exchanges: dict[Exchange, tuple[int, dict[str, Any]]] = {}
        """By exchange: which leaf, and what it says."""
        self.records: dict[str, int] = {}
        """Digests of sealed records of acts, by the first leaf that names them."""
        self.shredded: set[Exchange] = set()
        self.last_at = 0
        self._lost: Counter[tuple[int, str]] = Counter()
        self._sequences: dict[tuple[int, str], set[int]] = {}
        self._closed: set[tuple[int, str]] = set()

    def take(self, number: int, leaf: dict[str, Any], found: Findings) -> None:
        """Leaves in their order. Raises KeyError, TypeError or ValueError: no leaf of ours."""
        kind, at = leaf["kind"], int(leaf["at"])
        if self.last_at and at - self.last_at > SILENCE_S:
            found.notes.append(f"nothing was recorded from {utc(self.last_at)} to {utc(at)}")
        self.last_at = max(self.last_at, at)
        if "record" in leaf:
            self.records.setdefault(leaf["record"], number)
        journal = (int(leaf.get("worker", -1)), str(leaf.get("boot")))
        if kind == "exchange":
            self._exchange(number, (*journal, int(leaf["sequence"])), leaf, found)
        elif kind == "gap":
            self._lost[journal] += int(leaf["count"])
            between = f"between {utc(leaf['first'])} and {utc(leaf['last'])}"
            found.notes.append(f"{leaf['count']} exchanges of {journal} declared lost {between}")
            found.counts["declared lost"] += int(leaf["count"])
        elif kind == "shredded":
            self.shredded.add((*journal, int(leaf["sequence"])))
        elif kind == "closed":
            self._closed.add(journal)
            if not found.counts["pruned"] and leaf["exchanges"] != len(self.exchanges):
                counted = f"{leaf['exchanges']} exchanges were recorded up to leaf {number}"
                found.fault(f"{counted}, {len(self.exchanges)} have leaves")
        elif kind not in {"act", "unreadable"}:
            raise ValueError(kind)

    def _exchange(self, number: int, id_: Exchange, leaf: dict[str, Any], found: Findings) -> None:
        if id_ in self.exchanges:
            found.fault(f"{named(id_)} has two closing records: leaf {number} is the second")
        elif id_[:2] in self._closed:
            found.fault(f"{named(id_)} was recorded after its worker was closed: leaf {number}")
        self.exchanges[id_] = (number, leaf)
        self._sequences.setdefault(id_[:2], set()).add(id_[2])

    def check_contiguity(self, found: Findings) -> None:
        """No sequence of a closed worker is missing, but those declared lost."""
        for journal, sequences in self._sequences.items():
            first = min(sequences) if found.counts["pruned"] else 1
            missing = sorted(set(range(first, max(sequences) + 1)) - sequences)
            if not missing or len(missing) <= self._lost[journal]:
                continue
            names = ", ".join(named((*journal, one)) for one in missing[:5])
            if journal in self._closed and not found.counts["pruned"]:
                found.fault(f"{len(missing)} exchanges were never recorded or declared: {names}")
            else:
                found.counts["open"] += len(missing)
                found.notes.append(f"{len(missing)} exchanges are open or were pruned: {names}")


def utc(seconds: int) -> str:
    """Whole seconds as people read them."""
    return datetime.fromtimestamp(seconds, UTC).isoformat() if 0 <= seconds < 1 << 36 else "?"


def named(id_: Exchange) -> str:
    """As the proxy writes it."""
    return f"x{id_[0]}-{id_[1]}-{id_[2]}"

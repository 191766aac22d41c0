"""What the leaves of a trail add up to, and what is found wrong."""

from __future__ import annotations

import base64
from array import array
from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

SILENCE_S = 180
"""Between two leaves; the proxy writes one a minute at least while it runs."""
ERASING_S = 600
"""An erasure that began so long before the last leaf may still be at work: its keys go before it says so."""
TOLD_MAX = 1000
"""Findings that are listed; all are counted."""
TOLD_OF_A_HOLE = 5
"""Exchanges that are named where some are missing."""
DIGEST_BYTES = 32
NO_KEY = bytes(32)
"""Key commitment of an exchange whose content was never kept."""

Exchange = tuple[int, str, int]
"""Worker, boot, sequence."""
NOBODY: Exchange = (0, "", 0)


class Findings:
    """What is wrong, and what is so."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.fault_count = 0
        self.notes: list[str] = []
        self.counts: Counter[str] = Counter()

    def fault(self, text: str, count: int = 1) -> None:
        """`count`: as many as the text says."""
        self.fault_count += count
        if len(self.faults) < TOLD_MAX:
            self.faults.append(text)


class Signed(NamedTuple):
    """A record that the leaves say is in the vault."""

    number: int
    """Its first leaf."""
    exchange: Exchange
    """NOBODY: a record of facts or acts."""
    digest: bytes
    has_content: bool


class SignedRecords:
    """All of them, in the order of the leaves, which is that of the vault. 60 bytes each, for there are millions."""

    def __init__(self) -> None:
        self._journals: list[tuple[int, str]] = []
        self._places: dict[tuple[int, str], int] = {}
        self._numbers = array("Q")
        self._journal = array("I")
        self._sequences = array("Q")
        self._has_content = bytearray()
        self._digests = bytearray()

    def append(self, number: int, exchange: Exchange, digest: bytes, *, has_content: bool) -> None:
        """Raises ValueError: no such exchange or digest."""
        if len(digest) != DIGEST_BYTES or not 0 <= exchange[2] < 1 << 64:
            raise ValueError(exchange)
        journal = exchange[:2]
        if journal not in self._places:
            self._places[journal] = len(self._journals)
            self._journals.append(journal)
        self._numbers.append(number)
        self._journal.append(self._places[journal])
        self._sequences.append(exchange[2])
        self._has_content.append(has_content)
        self._digests += digest

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, at: int) -> Signed:
        exchange = (*self._journals[self._journal[at]], self._sequences[at])
        digest = bytes(self._digests[at * DIGEST_BYTES : (at + 1) * DIGEST_BYTES])
        return Signed(self._numbers[at], exchange, digest, bool(self._has_content[at]))

    def is_at(self, at: int, exchange: Exchange, digest: bytes) -> bool:
        """Whether that record stands there."""
        start = at * DIGEST_BYTES
        return (
            at < len(self._numbers)
            and self._digests[start : start + DIGEST_BYTES] == digest
            and self._sequences[at] == exchange[2]
            and self._journals[self._journal[at]] == exchange[:2]
        )


class Sequences:
    """Of one worker: a run without holes, and what came before its turn."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._end = first
        """Behind the run."""
        self._beyond: set[int] = set()

    def add(self, sequence: int) -> bool:
        """False: it was there."""
        if self._first <= sequence < self._end or sequence in self._beyond:
            return False
        if sequence != self._end:
            self._beyond.add(sequence)
            return True
        self._end += 1
        while self._beyond and self._end in self._beyond:
            self._beyond.remove(self._end)
            self._end += 1
        return True

    def absent(self, first: int | None) -> tuple[int, list[int]]:
        """How many are missing from `first` on (None: from the lowest), and the first five of them."""
        last = max([self._end - 1, *self._beyond])
        lowest = min([self._first, *self._beyond]) if first is None else first
        missing = last - lowest + 1 - (self._end - self._first) - len(self._beyond)
        names: list[int] = []
        before = lowest - 1
        runs = [(self._first, self._end - 1)] if self._end > self._first else []
        for start, end in sorted([*runs, *((one, one) for one in self._beyond)]):
            names += range(before + 1, min(start, before + 1 + TOLD_OF_A_HOLE - len(names)))
            before = max(before, end)
        return missing, names[:TOLD_OF_A_HOLE]


class Account:
    """What the leaves add up to."""

    def __init__(self) -> None:
        self.records = SignedRecords()
        self._shredded: dict[tuple[int, str], set[int]] = {}
        self.last_at = 0
        self.pruned_before = ""
        """Vault files whose names are smaller were dropped, a record says."""
        self.pruned_leaves = 0
        """Records and entries of leaves below were dropped, a record says."""
        self.exchange_count = 0
        self.has_dropped = False
        """Entries are not there; whether a record says so is asked elsewhere."""
        self._uncounted: int | None = None
        """Exchanges whose leaves were dropped."""
        self._erasing_since = 0
        self._record = b""
        self._sequences: dict[tuple[int, str], Sequences] = {}
        self._closed: set[tuple[int, str]] = set()

    def is_shredded(self, exchange: Exchange) -> bool:
        """A leaf says that its key was destroyed."""
        return exchange[2] in self._shredded.get(exchange[:2], ())

    @property
    def is_erasing(self) -> bool:
        """An erasure had begun by the last leaf, and had not said yet whose keys it destroyed."""
        return self._erasing_since > 0 and self.last_at - self._erasing_since <= ERASING_S

    def take(self, number: int, leaf: dict[str, Any], found: Findings) -> None:
        """Leaves in their order. Raises KeyError, TypeError or ValueError: no leaf of ours."""
        kind, at = leaf["kind"], int(leaf["at"])
        if self.last_at and at - self.last_at > SILENCE_S:
            found.notes.append(f"nothing was recorded from {utc(self.last_at)} to {utc(at)}")
        self.last_at = max(self.last_at, at)
        if kind == "exchange":
            self._exchange(number, _id(leaf), leaf, found)
            return
        if "record" in leaf:
            self._other_record(number, base64.b64decode(leaf["record"], validate=True))
        if kind == "gap":
            between = f"between {utc(leaf['first'])} and {utc(leaf['last'])}"
            lost = f"{int(leaf['count'])} exchanges of w{leaf['worker']}-{leaf['boot']}"
            found.notes.append(f"{lost} declared lost {between}")
            found.counts["declared lost"] += int(leaf["count"])
        elif kind == "act":
            self._act(leaf)
        elif kind == "shredded":
            self._erasing_since = 0
            id_ = _id(leaf)
            self._shredded.setdefault(id_[:2], set()).add(id_[2])
        elif kind == "pruned":
            self.pruned_before = max(self.pruned_before, str(leaf["before"]))
            self.pruned_leaves = max(self.pruned_leaves, int(leaf["leaves"]))
        elif kind == "closed":
            self._close(number, (int(leaf["worker"]), str(leaf["boot"])), leaf, found)
        elif kind == "damaged":
            named_one = f" of {named(_id(leaf))}" if "sequence" in leaf else ""
            found.fault(f"a record{named_one} was damaged before it was signed: leaf {number}")
        elif kind == "unreadable":
            found.counts["acts under a destroyed key"] += 1
        elif kind != "facts":
            raise ValueError(kind)

    def _exchange(self, number: int, id_: Exchange, leaf: dict[str, Any], found: Findings) -> None:
        digest = base64.b64decode(leaf["manifest"], validate=True)
        has_content = base64.b64decode(leaf["key"], validate=True) != NO_KEY
        self.records.append(number, id_, digest, has_content=has_content)
        sequences = self._sequences.get(id_[:2])
        if sequences is None:
            first = id_[2] if self.has_dropped else 1
            sequences = self._sequences[id_[:2]] = Sequences(first)
        if not sequences.add(id_[2]):
            found.fault(f"{named(id_)} has two closing records: leaf {number} is the second")
        elif id_[:2] in self._closed:
            found.fault(f"{named(id_)} was recorded after its worker was closed: leaf {number}")
        else:
            self.exchange_count += 1

    def _other_record(self, number: int, digest: bytes) -> None:
        """Leaves of one record stand side by side."""
        if digest != self._record:
            self.records.append(number, NOBODY, digest, has_content=False)
            self._record = digest

    def _act(self, leaf: dict[str, Any]) -> None:
        if leaf["act"] == "erasure":
            self._erasing_since = int(leaf["at"])

    def _close(
        self, number: int, journal: tuple[int, str], leaf: dict[str, Any], found: Findings
    ) -> None:
        self._closed.add(journal)
        if self._uncounted is None:
            self._uncounted = leaf["exchanges"] - self.exchange_count if self.has_dropped else 0
        seen = self._uncounted + self.exchange_count
        if leaf["exchanges"] != seen:
            counted = f"{leaf['exchanges']} exchanges were recorded up to leaf {number}"
            found.fault(f"{counted}, {seen} have leaves")

    def check_contiguity(self, found: Findings) -> None:
        """No sequence of a closed worker is missing: whatever began was closed, if only as lost."""
        for journal, sequences in self._sequences.items():
            missing, absent = sequences.absent(None if self.has_dropped else 1)
            if not missing:
                continue
            names = ", ".join(named((*journal, one)) for one in absent)
            if journal in self._closed:
                found.fault(f"{missing} exchanges were never recorded: {names}", missing)
            else:
                found.counts["open"] += missing
                found.notes.append(f"{missing} exchanges are not closed yet: {names}")


def _id(leaf: dict[str, Any]) -> Exchange:
    return int(leaf["worker"]), str(leaf["boot"]), int(leaf["sequence"])


def utc(seconds: int) -> str:
    """Whole seconds as people read them."""
    return datetime.fromtimestamp(seconds, UTC).isoformat() if 0 <= seconds < 1 << 36 else "?"


def named(id_: Exchange) -> str:
    """As the proxy writes it."""
    return f"x{id_[0]}-{id_[1]}-{id_[2]}"

"""What must be found after a power loss, from what the writers knew before it. Shares no code with the recorder."""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from proxy.journal.format import Kind
from tests.crash_states.disk import Mark

Journal = tuple[int, int]
Noted = tuple[int, int, bytes]
"""An entry: sequence (0: about no exchange), kind, data."""


@dataclass(frozen=True, slots=True)
class Found:
    """One exchange as recovered."""

    exchange: str
    outcome: str
    request: bytes
    response: bytes
    head: bytes
    has_lost_frames: bool


@dataclass(slots=True)
class Told:
    """What one exchange wrote, or the acknowledged part of that."""

    heads: list[bytes] = field(default_factory=list)
    request: bytes = b""
    response: bytes = b""
    has_ended: bool = False

    def take(self, kind: int, data: bytes) -> None:
        if kind == Kind.INTENT:
            self.heads.append(data)
        elif kind == Kind.REQUEST_CHUNK:
            self.request += data
        elif kind == Kind.RESPONSE_CHUNK:
            self.response += data
        elif kind == Kind.END:
            self.has_ended = True


class Account:
    """Takes the marks of a trace up to the power loss."""

    def __init__(self) -> None:
        self._written: dict[Journal, list[Noted]] = {}
        self._acknowledged: dict[Journal, int] = {}
        self._lost: set[Journal] = set()
        """Somebody removed a file of theirs, and nothing was acknowledged since: nothing is asked of them."""
        self._recorded: dict[str, tuple[str, int, int]] = {}
        self._recorded_notes: Counter[str] = Counter()
        self.tables_count = 0
        """Commits of the database."""

    def take(self, mark: Mark) -> None:
        about: tuple[Any, ...] = mark.about
        match mark.what:
            case "appended":
                self._written.setdefault(about[0], []).append(about[1:])
            case "told":
                self._acknowledged[about[0]] = about[1]
                self._lost.discard(about[0])
            case "lost":
                self._lost.add(about[0])
            case "recorded":
                exchanges, gaps, modes = about
                self._recorded |= {one[0]: one[1:] for one in exchanges}
                self._recorded_notes.update(f"gap {count}" for count in gaps)
                self._recorded_notes.update(f"mode {detail}" for detail in modes)
            case "tables":
                self.tables_count = about[0]

    def acknowledged_count(self) -> int:
        return sum(self._acknowledged.values())

    def wrong(self, found: list[Found], notes: Counter[str]) -> list[str]:
        """Every promise that what was found breaks, in a sentence each."""
        problems = [
            f"{one}: recorded {count} times"
            for one, count in Counter(one.exchange for one in found).items()
            if count > 1
        ]
        excused = tuple(_name(journal, 0)[:-1] for journal in self._lost)
        by_name = {one.exchange: one for one in found if not one.exchange.startswith(excused)}
        written = self._told(is_all=True)
        acknowledged = self._told(is_all=False)
        problems += [f"{name}: nobody began it" for name in by_name.keys() - written.keys()]
        for name, told in acknowledged.items():
            if name not in by_name:
                problems.append(f"{name}: acknowledged, not recorded")
            else:
                problems += _missing(by_name[name], told)
        for name, one in by_name.items():
            problems += _invented(one, written.get(name, Told()))
        problems += self._wrong_records(by_name)
        return problems + self._wrong_notes(notes)

    def _told(self, *, is_all: bool) -> dict[str, Told]:
        found: dict[str, Told] = {}
        for journal, entries in self._written.items():
            count = len(entries) if is_all else self._acknowledged.get(journal, 0)
            if journal in self._lost:
                continue
            for sequence, kind, data in entries[:count]:
                if sequence:
                    found.setdefault(_name(journal, sequence), Told()).take(kind, data)
        return found

    def _wrong_records(self, found: dict[str, Found]) -> list[str]:
        """What is behind a commit of the vault never changes again."""
        problems = []
        excused = tuple(_name(journal, 0)[:-1] for journal in self._lost)
        for name, recorded in self._recorded.items():
            if name.startswith(excused):
                continue
            one = found.get(name)
            now = one and (one.outcome, len(one.request), len(one.response))
            if now != recorded:
                problems.append(f"{name}: was recorded as {recorded}, and is now {now}")
        return problems

    def _wrong_notes(self, found: Counter[str]) -> list[str]:
        written, acknowledged = Counter[str](), Counter(self._recorded_notes)
        for journal, entries in self._written.items():
            count = 0 if journal in self._lost else self._acknowledged.get(journal, 0)
            for place, (sequence, kind, data) in enumerate(entries):
                if not sequence:
                    note = _note(kind, data)
                    written[note] += 1
                    if place < count:
                        acknowledged[note] = 1
        return [
            *(f"{note}: acknowledged, not recorded" for note in acknowledged if not found[note]),
            *(f"{note}: recorded {count} times" for note, count in found.items() if count > 1),
            *(f"{note}: nobody wrote it" for note in found if not written[note]),
        ]


def _name(journal: Journal, sequence: int) -> str:
    worker, boot = journal
    return f"x{worker}-{boot:016x}-{sequence}"


def _note(kind: int, data: bytes) -> str:
    if kind == Kind.GAP:
        return f"gap {struct.unpack_from('<Q', data)[0]}"
    return f"mode strict: {data[1:].decode()}"


def _missing(one: Found, told: Told) -> list[str]:
    if one.has_lost_frames:
        return [f"{one.exchange}: frames of it are lost"]
    if not (one.request.startswith(told.request) and one.response.startswith(told.response)):
        return [f"{one.exchange}: acknowledged bytes are not recorded"]
    if told.has_ended and one.outcome != "complete":
        return [f"{one.exchange}: had ended, and is recorded as {one.outcome}"]
    return []


def _invented(one: Found, written: Told) -> list[str]:
    problems = []
    if not any(head.endswith(one.head) for head in written.heads):
        problems.append(f"{one.exchange}: nobody wrote its head")
    if not (written.request.startswith(one.request) and written.response.startswith(one.response)):
        problems.append(f"{one.exchange}: holds bytes that were never written")
    if one.outcome == "complete" and not (
        written.has_ended and (one.request, one.response) == (written.request, written.response)
    ):
        problems.append(f"{one.exchange}: complete, and was not")
    if one.outcome not in ("complete", "interrupted"):
        problems.append(f"{one.exchange}: is {one.outcome}")
    return problems

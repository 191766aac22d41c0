"""The emulator's own account of what it received and answered: one JSON object a line, only ever appended.

It is the tests' oracle, so it shares nothing with the recorder. It never holds a credential (a boolean says
whether there was one) nor content (a digest and a size stand for it).

A request's first line (`event` is `received`) is written when its body has been read, its second (`answered`)
when the last byte was handed to the socket or the connection broke. Both carry the same `n`, from 1.
A request whose body never came whole because its client left has only the first. Calls of the emulator's own
API (`/emulator/…`) are not in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

LINES_KEPT_MAX: Final = 200_000
"""Lines kept in memory: about 200 MB, a load run of 100,000 requests. The file has no limit."""

_SECRET_PARAMETER: Final = re.compile(r"(?i)([?&](?:key|access_token|upload_id)=)[^&#]*")


@dataclass(slots=True)
class Received:
    """A request, without what is in it."""

    n: int
    at_ns: int
    method: str
    target: str
    """Raw target as received; the values of credential parameters are replaced by `***`."""
    header_names: list[str]
    """In order, as spelled, repetitions kept."""
    has_credential: bool
    tag: str | None
    """Value of the header `x-request-tag`."""
    body_sha256: str
    body_bytes: int
    body_is_whole: bool
    event: str = "received"


@dataclass(slots=True)
class Answered:
    """An answer, without what is in it. The digest is over all body bytes handed to the socket, as coded."""

    n: int
    at_ns: int
    status: int
    """0 if the connection was closed without an answer."""
    body_sha256: str
    body_bytes: int
    finished: bool
    """Whether the answer ended as HTTP wants it; False for cuts, resets and clients that left."""
    operation: str
    is_streaming: bool
    events: int
    """Server-sent events handed to the socket, `[DONE]` not counted."""
    interaction_id: str | None = None
    interaction_status: str | None = None
    name: str | None = None
    """The model or agent that was asked for."""
    previous_interaction_id: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    """The six totals, where the answer as composed shows usage."""
    step_types: list[str] = field(default_factory=list)
    """Types of the steps of the answer as composed (a cut stream shows fewer), or of those that a run shows so far."""
    service_tier: str | None = None
    """The tier the interaction was served and billed at."""
    is_background: bool = False
    is_faulty: bool = False
    """Whether something was to go wrong on purpose: a fault, or a rule of faults."""
    event: str = "answered"


class Ledger:
    """Appends lines to memory and, if given, to a file. Each line is handed to the system at once."""

    def __init__(self, path: Path | None = None, *, lines_max: int = LINES_KEPT_MAX) -> None:
        """`lines_max`: of `lines`, which only somebody in this process can read."""
        self._lines_max = lines_max
        self.lines: list[dict[str, Any]] = []
        self._file: BinaryIO | None = path.open("ab", buffering=0) if path is not None else None

    def add(self, line: Received | Answered) -> None:
        """Append one line; a written line survives the death of this process. The line is not used again."""
        names, values = _FIELDS[type(line)]
        entry = dict(zip(names, values(line), strict=True))
        if len(self.lines) < self._lines_max:
            self.lines.append(entry)
        if self._file is not None:
            self._file.write(orjson.dumps(entry) + b"\n")

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @staticmethod
    def read(path: Path) -> list[dict[str, Any]]:
        """All whole lines of a ledger file, in order. A last line without its end is left out."""
        whole = path.read_bytes().split(b"\n")[:-1]
        return [orjson.loads(line) for line in whole]


def without_secrets(target: str) -> str:
    """The target with the values of credential parameters replaced."""
    return _SECRET_PARAMETER.sub(r"\1***", target) if "?" in target or "&" in target else target


def _reader(kind: type[Received | Answered]) -> tuple[tuple[str, ...], attrgetter[Any]]:
    names = tuple(each.name for each in fields(kind))
    return names, attrgetter(*names)


_FIELDS: Final = {kind: _reader(kind) for kind in (Received, Answered)}

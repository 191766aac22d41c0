"""The emulator's own account of what it received and answered: one JSON object a line, only ever appended.

It is the tests' oracle, so it shares nothing with the recorder. It never holds a credential (a boolean says
whether there was one) nor content (a digest and a size stand for it).

A request's first line (`event` is `received`) is written when its body has been read, its second (`answered`)
when the last byte was handed to the socket or the connection broke. Both carry the same `n`, from 1.
A request whose body never came whole because its client left has only the first.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

LINES_KEPT_MAX: Final = 200_000
"""Lines kept in memory: about 100 MB, a load run of 100,000 requests. The file has no limit."""

_SECRET_PARAMETER: Final = re.compile(r"(?i)([?&](?:key|access_token|upload_id)=)[^&#]*")


@dataclass(frozen=True, slots=True)
class Received:
    """A request, without what is in it."""

    n: int
    at_ns: int
    method: str
    target: str
    """Raw target as received; the values of credential parameters are replaced by `***`."""
    header_names: tuple[str, ...]
    """In order, as spelled, repetitions kept."""
    has_credential: bool
    tag: str | None
    """Value of the header `x-request-tag`."""
    body_sha256: str
    body_bytes: int
    body_is_whole: bool
    event: str = "received"


@dataclass(frozen=True, slots=True)
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
    interaction_id: str | None
    interaction_status: str | None
    name: str | None
    """The model or agent that was asked for."""
    previous_interaction_id: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    """The six totals, where the answer as composed shows usage."""
    step_types: tuple[str, ...] = ()
    """Types of the steps of the answer as composed (a cut stream shows fewer)."""
    event: str = "answered"


class Ledger:
    """Appends lines to memory and, if given, to a file. Each line is handed to the system at once."""

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[dict[str, Any]] = []
        self._file: BinaryIO | None = path.open("ab", buffering=0) if path is not None else None

    def add(self, line: Received | Answered) -> None:
        """Append one line; a written line survives the death of this process."""
        entry = asdict(line)
        text = orjson.dumps(entry) + b"\n"
        if len(self.lines) < LINES_KEPT_MAX:
            self.lines.append(orjson.loads(text))
        if self._file is not None:
            self._file.write(text)

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
    return _SECRET_PARAMETER.sub(r"\1***", target)

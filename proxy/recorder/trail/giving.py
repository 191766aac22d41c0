"""Checkpoints are given away: a log line, and a witness (C2SP tlog-witness, add-checkpoint). Files and HTTP keep them too.

A witness that does not answer holds nothing up: the next checkpoint is offered to it, with a proof from what it holds.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proxy.audit.trail.merkle import consistency_proof
from proxy.errors import FormatError
from proxy.lifeline import say
from proxy.recorder.trail.files import TrailFiles

WITNESS_S: Final = 5.0
"""Longest a witness may take; it is asked in a thread of its own."""
FINISH_S: Final = 6.0
"""For the last checkpoint of a recorder that ends: one answer, and a little."""
ANSWER_BYTES_MAX: Final = 64 * 1024
"""Of a witness: one line per signature of some hundred bytes."""
COSIGNED: Final = "checkpoint.cosigned"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WitnessStatus:
    """As of its last answer."""

    size: int
    """Leaves that it holds."""
    taken_mono_ns: int
    """When it last took a checkpoint; before it did, when it could have been asked first."""


class Giving:
    """Called after each checkpoint by the trail's thread."""

    def __init__(
        self,
        witness_url: str | None,
        *,
        has_lines: bool,
        mono_ns: Callable[[], int],
        is_printed: bool = False,
    ) -> None:
        """`has_lines`, `is_printed`: one line for each in the log, on standard output: whoever gathers them holds it."""
        self._is_printed = is_printed
        self._mono_ns = mono_ns
        self._witness_url = witness_url
        self._has_lines = has_lines
        self._changed = threading.Condition()
        self._next: tuple[str, TrailFiles] | None = None
        self._is_asking = False
        self._witnessed_size = 0
        self._witnessed_ns = mono_ns()
        self.problem: str | None = None
        """Why the witness did not take the last one."""
        if has_lines:
            _log.setLevel(logging.INFO)

    def __call__(self, line: str, files: TrailFiles) -> None:
        if self._has_lines:
            _log.info("checkpoint: %s", line)
        if self._is_printed:
            say(line.encode() + b"\n")  # the supervisor passes it on
        if self._witness_url is None:
            return
        with self._changed:
            self._next = (
                line,
                files,
            )  # of those that it was not asked about yet, the last says all
            if self._is_asking:
                return
            self._is_asking = True
        threading.Thread(target=self._ask_on, name="witness", daemon=True).start()

    def finish(self) -> None:
        """Wait until the witness answered about the last one, or took too long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_asking, FINISH_S)

    @property
    def witnessed_size(self) -> int:
        """Leaves that the witness holds."""
        return self._witnessed_size

    def status(self) -> WitnessStatus | None:
        """None: there is no witness."""
        if self._witness_url is None:
            return None
        return WitnessStatus(self._witnessed_size, self._witnessed_ns)

    def _ask_on(self) -> None:
        while True:
            with self._changed:
                if self._next is None:
                    self._is_asking = False
                    self._changed.notify_all()
                    return
                (line, files), self._next = self._next, None
            self._ask(line, files)

    def _ask(self, line: str, files: TrailFiles) -> None:
        try:
            self._offer(json.loads(line), files)
            self.problem = None
        except (OSError, ValueError, FormatError) as error:
            if self.problem is None:
                _log.warning("the witness takes no checkpoint: %s", error)
            self.problem = str(error)

    def _offer(self, told: dict[str, str | int], files: TrailFiles) -> None:
        note, size = str(told["checkpoint"]), int(told["size"])
        for _ in range(2):  # the second time from the size that it says it holds
            old = self._witnessed_size
            if old > size:
                raise ValueError(f"it holds {old} leaves, more than there are: {size}")
            proof = consistency_proof(old, size, files.hashes)
            status, answer = self._post(witness_request(old, proof, note))
            if status == 200:
                self._witnessed_size, self._witnessed_ns = size, self._mono_ns()
                files.keep(COSIGNED, note.encode() + answer)
                return
            if status != 409:
                raise ValueError(f"it answered {status}")
            self._witnessed_size = int(answer)
        raise ValueError("it answered 409 again: it holds another log of this name")

    def _post(self, body: bytes) -> tuple[int, bytes]:
        request = urllib.request.Request(  # noqa: S310 - the operator names the witness
            f"{self._witness_url}/add-checkpoint", data=body, method="POST"
        )
        try:
            with urllib.request.urlopen(request, timeout=WITNESS_S) as answer:  # noqa: S310
                return answer.status, answer.read(ANSWER_BYTES_MAX)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(ANSWER_BYTES_MAX)


def witness_request(old: int, proof: list[bytes], note: str) -> bytes:
    """The body of add-checkpoint."""
    lines = [f"old {old}", *(base64.b64encode(one).decode("ascii") for one in proof)]
    return ("\n".join(lines) + "\n\n" + note).encode()

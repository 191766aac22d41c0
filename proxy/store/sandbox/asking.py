"""A statement of somebody else, answered by a process of its own that is killed when its time is up."""

from __future__ import annotations

import contextlib
import io
import os
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson
from arro3.io import read_ipc_stream

from proxy.errors import ProxyError
from proxy.store.asking.answer import Answer, TooSlow, WrongQuestion
from proxy.store.sandbox.allowed import TEXT_BYTES_MAX
from proxy.store.sandbox.limits import (
    ANSWER_BYTES_MAX,
    CONTENT_BYTES_MAX,
    CONTENTS_MAX,
    DEADLINE_S,
    KILL_AFTER_S,
    NICE,
    NOTHING,
    REF_BYTES_MAX,
    ROWS_MAX,
)

READ_BYTES: Final = 256 * 1024
OUTPUT_BYTES_MAX: Final = 2 * ANSWER_BYTES_MAX
"""Of what the process may say: the rows with their frames."""
PROGRAM: Final = (sys.executable, "-P", "-m", "proxy.store.sandbox")
LOOK_S: Final = 0.5
PATIENCE: Final = 6
"""Times its deadline: so long may one take that waited for a core, for meanwhile it took nothing from anybody."""
BURIAL: Final = "sandbox-burial"
"""Name of the threads that wait for a process which was killed."""


class TooMuch(ProxyError):
    """The process died of its limits."""


@dataclass(slots=True)
class Question:
    """One statement and its limits. `opened` fills while it is answered."""

    snapshot: Path
    sql: str
    open_content: Callable[[str], bytes | None] | None = None
    """None: content(ref) is NULL."""
    deadline_s: float = DEADLINE_S
    rows_max: int = ROWS_MAX
    opened: list[str] = field(default_factory=list)
    """References of which content was given out."""
    is_wanted: Callable[[], bool] = lambda: True
    """Whether anybody still waits for the answer; looked at every LOOK_S."""


def answer_in_sandbox(question: Question, mono_s: Callable[[], float] = time.monotonic) -> Answer:
    """Answer in this thread, which waits for it.

    Raises:
        WrongQuestion: it may not run, or DuckDB refuses it.
        TooSlow: the deadline came first, or nobody waits any more.
        TooMuch: it took more memory than it may.
    """
    if len(question.sql.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
        raise WrongQuestion(f"a statement has at most {TEXT_BYTES_MAX >> 10} KiB")
    if not question.is_wanted():
        raise TooSlow("nobody waits for it any more")
    with ExitStack() as stack:
        ours, command, theirs = _content_sockets(question, stack)
        process = subprocess.Popen(  # noqa: S603  # our own program, with no argument of theirs
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            cwd="/",
            pass_fds=theirs,
        )
        stack.callback(_end, process)
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        for number in theirs:
            socket.socket(fileno=number).close()  # the process has it now
        time_ = _Time(process.pid, question.deadline_s, mono_s)
        talk = _Talk(question, process, ours, time_.left_s)
        talk.ask()
        said = talk.listen()
        if said is None or (not said and time_.is_late()):
            raise TooSlow(time_.told())
    return _understood(said)


def _waited_s(pid: int) -> float:
    """Seconds in which a process could have run and others had the cores (schedstat in proc(5)); 0 where nobody tells."""
    waited_ns = 0
    with contextlib.suppress(OSError, IndexError):  # it may end meanwhile
        for task in Path(f"/proc/{pid}/task").iterdir():
            waited_ns += int((task / "schedstat").read_bytes().split()[1])
    return waited_ns / 1e9


def _content_sockets(
    question: Question, stack: ExitStack
) -> tuple[socket.socket | None, tuple[str, ...], tuple[int, ...]]:
    if question.open_content is None:
        return None, PROGRAM, ()
    ours, theirs = socket.socketpair()
    stack.enter_context(ours)
    number = theirs.detach()
    return ours, (*PROGRAM, "--content-fd", str(number)), (number,)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it if it lives. A dying process of nice 19 may take a second to be gone: nobody waits for that."""
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None and not stream.closed:
            stream.close()
    threading.Thread(target=process.wait, name=BURIAL, daemon=True).start()


def _understood(said: bytes) -> Answer:
    head, _, rest = said.partition(b"\n")
    try:
        told = orjson.loads(head)
    except orjson.JSONDecodeError as error:
        raise TooMuch("it took more memory or time than it may: ask for less at once") from error
    if "error" in told:
        kind = WrongQuestion if told["kind"] == "refused" else TooMuch
        raise kind(told["error"])
    return Answer(read_ipc_stream(io.BytesIO(rest)).read_all(), told["is_cut"])


class _Time:
    """How long one process may take: its deadline, in which waiting for a core does not count, up to PATIENCE times it."""

    def __init__(self, pid: int, deadline_s: float, mono_s: Callable[[], float]) -> None:
        self._pid = pid
        self._deadline_s = deadline_s
        self._mono_s = mono_s
        self._began_s = mono_s()

    def left_s(self) -> float:
        """Until one has to look again; nothing: it is to be killed."""
        took_s, end_s = self._took_s(), self._deadline_s + KILL_AFTER_S
        own_s = took_s - _waited_s(self._pid)
        return max(0.0, min(end_s - own_s, PATIENCE * end_s - took_s))

    def is_late(self) -> bool:
        return self._took_s() - _waited_s(self._pid) >= self._deadline_s

    def told(self) -> str:
        """Why there is no answer. While the process is there."""
        if (waited_s := _waited_s(self._pid)) > self._deadline_s / 2:
            return (
                f"not answered within {self._took_s():.0f} s, of which it waited {waited_s:.0f} s for a core:"
                " recording comes first, ask again later"
            )
        return f"not answered within {self._deadline_s:g} s: ask for less at once"

    def _took_s(self) -> float:
        return self._mono_s() - self._began_s


class _Talk:
    """Both pipes of one process: what it says, and what it asks for."""

    def __init__(
        self,
        question: Question,
        process: subprocess.Popen[bytes],
        held: socket.socket | None,
        left_s: Callable[[], float],
    ) -> None:
        self._question = question
        self._process = process
        self._held = held
        self._left_s = left_s
        self._content_bytes = 0

    def ask(self) -> None:
        """64 KiB and a little fit into the pipe, or the process reads them first of all."""
        asked = {
            "snapshot": str(self._question.snapshot),
            "sql": self._question.sql,
            "deadline_s": self._question.deadline_s,
            "rows_max": self._question.rows_max,
        }
        stream = self._process.stdin
        assert stream is not None
        try:
            stream.write(orjson.dumps(asked))
            stream.close()
        except BrokenPipeError:
            pass  # it is gone: what it said tells

    def listen(self) -> bytes | None:
        """All it says; None: its time was up, or nobody waits any more."""
        stream = self._process.stdout
        assert stream is not None
        said = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            if self._held is not None:
                selector.register(self._held, selectors.EVENT_READ)
            while True:
                left_s = self._left_s()
                if left_s <= 0 or not self._question.is_wanted():
                    return None
                for key, _ in selector.select(min(left_s, LOOK_S)):
                    if key.fileobj is self._held:
                        if not self._give():
                            selector.unregister(self._held)
                            self._held.close()
                        continue
                    piece = stream.read1(READ_BYTES)  # type: ignore[attr-defined]  # a BufferedReader
                    if not piece or len(said) > OUTPUT_BYTES_MAX:
                        return bytes(said)
                    said += piece

    def _give(self) -> bool:
        """One text; False: no more."""
        assert self._held is not None
        assert self._question.open_content is not None
        self._held.settimeout(max(0.01, self._left_s()))
        try:
            (size,) = struct.unpack("<I", self._exactly(4))
            if size > REF_BYTES_MAX or len(self._question.opened) >= CONTENTS_MAX:
                return False
            ref = self._exactly(size).decode("utf-8", "replace")
            content = self._question.open_content(ref)
            if content is None:
                self._held.sendall(struct.pack("<I", NOTHING))
                return True
            self._content_bytes += len(content)
            if self._content_bytes > CONTENT_BYTES_MAX:
                return False
            self._question.opened.append(ref)
            self._held.sendall(struct.pack("<I", len(content)) + content)
        except (OSError, struct.error):
            return False
        return True

    def _exactly(self, size: int) -> bytes:
        assert self._held is not None
        found = b""
        while len(found) < size:
            piece = self._held.recv(size - len(found))
            if not piece:
                raise struct.error
            found += piece
        return found

"""Byte fidelity: what upstream and client receive with the proxy between them and without it.

Every exchange is played twice, directly and through a worker. What arrived is compared as bytes; only the
differences that proxy.gateway.wire.DIFFERENCES names are taken out, each by the normaliser below.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import uvloop

from proxy.gateway.http.wire import DIFFERENCES
from tests.end_to_end.wire_cases import Case, cases, large_cases
from tests.gateway.stage import WAIT_S, Peer, Stage

COUNT: Final = int(os.environ.get("FIDELITY_EXCHANGES", "600"))
LARGE: Final = [1 << 20, 1 << 20, 8 << 20, 8 << 20, 64 << 20]

Lines = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it arrived, cut into its parts and nothing else done to it."""

    start: bytes
    lines: Lines
    """Name, and everything behind the colon."""
    body: bytes
    framing: str
    """length, chunked, end or none."""
    trailers: Lines = ()


@dataclass(frozen=True, slots=True)
class Arrived:
    """What one play brought."""

    at_upstream: Message
    at_client: tuple[Message, ...]
    """Interim answers first."""
    raw_at_upstream: bytes
    raw_at_client: bytes


# reading: by hand, because the proxy's parser must not judge itself ---------------------------------------


class Reader:
    """Reads messages off a peer and remembers their bytes."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self.raw = bytearray()

    async def message(self, *, is_answer_to_head: bool = False) -> Message:
        head = await self._until(b"\r\n\r\n")
        start, *lines = head[:-4].split(b"\r\n")
        pairs = tuple((name, value) for name, _, value in (line.partition(b":") for line in lines))
        fields = {name.lower(): value.strip().lower() for name, value in pairs}
        status = start.split(b" ")[1] if start.startswith(b"HTTP/") else b""
        if is_answer_to_head or status.startswith(b"1") or status in {b"204", b"304"}:
            return Message(start, pairs, b"", "none")
        if fields.get(b"transfer-encoding") == b"chunked":
            body, trailers = await self._chunks()
            return Message(start, pairs, body, "chunked", trailers)
        if b"content-length" in fields:
            body = await self._exactly(int(fields[b"content-length"]))
            return Message(start, pairs, body, "length")
        if not status:
            return Message(start, pairs, b"", "none")
        body = await self._peer.end()
        self.raw += body
        return Message(start, pairs, body, "end")

    async def _chunks(self) -> tuple[bytes, Lines]:
        parts = []
        while size := int((await self._until(b"\r\n"))[:-2].partition(b";")[0], 16):
            parts.append((await self._exactly(size + 2))[:-2])
        trailers = []
        while line := (await self._until(b"\r\n"))[:-2]:
            name, _, value = line.partition(b":")
            trailers.append((name, value))
        return b"".join(parts), tuple(trailers)

    async def _until(self, mark: bytes) -> bytes:
        found = await self._peer.until(mark)
        self.raw += found
        return found

    async def _exactly(self, count: int) -> bytes:
        found = await self._peer.exactly(count)
        self.raw += found
        return found


# the only differences --------------------------------------------------------------------------------------

HOPS: Final = frozenset(
    [
        b"connection",
        b"keep-alive",
        b"proxy-connection",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"upgrade",
        b"http2-settings",
    ]
)


def without_hops(message: Message) -> Message:
    named = {
        word.strip().lower()
        for name, value in message.lines
        if name.lower() == b"connection"
        for word in value.split(b",")
    }
    gone = (HOPS | named) - {b"host", b"content-length", b"transfer-encoding"} - {b""}
    return replace(
        message, lines=tuple(line for line in message.lines if line[0].lower() not in gone)
    )


def stripped(message: Message) -> Message:
    lines = tuple((name, value.strip(b" \t")) for name, value in message.lines)
    return replace(message, start=message.start.rstrip(b" "), lines=lines)


def with_one_host(message: Message) -> Message:
    if message.start.startswith(b"HTTP/"):
        return message
    names = [name.lower() for name, _ in message.lines]
    if b"host" not in names:
        return replace(message, lines=((b"Host", b"upstream"), *message.lines))
    lines = tuple(
        (name, b"upstream" if name.lower() == b"host" else value) for name, value in message.lines
    )
    return replace(message, lines=lines)


def in_version_11(message: Message) -> Message:
    return replace(message, start=message.start.replace(b"HTTP/1.0", b"HTTP/1.1"))


def unframed(message: Message) -> Message:
    lines = tuple(line for line in message.lines if line[0].lower() != b"transfer-encoding")
    return replace(message, lines=lines, framing="", trailers=())


def unchanged(message: Message) -> Message:
    return message


NORMALISERS: Final[dict[str, Callable[[Message], Message]]] = {
    "hop-by-hop": without_hops,
    "white-space": stripped,
    "host": with_one_host,
    "version": in_version_11,
    "framing": unframed,
    "connection": without_hops,
    "upload-url": unchanged,  # none of the answers here names this upstream
    "interim": unchanged,  # see seen_by
    "max-forwards": unchanged,  # no case has it
    "via": unchanged,  # the stage has no name
    "half-close": unchanged,  # no client here does
}


def normal(message: Message) -> Message:
    for name, _ in DIFFERENCES:
        message = NORMALISERS[name](message)
    return message


def seen_by(version: bytes, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """`interim`: what an HTTP/1.0 client gets."""
    if version != b"1.0":
        return messages
    return tuple(one for one in messages if not one.start.startswith(b"HTTP/1.1 1"))


# the play ----------------------------------------------------------------------------------------------------


async def write(peer: Peer, data: bytes, cut: int) -> None:
    for at in range(0, len(data), max(cut, 1)):
        await peer.send(data[at : at + cut])


async def play(stage: Stage, port: int, case: Case) -> Arrived:
    """One exchange between a client connected to `port` and the stage's upstream."""
    connection = socket.socket()
    connection.settimeout(0)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    client = Peer(connection)
    method = case.request.partition(b" ")[0]
    version = case.request.partition(b"\r\n")[0][-3:]
    async with asyncio.TaskGroup() as both:
        both.create_task(write(client, case.request, case.request_cut))
        upstream = await stage.accepted()
        asked = Reader(upstream)
        at_upstream = await asked.message()
    async with asyncio.TaskGroup() as both:
        both.create_task(_answer(upstream, case))
        answered = Reader(client)
        at_client = [await answered.message(is_answer_to_head=method == b"HEAD")]
        while at_client[-1].start.startswith(b"HTTP/1.1 1"):
            at_client.append(await answered.message(is_answer_to_head=method == b"HEAD"))
    client.close()
    upstream.close()
    return Arrived(
        at_upstream,
        seen_by(version, tuple(at_client)),
        bytes(asked.raw),
        bytes(answered.raw),
    )


async def _answer(upstream: Peer, case: Case) -> None:
    await write(upstream, case.answer, case.answer_cut)
    if case.ends_with_connection:
        upstream.half_close()


def compared(case: Case, direct: Arrived, through: Arrived) -> Iterator[str]:
    """Each difference that the table does not name."""
    if normal(direct.at_upstream) != normal(through.at_upstream):
        yield f"upstream\n {direct.at_upstream!r:.3000}\n {through.at_upstream!r:.3000}"
    if [*map(normal, direct.at_client)] != [*map(normal, through.at_client)]:
        yield f"client\n {direct.at_client!r:.3000}\n {through.at_client!r:.3000}"
    if case.is_plain and direct.raw_at_upstream != through.raw_at_upstream:
        yield f"plain request\n {direct.raw_at_upstream[:500]!r}\n {through.raw_at_upstream[:500]!r}"
    if case.is_plain and direct.raw_at_client != through.raw_at_client:
        yield f"plain answer\n {direct.raw_at_client[:500]!r}\n {through.raw_at_client[:500]!r}"


async def play_all(folder: Path, seed: int) -> list[str]:
    async with Stage(folder, segment_bytes=64 << 20) as stage:
        host = b"127.0.0.1:%d" % stage.upstream_port
        found: list[str] = []
        played = [*cases(seed, COUNT, host), *large_cases(LARGE)]
        for number, case in enumerate(played):
            async with asyncio.timeout(2 * WAIT_S):
                direct = await play(stage, stage.upstream_port, case)
                through = await play(stage, stage.port, case)
            assert direct.raw_at_upstream == case.request, "the direct play changes nothing"
            found += [f"{number}: {one}" for one in compared(case, direct, through)]
        recorded = await stage.recorded()
        assert len(recorded) == len(played)
        return found


def test_only_the_named_differences_exist_on_the_wire(tmp_path: Path) -> None:
    seed = int(os.environ.get("FIDELITY_SEED", "0")) or random.randrange(1 << 32)
    print("FIDELITY_SEED", seed)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(play_all(tmp_path, seed))

    assert found == [], f"{len(found)} differences, the first: {found[0]}"


def test_every_difference_has_its_normaliser_and_no_other() -> None:
    assert [name for name, _ in DIFFERENCES] == list(NORMALISERS)

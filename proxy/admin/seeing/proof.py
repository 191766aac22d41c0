"""That the exchanges of one interaction stand in the signed log, with what somebody needs to compute it anew.

GET /v1/interactions/{id}/proof    {"checkpoint", "vkey", "leaves": [{"exchange", "manifest", "index", "entry", "proof"}]}

Texts in base64; `manifest` is the record whose SHA-256 the entry states, null where it is not there any more. `index`
is null where no signed leaf was found near the time of the exchange: `interactions-proxy evidence` looks everywhere.
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson
from aiohttp import web

from proxy.admin.asking.questions import later
from proxy.admin.desk import Busy, Desk
from proxy.admin.guard import needs, refused
from proxy.admin.tokens import Right
from proxy.admin.trail import Told
from proxy.audit.trail.merkle import TILE_WIDTH, inclusion_proof
from proxy.audit.trail.note import Checkpoint, Verifier
from proxy.audit.trail.tiles import ENTRIES, tile_path, unpack_entries, unpack_hashes
from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.recording.secrecy.names import clear_id
from proxy.store import queries
from proxy.store.vault.reader import VaultReader

PROVEN_MAX: Final = 100
"""Exchanges of one interaction: more polls than that nobody looks at one by one."""
BUNDLES_MAX: Final = 32
"""Bundles of 256 leaves that are looked through around the time of an exchange, some 60 KB each. Leaves stand in the
order of their commits, which a busy or restarted recorder puts off, and several workers mix."""


class Proofs:
    """The handler."""

    def __init__(
        self, desk: Desk, open_reader: Callable[[], VaultReader], trail_folder: Path
    ) -> None:
        self._desk = desk
        self._open_reader = open_reader
        self._trail_folder = trail_folder

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/v1/interactions/{id}/proof", self.proof)]

    async def proof(self, request: web.Request) -> web.Response:
        """Facts alone: leaves hold nothing personal, and manifests digests of what is sealed."""
        reader = needs(request, Right.FACTS)
        told = Told("proof", interaction=request.match_info["id"])
        try:
            found = await self._desk.in_thread(lambda: self._gather(told.interaction or ""))
        except (Busy, StoreError) as error:
            return later(error)
        if found is None:
            told.interaction, told.outcome = clear_id(told.interaction or ""), "not_found"
        self._desk.trail.asked(reader, told)
        if found is None:
            return refused(404, "nothing is known of this interaction, or nothing was signed yet")
        return web.Response(body=orjson.dumps(found), content_type="application/json")

    def _gather(self, interaction: str) -> dict[str, Any] | None:
        with self._desk.tables.lend() as cursor:
            rows = queries.dicts(cursor, "exchanges_of", interaction=interaction)[1]
        try:
            log = SignedLog(self._trail_folder)
        except (OSError, FormatError):
            return None
        vault = self._open_reader()
        leaves = []
        try:
            for row in rows[:PROVEN_MAX]:
                manifest = None
                with suppress(FormatError, KeyDestroyed, OSError):
                    manifest = b64encode(vault.payload(row["raw_ref"])).decode()
                about = {"exchange": row["exchange"], "manifest": manifest}
                leaves.append(about | log.proven(row["exchange"], _ended_s(row)))
        finally:
            vault.close()
        if not leaves:
            return None
        return {"checkpoint": log.note, "vkey": log.vkey, "leaves": leaves}


class SignedLog:
    """The log as its last checkpoint stands."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError, FormatError: nothing was signed yet, or it is not readable."""
        self._folder = folder
        self.note = (folder / "checkpoint").read_text("utf-8")
        self.vkey = (folder / "trail.vkey").read_text("utf-8").strip()
        self._size = Checkpoint.decode(Verifier.decode(self.vkey).opened(self.note)).size

    def proven(self, exchange: str, ended_s: int) -> dict[str, Any]:
        """Place, entry and proof of the leaf of an exchange ("x0-<boot>-<sequence>") that ended about then."""
        nothing: dict[str, Any] = {"index": None, "entry": None, "proof": []}
        sequence = exchange.rpartition("-")[2].encode()
        for bundle in self._around(ended_s):
            for index, entry in enumerate(self._entries(bundle), bundle * TILE_WIDTH):
                # Few are parsed: almost all lack these digits.
                if index < self._size and sequence in entry and _exchange_of(entry) == exchange:
                    try:
                        proof = inclusion_proof(index, self._size, self._hashes)
                    except (OSError, FormatError):
                        return nothing
                    told = [b64encode(one).decode() for one in proof]
                    return {"index": index, "entry": b64encode(entry).decode(), "proof": told}
        return nothing

    def _around(self, at_s: int) -> Iterator[int]:
        """Numbers of bundles, the most likely first."""
        count = -(-self._size // TILE_WIDTH)
        low, high = 0, max(0, count - 1)
        while low < high:
            middle = (low + high + 1) // 2
            if self._first_second(middle) <= at_s:
                low = middle
            else:
                high = middle - 1
        near = sorted(range(count)[max(0, low - BUNDLES_MAX) : low + BUNDLES_MAX], key=_from(low))
        yield from near[:BUNDLES_MAX]

    def _first_second(self, bundle: int) -> int:
        """When the first of its leaves was; a dropped bundle is before all others."""
        for entry in self._entries(bundle):
            at = orjson.loads(entry).get("at")
            if isinstance(at, int):
                return at
        return 0

    def _entries(self, bundle: int) -> list[bytes]:
        width = min(TILE_WIDTH, self._size - bundle * TILE_WIDTH)
        with suppress(OSError, FormatError):
            return unpack_entries(self._read(ENTRIES, bundle, width))
        return []

    def _hashes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        index, at = divmod(first, TILE_WIDTH)
        width = min(TILE_WIDTH, (self._size >> 8 * level) - index * TILE_WIDTH)
        return unpack_hashes(self._read(level, index, width))[at : at + count]

    def _read(self, level: int | str, index: int, width: int) -> bytes:
        """A tile; one that was partial at the checkpoint may have been filled since, and replaced."""
        try:
            return (self._folder / tile_path(level, index, width)).read_bytes()
        except FileNotFoundError:
            return (self._folder / tile_path(level, index)).read_bytes()


def _exchange_of(entry: bytes) -> str | None:
    leaf = orjson.loads(entry)
    if leaf.get("kind") != "exchange":
        return None
    return f"x{leaf['worker']}-{leaf['boot']}-{leaf['sequence']}"


def _ended_s(row: dict[str, Any]) -> int:
    """When an exchange ended; its leaf says the same second."""
    started_s = row["started_at"].replace(tzinfo=dt.UTC).timestamp()
    return int(started_s + (row["duration_ns"] or 0) / 1e9)


def _from(middle: int) -> Callable[[int], int]:
    return lambda number: abs(number - middle)

"""Leaves of the trail: one line of JSON about one thing that was committed. Pure; nothing personal, no content.

    exchange  worker boot sequence outcome lost at key manifest
    gap       worker boot count first last at record
    act       act worker? boot? at record index
    shredded  worker boot sequence at           the key of an exchange was destroyed, an act says
    closed    worker boot exchanges at          a worker is gone and all it left was recorded
    unreadable  at record                       acts whose facts key is gone

`at`, `first`, `last` of gaps: whole seconds. `manifest` and `record` are SHA-256 of payloads of vault records as they
lie there (sealed, but for manifests, which hold the digests of their exchange's sealed records), base64. `key` is
the key commitment. `exchanges` of `closed`: recorded by all workers since the vault began.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxy.recording.facts import ActFact, GapFact

LEAF_VERSION: Final = 1
LEAF_BYTES_MAX: Final = 300
NS: Final = 1_000_000_000

_EXCHANGE: Final = re.compile(r"x(\d{1,5})-([0-9a-f]{16})-(\d{1,20})")
_KIND: Final = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """What a manifest record says."""

    worker: int
    boot: int
    sequence: int
    outcome: int
    has_lost_frames: bool
    ended_s: int
    key_commitment: bytes
    manifest: bytes
    """The payload, whole."""


def exchange_leaf(one: RecordedExchange) -> bytes:
    """The one leaf of an exchange."""
    return _leaf(
        "exchange",
        worker=one.worker,
        boot=f"{one.boot:016x}",
        sequence=one.sequence,
        outcome=one.outcome,
        lost=one.has_lost_frames,
        at=one.ended_s,
        key=_text(one.key_commitment),
        manifest=digest_text(one.manifest),
    )


def act_leaves(
    sealed: bytes, gaps: tuple[GapFact, ...], acts: tuple[ActFact, ...]
) -> Iterator[bytes]:
    """Of one record of gaps and acts. `sealed` is its payload as it lies in the vault."""
    record = digest_text(sealed)
    for gap in gaps:
        yield _leaf(
            "gap",
            worker=gap.worker,
            boot=gap.boot,
            count=gap.exchange_count,
            first=gap.first_at // NS,
            last=gap.last_at // NS,
            at=gap.at // NS,
            record=record,
        )
    for index, act in enumerate(acts):
        kind = act.kind if _KIND.fullmatch(act.kind) else "odd"
        where = {} if act.worker is None else {"worker": act.worker, "boot": act.boot}
        yield _leaf("act", act=kind, **where, at=act.at // NS, record=record, index=index)
        for worker, boot, sequence in _destroyed(act):
            yield _leaf("shredded", worker=worker, boot=boot, sequence=sequence, at=act.at // NS)


def closed_leaf(worker: int, boot: int, exchange_count: int, at_ns: int) -> bytes:
    """A worker is gone; all its sequences are recorded or declared."""
    boot_text = f"{boot:016x}"
    return _leaf("closed", worker=worker, boot=boot_text, exchanges=exchange_count, at=at_ns // NS)


def unreadable_leaf(sealed: bytes, at_ns: int) -> bytes:
    """Acts whose key was destroyed before they came into the trail."""
    return _leaf("unreadable", at=at_ns // NS, record=digest_text(sealed))


def digest_text(payload: bytes) -> str:
    """SHA-256, base64."""
    return _text(hashlib.sha256(payload).digest())


def _destroyed(act: ActFact) -> list[tuple[int, str, int]]:
    """The exchanges whose keys an act says are destroyed: its data {"exchanges": ["x0-...-1", ...]}."""
    if act.kind != "erased" or act.data is None:
        return []
    try:
        told: Any = orjson.loads(act.data)
    except orjson.JSONDecodeError:
        return []
    names = told.get("exchanges") if isinstance(told, dict) else None
    if not isinstance(names, list):
        return []
    found = [_EXCHANGE.fullmatch(name) for name in names if isinstance(name, str)]
    return [(int(one[1]), one[2], int(one[3])) for one in found if one]


def _leaf(kind: str, **fields: Any) -> bytes:
    return orjson.dumps({"v": LEAF_VERSION, "kind": kind, **fields})


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

"""Leaves of the trail: one line of JSON about one thing that was committed. Pure; nothing personal, no content.

    exchange  worker boot sequence outcome lost at key manifest
    facts     at record                         fact rows of some exchanges
    gap       worker boot count first last at record
    act       act worker? boot? at record index
    shredded  worker boot sequence at           the key of an exchange was destroyed, an act says
    pruned    before leaves at                  vault files before that one, entries below that number are dropped
    closed    worker boot exchanges at          a worker is gone and all it left was recorded
    unreadable  at record                       acts whose facts key is gone
    damaged   at worker? boot? sequence?        what lay there was damaged before it came into the trail

`at`, `first`, `last` of gaps: whole seconds. `manifest` and `record` are SHA-256 of payloads of vault records as they
lie there (sealed, but for manifests, which hold the digests of their exchange's sealed records), base64. `key` is
the key commitment. `exchanges` of `closed`: recorded by all workers since the vault began.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, Final, NamedTuple

import orjson

from proxy.recording.facts import ActFact, GapFact

LEAF_VERSION: Final = 1
LEAF_BYTES_MAX: Final = 300
NS: Final = 1_000_000_000

_EXCHANGE: Final = re.compile(r"x(\d{1,5})-([0-9a-f]{16})-(\d{1,20})")
_KIND: Final = re.compile(r"[a-z_]{1,40}")
_FILE: Final = re.compile(r"\d{8}-\d{6}")
_EXCHANGE_LEAF: Final = (
    b'{"v":%d,"kind":"exchange","worker":%%d,"boot":"%%016x","sequence":%%d,"outcome":%%d,'
    b'"lost":%%b,"at":%%d,"key":"%%b","manifest":"%%b"}' % LEAF_VERSION
)


class RecordedExchange(NamedTuple):
    """What a manifest record says. A tuple, for there is one an exchange."""

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
    """The one leaf of an exchange. Written out by hand: a third of what orjson and a dict cost."""
    worker, boot, sequence, outcome, has_lost, ended_s, key, manifest = one
    return _EXCHANGE_LEAF % (
        worker,
        boot,
        sequence,
        outcome,
        b"true" if has_lost else b"false",
        ended_s,
        b2a_base64(key, newline=False),
        b2a_base64(sha256(manifest).digest(), newline=False),
    )


def facts_leaf(sealed: bytes, at_ns: int) -> bytes:
    """Of one record of fact rows, as it lies in the vault."""
    return _leaf("facts", at=at_ns // NS, record=digest_text(sealed))


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
        if (dropped := _dropped(act)) is not None:
            yield _leaf("pruned", before=dropped[0], leaves=dropped[1], at=act.at // NS)


def closed_leaf(worker: int, boot: int, exchange_count: int, at_ns: int) -> bytes:
    """A worker is gone; all its sequences are recorded or declared."""
    boot_text = f"{boot:016x}"
    return _leaf("closed", worker=worker, boot=boot_text, exchanges=exchange_count, at=at_ns // NS)


def unreadable_leaf(sealed: bytes, at_ns: int) -> bytes:
    """Acts whose key was destroyed before they came into the trail."""
    return _leaf("unreadable", at=at_ns // NS, record=digest_text(sealed))


def damaged_leaf(at_ns: int, id_: tuple[int, int, int] | None = None) -> bytes:
    """Something was damaged before it had a leaf; `id_`: the exchange, where its header still says."""
    who = {} if id_ is None else {"worker": id_[0], "boot": f"{id_[1]:016x}", "sequence": id_[2]}
    return _leaf("damaged", **who, at=at_ns // NS)


def digest_text(payload: bytes) -> str:
    """SHA-256, base64."""
    return b2a_base64(sha256(payload).digest(), newline=False).decode("ascii")


def _destroyed(act: ActFact) -> list[tuple[int, str, int]]:
    """The exchanges whose keys an act says are destroyed: its data {"exchanges": ["x0-...-1", ...]}."""
    names = _data(act, "erased").get("exchanges")
    if not isinstance(names, list):
        return []
    found = [_EXCHANGE.fullmatch(name) for name in names if isinstance(name, str)]
    return [(int(one[1]), one[2], int(one[3])) for one in found if one]


def _dropped(act: ActFact) -> tuple[str, int] | None:
    """What an act says was dropped since it is old: its data {"before": "20261118-000001", "leaves": 512}."""
    told = _data(act, "pruned")
    before, leaves = told.get("before"), told.get("leaves", 0)
    if not isinstance(before, str) or not _FILE.fullmatch(before):
        return None
    return before, leaves if isinstance(leaves, int) and leaves >= 0 else 0


def _data(act: ActFact, kind: str) -> dict[str, Any]:
    """The data of an act of that kind; nothing of another one, or where it is no object."""
    if act.kind != kind or act.data is None:
        return {}
    try:
        told: Any = orjson.loads(act.data)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _leaf(kind: str, **fields: Any) -> bytes:
    return orjson.dumps({"v": LEAF_VERSION, "kind": kind, **fields})

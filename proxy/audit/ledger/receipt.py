"""What a receipt of a disposal says. Signed elsewhere; here its words alone. Pure."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxy.audit.retention.clocks import RULES, Interval, Residue
from proxy.audit.retention.states import VERIFIED, Copy

VERSION: Final = 1
EVIDENCE_MAX: Final = 60
"""Exchanges that a receipt names, the latest: more than DELETEs and looks together may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """An exchange that shows something."""

    exchange: str
    what: str
    """delete, get; control for a GET of something else that is there."""
    status: int | None
    at_us: int


def receipt(
    copy: Copy,
    interval: Interval,
    witnesses: Sequence[Witness],
    left: Sequence[Residue],
    made_at_ns: int,
) -> dict[str, Any]:
    """The body: plain JSON, without content; the interaction by the SHA-256 of its id."""
    shown = [residue for residue in left if residue.is_open(made_at_ns)]
    return {
        "version": VERSION,
        "interaction_sha256": hashlib.sha256(copy.interaction.encode()).hexdigest(),
        "scope": copy.scope,
        "outcome": str(copy.disposal),
        "is_verified": copy.disposal in VERIFIED,
        "flags": sorted(copy.flags),
        "refused": copy.refused,
        "made_at": _instant(made_at_ns),
        "evidence": [
            {
                "exchange": one.exchange,
                "what": one.what,
                "status": one.status,
                "at": _instant(one.at_us * 1000),
            }
            for one in witnesses[-EVIDENCE_MAX:]
        ],
        "not_reached": [
            {
                "kind": one.kind,
                "name": one.name,
                "until": None if one.until is None else _instant(one.until),
                "is_assumed": one.is_assumed,
            }
            for one in shown
        ],
        "nothing_left": copy.disposal in VERIFIED and not shown,
        "expires_earliest": _instant(interval.earliest),
        "expires_latest": _instant(interval.latest),
        "rules": RULES.version,
    }


def canonical(body: Mapping[str, Any]) -> bytes:
    """The bytes that are signed: keys by the alphabet, no spaces, ASCII."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _instant(at_ns: int) -> str:
    """UTC with microseconds; out of range, as a number."""
    try:
        return (
            dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at_ns // 1000)
        ).isoformat()
    except OverflowError:
        return str(at_ns)

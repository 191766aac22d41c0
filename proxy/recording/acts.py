"""Acts: what was decided, or happened to the recording itself, as rows. Pure.

Some come from a journal (the mode changed); others are told by whoever decides: the steward, the policies,
a person through the command line. What is told is checked here, because it is kept for good and in clear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import orjson

from proxy.errors import FormatError
from proxy.journal.format import Entry, Gap, Mode
from proxy.recording.facts import ActFact, GapFact
from proxy.recording.secrecy.names import ODD, clear_name, is_clear_id, is_like_credential

TOLD_KINDS: Final[Mapping[str, str]] = {
    "webhook": "a verified notice from upstream: data {delivery, type, scheme, sent_at}",
    "capture": "the steward ends its care for an interaction whose end it did not get: data {reason}",
    "hold": "content is kept, whatever is due",
    "release": "a hold ends",
    "policy": "a policy was decided on",
    "disposal": "a step of a deletion upstream",
    "probe": "a look whether a copy is there whose create did not say that it is stored",
    "erasure": "a step of an erasure of our copy",
    "receipt": "proof of a disposal",
    "access": "somebody was shown content",
    "price_book": "another price book holds",
}
"""Kinds that may be told, and what they say. The recorder's own (mode, recovery, damage) may not be."""

DETAIL_CHARACTERS_MAX: Final = 300
"""A sentence."""
DATA_BYTES_MAX: Final = 16 * 1024
"""JSON of one act: a plan of a thousand ids is told as several. Acts are rows that everybody reads."""
_ACT: Final = re.compile(r"[0-9a-f]{32}")
_FIELDS: Final = frozenset({"kind", "detail", "act", "interaction", "actor", "data"})


def act_from_json(told: object, at: int, new_id: str) -> ActFact:
    """The row of an act that somebody tells the recorder.

    Args:
        told: {"kind", "detail", "actor", "interaction"?, "data"?: object, "act"?: its id}.
        at: wall clock, nanoseconds.
        new_id: for an act that brings none.

    Raises:
        FormatError: what is wrong with it.
    """
    if not isinstance(told, dict) or not told.keys() <= _FIELDS:
        raise FormatError(f"an act is an object with the fields {', '.join(sorted(_FIELDS))}")
    kind = told.get("kind")
    if not isinstance(kind, str) or kind not in TOLD_KINDS:
        raise FormatError(f"an act's kind is one of {', '.join(TOLD_KINDS)}")
    act = told.get("act", new_id)
    if not isinstance(act, str) or not _ACT.fullmatch(act):
        raise FormatError("an act's own id has 32 hexadecimal digits")
    return ActFact(
        at=at,
        kind=kind,
        worker=None,
        boot=None,
        detail=_detail(told.get("detail")),
        act=act,
        interaction=_interaction(told.get("interaction")),
        actor=_actor(told.get("actor")),
        data=_data(told.get("data")),
    )


def gap_fact(entry: Entry, worker: int, boot: str) -> GapFact:
    """The row of a GAP entry. Raises struct.error: it is none."""
    gap = Gap.decode(entry.data)
    return GapFact(
        at=entry.wall_ns,
        worker=worker,
        boot=boot,
        exchange_count=gap.exchange_count,
        body_bytes=gap.body_bytes,
        first_at=gap.first_wall_ns,
        last_at=gap.last_wall_ns,
        reason=gap.reason,
    )


def lost_fact(worker: int, boot: int, count: int, at: int, heartbeat_ns: int) -> GapFact:
    """What a dead worker saw and could not record. Its last heartbeat is all that is known of when."""
    return GapFact(
        at=at,
        worker=worker,
        boot=f"{boot:016x}",
        exchange_count=count,
        body_bytes=0,
        first_at=heartbeat_ns,
        last_at=heartbeat_ns,
        reason="the worker died before these were in its journal; sizes are not known",
    )


def mode_act(entry: Entry, worker: int, boot: str) -> ActFact:
    """The row of a MODE entry. Raises ValueError or IndexError: it is none."""
    mode = Mode(entry.data[0])
    reason = entry.data[1:].decode("utf-8", "replace")
    return ActFact(entry.wall_ns, "mode", worker, boot, f"{mode.name.lower()}: {reason}")


def _detail(told: object) -> str:
    if not isinstance(told, str) or not told.isprintable() or not told:
        raise FormatError("an act's detail is a sentence in printable characters")
    if len(told) > DETAIL_CHARACTERS_MAX or is_like_credential(told):
        raise FormatError(
            f"an act's detail has at most {DETAIL_CHARACTERS_MAX} characters and no credential"
        )
    return told


def _interaction(told: object) -> str | None:
    if told is None:
        return None
    if not isinstance(told, str) or not is_clear_id(told.removeprefix("exchange:")):
        raise FormatError("an act's interaction is an id, or exchange: and the id of its exchange")
    return told


def _actor(told: object) -> str:
    name = clear_name(told) if isinstance(told, str) and told else ODD
    if name == ODD:
        raise FormatError("an act's actor is a name of letters, digits and _.:/- (80 at most)")
    return name


def _data(told: object) -> str | None:
    if told is None:
        return None
    if not isinstance(told, dict):
        raise FormatError("an act's data is a JSON object")
    try:
        written = orjson.dumps(told, option=orjson.OPT_SORT_KEYS)
    except (TypeError, ValueError, RecursionError) as error:
        raise FormatError("an act's data is not JSON") from error
    if len(written) > DATA_BYTES_MAX:
        raise FormatError(f"an act's data has {len(written)} bytes, {DATA_BYTES_MAX} at most")
    return written.decode()

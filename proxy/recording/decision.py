"""What a policy decided about a request, as the journal and the vault keep it: sealed, with the exchange. Pure.

A u32 (little-endian) says how long the JSON object is that follows; behind it stands the body that went upstream in
place of the client's, if one did. Digests of bodies are inside: never in clear.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

import orjson

from proxy.errors import FormatError
from proxy.recording.facts import ActFact
from proxy.recording.secrecy.names import ODD, clear_name, is_clear_id

_SIZE: Final = struct.Struct("<I")
DECISIONS: Final = frozenset({"refuse", "rewrite", "observe", "unread", "unasked"})
"""unread: passed although its body could not be looked at; unasked: passed, or refused, without an answer."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Anything but a plain pass."""

    decision: str
    """One of DECISIONS."""
    policy: str
    """Name of the rule."""
    why: str
    """One sentence of ours; no foreign bytes."""
    interaction: str | None = None
    """Named by the request."""
    received: str = ""
    """SHA-256 of the body that the client sent, of a rewrite."""
    sent: str = ""
    """SHA-256 of the body that went upstream instead."""
    body: bytes | None = None
    """That body."""

    def encode(self) -> bytes:
        told = {
            "decision": self.decision,
            "policy": self.policy,
            "why": self.why,
            "interaction": self.interaction,
            "received": self.received,
            "sent": self.sent,
            "has_body": self.body is not None,
        }
        written = orjson.dumps(told)
        return _SIZE.pack(len(written)) + written + (self.body or b"")

    @classmethod
    def decode(cls, data: bytes) -> Decision:
        """The inverse.

        Raises:
            FormatError: it is none.
        """
        try:
            (size,) = _SIZE.unpack_from(data)
            told = orjson.loads(data[4 : 4 + size])
            body = data[4 + size :] if told["has_body"] else None
            texts = [str(told[name]) for name in ("decision", "policy", "why")]
            named = told["interaction"]
            received, sent = str(told["received"]), str(told["sent"])
        except (struct.error, orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise FormatError(f"not a decision: {type(error).__name__}") from error
        interaction = named if isinstance(named, str) else None
        return cls(texts[0], texts[1], texts[2], interaction, received, sent, body)


def decision_act(data: bytes, exchange: str, interaction: str | None, at: int) -> ActFact | None:
    """The act of kind policy that tells of it in clear; None: it is no decision.

    Args:
        data: an encoded Decision.
        exchange: the id of its exchange; the act's own id follows from it.
        interaction: what the exchange turned out to be about.
        at: wall clock, ns.
    """
    try:
        found = Decision.decode(data)
    except FormatError:
        return None
    if found.decision not in DECISIONS:
        return None
    policy = clear_name(found.policy) if found.policy else ODD
    named = found.interaction or interaction
    if named is None or not is_clear_id(named.removeprefix("exchange:")):
        named = f"exchange:{exchange}"
    told = {"exchange": exchange, "policy": policy, "decision": found.decision}
    return ActFact(
        at=at,
        kind="policy",
        worker=None,
        boot=None,
        detail=f"{found.decision}: {found.why}"[:300],
        act=hashlib.sha256(f"policy {exchange}".encode()).hexdigest()[:32],
        interaction=named,
        actor="policy",
        data=orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode(),
    )

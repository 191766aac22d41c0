"""What a verified webhook says, as the act that is kept of it. Pure."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import orjson

from proxy.recording.secrecy.names import clear_name, is_clear_id
from proxy.steward.webhooks.signature import Delivery

_INTERACTION: Final = "interaction."


def act_of(delivery: Delivery) -> dict[str, Any] | None:
    """The act of one delivery, with an id that a repetition has, too; None: not an event.

    No text of the body is kept but the event's type and the id of what it is about.
    """
    try:
        told = orjson.loads(delivery.body)
    except orjson.JSONDecodeError:
        return None
    match told:
        case {"type": str() as kind, "data": dict() as about}:
            pass
        case _:
            return None
    identity = about.get("id")
    is_about = kind.startswith(_INTERACTION) and isinstance(identity, str) and is_clear_id(identity)
    return {
        "kind": "webhook",
        "actor": "upstream",
        "act": act_id(delivery.id),
        "interaction": identity if is_about else None,
        "detail": "a verified notice of upstream",
        "data": {
            "type": clear_name(kind),
            "delivery": clear_name(delivery.id),
            "scheme": "token" if delivery.is_token else "shared",
            "sent_at": delivery.timestamp_s,
        },
    }


def act_id(delivery_id: str) -> str:
    """32 hexadecimal digits; the same for every attempt to deliver the same event."""
    return hashlib.sha256(f"webhook {delivery_id}".encode()).hexdigest()[:32]

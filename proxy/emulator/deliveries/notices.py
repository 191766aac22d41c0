"""What a webhook is told: one small JSON object with what happened and to what (reference, section 17)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson

from proxy.emulator.answers.resource import Interaction, timestamp

Json: TypeAlias = dict[str, Any]

EVENTS: Final = frozenset(
    {
        "interaction.completed",
        "interaction.requires_action",
        "interaction.cancelled",
        "interaction.failed",
        "batch.succeeded",
        "batch.cancelled",
        "batch.expired",
        "batch.failed",
        "video.generated",
    }
)
"""What a webhook can subscribe to. The emulator emits the first four."""

OF_STATUS: Final = {
    "completed": "interaction.completed",
    "incomplete": "interaction.completed",
    "requires_continuation": "interaction.completed",
    "requires_action": "interaction.requires_action",
    "cancelled": "interaction.cancelled",
    "failed": "interaction.failed",
    "budget_exceeded": "interaction.failed",
}
"""The event of each way to end. There is none for those that stopped early (inferred: what has an answer is
completed, what ran out of its budget failed)."""

PING: Final = "ping"
"""What a ping says; the service's own word is not known."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One event as it is sent, the same bytes to everybody and at every attempt."""

    type: str
    about: str
    """Id of the interaction, or of the webhook that is pinged."""
    body: bytes


def notice_of(ended: Interaction) -> Notice:
    """The event of a background run that has ended."""
    kind = OF_STATUS.get(ended.status, "interaction.completed")
    data: Json = {"id": ended.id}
    if kind == "interaction.failed":
        error = next(iter(ended.composition.errors), {})
        data["error_code"] = error.get("code", ended.status)
        data["error_message"] = error.get("message", "The interaction ended early.")
    config = ended.request.raw.get("webhook_config") or {}
    return _notice(kind, str(ended.id), ended.updated_s, data, config.get("user_metadata"))


def ping_of(webhook_id: str, now_s: int) -> Notice:
    """The event that only shows that a webhook can be reached."""
    return _notice(PING, webhook_id, now_s, {"id": webhook_id}, None)


def _notice(kind: str, about: str, at_s: int, data: Json, metadata: Json | None) -> Notice:
    event: Json = {"type": kind, "version": "v1", "timestamp": timestamp(at_s), "data": data}
    if metadata is not None:
        event["user_metadata"] = metadata
    return Notice(kind, about, orjson.dumps(event))

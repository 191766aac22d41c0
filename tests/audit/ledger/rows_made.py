"""Rows of one interaction, as the tables would give them."""

from __future__ import annotations

from typing import Any

from proxy.audit.ledger.rows import CopyRow, EventRow

START_US = 1_795_000_000_000_000


def copy_fields(name: str = "v1_a", **more: Any) -> dict[str, Any]:
    return {
        "interaction": name,
        "client": "c" * 16,
        "store": "inherited",
        "previous": None,
        "root": 1,
        "has_id": True,
        "is_ended": True,
        "model": "gemini-2.5-flash",
        "agent": None,
        "label": None,
        "create_status": 200,
        "created_us": START_US,
        "date_us": None,
        "seen_us": START_US,
        "updated_us": None,
        "continued_us": None,
        "api_version": "v1beta",
        "api_revision": None,
        "environment": None,
        "tools": None,
    } | more


def copy_row(name: str = "v1_a", **more: Any) -> CopyRow:
    return CopyRow(**copy_fields(name, **more))


def event_row(kind: str, at_us: int, **more: Any) -> EventRow:
    fields: dict[str, Any] = {
        "interaction": "v1_a",
        "id": f"{kind}-{at_us}",
        "kind": kind,
        "at_us": at_us,
        "status": None,
        "retry_after_s": None,
        "data": None,
    } | more
    return EventRow(**fields)

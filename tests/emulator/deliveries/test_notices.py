"""What webhooks are told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from proxy.emulator.deliveries.notices import notice_of, ping_of
from tests.emulator.state.stage import START_S, Stage


def told(status: str, **answer: Any) -> Any:
    """The event of a background run that ended so."""
    stage = Stage()
    metadata = {"uris": ["http://localhost/"], "user_metadata": {"job": 7}}
    identity = stage.made(
        answer={"status": status, **answer}, background=True, webhook_config=metadata
    )
    ended = stage.store.finish(identity)
    assert ended is not None
    event = orjson.loads(notice_of(ended).body)
    assert event["data"].pop("id") == identity
    return event


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("completed", "interaction.completed"),
        ("incomplete", "interaction.completed"),
        ("requires_action", "interaction.requires_action"),
        ("failed", "interaction.failed"),
        ("budget_exceeded", "interaction.failed"),
    ],
)
def test_each_end_has_its_event(status: str, kind: str) -> None:
    event = told(status)

    assert event.pop("data") is not None
    assert event == {
        "type": kind,
        "version": "v1",
        "timestamp": "2026-11-25T10:00:00Z",
        "user_metadata": {"job": 7},
    }


def test_a_failure_says_why() -> None:
    error = {"code": "safety", "message": "Blocked."}

    assert told("failed", errors=(error,))["data"] == {
        "error_code": "safety",
        "error_message": "Blocked.",
    }


def test_a_ping_names_its_webhook() -> None:
    event = orjson.loads(ping_of("wh_1", START_S).body)

    assert (event["type"], event["data"]) == ("ping", {"id": "wh_1"})

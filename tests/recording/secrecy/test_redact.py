from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given

from proxy.recording.secrecy.redact import _ANYWHERE as NAMES
from proxy.recording.secrecy.redact import REDACTED, may_hold_secret, redact
from tests.strategies import json_values

SECRET = "s3cr3t-value"

CASES: list[tuple[str, Any]] = [
    ("create", {"tools": [{"type": "mcp_server", "headers": {"Authorization": SECRET}}]}),
    ("create", {"tools": {"headers": {"Authorization": SECRET}}}),
    ("create", {"tools": [{"headers": SECRET}]}),
    ("create", {"tools": [{"exa_ai_search_config": {"api_key": SECRET}}]}),
    ("create", {"tools": [{"parallel_ai_search_config": {"api_key": SECRET}}]}),
    ("create", {"tools": [{"parallelAiSearchConfig": {"apiKey": SECRET}}]}),
    ("create", {"environment": {"env": {"TOKEN": SECRET, "B": {"value": SECRET}}}}),
    (
        "create",
        {
            "environment": {
                "network": {"allowlist": [{"domain": "d", "transform": [{"set": SECRET}]}]}
            }
        },
    ),
    ("create", {"environment": {"sources": [{"type": "inline", "content": SECRET}]}}),
    ("create", {"webhook_config": {"uris": [f"https://hook.example/{SECRET}"]}}),
    (
        "create",
        {"steps": [{"type": "google_maps_result", "result": [{"widget_context_token": SECRET}]}]},
    ),
    ("triggers", {"interaction": {"environment": {"env": {"A": SECRET}}, "schedule": "* * * * *"}}),
    ("triggers", {"triggers": [{"interaction": {"tools": [{"headers": {"x": SECRET}}]}}]}),
    ("agents", {"agents": [{"base_environment": {"env": {"A": SECRET}}}]}),
    ("environments", {"env": {"A": SECRET}, "sources": [{"content": SECRET}]}),
    ("environments", {"environments": [{"env": {"A": SECRET}}]}),
    ("webhooks", {"new_signing_secret": SECRET}),
    ("webhooks", {"secret": SECRET}),
    (
        "credentials",
        {"token": SECRET, "client_secret": SECRET, "refresh_token": SECRET, "value": SECRET},
    ),
    ("credentials", {"credentials": [{"oauth": {"token": SECRET}}]}),
    ("auth_tokens", {"name": f"auth_tokens/{SECRET}"}),
]


@pytest.mark.parametrize(("operation", "raw"), CASES)
def test_a_secret_is_redacted_wherever_the_api_carries_one(operation: str, raw: Any) -> None:
    before = copy.deepcopy(raw)

    shown = redact(raw, operation)

    assert SECRET not in str(shown)
    assert REDACTED in str(shown)
    assert raw == before


def test_names_and_everything_else_stay() -> None:
    raw = {
        "tools": [{"type": "mcp_server", "name": "srv", "headers": {"Authorization": SECRET}}],
        "environment": {"env": {"TOKEN": SECRET}, "network": "disabled"},
        "continuation_token": "kept",
        "steps": [{"type": "thought", "signature": "kept"}, {"type": "function_call", "name": "f"}],
        "webhook_config": {"uris": [SECRET, SECRET], "user_metadata": {"job": "1"}},
    }

    assert redact(raw) == {
        "tools": [{"type": "mcp_server", "name": "srv", "headers": {"Authorization": REDACTED}}],
        "environment": {"env": {"TOKEN": REDACTED}, "network": "disabled"},
        "continuation_token": "kept",
        "steps": [{"type": "thought", "signature": "kept"}, {"type": "function_call", "name": "f"}],
        "webhook_config": {"uris": [REDACTED, REDACTED], "user_metadata": {"job": "1"}},
    }


@pytest.mark.parametrize(("operation", "raw"), CASES)
def test_the_quick_look_sees_every_field_that_a_step_may_hold(operation: str, raw: Any) -> None:
    if operation in {"create", "triggers", "agents"}:
        assert may_hold_secret(orjson.dumps(raw))


@pytest.mark.parametrize("name", sorted(NAMES))
def test_the_quick_look_sees_every_name(name: str) -> None:
    assert may_hold_secret(orjson.dumps({name: 1}))


def test_the_quick_look_passes_an_ordinary_step() -> None:
    assert not may_hold_secret(b'{"type":"thought","signature":"c2ln","total_tokens":1}')


def test_depth_is_no_concern() -> None:
    raw: Any = {"api_key": SECRET}
    for _ in range(5000):
        raw = [raw]

    shown = redact(raw)

    for _ in range(5000):
        (shown,) = shown
    assert shown == {"api_key": REDACTED}


@given(json_values())
def test_noise_never_raises_and_redacting_again_changes_nothing(raw: Any) -> None:
    shown = redact(raw)

    assert redact(shown) == shown


def test_the_signature_of_a_signed_url_is_taken_out_wherever_it_is_quoted() -> None:
    url = "https://s.example/o?X-Goog-Algorithm=a&X-Goog-Signature={}&x=1"
    value = {"uri": url.format("abc/+="), "text": [f"see {url.format('abc')} or not"]}

    shown = redact(value)

    assert may_hold_secret(orjson.dumps(value))
    assert shown == {
        "uri": url.format(REDACTED),
        "text": [f"see {url.format(REDACTED)} or not"],
    }

from __future__ import annotations

import pytest

from proxy.interactions.known import STATUSES
from proxy.telemetry.traces.mapping.conventions import (
    SCHEMA_URL,
    Upstream,
    finish_reason,
    output_type,
    response_status,
    tool_type,
    usage_attribute,
)


@pytest.mark.parametrize(
    ("url", "address", "port", "provider"),
    [
        ("https://generativelanguage.googleapis.com", None, 443, "gcp.gemini"),
        ("https://europe-west4-aiplatform.googleapis.com", None, 443, "gcp.vertex_ai"),
        ("http://127.0.0.1:9900", "127.0.0.1", 9900, "gcp.gen_ai"),
        ("https://googleapis.com.example", None, 443, "gcp.gen_ai"),
    ],
)
def test_the_provider_follows_from_the_host(
    url: str, address: str | None, port: int, provider: str
) -> None:
    upstream = Upstream(url)

    assert upstream.origin == url
    assert upstream.address == (address or url.removeprefix("https://"))
    assert (upstream.port, upstream.provider) == (port, provider)


def test_credentials_in_the_upstreams_url_are_not_told() -> None:
    assert Upstream("https://me:secret@host:444").origin == "https://host:444"


def test_each_status_after_which_nothing_comes_has_a_reason() -> None:
    without = {status for status in STATUSES if finish_reason(status) is None}

    assert without == {"queued", "in_progress", "requires_continuation"}
    assert finish_reason(None) is None


def test_words_that_differ_are_translated_and_unknown_ones_left_out() -> None:
    assert response_status("budget_exceeded") == "incomplete"
    assert response_status("requires_action") == "requires_action"
    assert (output_type("audio"), output_type("audio,text")) == ("speech", None)
    assert usage_attribute("cached", "text") == "gen_ai.usage.text.cache_read.input_tokens"
    assert usage_attribute("input", "video") is usage_attribute("grounding", "text") is None
    assert (tool_type("file_search"), tool_type("google_search")) == ("datastore", "extension")


def test_the_version_of_the_conventions_is_named() -> None:
    assert SCHEMA_URL.endswith("1.42.0-dev")

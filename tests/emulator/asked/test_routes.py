"""Paths mean the same under every version, prefix and mode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.asked.routes import UNKNOWN, route

VERTEX = "/v1beta1/projects/p/locations/eu"


@pytest.mark.parametrize(
    "start", ["/v1", "/v1beta", "/v1alpha", "/v1beta1", "/proxy/gemini/v1", "/v1/v1", VERTEX]
)
def test_interactions_are_found_behind_every_prefix(start: str) -> None:
    assert route("POST", f"{start}/interactions").operation == "create"


@pytest.mark.parametrize(
    ("method", "path", "operation", "identity"),
    [
        ("GET", "/v1/interactions/v1_a", "get", "v1_a"),
        ("GET", "/v1/interactions/v1_a%2Fb%20c+d=%C3%A9", "get", "v1_a/b c+d=é"),
        ("DELETE", "/v1/interactions/v1_a", "delete", "v1_a"),
        ("POST", "/v1/interactions/v1_a/cancel", "cancel", "v1_a"),
        ("GET", "/v1beta/models", "models.list", ""),
        ("GET", "/v1beta/models/gemini-2.5-pro", "models.get", "gemini-2.5-pro"),
        ("POST", "/v1/models/m:countTokens", "models.countTokens", "m"),
        (
            "POST",
            f"{VERTEX}/publishers/google/models/m:generateContent",
            "models.generateContent",
            "m",
        ),
        ("POST", "/upload/v1/files", "files.upload", ""),
        ("GET", "/v1/files", "files.list", ""),
        ("DELETE", "/v1/files/f", "files.delete", "f"),
    ],
)
def test_each_call_of_the_sdks_has_its_operation(
    method: str, path: str, operation: str, identity: str
) -> None:
    found = route(method, path)

    assert (found.operation, found.identity) == (operation, identity)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v1"),
        ("GET", "/v1/interactions"),
        ("PUT", "/v1/interactions"),
        ("GET", "/v1/interactions/a/b"),
        ("POST", "/v1/files"),
        ("GET", "/interactions/v1_a"),
        ("GET", "/vx/interactions/v1_a"),
    ],
)
def test_what_the_emulator_does_not_serve_is_unknown(method: str, path: str) -> None:
    assert route(method, path) is UNKNOWN


@given(st.text(), st.text())
def test_noise_has_a_route(method: str, path: str) -> None:
    assert route(method, path).operation

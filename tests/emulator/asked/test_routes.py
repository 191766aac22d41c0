"""Paths mean the same under every version, prefix and mode."""

from __future__ import annotations

import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.asked.routes import UNKNOWN, Route, route

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
        ("GET", "/v1/files/f:download", "files.download", "f"),
        ("GET", "/v1/agents", "agents.list", ""),
        ("PATCH", "/v1/webhooks/wh", "webhooks.update", "wh"),
        ("POST", "/v1/webhooks/wh:ping", "webhooks.ping", "wh"),
        ("POST", "/v1/webhooks/wh:rotateSigningSecret", "webhooks.rotate", "wh"),
        ("POST", "/v1/webhooks/wh/rotate_secret", "webhooks.rotate", "wh"),
        ("GET", "/.well-known/jwks.json", "jwks", ""),
        ("GET", "/proxy/gemini/.well-known/jwks.json", "jwks", ""),
        ("POST", "/v1/triggers/t/executions", "triggers.run", "t"),
        ("GET", "/v1/triggers/t/executions", "triggers.executions", "t"),
        ("PATCH", "/v1/credentials/c", "credentials.update", "c"),
        ("POST", "/v1/decisions", "decisions.create", ""),
        ("PATCH", "/v1/cachedContents/c", "caches.update", "c"),
        ("POST", "/v1/models/m:batchGenerateContent", "models.batchGenerateContent", "m"),
        ("POST", "/v1/batches/b:cancel", "batches.cancel", "b"),
        ("POST", f"{VERTEX}/batchPredictionJobs/7:cancel", "batches.cancel", "7"),
        ("POST", "/v1/fileSearchStores/s:importFile", "stores.import", "s"),
        ("POST", "/upload/v1/fileSearchStores/s:uploadToFileSearchStore", "stores.upload", "s"),
        ("POST", "/v1alpha/auth_tokens", "auth_tokens.create", ""),
        ("GET", "/v1/models/m/operations/o", "operations.get", "models/m/operations/o"),
        ("GET", "/v1beta1/publishers/google/models", "models.list", ""),
        ("GET", "/emulator/clock", "control", "clock"),
    ],
)
def test_each_call_of_the_sdks_has_its_operation(
    method: str, path: str, operation: str, identity: str
) -> None:
    found = route(method, path)

    assert (found.operation, found.identity) == (operation, identity)


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent", "v1"),
        (
            "//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent",
            "v1beta",
        ),
        ("/a/ws/google.ai.generativelanguage.v1.GenerativeService.BidiGenerateContent", "v1"),
        (
            "/ws/google.ai.generativelanguage.v1alpha.GenerativeService.BidiGenerateContentConstrained",
            "v1alpha",
        ),
        ("/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent", "v1beta1"),
    ],
)
def test_live_is_found_also_behind_a_doubled_slash(path: str, version: str) -> None:
    assert route("GET", path) == Route("live", version=version)


@pytest.mark.parametrize(
    ("method", "path", "part"),
    [
        ("GET", "/v1/environments/e/files", ""),
        ("GET", "/v1/environments/e/files/dir/a%20b.txt", "dir/a b.txt"),
        ("PUT", "/upload/v1/environments/e/files/dir/a.txt", "dir/a.txt"),
        ("GET", "/v1/fileSearchStores/e/documents/d", "d"),
    ],
)
def test_what_lies_below_an_id_is_named(method: str, path: str, part: str) -> None:
    found = route(method, path)

    assert (found.identity, found.part) == ("e", part)


def test_vertex_paths_keep_their_project() -> None:
    found = route("POST", f"{VERTEX}/publishers/google/models/veo:predictLongRunning")

    assert found.project == "projects/p/locations/eu"
    assert found.is_publisher


def test_a_create_is_routed_in_a_few_microseconds() -> None:
    route("POST", "/v1/interactions")

    took_s = min(timeit.repeat(lambda: route("POST", "/v1/interactions"), number=1000, repeat=5))

    assert took_s < 1000 * 10e-6


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

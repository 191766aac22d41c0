from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.recording.operation import Target, classify

ID = "v1_ChdmYWtl-_0"
FINGERPRINT = "0123456789abcdef"


@pytest.mark.parametrize(
    ("method", "target", "operation", "version", "route"),
    [
        ("POST", "/v1/interactions", "create", "v1", "/{v}/interactions"),
        ("POST", "/v1beta/interactions?alt=sse", "create", "v1beta", "/{v}/interactions"),
        ("POST", "//v1alpha//interactions/", "create", "v1alpha", "/{v}/interactions"),
        ("POST", "/proxy/gemini/v1/interactions", "create", "v1", "/{base}/{v}/interactions"),
        ("POST", "/v1/v1beta/interactions", "create", "v1beta", "/{base}/{v}/interactions"),
        (
            "POST",
            "/v1beta1/projects/p/locations/l/interactions",
            "create",
            "v1beta1",
            "/{v}/projects/{project}/locations/{location}/interactions",
        ),
        ("GET", f"/v1/interactions/{ID}", "get", "v1", "/{v}/interactions/{id}"),
        ("GET", f"/v1/interactions/{ID}?stream=true", "get", "v1", "/{v}/interactions/{id}"),
        ("DELETE", f"/v1/interactions/{ID}", "delete", "v1", "/{v}/interactions/{id}"),
        ("POST", f"/v1/interactions/{ID}/cancel", "cancel", "v1", "/{v}/interactions/{id}/cancel"),
        ("POST", f"/v1/interactions/{ID}:cancel", "cancel", "v1", "/{v}/interactions/{id}/cancel"),
        ("GET", "/v1/agents?page_size=5", "agents", "v1", "/{v}/agents"),
        ("POST", "/v1/webhooks/w:ping", "webhooks", "v1", "/{v}/webhooks/{id}:ping"),
        (
            "GET",
            "/v1/environments/e/files/a/b",
            "environments",
            "v1",
            "/{v}/environments/{id}/{more}",
        ),
        ("POST", "/v1/triggers", "triggers", "v1", "/{v}/triggers"),
        ("POST", "/v1/credentials", "credentials", "v1", "/{v}/credentials"),
        ("GET", "/v1/voices?language_code=en", "voices", "v1", "/{v}/voices"),
        ("POST", "/v1/decisions", "decisions", "v1", "/{v}/decisions"),
        ("GET", "/v1/models", "models", "v1", "/{v}/models"),
        (
            "POST",
            "/v1/models/m:generateContent",
            "generate_content",
            "v1",
            "/{v}/models/{id}:generateContent",
        ),
        (
            "POST",
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            "stream_generate_content",
            "v1beta",
            "/{v}/models/{id}:streamGenerateContent",
        ),
        ("POST", "/v1/models/m:countTokens", "count_tokens", "v1", "/{v}/models/{id}:countTokens"),
        (
            "POST",
            "/v1/models/m:batchEmbedContents",
            "embed_content",
            "v1",
            "/{v}/models/{id}:batchEmbedContents",
        ),
        (
            "POST",
            "/v1/models/m:batchGenerateContent",
            "batches",
            "v1",
            "/{v}/models/{id}:batchGenerateContent",
        ),
        (
            "POST",
            "/v1/models/m:predictLongRunning",
            "predict",
            "v1",
            "/{v}/models/{id}:predictLongRunning",
        ),
        (
            "POST",
            "/v1beta1/projects/p/locations/l/publishers/google/models/m:generateContent",
            "generate_content",
            "v1beta1",
            "/{v}/projects/{project}/locations/{location}/publishers/{publisher}/models/{id}:generateContent",
        ),
        ("GET", "/v1/files/f:download?alt=media", "files", "v1", "/{v}/files/{id}:download"),
        ("GET", "/v1/cachedContents", "caches", "v1", "/{v}/cachedContents"),
        ("POST", "/v1/batches/b:cancel", "batches", "v1", "/{v}/batches/{id}:cancel"),
        (
            "POST",
            "/v1/fileSearchStores/s:importFile",
            "file_search",
            "v1",
            "/{v}/fileSearchStores/{id}:importFile",
        ),
        (
            "GET",
            "/v1/fileSearchStores/s/documents",
            "file_search",
            "v1",
            "/{v}/fileSearchStores/{id}/{more}",
        ),
        ("POST", "/v1/auth_tokens", "auth_tokens", "v1", "/{v}/auth_tokens"),
        ("POST", "/upload/v1/files", "upload", "v1", "/upload/{v}/files"),
        (
            "PUT",
            "/upload/v1/environments/e/files/p",
            "upload",
            "v1",
            "/upload/{v}/environments/{id}",
        ),
        ("POST", "/upload/v1/x", "upload", "v1", "/upload/{v}/{other}"),
        ("GET", "/.well-known/jwks.json", "jwks", None, "/.well-known/jwks.json"),
        (
            "GET",
            "//ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=x",
            "live",
            "v1beta",
            "/ws/{service}",
        ),
        ("GET", "/", "other", None, "/{other}"),
        ("GET", "", "other", None, "/{other}"),
        ("OPTIONS", "*", "other", None, "/{other}"),
        ("GET", "/v1", "other", "v1", "/{v}/{other}"),
    ],
)
def test_a_request_line_is_classified(
    method: str, target: str, operation: str, version: str | None, route: str
) -> None:
    found = classify(method, target)

    assert (found.operation, found.api_version, found.route) == (operation, version, route)


@pytest.mark.parametrize(
    ("method", "target", "name"),
    [
        ("GET", "/v1/sandboxes/a", "sandboxes"),
        ("POST", f"/v1/interactions/{ID}/fork", "fork"),
        ("POST", f"/v1/interactions/{ID}:fork", "fork"),
        ("PATCH", f"/v1/interactions/{ID}", "PATCH/interactions"),
        ("GET", "/v1/interactions", "GET/interactions"),
        ("POST", "/v1/models/m:dream", "dream"),
    ],
)
def test_what_has_no_name_here_is_passed_on_by_its_own(method: str, target: str, name: str) -> None:
    assert classify(method, target).unknown_name == name


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (ID, ID),
        ("v1%5Fa", "v1_a"),
        ("v1_a%2Fb", None),
        ("v1_a/b%20c+d=%C3%A9", None),
        ("v1.a", None),
        ("x" * 513, None),
        ("%", None),
    ],
)
def test_an_id_is_decoded_and_strictly_checked(path: str, expected: str | None) -> None:
    found = classify("GET", f"/v1/interactions/{path}")

    assert (found.operation, found.interaction_id) == ("get", expected)


def test_a_query_says_streaming_resuming_and_whose_key() -> None:
    resumed = classify("GET", f"/v1/interactions/{ID}?last_event_id=e&stream=true")
    plain = classify("GET", f"/v1/interactions/{ID}?stream=false&last_event_id=e")
    keyed = classify("POST", f"/v1/interactions?key=fp:{FINGERPRINT}")
    quoted = classify("POST", f"/v1/interactions?access_token=fp%3A{FINGERPRINT}")

    assert (resumed.operation, resumed.is_stream_asked, resumed.is_partial) == (
        "resume",
        True,
        True,
    )
    assert (plain.operation, plain.is_stream_asked, plain.is_partial) == ("get", False, False)
    assert keyed.key_fingerprint == quoted.key_fingerprint == FINGERPRINT


def test_only_the_first_pairs_of_a_query_are_looked_at() -> None:
    query = "&".join(["a=b"] * 60) + "&stream=true"

    assert classify("GET", f"/v1/interactions/{ID}?{query}").is_stream_asked is False


@given(st.text(max_size=8), st.text(max_size=80))
def test_noise_never_raises(method: str, target: str) -> None:
    assert isinstance(classify(method, target), Target)


@given(st.lists(st.sampled_from(["/", ":", "v1", "interactions", "?", "&", "=", "%2", "cancel",
                                 "upload", "projects", "locations", "models"]), max_size=12))  # fmt: skip
def test_odd_orders_of_known_parts_never_raise(parts: list[str]) -> None:
    for method in ("GET", "POST", "DELETE"):
        assert classify(method, "".join(parts)).operation


@pytest.mark.parametrize(
    ("query", "last_event_id"),
    [
        ("stream=true&last_event_id=evt_4", "evt_4"),
        ("last_event_id=a%2Fb%3D&stream=true", "a/b="),
        ("last_event_id=evt_4", None),
        ("stream=true&last_event_id=", None),
        ("stream=true", None),
    ],
)
def test_a_resumed_stream_says_behind_which_event(query: str, last_event_id: str | None) -> None:
    assert classify("GET", f"/v1/interactions/{ID}?{query}").last_event_id == last_event_id

"""What a request line asks for: operation, API version, route, interaction id. Never raises.

Source: reference, sections 2 and 16. Any base path before the version segment, the Vertex project
path after it, and doubled slashes are accepted, as clients send them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from proxy.recording.secrecy.names import is_clear_id
from proxy.values import plain_value

INTERACTION_OPERATIONS: Final = frozenset({"create", "get", "resume", "cancel", "delete"})
CLASSIFIED_MAX: Final = 1024
"""Request lines remembered: most creates have the very same one (3 us to classify, 0.1 us to look up).
At most 8 KiB each, and redacted."""
QUERY_PAIRS_MAX: Final = 50
"""Pairs looked at. The API knows three, credentials add two."""
_SEGMENTS_MAX: Final = 50
"""Path segments looked at; the longest known path has ten."""
_VERSION: Final = re.compile(r"v[0-9]{1,2}(?:(?:alpha|beta)[0-9]{0,2})?")
_FINGERPRINT: Final = re.compile(r"fp:([0-9a-f]{16})")

_RESOURCES: Final = {
    "interactions": "interactions",
    "models": "models",
    "files": "files",
    "cachedContents": "caches",
    "batches": "batches",
    "fileSearchStores": "file_search",
    "auth_tokens": "auth_tokens",
    "authTokens": "auth_tokens",
    "operations": "operations",
    "tunedModels": "models",
    "agents": "agents",
    "webhooks": "webhooks",
    "environments": "environments",
    "triggers": "triggers",
    "credentials": "credentials",
    "voices": "voices",
    "decisions": "decisions",
}
_METHODS: Final = {
    "generateContent": "generate_content",
    "streamGenerateContent": "stream_generate_content",
    "countTokens": "count_tokens",
    "embedContent": "embed_content",
    "batchEmbedContents": "embed_content",
    "batchGenerateContent": "batches",
    "asyncBatchEmbedContent": "batches",
    "predict": "predict",
    "predictLongRunning": "predict",
}


@plain_value(frozen=True, slots=True)
class Target:
    """A classified request line."""

    operation: str
    """One of a closed set; see ExchangeFact.operation."""
    api_version: str | None
    route: str
    """The path with everything variable replaced."""
    interaction_id: str | None = None
    """Percent-decoded; None where there is none, or it does not look like an id."""
    is_stream_asked: bool = False
    """`stream=true` in the query."""
    is_partial: bool = False
    """`last_event_id` in the query: the answer starts in the middle."""
    key_fingerprint: str | None = None
    """Of a credential in the query."""
    unknown_name: str | None = None
    """A resource or method of Google's that has no name here."""
    last_event_id: str | None = None
    """Of a resumed stream, percent-decoded: the event behind which it goes on."""


@lru_cache(maxsize=CLASSIFIED_MAX)
def classify(method: str, target: str) -> Target:
    """Classify a request line.

    Args:
        method: as received.
        target: raw request target, credentials in the query replaced by fingerprints.
    """
    path, _, query = target.partition("?")
    segments = [part for part in path.split("/", _SEGMENTS_MAX) if part]
    place = _version_place(segments)
    if place is None:
        found = _unversioned(segments)
    elif place and segments[place - 1] == "upload":
        found = _upload(segments, place)
    else:
        found = _versioned(method, segments, place)
    return _with_query(found, query) if query else found


def _version_place(segments: list[str]) -> int | None:
    """Where the version stands: in front of a known resource if possible, else the first like it."""
    first: int | None = None
    for place, part in enumerate(segments):
        if part[0] == "v" and _VERSION.fullmatch(part):
            after = segments[place + 1].partition(":")[0] if place + 1 < len(segments) else ""
            if after in _RESOURCES or after in {"projects", "publishers"}:
                return place
            if first is None:
                first = place
    return first


def _unversioned(segments: list[str]) -> Target:
    last = segments[-1] if segments else ""
    if last == "jwks.json":
        return Target("jwks", None, "/.well-known/jwks.json")
    if "ws" in segments and "GenerativeService" in last:
        version = re.search(r"generativelanguage\.(v[0-9a-z]{1,12})\.", last)
        return Target("live", version.group(1) if version else None, "/ws/{service}")
    return Target("other", None, "/{other}")


def _upload(segments: list[str], place: int) -> Target:
    version = segments[place]
    rest = segments[place + 1 :]
    name = rest[0].partition(":")[0] if rest else ""
    if name not in _RESOURCES:
        return Target("upload", version, "/upload/{v}/{other}")
    tail = "/{id}" if len(rest) > 1 else ""
    return Target("upload", version, f"/upload/{{v}}/{name}{tail}")


def _versioned(method: str, segments: list[str], place: int) -> Target:
    version = segments[place]
    rest = segments[place + 1 :]
    start = "/{base}/{v}" if place else "/{v}"
    if len(rest) >= 4 and rest[0] == "projects" and rest[2] == "locations":
        start += "/projects/{project}/locations/{location}"
        rest = rest[4:]
    if len(rest) >= 2 and rest[0] == "publishers":
        start += "/publishers/{publisher}"
        rest = rest[2:]
    name, _, verb = rest[0].partition(":") if rest else ("", "", "")
    resource = _RESOURCES.get(name)
    if resource is None:
        return Target("other", version, f"{start}/{{other}}", unknown_name=name)
    if resource == "interactions":
        return _interactions(method, version, f"{start}/interactions", rest[1:], verb)
    if not verb and len(rest) > 1:
        verb = rest[-1].rpartition(":")[2] if ":" in rest[-1] else ""
        start = f"{start}/{name}/{{id}}" + ("/{more}" if len(rest) > 2 else "")
    else:
        start = f"{start}/{name}"
    known = verb if verb in _METHODS or resource != "models" else ""
    route = f"{start}:{known}" if known and known.isalpha() and len(known) <= 40 else start
    unknown = verb if verb and not known else None
    return Target(_METHODS.get(verb, resource), version, route, unknown_name=unknown)


def _interactions(method: str, version: str, route: str, rest: list[str], verb: str) -> Target:
    if not rest:
        if method == "POST" and not verb:
            return Target("create", version, route)
        return Target("other", version, route, unknown_name=verb or f"{method}/interactions")
    if method == "POST":
        name, colon, verb = rest[-1].rpartition(":")
        if not colon and len(rest) > 1:
            name, verb = "/".join(rest[:-1]), rest[-1]
        if verb == "cancel":
            return Target("cancel", version, f"{route}/{{id}}/cancel", _interaction_id(name))
        return Target("other", version, f"{route}/{{id}}/{{other}}", unknown_name=verb)
    operation = {"GET": "get", "DELETE": "delete"}.get(method)
    if operation is None:
        unknown = f"{method}/interactions"
        return Target("other", version, f"{route}/{{id}}", unknown_name=unknown)
    return Target(operation, version, f"{route}/{{id}}", _interaction_id("/".join(rest)))


def _interaction_id(text: str) -> str | None:
    decoded = unquote(text) if "%" in text else text
    return decoded if is_clear_id(decoded) else None


def _with_query(target: Target, query: str) -> Target:
    is_stream_asked = False
    last_event_id: str | None = None
    fingerprint: str | None = None
    for pair in query.split("&", QUERY_PAIRS_MAX):
        name, _, value = pair.partition("=")
        if name == "stream":
            is_stream_asked = value.lower() == "true"
        elif name == "last_event_id":
            last_event_id = unquote(value) or None
        elif name in {"key", "access_token", "upload_id"} and fingerprint is None:
            match = _FINGERPRINT.search(value.replace("%3A", ":").replace("%3a", ":"))
            fingerprint = match.group(1) if match else None
    is_partial = bool(last_event_id) and is_stream_asked and target.operation == "get"
    return Target(
        "resume" if is_partial else target.operation,
        target.api_version,
        target.route,
        target.interaction_id,
        is_stream_asked,
        is_partial,
        fingerprint,
        target.unknown_name,
        last_event_id if is_partial else None,
    )

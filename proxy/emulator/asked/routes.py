"""Which operation a method and a path mean. Any version segment, any base path before it, Vertex's prefix.

Every operation has one line in `_TABLE`. Source: the protocol reference, sections 2 and 16.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

CACHE_MAX: Final = 1024
"""Requests whose route is remembered. Those without an id repeat; the others may push each other out."""

CACHED_BYTES_MAX: Final = 200
"""Longer paths are looked up each time, so that the memory of routes stays below a megabyte."""

CONTROL_START: Final = "/emulator/"
"""Paths that start so are the emulator's own and never the API's."""

JWKS: Final = "/.well-known/jwks.json"


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, such as `create` or `files.upload`, and what its path names."""

    operation: str
    identity: str = ""
    """The id, decoded; for operations of the classic kind the whole resource name."""
    version: str = ""
    part: str = ""
    """What the path names below the id: a file of an environment, a document of a store."""
    project: str = ""
    """Vertex's prefix, `projects/p/locations/l`; empty on the Gemini API."""
    is_publisher: bool = False
    """Whether the path names a model of a publisher, as Vertex does."""


UNKNOWN: Final = Route("unknown")


def route(method: str, raw_path: str) -> Route:
    """The operation of a request; `UNKNOWN` for everything the emulator does not serve."""
    if len(raw_path) > CACHED_BYTES_MAX:
        return _routed(method, raw_path)
    return _remembered(method, raw_path)


def _routed(method: str, raw_path: str) -> Route:
    if raw_path.startswith(CONTROL_START):
        return Route("control", raw_path.removeprefix(CONTROL_START))
    segments = raw_path.split("/")[1:]
    for place, segment in enumerate(segments):
        if segment[:1] != "v" or not _VERSION.fullmatch(segment):
            continue
        project, rest = _without_vertex(segments[place + 1 :])
        is_upload = place > 0 and segments[place - 1] == "upload"
        found = _resource(method, rest, is_upload=is_upload)
        if found is not UNKNOWN:
            return Route(
                found.operation,
                found.identity,
                segment,
                part=found.part,
                project=project,
                is_publisher=found.is_publisher,
            )
    return _unversioned(method, raw_path)


_remembered = lru_cache(maxsize=CACHE_MAX)(_routed)


def _unversioned(method: str, raw_path: str) -> Route:
    if method == "GET" and raw_path.endswith(JWKS):
        return Route("jwks")
    live = _LIVE.search(raw_path) if method == "GET" else None
    return Route("live", version=live["version"]) if live else UNKNOWN


def _without_vertex(segments: list[str]) -> tuple[str, list[str]]:
    is_vertex = len(segments) > 4 and segments[0] == "projects" and segments[2] == "locations"
    return ("/".join(segments[:4]), segments[4:]) if is_vertex else ("", segments)


def _resource(method: str, segments: list[str], *, is_upload: bool) -> Route:
    noun = segments[0].partition(":")[0] if segments else ""
    key = (method, f"upload/{noun}" if is_upload else noun)
    path = "/".join(segments)
    for pattern, operation in _BY_NOUN.get(key, ()):
        found = pattern.fullmatch(path)
        if found is not None:
            named = {name: unquote(text or "") for name, text in found.groupdict().items()}
            return Route(
                operation.format(**named),
                named.get("id", ""),
                part=named.get("part", ""),
                is_publisher=noun == "publishers",
            )
    return UNKNOWN


_VERSION: Final = re.compile(r"v\d+(?:(?:alpha|beta)\d*)?")
_LIVE: Final = re.compile(
    r"/ws/google\.(?:ai\.generativelanguage|cloud\.aiplatform)\.(?P<version>v\d\w*)\."
    r"(?:GenerativeService\.|LlmBidiService/)BidiGenerateContent(?:Constrained)?$"
)
_ID: Final = "(?P<id>[^/]+)"
_NAMED: Final = "(?P<id>[^/:]+)"
_MODEL: Final = "(?:publishers/[^/]+/)?models"
_ENV_FILE: Final = "environments/(?P<id>[^/]+)/files(?:/(?P<part>.*))?"
_STORE: Final = "fileSearchStores/(?P<id>[^/:]+)"
_VERBS: Final = (
    "asyncBatchEmbedContent|batchEmbedContents|batchGenerateContent|computeTokens|countTokens|"
    "embedContent|fetchPredictOperation|generateContent|predict|predictLongRunning|"
    "streamGenerateContent"
)
"""What can be asked of a model. Each is the operation `models.<verb>`."""


def _resources(noun: str, verbs: str) -> Iterable[tuple[str, str, str]]:
    """The usual five calls of a noun, as far as `verbs` names them."""
    usual = (
        ("POST", noun, "create"),
        ("GET", noun, "list"),
        ("GET", f"{noun}/{_NAMED}", "get"),
        ("PATCH", f"{noun}/{_NAMED}", "update"),
        ("DELETE", f"{noun}/{_NAMED}", "delete"),
    )
    for method, pattern, verb in usual:
        if verb in verbs.split():
            yield method, pattern, f"{_SHORT.get(noun, noun)}.{verb}"


_SHORT: Final = {
    "cachedContents": "caches",
    "fileSearchStores": "stores",
    "batchPredictionJobs": "batches",
}
"""The room that answers for a noun, where it is not the noun."""

_TABLE: Final = (
    ("POST", "interactions", "create"),
    ("GET", f"interactions/{_ID}", "get"),
    ("DELETE", f"interactions/{_ID}", "delete"),
    ("POST", f"interactions/{_ID}/cancel", "cancel"),
    *_resources("agents", "create list get delete"),
    *_resources("webhooks", "create list get update delete"),
    ("POST", f"webhooks/{_NAMED}:ping", "webhooks.ping"),
    ("POST", f"webhooks/{_NAMED}:rotateSigningSecret", "webhooks.rotate"),
    ("POST", f"webhooks/{_NAMED}/rotate_secret", "webhooks.rotate"),
    *_resources("environments", "create list get delete"),
    ("GET", _ENV_FILE, "environments.files"),
    ("PUT", f"upload/{_ENV_FILE}", "environments.upload"),
    ("POST", f"upload/{_ENV_FILE}", "environments.upload"),
    *_resources("triggers", "create list get update delete"),
    ("POST", f"triggers/{_NAMED}/executions", "triggers.run"),
    ("GET", f"triggers/{_NAMED}/executions", "triggers.executions"),
    *_resources("credentials", "create list get update delete"),
    *_resources("voices", "create list get delete"),
    ("POST", "decisions", "decisions.create"),
    ("GET", _MODEL, "models.list"),
    ("GET", f"{_MODEL}/{_NAMED}", "models.get"),
    ("POST", f"{_MODEL}/{_NAMED}:(?P<verb>{_VERBS})", "models.{verb}"),
    *_resources("files", "list get delete"),
    ("GET", f"files/{_NAMED}:download", "files.download"),
    ("POST", "upload/files", "files.upload"),
    *_resources("cachedContents", "create list get update delete"),
    *_resources("batches", "list get delete"),
    ("POST", f"batches/{_NAMED}:cancel", "batches.cancel"),
    *_resources("batchPredictionJobs", "create list get delete"),
    ("POST", f"batchPredictionJobs/{_NAMED}:cancel", "batches.cancel"),
    *_resources("fileSearchStores", "create list get delete"),
    ("POST", f"{_STORE}:importFile", "stores.import"),
    ("POST", f"upload/{_STORE}:uploadToFileSearchStore", "stores.upload"),
    ("GET", f"{_STORE}/documents", "documents.list"),
    ("GET", f"{_STORE}/documents/(?P<part>[^/:]+)", "documents.get"),
    ("DELETE", f"{_STORE}/documents/(?P<part>[^/:]+)", "documents.delete"),
    ("GET", "(?P<id>fileSearchStores/[^/:]+(?:/upload)?/operations/[^/]+)", "operations.get"),
    ("GET", f"(?P<id>{_MODEL}/[^/:]+/operations/[^/]+)", "operations.get"),
    ("GET", "(?P<id>operations/[^/]+)", "operations.get"),
    ("POST", "auth_tokens", "auth_tokens.create"),
)
"""Method, path behind the version and Vertex's prefix, operation."""


def _nouns(pattern: str) -> tuple[str, ...]:
    """The first segments a pattern begins with; uploads have their own."""
    path = pattern.removeprefix("(?P<id>")
    if path.startswith(_MODEL):
        return "models", "publishers"
    is_upload = path.startswith("upload/")
    noun = re.split(r"[/:(]", path.removeprefix("upload/"))[0]
    return (f"upload/{noun}" if is_upload else noun,)


def _by_noun() -> dict[tuple[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    found: dict[tuple[str, str], tuple[tuple[re.Pattern[str], str], ...]] = {}
    for method, pattern, operation in _TABLE:
        line = (re.compile(pattern.removeprefix("upload/")), operation)
        for noun in _nouns(pattern):
            found[method, noun] = (*found.get((method, noun), ()), line)
    return found


_BY_NOUN: Final = _by_noun()
"""The table by method and first segment, so that a request meets few patterns."""

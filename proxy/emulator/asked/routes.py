"""Which operation a method and a path mean. Any version segment, any base path before it, Vertex's prefix.

Source: the protocol reference, sections 2 and 16.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

_VERSION: Final = re.compile(r"v\d+(?:(?:alpha|beta)\d*)?")
_ROOTS: Final = frozenset({"interactions", "models", "files", "publishers"})
_VERBS: Final = "(?P<verb>countTokens|generateContent|streamGenerateContent)"


@dataclass(frozen=True, slots=True)
class Route:
    """An operation, such as `create` or `files.start`, and the id its path names."""

    operation: str
    identity: str = ""
    version: str = ""


UNKNOWN: Final = Route("unknown")


def route(method: str, raw_path: str) -> Route:
    """The operation of a request; `UNKNOWN` for everything the emulator does not serve."""
    segments = raw_path.split("/")[1:]
    for place, segment in enumerate(segments):
        if not _VERSION.fullmatch(segment):
            continue
        rest = _without_vertex(segments[place + 1 :])
        if rest and rest[0].partition(":")[0] in _ROOTS:
            is_upload = place > 0 and segments[place - 1] == "upload"
            found = _resource(method, rest, is_upload=is_upload)
            if found is not UNKNOWN:
                return Route(found.operation, found.identity, segment)
    return UNKNOWN


def _without_vertex(segments: list[str]) -> list[str]:
    is_vertex = len(segments) > 4 and segments[0] == "projects" and segments[2] == "locations"
    return segments[4:] if is_vertex else segments


def _resource(method: str, segments: list[str], *, is_upload: bool) -> Route:
    path = "/".join((["upload"] if is_upload else []) + segments)
    for wanted, pattern, operation in _TABLE:
        found = pattern.fullmatch(path)
        if wanted == method and found is not None:
            named = {name: unquote(text) for name, text in found.groupdict().items()}
            return Route(operation.format(**named), named.get("id", ""))
    return UNKNOWN


_TABLE: Final = tuple(
    (method, re.compile(pattern), operation)
    for method, pattern, operation in (
        ("POST", "interactions", "create"),
        ("GET", "interactions/(?P<id>[^/]+)", "get"),
        ("DELETE", "interactions/(?P<id>[^/]+)", "delete"),
        ("POST", "interactions/(?P<id>[^/]+)/cancel", "cancel"),
        ("GET", "models", "models.list"),
        ("GET", "models/(?P<id>[^/]+)", "models.get"),
        ("POST", f"(?:publishers/google/)?models/(?P<id>[^/:]+):{_VERBS}", "models.{verb}"),
        ("POST", "upload/files", "files.upload"),
        ("GET", "files", "files.list"),
        ("GET", "files/(?P<id>[^/]+)", "files.get"),
        ("DELETE", "files/(?P<id>[^/]+)", "files.delete"),
    )
)

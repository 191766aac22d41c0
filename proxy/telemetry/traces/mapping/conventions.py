"""The one place that names OpenTelemetry's conventions: versions, words, and our facts in their words. Pure.

HTTP attributes are stable. Those of generative AI are in development and may be renamed by any
release of the conventions: then this file changes, and the version with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

HTTP_VERSION: Final = "1.44.0"
"""Of the core conventions."""
GEN_AI_VERSION: Final = "1.42.0-dev"
"""Of the conventions for generative AI, which have a repository of their own and no release yet."""
SCHEMA_URL: Final = f"https://opentelemetry.io/schemas/gen-ai-dev/{GEN_AI_VERSION}"
SCOPE: Final = "interactions-proxy"
OWN: Final = "ixp."
"""Before attributes of ours."""

GENERATE_CONTENT: Final = "generate_content"
INVOKE_AGENT: Final = "invoke_agent"
EXECUTE_TOOL: Final = "execute_tool"
FETCH_RESPONSE: Final = "fetch_response"
RUN: Final = "interaction.run"
STEP: Final = "interaction.step"

STREAM_INTERRUPTED: Final = "stream_interrupted"
"""error.type of what was cut off in the middle."""

_PROVIDERS: Final = {
    "generativelanguage.googleapis.com": "gcp.gemini",
    "aiplatform.googleapis.com": "gcp.vertex_ai",
}
_UNKNOWN_PROVIDER: Final = "gcp.gen_ai"

_FINISH_REASONS: Final = {
    "completed": "stop",
    "requires_action": "tool_calls",
    "incomplete": "length",
    "budget_exceeded": "length",
    "failed": "error",
    "cancelled": "error",
}
_STATUSES: Final = {"budget_exceeded": "incomplete"}
"""Google's that have another name in the conventions. The rest passes."""

_OUTPUT_TYPES: Final = {"text": "text", "image": "image", "audio": "speech", "object": "json"}
_MODALITIES: Final = frozenset({"text", "image", "audio"})
_USAGE_KINDS: Final = {"input": "input", "output": "output", "cached": "cache_read.input"}
_DATA_STORES: Final = frozenset({"file_search", "retrieval"})


class Upstream:
    """Where requests go, in the words of the conventions."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.origin: Final = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
        self.address: Final = parts.hostname or ""
        self.port: Final = parts.port or (443 if parts.scheme == "https" else 80)
        self.provider: Final = _provider(self.address)
        self.attributes: Final[Mapping[str, str | int]] = MappingProxyType(
            {"server.address": self.address, "server.port": self.port}
        )


def _provider(host: str) -> str:
    for known, provider in _PROVIDERS.items():
        if host == known or host.endswith((f".{known}", f"-{known}")):
            return provider
    return _UNKNOWN_PROVIDER


def finish_reason(status: str | None) -> str | None:
    """Of a status after which nothing more comes; None: the conventions have no word for it."""
    return _FINISH_REASONS.get(status or "")


def response_status(status: str) -> str:
    """A status as `gen_ai.response.status`."""
    return _STATUSES.get(status, status)


def output_type(formats: str | None) -> str | None:
    """Of the response formats asked for, if it is one that the conventions know."""
    return _OUTPUT_TYPES.get(formats or "")


def usage_attribute(kind: str, modality: str) -> str | None:
    """The attribute for one line of a usage object; None: there is none."""
    word = _USAGE_KINDS.get(kind)
    if word is None or modality not in _MODALITIES:
        return None
    return f"gen_ai.usage.{modality}.{word}_tokens"


def tool_type(tool: str) -> str:
    """Of a tool that runs at the provider."""
    return "datastore" if tool in _DATA_STORES else "extension"

"""One call to a neighbouring method, and the answer to it, as every room of the neighbours is handed them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from multidict import MultiMapping

from proxy.emulator.answers.chance import Chance
from proxy.emulator.asked.refusals import JSON_TYPE, Refusal, Shape
from proxy.emulator.asked.request import Json
from proxy.emulator.asked.routes import Route

STRING_CODED: Final = frozenset(
    {"agents", "environments", "triggers", "credentials", "voices", "decisions"}
)
"""Nouns that speak snake_case and refuse with string codes, as interactions do (reference, section 16.1)."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A call to a neighbouring method."""

    route: Route
    query: MultiMapping[str]
    headers: Mapping[str, str]
    origin: str
    """Scheme and host as the caller reached us; upload addresses start with it."""
    body: bytes
    chance: Chance
    now_s: int

    @property
    def noun(self) -> str:
        """`agents` of the operation `agents.create`."""
        return self.route.operation.partition(".")[0]

    @property
    def verb(self) -> str:
        """`create` of the operation `agents.create`."""
        return self.route.operation.partition(".")[2]

    @property
    def shape(self) -> Shape:
        """How this noun words its refusals."""
        return shape_of(self.noun)

    def parsed(self) -> Json:
        """The body as an object; no body is an empty one.

        Raises:
            Refusal: 400, it is something else.
        """
        try:
            body = orjson.loads(self.body or b"{}")
        except orjson.JSONDecodeError:
            body = None
        if not isinstance(body, dict):
            raise self.refusal(400, "Invalid JSON payload received.")
        return body

    def refusal(self, status: int, message: str, code: str | None = None) -> Refusal:
        """A refusal in the noun's own shape."""
        return Refusal(status, message, code=code, shape=self.shape)

    def needed(self, body: Json, *names: str) -> None:
        """Check that all these fields are there.

        Raises:
            Refusal: 400, one is missing or empty.
        """
        for name in names:
            if body.get(name) in (None, "", {}, []):
                raise self.refusal(400, f"The field {name!r} is required.")

    def new_id(self, prefix: str = "") -> str:
        """An id for something created now: twelve letters and digits behind the prefix."""
        return prefix + self.chance.call_id() + self.chance.call_id()[:4]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: a body with headers, or a stream of blocks."""

    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    blocks: tuple[bytes, ...] | None = None
    content_type: str = JSON_TYPE


EMPTY: Final = Reply()
"""What deleting answers."""


def field_of(given: Any, name: str) -> Any:
    """A field by its camelCase name; the service, and so the SDK, writes it in snake_case as well."""
    if not isinstance(given, dict):
        return None
    value = given.get(name)
    return given.get(_HUMP.sub(r"_\g<0>", name).lower()) if value is None else value


_HUMP: Final = re.compile(r"[A-Z]")


def shape_of(noun: str) -> Shape:
    """How a noun words its refusals."""
    return "api" if noun in STRING_CODED else "rpc"


def said(answer: Mapping[str, Any]) -> Reply:
    """An answer of JSON."""
    return Reply(orjson.dumps(answer))


def media(content: bytes, content_type: str) -> Reply:
    """An answer of raw bytes: what `alt=media` asks for."""
    return Reply(content, content_type=content_type or "application/octet-stream")

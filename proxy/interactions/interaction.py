"""The Interaction resource, its usage and id, and the request that creates one.

Source: reference, sections 5, 6, 9 and 15.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from functools import lru_cache
from typing import Any, Final

from proxy.interactions.content import int_or_none, text_or_none, told_name
from proxy.interactions.known import (
    INTERACTION_FIELDS,
    REQUEST_FIELDS,
    STATUSES,
    USAGE_LISTS,
)
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.interactions.shapes.asked import ASKED_PARTS
from proxy.interactions.shapes.told import RESOURCE_PARTS, USAGE
from proxy.interactions.steps import Step, steps_from_input, steps_from_json, steps_from_outputs
from proxy.values import plain_value

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{1,512}")
"""Letters of an id and of the parts inside it."""
_TURN_SIZES: Final = (22, 23)
"""Characters of a turn's id inside an interaction's id."""
IDS_DECODED_MAX: Final = 64
"""Of ids whose parts are remembered, 100 characters each: an exchange asks three times for those it names."""


@plain_value(frozen=True, slots=True)
class DecodedId:
    """What an interaction id says of itself. A hint: the id is Google's and opaque."""

    root: str
    """The conversation's first turn."""
    turn: str
    """This turn."""
    created_s: int
    """Unix seconds."""

    @property
    def is_root(self) -> bool:
        return self.root == self.turn

    @property
    def root_id(self) -> str:
        """The id of the first turn's interaction, whose two fields are equal."""
        root = self.root.encode()
        packed = b"\x0a%c%b\x12%c%b" % (len(root), root, len(root), root)
        return "v1_" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_id(interaction_id: str) -> DecodedId | None:
    """The parts of an id of the known form; None for any other text. Reference, 6.3."""
    if not interaction_id.startswith("v1_") or len(interaction_id) > 100:
        return None
    return _decoded(interaction_id)


@lru_cache(maxsize=IDS_DECODED_MAX)
def _decoded(interaction_id: str) -> DecodedId | None:
    packed = _from_base64url(interaction_id[3:])
    if packed is None or len(packed) < 2 or packed[0] != 0x0A:
        return None
    middle = 2 + packed[1]
    if len(packed) < middle + 2 or packed[middle] != 0x12:
        return None
    root, turn = packed[2:middle], packed[middle + 2 :]
    if len(turn) != packed[middle + 1] or len(root) not in _TURN_SIZES:
        return None
    try:
        root_text, turn_text = root.decode("ascii"), turn.decode("ascii")
    except UnicodeDecodeError:
        return None
    start = _from_base64url(turn_text)
    if len(turn) not in _TURN_SIZES or start is None or _from_base64url(root_text) is None:
        return None
    return DecodedId(root_text, turn_text, int.from_bytes(start[:4], "little"))


def _from_base64url(text: str) -> bytes | None:
    if not _BASE64URL.fullmatch(text):
        return None
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        return None


def id_hash(interaction_id: str) -> int:
    """First 8 bytes, big-endian, of SHA-256: what the store looks ids up by."""
    digest = hashlib.sha256(interaction_id.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big")


@plain_value(frozen=True, slots=True)
class UsageLine:
    """Tokens of one modality, or uses of one grounding tool."""

    kind: str
    modality: str
    tokens: int


@plain_value(frozen=True, slots=True)
class Usage:
    """Totals as sent; None: not said (a zero may be left out)."""

    input_tokens: int | None
    cached_tokens: int | None
    output_tokens: int | None
    thought_tokens: int | None
    tool_use_tokens: int | None
    total_tokens: int | None
    initial_input_tokens: int | None
    """Of a continued decode: what its first hop took in."""
    lines: tuple[UsageLine, ...]


NO_USAGE: Final = Usage(None, None, None, None, None, None, None, ())


def usage_from_json(raw: Any, notes: Notes) -> Usage:
    """A usage object, old names included."""
    if raw is None:
        return NO_USAGE
    if not isinstance(raw, dict):
        notes.problem(ProblemKind.WRONG_SHAPE, "/usage", "usage is not an object")
        return NO_USAGE
    USAGE.check(raw, notes)
    get = raw.get
    thought = get("total_thought_tokens")
    return Usage(
        int_or_none(get("total_input_tokens")),
        int_or_none(get("total_cached_tokens")),
        int_or_none(get("total_output_tokens")),
        int_or_none(get("total_reasoning_tokens") if thought is None else thought),
        int_or_none(get("total_tool_use_tokens")),
        int_or_none(get("total_tokens")),
        int_or_none(get("initial_input_tokens")),
        _usage_lines(raw),
    )


def _usage_lines(raw: JsonObject) -> tuple[UsageLine, ...]:
    found: list[UsageLine] = []
    for name, kind in USAGE_LISTS.items():
        for modality, tokens in _counts(raw.get(name), "modality", "tokens"):
            found.append(UsageLine(kind, modality, tokens))
    for tool, count in _counts(raw.get("grounding_tool_count"), "type", "count"):
        found.append(UsageLine("grounding", tool, count))
    return tuple(found)


def _counts(value: Any, label: str, count: str) -> list[tuple[str, int]]:
    """The well-formed entries of a list of {label, count}; at most 100, there are five modalities."""
    if not isinstance(value, list):
        return []
    found: list[tuple[str, int]] = []
    for item in value[:100]:
        number = int_or_none(item.get(count)) if isinstance(item, dict) else None
        if number is not None:
            found.append((told_name(item.get(label)), number))
    return found


@plain_value(frozen=True, slots=True)
class Interaction:
    """The resource as one answer showed it."""

    id: str | None
    """None with store=false."""
    status: str | None
    model: str | None
    agent: str | None
    created: str | None
    updated: str | None
    service_tier: str | None
    previous_interaction_id: str | None
    environment_id: str | None
    has_continuation_token: bool
    usage: Usage
    error_code: str | None
    """First code of `errors`."""
    steps: tuple[Step, ...]
    raw: JsonObject


def interaction_from_json(raw: JsonObject, notes: Notes) -> Interaction:
    """The resource; an `outputs` list of the old schema is read as steps."""
    if not INTERACTION_FIELDS.issuperset(raw):
        notes.unknown_fields(raw, INTERACTION_FIELDS, "interaction")
    for name, value in raw.items():
        if name in RESOURCE_PARTS and value is not None:
            RESOURCE_PARTS[name].check(value, notes)
    get = raw.get
    steps = get("steps")
    outputs = get("outputs")
    if not steps and isinstance(outputs, list):
        steps = steps_from_outputs(outputs)
    status = text_or_none(get("status"))
    if status is not None and status not in STATUSES:
        notes.unknown("status", status, "interaction")
    return Interaction(
        id=text_or_none(get("id")) or None,
        status=status,
        model=text_or_none(get("model")),
        agent=text_or_none(get("agent")),
        created=text_or_none(get("created")),
        updated=text_or_none(get("updated")),
        service_tier=text_or_none(get("service_tier")),
        previous_interaction_id=text_or_none(get("previous_interaction_id")) or None,
        environment_id=text_or_none(get("environment_id")),
        has_continuation_token=bool(get("continuation_token")),
        usage=usage_from_json(get("usage"), notes),
        error_code=_first_code(get("errors")),
        steps=tuple(steps_from_json(steps, notes, "/steps")),
        raw=raw,
    )


def _first_code(errors: Any) -> str | None:
    for error in errors if isinstance(errors, list) else ():
        code = error.get("code") if isinstance(error, dict) else None
        if isinstance(code, str | int):
            return str(code)
    return None


@plain_value(frozen=True, slots=True)
class Request:
    """What a create asks for."""

    model: str | None
    agent: str | None
    previous_interaction_id: str | None
    service_tier: str | None
    environment_id: str | None
    """Where `environment` names one."""
    store: bool | None
    """None: not said, so the service's default holds."""
    is_background: bool
    is_streaming: bool
    has_continuation_token: bool
    steps: tuple[Step, ...]
    raw: JsonObject


def request_from_json(raw: JsonObject, notes: Notes) -> Request:
    """A create's body, its input normalised to steps."""
    if not REQUEST_FIELDS.issuperset(raw):
        notes.unknown_fields(raw, REQUEST_FIELDS, "request")
    for name, value in raw.items():
        if name in ASKED_PARTS and value is not None:
            ASKED_PARTS[name].check(value, notes)
    get = raw.get
    for name in ("store", "background", "stream"):
        if not isinstance(get(name), bool | None):
            notes.problem(ProblemKind.WRONG_SHAPE, f"/{name}", "not a boolean")
    store = get("store")
    return Request(
        model=text_or_none(get("model")),
        agent=text_or_none(get("agent")),
        previous_interaction_id=text_or_none(get("previous_interaction_id")) or None,
        service_tier=text_or_none(get("service_tier")),
        environment_id=_environment_id(get("environment")),
        store=store if isinstance(store, bool) else None,
        is_background=get("background") is True,
        is_streaming=get("stream") is True,
        has_continuation_token=bool(get("continuation_token")),
        steps=tuple(steps_from_json(steps_from_input(get("input"), notes), notes, "/input")),
        raw=raw,
    )


def _environment_id(value: Any) -> str | None:
    if isinstance(value, dict):
        return text_or_none(value.get("environment_id"))
    return text_or_none(value)

"""Content codings and JSON of a body: what the wire carried, as the values to read. Pure, bounded.

The bytes are the truth and stay sealed; what is decoded here is an index to them.
"""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, Final

import orjson

from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.exchange import Body
from proxy.values import plain_value

DECODED_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes taken out of a compressed body: twice what is interpreted of one that is not. One odd character
makes a text cost four bytes a letter, so it is half of what security.md 3.7 allows."""
VALUES_MAX: Final = 500_000
"""JSON values held of one body, counted by their marks: in Python each costs 40 to 240 bytes, so some
100 MB at most. One for every 32 bytes of what is interpreted; answers have one for every 60 or more."""
RATIO_MAX: Final = 100
"""Decoded bytes for each encoded one. JSON and base64 reach 3 to 20, 50 MB of zeros 1,000."""
_RATIO_FREE_BYTES: Final = 1024 * 1024
"""Below this the ratio says nothing."""
POLICY_FIELDS: Final = ("store", "background", "previous_interaction_id", "stream", "model")
"""Fields of a create that decide what is kept, or what answers."""
_QUOTED: Final = tuple(b'"%b"' % name.encode() for name in POLICY_FIELDS)
_WBITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
_ESCAPED_LETTER: Final = re.compile(rb"\\u00(?:5[fF]|[67][0-9a-fA-F])")
"""A key may hide its letters; no client we know escapes them."""


@plain_value(frozen=True, slots=True)
class Decoded:
    """A body without its content coding."""

    data: bytes
    ends: tuple[int, ...]
    """Where each chunk of the body ends in `data`."""
    is_whole: bool
    """False: cut, undecodable or over a limit; a problem says which."""


def decode_body(body: Body, codings: tuple[str, ...], notes: Notes, part: str) -> Decoded:
    """Remove the content codings of a body, chunk by chunk, within the limits.

    Args:
        body: as recorded.
        codings: as the head names them, in the order they were applied.
        notes: takes the problems.
        part: "request" or "response".
    """
    is_whole = not body.was_truncated
    if body.was_truncated:
        detail = f"{len(body.data)} of {body.size} bytes are interpreted"
        notes.problem(ProblemKind.BODY_CUT, f"{part} body", detail)
    if not codings or not body.data:
        return Decoded(body.data, _ends(body, len(body.data)), is_whole)
    wbits = _WBITS.get(codings[0]) if len(codings) == 1 else None
    if wbits is None:
        notes.problem(ProblemKind.CODING_UNKNOWN, f"{part} body", "the content is not decoded")
        return Decoded(b"", (), is_whole=False)
    if wbits == 15 and (body.data[0] & 0x0F != 8 or int.from_bytes(body.data[:2], "big") % 31):
        wbits = -15  # deflate without the zlib wrapper, as some servers send it
    return _inflate(body, wbits, notes, part)


def _ends(body: Body, size: int) -> tuple[int, ...]:
    ends: list[int] = []
    end = 0
    for cut in body.cuts:
        end += cut.size
        ends.append(min(end, size))
    return tuple(ends)


def _inflate(body: Body, wbits: int, notes: Notes, part: str) -> Decoded:
    machine = zlib.decompressobj(wbits)
    limit = min(DECODED_BYTES_MAX, max(_RATIO_FREE_BYTES, RATIO_MAX * len(body.data)))
    pieces: list[bytes] = []
    ends: list[int] = []
    size = start = 0
    try:
        for end in _ends(body, len(body.data)) or (len(body.data),):
            piece = machine.decompress(body.data[start:end], limit - size + 1)
            start = end
            size += len(piece)
            pieces.append(piece)
            ends.append(size)
            if size > limit:
                detail = f"more than {limit} bytes out of {len(body.data)}"
                notes.problem(ProblemKind.CODING_LIMIT, f"{part} body", detail)
                return Decoded(b"".join(pieces)[:limit], tuple(ends), is_whole=False)
    except zlib.error:
        detail = f"compressed data is damaged at or after byte {start}"
        notes.problem(ProblemKind.CODING_BROKEN, f"{part} body", detail)
        return Decoded(b"".join(pieces), tuple(ends), is_whole=False)
    is_whole = machine.eof and not body.was_truncated
    if not machine.eof and not body.was_truncated:
        notes.problem(ProblemKind.CODING_BROKEN, f"{part} body", "compressed data ends early")
    return Decoded(b"".join(pieces), tuple(ends), is_whole)


def value_marks(data: bytes) -> int:
    """How many JSON values `data` has at most; marks inside strings count, too."""
    return data.count(b",") + data.count(b"{") + data.count(b"[")


def is_crowded(data: bytes, notes: Notes, part: str) -> bool:
    """Whether `data` may hold more values than are read; then that is noted."""
    if len(data) <= VALUES_MAX or value_marks(data) <= VALUES_MAX:
        return False
    notes.problem(ProblemKind.TOO_MANY, part, f"more than {VALUES_MAX} JSON values are not read")
    return True


def json_object(data: bytes, notes: Notes, part: str) -> dict[str, Any] | None:
    """The JSON object that a body or event is, else None and a problem."""
    if is_crowded(data, notes, part):
        return None
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        notes.problem(ProblemKind.JSON_BROKEN, part, f"not JSON at character {error.pos}")
        return None
    if isinstance(value, dict):
        return value
    notes.problem(ProblemKind.NOT_AN_OBJECT, part, f"a JSON {type(value).__name__}")
    return None


def settle_duplicates(data: bytes, parsed: dict[str, Any], notes: Notes) -> None:
    """Find policy fields that stand in a request twice; let `store` keep rather than not.

    orjson keeps the last of equal keys; another reader may keep the first. Costs a scan of the raw
    bytes per field; the slow parser only runs when a key may really stand there twice.
    """
    is_suspect = max(map(data.count, _QUOTED)) > 1
    if not is_suspect and not _ESCAPED_LETTER.search(data):
        return
    pairs = _top_pairs(data)
    for name in POLICY_FIELDS:
        values = [value for key, value in pairs if key == name]
        if len(values) > 1:
            detail = f"stands there {len(values)} times"
            notes.problem(ProblemKind.DUPLICATE_KEY, f"/{name}", detail)
            if name == "store":
                parsed[name] = any(value is not False for value in values)


def _top_pairs(data: bytes) -> list[tuple[str, Any]]:
    """All members of the outermost object, repetitions included."""
    try:
        pairs = json.loads(data, object_pairs_hook=_Pairs, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return []  # orjson read it, so this is nesting or NUL: nothing a known client sends
    return list(pairs) if isinstance(pairs, _Pairs) else []


class _Pairs(list[tuple[str, Any]]):
    """Members of one object in order."""

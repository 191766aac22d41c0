"""What a request asks for, as every reader might understand it. Pure; a doubt is never resolved in favour of less."""

from __future__ import annotations

import posixpath
import re
import zlib
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import unquote

from proxy.audit.policing.body import Pairs, Reading, read_body
from proxy.audit.policing.rules import plain_name, tool_name
from proxy.recording.operation import INTERACTION_OPERATIONS, classify
from proxy.recording.reading.heads import request_head

UNPACKED_BYTES_MAX: Final = 4 * 1024 * 1024
"""Of a packed body: JSON packs to a quarter or less; 30 times as much would keep everybody waiting."""
_FINGERPRINT: Final = re.compile(rb"fp:([0-9a-f]{16})")
_HIDDEN: Final = re.compile(
    rb"\A[^?\r\n]*fp:[0-9a-f]{16}|\A[^\r\n]*[?&][^=&\r\n]*fp:[0-9a-f]{16}|\r\n[^:\s]*fp:[0-9a-f]{16}"
)
"""A fingerprint in the path, or in place of a name: a credential that is spelled like that word stands in another line,
and the record hides both. Values follow a space."""
_OVERRIDE: Final = re.compile(rb"(?i)\r\nx-(?:http-method(?:-override)?|method-override)[ \t]*:")
"""Another method than the request line says: Google's front ends honour some of these."""
_OVERRIDING: Final = frozenset({"$httpmethod", "$httpheaders"})
"""The same in the query."""
_CONTENT_TYPE: Final = re.compile(rb"(?i)\r\ncontent-type:[ \t]*([^;\r\n]*)")
_JSON: Final = re.compile(rb"(?i)(?:application/(?:[a-z0-9.-]+\+)?json|text/[a-z0-9.-]+)?[ \t]*")
"""What is said of a body that is read as JSON; a form or a protobuf may be JSON to us and something else to others."""
_DIGEST: Final = re.compile(
    rb"(?i)\r\n(?:content-md5|digest|content-digest|repr-digest|x-goog-hash)[ \t]*:"
)
"""What says how the body has to look: a body that carries one is not changed."""
_ELSEWHERE: Final = re.compile(r"(?i)\A/batch(?:/|\Z)|/\$rpc/")
"""Ways to wrap any call into another one."""
_PREVIOUS: Final = ("previous_interaction_id", "previousInteractionId")
_NO_TEXT: Final = "(no text)"
_READ_NAMES: Final = frozenset({"store", "background", "tools", "model", "agent", *_PREVIOUS})
_WBITS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Sets hold every value that some reader might take."""

    method: str
    operation: str
    """create, get, resume, cancel, delete; other: about interactions in another way; none: about something else;
    unclear: written so that it may be any of these."""
    interaction: str | None
    client: str | None
    """The credential that counts, as the recorder sees it: a fingerprint."""
    clients: frozenset[str]
    """All credentials that it carries."""
    is_readable: bool = True
    """Its body is here and can be read."""
    is_large: bool = False
    """There is more of it than is here."""
    is_stored: bool = True
    """Some reader might store it: only `false`, and nothing else, says that it is not."""
    is_background: bool = False
    previous: frozenset[str] = frozenset()
    """Turns it goes on from."""
    names: frozenset[str] = frozenset()
    """Models and agents."""
    tools: frozenset[str] = frozenset()
    """Types of its tools."""
    reading: Reading | None = None
    """Of the body, if it may be changed: no digest or unknown coding is in the way."""
    coding: str = ""
    """gzip, deflate, or none."""


def asked_from(head: bytes, body: bytes, *, is_whole: bool = True) -> Asked:
    """Read a request.

    Args:
        head: request line and header lines, credentials replaced by fingerprints.
        body: as sent, transfer coding removed; perhaps only its beginning.
        is_whole: whether it is all of it.
    """
    found = request_head(head)
    clients = frozenset(each.decode() for each in _FINGERPRINT.findall(head))
    if found is None:
        return Asked("", "unclear", None, None, clients, is_readable=False)
    target = classify(found.method, found.target)
    client = found.client or target.key_fingerprint
    operation = _operation(found.target, target.operation, head)
    asked = Asked(found.method, operation, target.interaction_id, client, clients)
    if operation != "create":
        return asked
    return _create(asked, found.target, found.codings, head, (body, is_whole))


def coded(body: bytes, coding: str) -> bytes:
    """The body under its content coding again."""
    if not coding:
        return body
    packing = zlib.compressobj(wbits=_WBITS[coding])
    return packing.compress(body) + packing.flush()


def _operation(target: str, named: str, head: bytes) -> str:
    path = target.partition("?")[0]
    plain = _plain(path)
    if _ELSEWHERE.search(plain) or _HIDDEN.search(head):
        return "unclear"
    is_about = "interaction" in plain.lower()
    if not is_about:
        return "none"
    if plain != _without_doubles(path) or ";" in plain or _is_overridden(target, head):
        return "unclear"
    return named if named in INTERACTION_OPERATIONS else "other"


def _is_overridden(target: str, head: bytes) -> bool:
    pairs = target.partition("?")[2].split("&")
    names = {unquote(pair.partition("=")[0]).lower() for pair in pairs}
    return bool(names & _OVERRIDING) or _OVERRIDE.search(head) is not None


def _plain(path: str) -> str:
    """The path as the most generous server might see it."""
    for _ in range(4):
        decoded = unquote(path, errors="replace")
        if decoded == path:
            break
        path = decoded
    return _without_doubles(posixpath.normpath("/" + path.replace("\\", "/")))


def _without_doubles(path: str) -> str:
    return "/" + "/".join(part for part in path.split("/") if part)


def _create(
    asked: Asked, target: str, codings: tuple[str, ...], head: bytes, given: tuple[bytes, bool]
) -> Asked:
    body, is_whole = given
    plain = _unpacked(body, codings) if is_whole else None
    reading = read_body(plain) if plain is not None and _is_json(head) else None
    is_large = not is_whole or (plain is not None and len(plain) > UNPACKED_BYTES_MAX)
    unreadable = replace(asked, is_readable=False, is_large=is_large)
    if reading is None or is_large:
        return unreadable
    try:
        return _read(asked, reading, target, codings, head)
    except RecursionError:  # nested deeper than we can follow
        return unreadable


def _is_json(head: bytes) -> bool:
    return all(_JSON.fullmatch(said) for said in _CONTENT_TYPE.findall(head))


def _unpacked(body: bytes, codings: tuple[str, ...]) -> bytes | None:
    """Without its content coding; more than UNPACKED_BYTES_MAX: its beginning. None: nobody can tell what it says."""
    if not codings:
        return body
    wbits = _WBITS.get(codings[0])
    if wbits is None or len(codings) > 1:
        return None
    machine = zlib.decompressobj(wbits)
    try:
        plain = machine.decompress(body, UNPACKED_BYTES_MAX + 1)
    except zlib.error:
        return None
    if len(plain) > UNPACKED_BYTES_MAX:
        return plain
    # What stands behind its end is a part of it to some.
    return plain if machine.eof and not machine.unused_data else None


def _read(
    asked: Asked, reading: Reading, target: str, codings: tuple[str, ...], head: bytes
) -> Asked:
    query = _of_query(target)
    stored = [*reading.all("store"), *query.all("store")]
    background = [*reading.all("background"), *query.all("background")]
    tools = [*reading.all("tools"), *query.all("tools")]
    is_fixed = bool(_DIGEST.search(head)) or bool(query) or len(codings) > 1
    return replace(
        asked,
        is_stored=not stored or any(value is not False for value in stored),
        is_background=any(value is not None and value is not False for value in background),
        previous=_texts([*reading.all(*_PREVIOUS), *query.all(*_PREVIOUS)]),
        names=_texts([*reading.all("model", "agent"), *query.all("model", "agent")]),
        tools=frozenset(name for value in tools for name in _tool_names(value)),
        reading=None if is_fixed else reading,
        coding=codings[0] if codings else "",
    )


def _of_query(target: str) -> Pairs:
    """Fields of the body that stand in the query instead."""
    found = Pairs()
    for pair in target.partition("?")[2].split("&"):
        name, _, value = pair.partition("=")
        if unquote(name) in _READ_NAMES:
            found.append((unquote(name), unquote(value)))
    return found


def _texts(values: list[Any]) -> frozenset[str]:
    """Every value that says something, as a plain name; what is no text fits nothing."""
    said = [value for value in values if value is not None and value != ""]
    return frozenset(plain_name(value) if isinstance(value, str) else _NO_TEXT for value in said)


def _tool_names(value: Any) -> list[str]:
    """Types of tools: by `type`, or by the name of the one member, as older forms have it."""
    names: list[str] = []
    if isinstance(value, Pairs):
        names += [each for each in value.all("type") if isinstance(each, str)]
        names += [name for name, _ in value]
    elif isinstance(value, list):
        for each in value:
            names += _tool_names(each)
    elif isinstance(value, str):
        names.append(value)
    return [tool_name(name) for name in names]

"""Where two tellings of one answer differ: step by step, and in what. Pure.

What was streamed and what a later read shows should say the same; where they do not, somebody saw an answer
that is not the one on record. Texts are not quoted: a difference is told by its place and its sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from proxy.interactions.problems import JsonObject
from proxy.recording.merging.canonical import canonical
from proxy.values import plain_value

DIFFERENCES_MAX: Final = 100
"""Differences told of two answers: enough to see what kind they are of."""
_MISSING: Final = object()


@plain_value(frozen=True, slots=True)
class Difference:
    """One place at which two tellings of an answer differ."""

    step_index: int
    """Of the output's steps, from 0."""
    step_type: str
    where: str
    """JSON pointer into the step; empty: the step itself."""
    detail: str
    """One sentence of ours; no foreign text."""


def differences(
    streamed: Sequence[JsonObject], stored: Sequence[JsonObject]
) -> tuple[Difference, ...]:
    """Where what was streamed and what is stored differ; none: they say the same."""
    found: list[Difference] = []
    for index, (one, other) in enumerate(zip_longest(streamed, stored)):
        if one is None or other is None:
            where = "the stored answer" if one is None else "the stream"
            detail = f"the step stands in {where} only"
            found.append(Difference(index, _type(other if one is None else one), "", detail))
        else:
            found += _in_step(index, canonical(one), canonical(other), DIFFERENCES_MAX - len(found))
        if len(found) >= DIFFERENCES_MAX:
            break
    return tuple(found[:DIFFERENCES_MAX])


def _in_step(index: int, one: JsonObject, other: JsonObject, room: int) -> list[Difference]:
    found: list[Difference] = []
    stack: list[tuple[str, Any, Any]] = [("", one, other)]
    while stack and len(found) < room:
        where, left, right = stack.pop()
        if isinstance(left, dict) and isinstance(right, dict):
            names = sorted({*left, *right}, reverse=True)
            stack += [
                (f"{where}/{name}", left.get(name, _MISSING), right.get(name, _MISSING))
                for name in names
            ]
        elif isinstance(left, list) and isinstance(right, list):
            pairs = enumerate(zip_longest(left, right, fillvalue=_MISSING))
            stack += reversed([(f"{where}/{place}", *pair) for place, pair in pairs])
        elif type(left) is not type(right) or left != right:
            found.append(Difference(index, _type(one), where, _told(left, right)))
    return found


def _told(streamed: Any, stored: Any) -> str:
    if streamed is _MISSING:
        return "stands in the stored answer only"
    if stored is _MISSING:
        return "stands in the stream only"
    if isinstance(streamed, str) and isinstance(stored, str):
        alike = _alike(streamed, stored)
        return f"{len(streamed)} characters streamed, {len(stored)} stored, the first {alike} alike"
    if type(streamed) is not type(stored):
        return f"{_kind(streamed)} streamed, {_kind(stored)} stored"
    return f"another {_kind(streamed)}"


def _alike(one: str, other: str) -> int:
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count


def _kind(value: Any) -> str:
    kinds = {dict: "object", list: "list", str: "text", bool: "truth value", type(None): "null"}
    return kinds.get(type(value), "number")


def _type(step: JsonObject | None) -> str:
    kind = step.get("type") if step else None
    return kind if isinstance(kind, str) else "unknown"

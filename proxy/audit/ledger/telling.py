"""Events of disposal as JSON of an act, and back. Foreign or damaged JSON is no event. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

import orjson

from proxy.audit.retention import events
from proxy.audit.retention.events import AnyEvent
from proxy.audit.retention.states import Copy, Disposal

_KINDS: Final[Mapping[str, type[AnyEvent]]] = {
    kind.__name__: kind
    for kind in (
        events.Looked,
        events.ControlLooked,
        events.DutyBegan,
        events.DutyEnded,
        events.CancelIntended,
        events.DeleteIntended,
        events.DeleteAnswered,
        events.DeleteWithdrawn,
        events.CredentialChanged,
        events.Concluded,
    )
}
"""What the steward and people tell. All else follows from exchanges."""
_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "int": (int,),
    "int | None": (int, type(None)),
    "bool": (bool,),
    "str": (str,),
    "float": (float, int),
}


def written(event: AnyEvent, after: Copy) -> dict[str, Any]:
    """JSON of an act: the event, and for readers of the tables the state that it led to."""
    told = {field.name: getattr(event, field.name) for field in fields(event) if field.name != "id"}
    return told | {
        "event": type(event).__name__,
        "state": str(after.disposal),
        "evidence": str(after.evidence),
        "flags": sorted(after.flags),
        "due": after.due_at,
    }


def read(event_id: str, data: str | None) -> AnyEvent | None:
    """The event of an act; None: it tells none."""
    try:
        told = orjson.loads(data or "")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(told, dict):
        return None
    kind = _KINDS.get(str(told.get("event")))
    if kind is None:
        return None
    given: dict[str, Any] = {}
    for field in fields(kind):
        if field.name == "id" or field.name not in told:
            continue
        value = told[field.name]
        if field.type == "Disposal":
            if value not in Disposal.__members__.values():
                return None
            value = Disposal(value)
        elif not _fits(value, str(field.type)):
            return None
        given[field.name] = value
    try:
        return kind(id=event_id, **given)
    except TypeError:  # a field is missing
        return None


def _fits(value: object, wanted: str) -> bool:
    is_bool = isinstance(value, bool)
    return isinstance(value, _TYPES[wanted]) and is_bool == (wanted == "bool")

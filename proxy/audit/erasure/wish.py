"""What somebody may ask to be erased, as JSON says it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxy.audit.retention.cascade import Reach
from proxy.errors import FormatError
from proxy.recording.secrecy.names import ODD, clear_name, is_like_credential

REASON_CHARACTERS_MAX: Final = 200
"""A sentence: with what is said around it it fits an act."""
_FIELDS: Final = frozenset(
    {"id", "ids", "label", "pointer", "value"}
    | {"reach", "quoted", "reason", "actor", "dry_run", "plan", "bypass", "pass_unknown"}
)
IDS_MAX: Final = 1000
"""Interactions that one wish names: as many as an answer names."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One of `named`, `interactions`, `label` and `pointer` says what."""

    named: str | None
    """An interaction's id, or its beginning."""
    label: str | None
    """key=value, as callers label their interactions."""
    pointer: tuple[str, str] | None
    """A JSON pointer into what was asked or answered, and the text that stands there."""
    reach: Reach
    with_quoted: bool
    reason: str
    actor: str
    is_dry: bool
    """Only show the plan."""
    plan: str | None = None
    """The digest of the plan that was shown: another plan is not carried out. None: whatever is planned now."""
    interactions: tuple[str, ...] = ()
    """Whole ids, IDS_MAX at most."""
    is_bypassing: bool = False
    """Sets aside what policies keep here; not what they lock, and no hold."""
    is_passing_unknown: bool = False
    """Of `interactions` some may never have been recorded here: nothing is erased of those."""


def wish_from_json(told: object) -> Wish:
    """The inverse of what the command line sends.

    Raises:
        FormatError: what is wrong with it.
    """
    if not isinstance(told, dict) or not told.keys() <= _FIELDS:
        raise FormatError(f"give an object with the fields {', '.join(sorted(_FIELDS))}")
    named, label = _text(told, "id"), _text(told, "label")
    place, value = _text(told, "pointer"), _text(told, "value")
    interactions = _ids(told)
    if sum(bool(each) for each in (named, interactions, label, place)) != 1:
        raise FormatError("say what is meant by one of id, ids, label (key=value), pointer")
    if label is not None and "=" not in label:
        raise FormatError("a label is key=value")
    if place is not None and (not place.startswith("/") or value is None):
        raise FormatError("a pointer begins with / and comes with a value")
    try:
        reach = Reach(told.get("reach", Reach.NODE))
    except ValueError as error:
        raise FormatError(f"reach is one of {', '.join(Reach)}") from error
    pointer = None if place is None or value is None else (place, value)
    is_dry = told.get("dry_run") is True
    with_quoted = told.get("quoted") is True
    reason, actor = reason_of(told, is_dry=is_dry), actor_of(told)
    plan = _text(told, "plan")
    is_bypassing = told.get("bypass") is True
    is_passing_unknown = told.get("pass_unknown") is True
    return Wish(
        named,
        label,
        pointer,
        reach,
        with_quoted,
        reason,
        actor,
        is_dry,
        plan,
        interactions,
        is_bypassing,
        is_passing_unknown,
    )


def reason_of(told: Mapping[str, Any], *, is_dry: bool = False) -> str:
    """Why somebody wants it; a plan alone needs none. Raises FormatError."""
    reason = _text(told, "reason")
    if reason is None and is_dry:
        return ""
    if reason is None or not reason.isprintable() or len(reason) > REASON_CHARACTERS_MAX:
        raise FormatError(f"give a reason, at most {REASON_CHARACTERS_MAX} printable characters")
    if is_like_credential(reason):
        raise FormatError("a reason is kept in clear: leave credentials out of it")
    return reason


def actor_of(told: Mapping[str, Any]) -> str:
    """Who wants it. Raises FormatError."""
    name = clear_name(_text(told, "actor") or ODD)
    if name == ODD:
        raise FormatError("an actor is a name of letters, digits and _.:/- (80 at most)")
    return name


def _ids(told: Mapping[str, Any]) -> tuple[str, ...]:
    found = told.get("ids", [])
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise FormatError("ids is a list of texts")
    if len(found) > IDS_MAX:
        raise FormatError(f"ids names {IDS_MAX} interactions at most: ask again for the others")
    return tuple(dict.fromkeys(found))


def _text(told: Mapping[str, Any], field: str) -> str | None:
    found = told.get(field)
    if found is not None and (not isinstance(found, str) or not found):
        raise FormatError(f"{field} is a text")
    return found

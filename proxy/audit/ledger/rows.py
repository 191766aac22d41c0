"""What the tables say of stored copies, as the named queries disposal_* answer. Instants are microseconds. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    """One interaction that may be stored upstream."""

    interaction: str
    client: str | None
    """Fingerprint of the credential that made it, else of the first that asked for it."""
    store: str | None
    """true, false, inherited; None: its create was not seen."""
    previous: str | None
    root: int
    """Number of its conversation."""
    has_id: bool
    """Google named its id."""
    is_ended: bool
    model: str | None
    agent: str | None
    label: str | None
    create_status: int | None
    created_us: int | None
    """Upstream's word."""
    date_us: int | None
    """Date of the answer to its create."""
    seen_us: int
    """First told of, by our clock."""
    updated_us: int | None
    """Upstream's word."""
    continued_us: int | None
    api_version: str | None
    api_revision: str | None
    environment: str | None
    tools: str | None
    """Types of its tool steps that were seen, with commas."""
    files: int = 0
    """Files of the Files API that it was shown."""
    has_cache: bool = False
    """It was asked with an explicit cache."""
    duty_policy: str | None = None
    """The policy that made its duty."""
    is_erased: bool = False
    """Our own copy is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """Something that happened to one copy."""

    interaction: str
    id: str
    """Of the exchange or act."""
    kind: str
    """served (a GET answered 2xx), deleted (a DELETE of a client), held, disposal (an act)."""
    at_us: int
    status: int | None
    retry_after_s: int | None
    data: str | None
    """JSON of the act."""
    place: int = 0
    """Of an act: its place among all acts, which a clock that is set back does not change."""
    date_us: int | None = None
    """Date of the answer: upstream's own clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """A turn of a conversation, for cascades."""

    interaction: str
    previous: str | None
    state: str | None
    """Last recorded state of its disposal; None: nothing was begun."""

"""The states of a copy at Google: what shows that it exists, and how far its disposal is.

Regions of one row change apart from each other: a copy may be expired upstream, held here, and have a child that
runs. Conditions (held, run not ended, no credential) are not states: `decide.stage` names them when asked.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from proxy.values import plain_value


class Evidence(StrEnum):
    """What shows that there is, or was, something upstream."""

    INTENDED = "intended"
    NOT_CREATED = "not_created"
    ORPHAN_SUSPECT = "orphan_suspect"
    ID_KNOWN = "id_known"
    NEVER_STORED = "never_stored"
    CONFIRMED = "confirmed"
    ABSENT_UNPROVEN = "absent_unproven"
    ABSENT = "absent"


class Disposal(StrEnum):
    """How far the duty to remove it upstream is."""

    IDLE = "idle"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    BACKOFF = "backoff"
    AMBIGUOUS = "ambiguous"
    UNSUPPORTED = "unsupported"
    DENIED = "denied"
    REJECTED = "rejected"
    VERIFYING = "verifying"
    NOT_EFFECTIVE = "not_effective"
    DELETED_VERIFIED = "deleted_verified"
    ALREADY_GONE = "already_gone"
    EXPIRED_VERIFIED = "expired_verified"
    EXPIRED_PRESUMED = "expired_presumed"
    UNVERIFIABLE = "unverifiable"


FINAL: Final = frozenset(
    [
        Disposal.DELETED_VERIFIED,
        Disposal.ALREADY_GONE,
        Disposal.EXPIRED_VERIFIED,
        Disposal.EXPIRED_PRESUMED,
        Disposal.UNVERIFIABLE,
    ]
)
VERIFIED: Final = frozenset(
    [Disposal.DELETED_VERIFIED, Disposal.ALREADY_GONE, Disposal.EXPIRED_VERIFIED]
)
"""Finals that rest on looking. The others may still become one of these."""
ATTENTION: Final = frozenset([Disposal.DENIED, Disposal.REJECTED, Disposal.NOT_EFFECTIVE])
"""A person has to look."""


class Flag(StrEnum):
    """What went otherwise than it should."""

    RESURRECTED = "resurrected"
    """Served again after it was found gone."""
    OVERSTAY = "overstay"
    """Served after the latest instant at which it should have expired."""
    HOLD_AFTER_SEND = "hold_after_send"
    """A hold came while a DELETE was under way: too late upstream, in time here."""


class Refused(StrEnum):
    """What a 401 or 403 was about, as a look at something else under the same credential shows."""

    COPY = "copy"
    """The other was served: this one is refused. It may be of another project, or gone."""
    CREDENTIAL = "credential"
    """The other was not served either."""


class Store(StrEnum):
    """What the create said about being stored, as sent. Duplicate keys, null and texts count as inherited."""

    YES = "true"
    NO = "false"
    INHERITED = "inherited"


@plain_value(frozen=True, slots=True)
class Misses:
    """404s since the copy was last served, all in one life of the steward: monotonic ns, None: not yet."""

    boot: str = ""
    first_mono: int | None = None
    control_mono: int | None = None
    """First 200 of a control probe after the first miss."""
    is_proven: bool = False
    """A second miss came late enough, with the control between."""


@plain_value(frozen=True, slots=True)
class Wait:
    """Not before then: by the monotonic clock of the life that waits, by the wall clock in any other."""

    boot: str = ""
    until_mono: int = 0
    since_wall: int = 0
    until_wall: int = 0

    def is_over(self, wall: int, mono: int, boot: str) -> bool:
        """Whether it has passed. A wall clock that was set back does not prolong it."""
        if boot == self.boot:
            return mono >= self.until_mono
        return not self.since_wall <= wall < self.until_wall


NO_WAIT: Final = Wait()


@plain_value(frozen=True, slots=True, kw_only=True)
class Copy:
    """One stored interaction upstream, as the events so far tell."""

    interaction: str
    scope: str | None
    """Whose credential can reach it. Ids are never compared across scopes."""
    store: Store = Store.INHERITED
    evidence: Evidence = Evidence.INTENDED
    was_confirmed: bool = False
    is_ended: bool = False
    """Its run reached a terminal status. Unknown statuses count as running."""
    began_at: int = 0
    updated_at: int = 0
    continued_at: int = 0
    served_at: int = 0
    """Last 200, wall ns; 0: never."""
    longest_unused_ns: int = 0
    """See clocks.Seen."""
    disposal: Disposal = Disposal.IDLE
    due_at: int | None = None
    is_request: bool = False
    """A person asked: the clock's word is not needed."""
    is_branch: bool = False
    """All turns behind it go with it, whenever they come."""
    is_accepted: bool = False
    """A DELETE of this round was answered 2xx."""
    cancels: int = 0
    deletes: int = 0
    gets: int = 0
    rounds: int = 0
    polls: int = 0
    """Looks in this round of verification."""
    boot: str = ""
    look_wait: Wait = NO_WAIT
    send_wait: Wait = NO_WAIT
    """Before the next DELETE; a look in between does not shorten it."""
    misses: Misses = Misses()
    refused: Refused | None = None
    """While DENIED; None: not looked yet."""
    flags: frozenset[Flag] = frozenset()
    seen_events: frozenset[str] = frozenset()
    """Ids of what was taken in: the same record twice changes nothing."""


UNREACHED: Final = frozenset(
    [Evidence.INTENDED, Evidence.NOT_CREATED, Evidence.ORPHAN_SUSPECT, Evidence.NEVER_STORED]
)
"""There is nothing, or nobody knows by which id: an order to delete it would wait for its expiry, and turns before it with it."""


def can_be_asked(copy: Copy) -> bool:
    """Whether an order to delete it means anything."""
    return copy.disposal not in FINAL and copy.evidence not in UNREACHED


def is_passed_over(copy: Copy) -> bool:
    """Whether an order for all behind a turn has not reached it, be it that a policy has: that one may change its mind."""
    told = copy.is_request and copy.disposal is not Disposal.IDLE
    return can_be_asked(copy) and not told and copy.disposal not in ATTENTION

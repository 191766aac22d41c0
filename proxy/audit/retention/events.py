"""What happens to a copy, as recorded. The states follow from these alone, in the order of recording."""

from __future__ import annotations

from typing import TypeAlias

from proxy.audit.retention.states import Disposal
from proxy.values import plain_value


@plain_value(frozen=True, slots=True, kw_only=True)
class Event:
    """When, in which life of the steward, and under which id it is recorded."""

    id: str
    wall: int
    mono: int = 0
    boot: str = ""


@plain_value(frozen=True, slots=True, kw_only=True)
class CreateEnded(Event):
    """A create's exchange has closed.

    `status` None: no answer. `has_sent` False: not a byte went out. `has_id`: the answer or an event named the id.
    """

    status: int | None
    has_sent: bool
    has_id: bool


@plain_value(frozen=True, slots=True, kw_only=True)
class Looked(Event):
    """A GET was answered; `status` None: it was not."""

    status: int | None
    retry_after_s: int = 0
    is_overdue: bool = False
    """It should have expired by then, with all grace."""


@plain_value(frozen=True, slots=True, kw_only=True)
class ControlLooked(Event):
    """A GET of something known to be there, under the same credential."""

    is_served: bool


@plain_value(frozen=True, slots=True, kw_only=True)
class Continued(Event):
    """Another turn was accepted that names this one as the one before."""


@plain_value(frozen=True, slots=True, kw_only=True)
class RunEnded(Event):
    """A terminal status was seen."""


@plain_value(frozen=True, slots=True, kw_only=True)
class DutyBegan(Event):
    """It is to be removed upstream, at `due_at` at the earliest."""

    due_at: int
    is_request: bool
    is_branch: bool = False
    """With all turns behind it, those too that come while it goes."""


@plain_value(frozen=True, slots=True, kw_only=True)
class DutyEnded(Event):
    """Nobody wants it removed any longer."""


@plain_value(frozen=True, slots=True, kw_only=True)
class CancelIntended(Event):
    """Durable before a cancel leaves: what is to be removed still runs."""


@plain_value(frozen=True, slots=True, kw_only=True)
class DeleteIntended(Event):
    """Durable before the DELETE leaves."""


@plain_value(frozen=True, slots=True, kw_only=True)
class DeleteAnswered(Event):
    """Ours or a client's. `status` None: sent, and no answer came."""

    status: int | None
    retry_after_s: int = 0
    is_ours: bool = True
    chance: float = 1.0
    """From 0 to 1: spreads the wait before the next attempt."""


@plain_value(frozen=True, slots=True, kw_only=True)
class DeleteWithdrawn(Event):
    """An intent that was not carried out: a hold came first. Nothing was sent."""


@plain_value(frozen=True, slots=True, kw_only=True)
class HoldPlaced(Event):
    """Somebody must not lose it. Which holds there are is kept elsewhere; here only that one came."""


@plain_value(frozen=True, slots=True, kw_only=True)
class CredentialChanged(Event):
    """Another credential is there: what was denied may be tried again."""


@plain_value(frozen=True, slots=True, kw_only=True)
class Restarted(Event):
    """The steward began a new life: what was under way has an unknown end."""


@plain_value(frozen=True, slots=True, kw_only=True)
class Concluded(Event):
    """The steward found, by `decide`, that nothing more will come."""

    final: Disposal


AnyEvent: TypeAlias = (
    CreateEnded
    | Looked
    | ControlLooked
    | Continued
    | RunEnded
    | DutyBegan
    | DutyEnded
    | CancelIntended
    | DeleteIntended
    | DeleteAnswered
    | DeleteWithdrawn
    | HoldPlaced
    | CredentialChanged
    | Restarted
    | Concluded
)

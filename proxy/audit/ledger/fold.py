"""From the rows of one interaction to the state of its copy, its interval and its other clocks. Pure.

Rows are taken in the order of their instants; the same row twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from proxy.audit.ledger.rows import CopyRow, EventRow
from proxy.audit.ledger.telling import read
from proxy.audit.retention import events
from proxy.audit.retention.clocks import (
    RULES,
    Anchor,
    Interval,
    Residue,
    Rules,
    Seen,
    Tier,
    expiry,
    narrowed,
    residues,
)
from proxy.audit.retention.events import AnyEvent
from proxy.audit.retention.machine import after, replayed
from proxy.audit.retention.policy import Subject, tools_of
from proxy.audit.retention.states import Copy, Store

US: Final = 1000
"""Nanoseconds."""


def copy_of(
    row: CopyRow, told: Iterable[EventRow], boot: str = "", gone_by: int | None = None
) -> Copy:
    """The copy after all that was recorded of it.

    Args:
        row: what the tables say of it.
        told: what happened to it, in any order.
        boot: the life of the steward that asks.
        gone_by: whoever is served after this instant outstays, ns; None: nobody knows.
    """
    start = anchor_of(row)
    copy = Copy(
        interaction=row.interaction,
        scope=row.client,
        store=Store(row.store) if row.store in {"true", "false"} else Store.INHERITED,
        is_ended=row.is_ended,
        began_at=start.began_at,
        updated_at=start.updated_at,
    )
    created = events.CreateEnded(
        id=f"create:{row.interaction}",
        wall=row.seen_us * US,
        status=row.create_status,
        has_sent=True,
        has_id=row.has_id,
    )
    copy = replayed(after(copy, created), events_of(row, told, gone_by))
    if boot and copy.boot != boot:
        copy = after(copy, events.Restarted(id=f"restarted:{boot}", wall=copy.began_at, boot=boot))
    return copy


def gone_by(row: CopyRow, project: tuple[Tier, int | None], skew_ns: int) -> int:
    """Until when it may be served, with all grace, ns."""
    return expiry(anchor_of(row), *project, skew_ns).latest + RULES.grace_ns


def events_of(
    row: CopyRow, told: Iterable[EventRow], gone_by: int | None = None
) -> Iterable[AnyEvent]:
    """What happened, in order. Each new life of the steward is an event of its own."""
    boot = ""
    rows = list(told)
    if row.continued_us is not None:
        event_id = f"continued:{row.interaction}"
        rows.append(
            EventRow(
                interaction=row.interaction,
                id=event_id,
                kind="continued",
                at_us=row.continued_us,
                status=None,
                retry_after_s=None,
                data=None,
            )
        )
    for one in sorted(rows, key=lambda each: (each.at_us, each.place, each.id)):
        event = _event(one, gone_by)
        if event is None:
            continue
        if event.boot and event.boot != boot:
            if boot:
                restarted = f"restarted:{event.boot}"
                yield events.Restarted(id=restarted, wall=event.wall, boot=event.boot)
            boot = event.boot
        yield event


def _event(told: EventRow, gone_by: int | None) -> AnyEvent | None:
    wall = told.at_us * US
    match told.kind:
        case "continued":
            return events.Continued(id=told.id, wall=wall)
        case "served":
            is_late = gone_by is not None and (told.date_us or 0) * US > gone_by
            return events.Looked(id=told.id, wall=wall, status=told.status, is_overdue=is_late)
        case "deleted":
            return events.DeleteAnswered(id=told.id, wall=wall, status=told.status, is_ours=False)
        case "held":
            return events.HoldPlaced(id=told.id, wall=wall)
        case _:
            return read(told.id, told.data)


def anchor_of(row: CopyRow) -> Anchor:
    """When its period began: upstream's word, else the answer's Date, else our own clock."""
    if row.created_us is not None:
        began, source = row.created_us, "created"
    elif row.date_us is not None:
        began, source = row.date_us, "date"
    else:
        began, source = row.seen_us, "wall"
    return Anchor(began * US, source, (row.updated_us or 0) * US, (row.continued_us or 0) * US)


def interval_of(
    row: CopyRow, copy: Copy, project: tuple[Tier, int | None], skew_ns: int, rules: Rules = RULES
) -> Interval:
    """When its copy expires by itself, narrowed by what was seen of it.

    Args:
        row: what the tables say.
        copy: what happened to it.
        project: tier and, where the configuration says, the days it chose.
        skew_ns: upstream's clock minus ours.
        rules: what is assumed about Google.
    """
    tier, days = project
    anchor = anchor_of(row)
    found = expiry(anchor, tier, days, skew_ns, rules)
    if copy.served_at:
        seen = Seen(copy.served_at, copy.longest_unused_ns)
        found = narrowed(found, anchor, seen, skew_ns, rules)
    return found


def residues_of(row: CopyRow, rules: Rules = RULES) -> Sequence[Residue]:
    """Copies beside the stored one, by the tools that were used."""
    used = row.tools.split(",") if row.tools else []
    uses = [("environment", row.environment)] if row.environment else []
    if row.files:
        uses.append(("file", ""))
    if row.has_cache:
        uses.append(("cache", ""))
    last = max(row.seen_us, row.updated_us or 0) * US
    return residues(used, uses, last, rules)


def subject_of(row: CopyRow) -> Subject:
    """What policies look at."""
    return Subject(
        client=row.client,
        labels=frozenset((row.label or "").split(",")) - {""},
        models=frozenset(name for name in (row.model, row.agent) if name),
        tools=tools_of((row.tools or "").split(",")),
    )

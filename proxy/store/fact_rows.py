"""Facts as they stand in the vault: rows without names, decoded fast, versioned by a number. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, NamedTuple

import orjson

from proxy.errors import FormatError
from proxy.recording.facts import (
    ActFact,
    CostFact,
    EventFact,
    ExchangeFact,
    GapFact,
    MediaFact,
    ObservationFact,
    ProblemFact,
    Recording,
    StepFact,
    UnknownFact,
    UsageFact,
)
from proxy.store.position import CommittedFacts

FACTS_VERSION: Final = 5
"""Of the columns below. A field is only ever added, at the end of its class, nullable or with a
default; then this number grows. Rows of an older version are read with the defaults."""


class FactRows(NamedTuple):
    """What one FACTS or ACTS record holds."""

    exchanges: list[CommittedFacts]
    gaps: list[GapFact]
    acts: list[ActFact]


def facts_to_json(
    exchanges: Iterable[CommittedFacts],
    gaps: Iterable[GapFact] = (),
    acts: Iterable[ActFact] = (),
) -> bytes:
    """The box of a FACTS or ACTS record: JSON {version, exchanges, gaps, acts}.

    An exchange is [exchange row, then a list of rows of each of the other tables in the order of
    Recording, steps_ref, media_refs, raw_ref]; a row is the values of its class in order.
    """
    rows = {
        "version": FACTS_VERSION,
        "exchanges": [_exchange_to_row(exchange) for exchange in exchanges],
        "gaps": [_ROW_OF[GapFact](gap) for gap in gaps],
        "acts": [_ROW_OF[ActFact](act) for act in acts],
    }
    return orjson.dumps(rows)


def facts_from_json(box: bytes) -> FactRows:
    """The inverse of facts_to_json.

    Raises:
        FormatError: not such a box, or of a later version.
    """
    try:
        value = orjson.loads(box)
        version = value["version"]
        if version > FACTS_VERSION:
            raise FormatError(
                f"facts of version {version}, this release reads {FACTS_VERSION}: start the one that wrote them"
            )
        return FactRows(
            [_exchange_from_row(row) for row in value["exchanges"]],
            [GapFact(*row) for row in value["gaps"]],
            [ActFact(*row) for row in value["acts"]],
        )
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise FormatError(f"not facts: {error!r}") from error


def without_content(recording: Recording) -> Recording:
    """Its rows alone: content stays in the vault."""
    if not (recording.contents or recording.media):
        return recording
    return Recording(  # dataclasses.replace takes 15 us
        recording.exchange,
        recording.observations,
        recording.steps,
        recording.usage,
        recording.events,
        recording.media_facts,
        recording.problems,
        recording.unknowns,
        recording.costs,
    )


def row_count(recording: Recording) -> int:
    """How many rows it has in all tables."""
    return 1 + sum(map(len, _TABLES_OF(recording)))


def columns_digest() -> str:
    """Names the columns of this version: a test compares it, so that nobody forgets the number."""
    names = "\n".join(
        f"{kind.__name__}.{field.name}"
        for kind in (*_KINDS, GapFact, ActFact)
        for field in fields(kind)
    )
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def _exchange_to_row(committed: CommittedFacts) -> tuple[Any, ...]:
    recording = committed.recording
    tables = _TABLES_OF(recording)
    return (
        _ROW_OF[ExchangeFact](recording.exchange),
        *(
            [to_row(fact) for fact in table] if table else ()
            for to_row, table in zip(_TABLE_ROWS, tables, strict=True)
        ),
        committed.steps_ref,
        committed.media_refs,
        committed.raw_ref,
    )


def _exchange_from_row(row: Sequence[Any]) -> CommittedFacts:
    exchange, observations, steps, usage, events, media, problems, unknowns, *rest = row
    costs, *refs = rest if len(rest) > _REFS else ((), *rest)
    recording = Recording(
        ExchangeFact(*exchange),
        tuple([ObservationFact(*fact) for fact in observations]),
        tuple([StepFact(*fact) for fact in steps]),
        tuple([UsageFact(*fact) for fact in usage]),
        tuple([EventFact(*fact) for fact in events]),
        tuple([MediaFact(*fact) for fact in media]),
        tuple([ProblemFact(*fact) for fact in problems]),
        tuple([UnknownFact(*fact) for fact in unknowns]),
        tuple([CostFact(*fact) for fact in costs]),
    )
    steps_ref, media_refs, raw_ref = refs
    return CommittedFacts(recording, steps_ref, tuple(media_refs), raw_ref)


_KINDS: Final[tuple[type, ...]] = (
    ExchangeFact,
    ObservationFact,
    StepFact,
    UsageFact,
    EventFact,
    MediaFact,
    ProblemFact,
    UnknownFact,
    CostFact,
)
_REFS: Final = 3
"""References behind the tables of an exchange; before version 3 there was no table of costs."""
_ROW_OF: Final[dict[type, Callable[[Any], tuple[Any, ...]]]] = {
    # attrgetter of all fields: one C call a row, 0.9 us for the 33 of an exchange.
    kind: attrgetter(*(field.name for field in fields(kind)))
    for kind in (*_KINDS, GapFact, ActFact)
}
_TABLES_OF: Final[Callable[[Recording], tuple[Sequence[Any], ...]]] = attrgetter(
    "observations", "steps", "usage", "events", "media_facts", "problems", "unknowns", "costs"
)
_TABLE_ROWS: Final = tuple(_ROW_OF[kind] for kind in _KINDS[1:])

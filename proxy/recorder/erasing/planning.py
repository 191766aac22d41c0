"""What an erasure would reach, read from the tables: the conversations, and every exchange that shows them.

All is asked by the hashes of ids, a few rows each, so that planning for one interaction among a million takes
milliseconds. What repeats it is followed from turn to turn.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxy.audit.erasure.plan import (
    QUOTED,
    Carrier,
    ErasurePlan,
    Hold,
    Selection,
    erasure_plan,
)
from proxy.audit.retention.cascade import Reach
from proxy.interactions.interaction import id_hash
from proxy.journal.format import ExchangeId
from proxy.recorder.erasing.kin import (
    Told,
    hashes_of,
    kin_of,
    listed,
    told_around,
    told_of,
    turns_of,
)
from proxy.recorder.keeping.keepings import Ask, Kept

MARK_DAYS: Final = 4
"""Whatever compares by digests was seen within so many days: their keys are of the day on which an exchange began, and of
the day before; it shows things a day later at most, and a day is left over."""
ATTEMPT_DAYS: Final = 2
"""A create began so many days before it is seen, at most, and a day is left over. What has its body began on the same day,
since it compares under the key of that day."""
_DAY_US: Final = 86_400_000_000
_LAST_US: Final = 2**62
_FEW: Final = 1000
"""Interactions of which each is asked first whether it was tried several times; of more, some were."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What goes, and when its rows were seen."""

    plan: ErasurePlan
    seen: tuple[int, int] | None
    """Microseconds, both ends inclusive, with a day on either side: one exchange may show things at several times."""
    exchange_count: int
    """Of the tables when this was planned: with as many, nothing came in since."""
    unknown: tuple[str, ...] = ()
    """Selected, and nothing was ever told of them."""
    bypassed: frozenset[str] = frozenset()
    """Of those that go, what a policy would have kept and a person set aside."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the tables count."""

    exchanges: int
    unread: int
    holds: int
    """Ever placed."""


@dataclass(frozen=True, slots=True)
class _Wish:
    request_mac: str
    began_us: int


@dataclass(frozen=True, slots=True)
class _Shown:
    exchange: str
    interaction: str
    how: str
    seen_us: int | None = None
    has_token: bool = False
    """It told how an answer is gone on with."""


@dataclass(frozen=True, slots=True, order=True)
class _Answer:
    interaction: str
    mac_hash: int


@dataclass(frozen=True, slots=True, order=True)
class _Repeat:
    exchange: str
    about: str
    mac_hash: int
    is_before: bool


@dataclass(frozen=True, slots=True)
class _Hop:
    exchange: str
    about: str
    previous_hash: int


@dataclass(frozen=True, slots=True)
class _Quoted:
    exchange: str
    about: str
    interaction: str


def planned(
    ask: Ask, selection: Selection, is_gone: Callable[[str], bool], kept: Kept | None = None
) -> Planned:
    """What erasing `selection` means now.

    Args:
        ask: of the tables.
        selection: whole ids.
        is_gone: whether the key of an exchange is destroyed.
        kept: what policies keep. None: nothing.

    Raises:
        StoreError: the tables cannot answer.
    """
    (numbers,) = ask("erasing_numbers", Numbers)
    wanted = dict.fromkeys(selection.interactions)
    told = told_of(ask, wanted)
    turns = turns_of(told)
    unknown = tuple(name for name in wanted if name not in turns)
    if selection.reach is not Reach.NODE:
        wanted |= dict.fromkeys(turns)
        told += _others_told(ask, wanted, selection.interactions, told)
    shown = [
        _Shown(row.exchange, row.interaction, row.how, row.seen_us, row.has_token)
        for row in told
        if row.has_content and row.interaction in wanted
    ]
    if numbers.unread:
        shown += ask("erasing_unread", _Shown, hashes=listed(hashes_of(wanted)))
    shown = list(dict.fromkeys(shown))
    others = _quoting(ask, list(wanted), shown, told)
    streamed = {row.exchange for row in told if row.is_streaming}
    shown += _others_in(ask, [row for row in shown if row.exchange in streamed], others)
    if selection.known:
        names = [each.exchange for each in selection.known]
        shown += ask("erasing_shown", _Shown, exchanges=listed(names), since=0, until=_LAST_US)
    carriers = _carriers(selection, shown, others, is_gone)
    holds = ask("erasing_holds", Hold) if numbers.holds else []
    own = frozenset(turns) if kept and kept.is_decided else frozenset()
    if (
        holds or kept
    ):  # who stands beside it in an exchange may be held by a turn of its own conversation
        turns |= kin_of(ask, {each.interaction for each in carriers} - turns.keys())
    if kept:
        holds += kept.holds(ask, turns.keys() - own)
    plan = erasure_plan(selection, turns.values(), carriers, holds)
    times = {row.exchange: row.seen_us for row in shown if row.seen_us is not None}
    taken = [times[exchange] for exchange in plan.exchanges if exchange in times]
    span = (min(taken) - _DAY_US, max(taken) + _DAY_US) if taken else None
    bypassed = kept.bypassed.intersection(plan.order) if kept else ()
    return Planned(plan, span, numbers.exchanges, unknown, frozenset(bypassed))


def _others_told(
    ask: Ask, wanted: Iterable[str], selected: Iterable[str], told: Iterable[Told]
) -> list[Told]:
    """What else was told of turns that were found by their conversations: a poll may not name its own."""
    hashes = hashes_of(dict.fromkeys(wanted).keys() - set(selected))
    known = set(told)
    rows = told_around(ask, hashes)[1] if hashes else []
    return [row for row in dict.fromkeys(rows) if row not in known]


def _carriers(
    selection: Selection,
    shown: Iterable[_Shown],
    others: Iterable[_Quoted],
    is_gone: Callable[[str], bool],
) -> list[Carrier]:
    """Who holds what, of those whose keys are there."""
    carriers = [Carrier(row.exchange, row.interaction, row.how) for row in dict.fromkeys(shown)]
    known = {(each.exchange, each.interaction) for each in carriers}
    carriers += [
        Carrier(row.exchange, row.interaction, QUOTED)
        for row in others
        if (row.exchange, row.interaction) not in known
    ]
    carriers += selection.known
    gone = {each for each in {one.exchange for one in carriers} if is_gone(each)}
    return [each for each in carriers if each.exchange not in gone]


def _quoting(
    ask: Ask, interactions: Sequence[str], shown: Sequence[_Shown], told: Sequence[Told]
) -> list[_Quoted]:
    """Exchanges about others that repeat these, from day to day through the turns between.

    Nothing is asked that follows from what is known: each statement takes milliseconds.
    """
    hashes = listed(hashes_of(interactions))
    seen = [row.seen_us for row in shown if row.seen_us is not None]
    span = {"since": min(seen, default=0), "until": max(seen, default=_LAST_US)}
    near = {
        "since": span["since"] - MARK_DAYS * _DAY_US,
        "until": span["until"] + MARK_DAYS * _DAY_US,
    }
    answers = sorted(set(ask("erasing_answers", _Answer, hashes=hashes, **span)))
    direct = _repeating(ask, answers, near)
    answered = {row.interaction for row in answers} - {
        row.interaction for row in shown if row.has_token
    }
    if perhaps := [each for each in interactions if each not in answered]:
        unanswered = ask("erasing_unanswered", str, hashes=listed(hashes_of(perhaps)), **span)
        if unanswered:
            asked = listed(hashes_of(unanswered))
            direct += ask("erasing_quoted_questions", _Quoted, hashes=asked, **near)
    named = set(hashes_of(interactions))
    if any(row.is_hop and row.previous_hash in named for row in told):
        direct += _hops(ask, interactions)
    direct += _attempts(ask, hashes, shown)
    found = dict.fromkeys(direct)
    fresh = list(found)
    while fresh:
        by_about: dict[str, set[str]] = {}
        for row in fresh:
            by_about.setdefault(row.about, set()).add(row.interaction)
        over = ask(
            "erasing_bridges", _Quoted, hashes=listed(hashes_of(by_about))
        )  # its interaction: the bridge
        fresh = [
            each
            for row in over
            for interaction in by_about.get(row.interaction, ())
            if (each := _Quoted(row.exchange, row.about, interaction)) not in found
        ]
        found |= dict.fromkeys(fresh)
    return [row for row in found if row.interaction != row.about]


def _repeating(ask: Ask, answers: Sequence[_Answer], near: Mapping[str, int]) -> list[_Quoted]:
    """Who repeats one of these answers, seen `near` them."""
    if not answers:
        return []
    given: dict[int, list[_Answer]] = {}
    for answer in answers:
        given.setdefault(answer.mac_hash, []).append(answer)
    return [
        _Quoted(row.exchange, row.about, answer.interaction)
        for row in sorted(set(ask("erasing_repeats", _Repeat, macs=listed(given), **near)))
        for answer in given[row.mac_hash]
        if answer.interaction != row.about
    ]


def _hops(ask: Ask, interactions: Sequence[str]) -> Iterator[_Quoted]:
    """Stored hops send the settings of the one before again, and so on."""
    origins = {id_hash(interaction): {interaction} for interaction in interactions}
    fresh = origins
    while fresh:
        rows = ask("erasing_hops", _Hop, hashes=listed(fresh))
        later: dict[int, set[str]] = {}
        for row in rows:
            about_hash, sources = id_hash(row.about), fresh[row.previous_hash]
            yield from (_Quoted(row.exchange, row.about, source) for source in sources)
            if new := sources - origins.get(about_hash, set()):
                later.setdefault(about_hash, set()).update(new)
        for about_hash, sources in later.items():
            origins[about_hash] = origins.get(about_hash, set()) | sources
        fresh = later


def _attempts(ask: Ask, hashes: str, shown: Sequence[_Shown]) -> list[_Quoted]:
    """Other attempts of the same wish; most wishes have one, which is seen at little cost."""
    created = [row for row in shown if row.how == "created" and row.seen_us is not None]
    if not created:
        return []
    seen = [row.seen_us or 0 for row in created]
    span = {
        "since": min(seen) - ATTEMPT_DAYS * _DAY_US,
        "until": max(seen) + ATTEMPT_DAYS * _DAY_US,
    }
    if len(created) < _FEW:
        sequences = listed(ExchangeId.parse(row.exchange).sequence for row in created)
        if not _are_tried_again(ask, ask("erasing_wishes", _Wish, sequences=sequences, **span)):
            return []
    return ask("erasing_quoted_attempts", _Quoted, hashes=hashes, **span)


def _are_tried_again(ask: Ask, wishes: Collection[_Wish]) -> bool:
    """Whether one of them failed, or a create with the body of one."""
    if not wishes:
        return False
    began = [wish.began_us // _DAY_US for wish in wishes]
    days = {"since": min(began) * _DAY_US, "until": (max(began) + 1) * _DAY_US - 1}
    macs = listed({wish.request_mac for wish in wishes})
    (are_several,) = ask("erasing_tried_again", bool, macs=macs, **days)
    return are_several


def _others_in(ask: Ask, shown: Sequence[_Shown], quoted: Sequence[_Quoted]) -> list[_Shown]:
    """What else stands in these exchanges."""
    by_time = sorted({row.exchange for row in shown if row.seen_us is not None})
    seen = [row.seen_us for row in shown if row.seen_us is not None]
    found: list[_Shown] = []
    if by_time:
        found += ask(
            "erasing_shown",
            _Shown,
            exchanges=listed(by_time),
            since=min(seen) - _DAY_US,
            until=max(seen) + _DAY_US,
        )
    if quoted:
        about = listed(hashes_of({row.about for row in quoted}))
        exchanges = {row.exchange for row in quoted}
        about_rows = ask("erasing_own", _Shown, hashes=about)
        found += [row for row in about_rows if row.exchange in exchanges]
    return found

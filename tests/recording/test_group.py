from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from proxy.journal.format import ExchangeEnd, ExchangeId, Flag, Gap, Kind, Mode, Outcome, Purpose
from proxy.journal.reader import Frame
from proxy.recording.exchange import Part, Side
from proxy.recording.group import (
    INTERIM_HEADS_MAX,
    SPILL_BYTES,
    ExchangeGroup,
    Finished,
    Note,
    Taken,
)
from tests.recording.frames import ANSWER, HEAD, START_NS, Play

KEEP = 16 * 1024 * 1024


def taken(group: ExchangeGroup, frames: list[Frame]) -> list[Taken]:
    return [one for frame in frames for one in group.take(frame)]


def finished(group: ExchangeGroup, frames: list[Frame]) -> Finished:
    (one,) = taken(group, frames)
    assert isinstance(one, Finished)
    return one


def side_bytes(found: list[Taken], side: Side) -> bytes:
    """All bytes of one side, from parts and tails in order."""
    pieces: list[Part] = []
    for one in found:
        if isinstance(one, Part):
            pieces.append(one)
        elif isinstance(one, Finished):
            pieces += one.tails
    return b"".join(piece.data for piece in pieces if piece.side is side)


def test_an_exchange_comes_out_whole_at_its_closing_record() -> None:
    play = Play()
    group = ExchangeGroup(KEEP)

    one = finished(group, [play.frame(1, *play.whole(b"question", b"reply"))])

    exchange = one.exchange
    assert exchange.intent.head == HEAD
    assert exchange.request.data == b"question"
    assert exchange.response_head == ANSWER
    assert exchange.response.data == b"reply"
    assert exchange.outcome is Outcome.COMPLETE
    assert exchange.started_wall_ns == START_NS + 1_000_000
    assert exchange.request_ended_mono_ns == 3_000_000
    assert exchange.response.cuts[0].mono_ns == 5_000_000
    assert exchange.ended_mono_ns == 6_000_000
    assert not exchange.has_lost_frames
    assert {part.side: part.data for part in one.tails} == {
        Side.REQUEST: b"question",
        Side.RESPONSE: b"reply",
    }
    assert (group.open_count, group.held_bytes) == (0, 0)


@given(st.lists(st.integers(1, 6), max_size=5))
def test_neither_the_cut_into_frames_nor_the_neighbours_change_an_exchange(
    sizes: list[int],
) -> None:
    play, again = Play(), Play()
    entries = play.whole()
    cut: list[Frame] = []
    rest = list(entries)
    for size in sizes:
        if rest[:size]:
            cut.append(again.frame(1, *rest[:size]))
        rest = rest[size:]
    if rest:
        cut.append(again.frame(1, *rest))
    neighbours = again.frames(2, again.whole())[:-1]
    mixed = [*neighbours[:2], *cut, *neighbours[2:]]

    alone = finished(ExchangeGroup(KEEP), [play.frame(1, *entries)])
    among = finished(ExchangeGroup(KEEP), mixed)

    assert among == alone


def test_frames_seen_before_change_nothing() -> None:
    play = Play()
    frames = play.frames(1, play.whole())

    group = ExchangeGroup(KEEP)
    doubled = finished(group, [frames[0], *frames[:4], frames[2], *frames[3:]])

    assert doubled == finished(ExchangeGroup(KEEP), frames)


@given(st.integers(1, 4))
def test_a_missing_frame_is_said(missing: int) -> None:
    play = Play()
    frames = play.frames(1, play.whole())
    del frames[missing]

    assert finished(ExchangeGroup(KEEP), frames).exchange.has_lost_frames


def test_a_body_that_is_not_as_long_as_its_end_says_lost_something() -> None:
    play = Play()
    entries = [play.intent(), play.request(b"four"), play.request_end(5), play.end()]

    assert finished(ExchangeGroup(KEEP), [play.frame(1, *entries)]).exchange.has_lost_frames


def test_entries_that_do_not_decode_are_lost_and_raise_nothing() -> None:
    play = Play()
    entries = [play.entry(Kind.INTENT, b"?"), play.entry(Kind.REQUEST_END, b""), play.end()]

    exchange = finished(ExchangeGroup(KEEP), [play.frame(1, *entries)]).exchange

    assert exchange.has_lost_frames
    assert exchange.outcome is Outcome.COMPLETE


def test_an_exchange_whose_key_is_gone_still_ends_once() -> None:
    play = Play()
    frames = [frame._replace(entries=(), is_open=False) for frame in play.frames(1, play.whole())]

    exchange = finished(ExchangeGroup(KEEP), frames).exchange

    assert exchange.outcome is Outcome.INTERRUPTED
    assert "key" in exchange.detail
    assert exchange.has_lost_frames


def test_interim_heads_are_kept_up_to_a_limit() -> None:
    play = Play()
    interim = [play.answer(b"HTTP/1.1 103 Hints\r\n\r\n", Flag.INTERIM) for _ in range(40)]
    entries = [play.intent(), *interim, play.answer(), play.end()]

    exchange = finished(ExchangeGroup(KEEP), [play.frame(1, *entries)]).exchange

    assert len(exchange.interim_heads) == INTERIM_HEADS_MAX
    assert exchange.response_head == ANSWER


def test_our_own_answer_is_marked() -> None:
    play = Play()
    entries = [play.intent(), play.answer(flags=Flag.OWN_ANSWER), play.end()]

    assert finished(ExchangeGroup(KEEP), [play.frame(1, *entries)]).exchange.is_own_answer


def test_spliced_bytes_are_counted_and_handed_out_per_direction() -> None:
    play = Play()
    entries = [
        play.intent(),
        play.spliced(b"up", from_client=True),
        play.spliced(b"down", from_client=False),
        play.end(),
    ]

    found = taken(ExchangeGroup(KEEP), [play.frame(1, *entries)])

    assert isinstance(found[0], Finished)
    assert found[0].exchange.spliced_from_client_bytes == 2
    assert side_bytes(found, Side.FROM_UPSTREAM) == b"down"


@given(st.lists(st.integers(1, SPILL_BYTES), min_size=1, max_size=6))
def test_a_large_body_is_handed_out_early_and_only_its_start_is_kept(sizes: list[int]) -> None:
    play = Play()
    group = ExchangeGroup(interpret_bytes_max=1000)
    chunks = [bytes([number]) * size for number, size in enumerate(sizes)]

    found = taken(group, [play.frame(1, play.intent(), play.answer())])
    for chunk in chunks:
        found += group.take(play.frame(1, play.response(chunk)))
        assert group.held_bytes <= SPILL_BYTES + 1000 + 160 * len(chunks)
    found += group.take(play.frame(1, play.end(sum(sizes))))

    last = found[-1]
    assert isinstance(last, Finished)
    assert side_bytes(found, Side.RESPONSE) == b"".join(chunks)
    assert last.exchange.response.data == b"".join(chunks)[:1000]
    assert last.exchange.response.size == sum(sizes)
    assert len(last.exchange.response.cuts) == len(chunks)


def test_when_all_open_exchanges_hold_too_much_the_one_that_grows_is_spilled() -> None:
    play = Play()
    group = ExchangeGroup(KEEP, held_bytes_max=3000)
    taken(group, [play.frame(1, play.intent(), play.response(b"a" * 2000))])

    (part,) = taken(group, [play.frame(2, play.intent(), play.response(b"b" * 2000))])
    found = group.take(play.frame(2, play.response(b"c" * 2000), play.end(4000)))

    assert isinstance(part, Part)
    assert (part.id.sequence, part.data) == (2, b"b" * 2000)
    assert isinstance(found[-1], Finished)
    assert found[-1].exchange.response.was_truncated
    assert found[-1].exchange.response.data == b"b" * 2000


def test_gaps_and_modes_pass_through() -> None:
    play = Play()
    gap = play.entry(Kind.GAP, Gap(3, 10, 1, 2, "disk full").encode())
    mode = play.entry(Kind.MODE, bytes([Mode.AVAILABLE]) + b"asked")
    head = play.entry(Kind.SEGMENT_HEAD)

    assert taken(ExchangeGroup(KEEP), [play.frame(0, head, gap, mode)]) == [
        Note(0, 7, gap),
        Note(0, 7, mode),
    ]


def test_a_dead_journal_leaves_each_open_exchange_interrupted_exactly_once() -> None:
    play, other = Play(worker=1), Play(worker=2)
    group = ExchangeGroup(KEEP)
    taken(group, [play.frame(1, play.intent()), play.frame(2, *play.whole())])
    taken(group, [other.frame(1, other.intent())])

    (one,) = group.interrupt(1, 7)

    assert one.exchange.id.sequence == 1
    assert one.exchange.outcome is Outcome.INTERRUPTED
    assert group.interrupt(1, 7) == []
    assert group.open_count == 1


def test_reading_again_starts_at_the_oldest_open_exchange() -> None:
    play = Play()
    group = ExchangeGroup(KEEP)
    first = play.frame(1, play.intent())
    second = play.frame(2, play.intent())
    taken(group, [first, second])
    assert group.open_since(0, 7) == (0, first.offset)

    group.take(play.frame(1, play.end()))

    assert group.open_since(0, 7) == (0, second.offset)
    group.take(play.frame(2, play.end()))
    assert group.open_since(0, 7) is None


def test_a_carried_exchange_goes_on_in_the_next_recorder_as_if_nothing_had_happened() -> None:
    play = Play()
    entries = play.whole(b"question", b"reply")
    entries.insert(3, play.entry(Kind.DECISION, b"what a policy decided"))
    early, late = play.frame(1, *entries[:4]), play.frame(1, *entries[4:])
    group, next_group = ExchangeGroup(KEEP), ExchangeGroup(KEEP)
    group.take(early)

    (carried,) = group.carry(0, 7, before_segment=1, place=(5, 0))
    next_group.restore(carried, (5, 0))

    assert group.open_since(0, 7) == next_group.open_since(0, 7) == (5, 0)
    assert next_group.held_bytes == group.held_bytes
    assert next_group.take(early) == []
    whole = finished(group, [late])
    assert finished(next_group, [late]) == whole
    assert whole.exchange.decision == b"what a policy decided"
    assert whole.exchange.request.data == b"question", (
        "what upstream got instead is in the decision"
    )


def test_only_exchanges_from_before_that_segment_are_carried() -> None:
    play = Play()
    group = ExchangeGroup(KEEP)
    group.take(play.frame(1, play.intent()))
    play.segment = 3
    group.take(play.frame(2, play.intent()))

    carried = group.carry(0, 7, before_segment=3, place=(4, 0))

    assert [one.exchange.id.sequence for one in carried] == [1]
    assert group.open_since(0, 7) == (3, 100)


def test_an_exchange_of_which_nothing_is_left_is_closed_with_its_number_alone() -> None:
    group = ExchangeGroup(1000)
    id_ = ExchangeId(1, 2, 3)

    finished = group.lost(id_, 77)

    exchange = finished.exchange
    assert (exchange.id, exchange.outcome) == (id_, Outcome.INTERRUPTED)
    assert exchange.has_lost_frames
    assert (exchange.started_wall_ns, finished.tails) == (77, ())
    assert not group.is_open(id_)


def test_an_answer_that_was_withheld_is_not_lost() -> None:
    play = Play()
    intent, *asked = play.whole()[:4]
    end = play.entry(Kind.END, ExchangeEnd(Outcome.COMPLETE, 900, "").encode(), Flag.WITHHELD)

    one = finished(
        ExchangeGroup(KEEP), [play.frame(1, intent._replace(flags=Flag.VERIFY), *asked, end)]
    )

    exchange = one.exchange
    assert (exchange.purpose, exchange.is_answer_withheld) == (Purpose.VERIFY, True)
    assert (exchange.response.size, exchange.response.data) == (900, b"")
    assert not exchange.has_lost_frames

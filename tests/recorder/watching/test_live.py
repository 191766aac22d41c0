from __future__ import annotations

from dataclasses import replace

from proxy.admin.seeing.live import STEPS_MAX
from proxy.recorder.watching.live import ENDED_MAX, OPEN_BYTES_MAX, LiveBoard, WatchedGroup
from proxy.recording.exchange import Exchange
from proxy.recording.facts import Recording
from tests.recording.frames import Play
from tests.store.samples import batch, recording, step

KEEP = 16 * 1024 * 1024


def test_an_open_exchange_is_seen_and_read_again_only_when_it_grew() -> None:
    play, group = Play(), WatchedGroup(KEEP)
    read: list[int] = []

    def meaning(exchange: Exchange) -> Recording:
        read.append(exchange.response.size)
        return recording(1)

    board = LiveBoard(group, meaning)
    group.take(
        play.frame(1, play.intent(), play.request(b"{}"), play.request_end(2), play.answer())
    )
    first = board.mark()
    board.look(0)
    board.look(0)
    group.take(play.frame(1, play.response(b"data: 1\n\n")))
    look = board.look(0)

    assert read == [0, 9]
    assert len(look.under_way) == 1
    assert board.mark() != first


def test_of_a_heavy_one_only_the_head_is_read() -> None:
    play, group = Play(), WatchedGroup(KEEP)
    seen: list[bytes] = []

    def meaning(exchange: Exchange) -> Recording:
        seen.append(exchange.response.data)
        return recording(1)

    board = LiveBoard(group, meaning)
    group.take(play.frame(1, play.intent(), play.answer(), play.response(b"x" * OPEN_BYTES_MAX)))

    board.look(0)

    assert seen == [b""]


def test_what_ended_is_told_once_and_the_oldest_are_forgotten() -> None:
    board = LiveBoard(WatchedGroup(KEEP))
    board.offer(batch(*(recording(number) for number in range(1, ENDED_MAX + 3))))

    first = board.look(0)
    board.offer(batch(recording(ENDED_MAX + 9)))
    second = board.look(first.at)

    assert (len(first.ended), first.at) == (ENDED_MAX, ENDED_MAX + 2)
    assert [each.number for each in second.ended] == [ENDED_MAX + 3]
    assert board.look(second.at).at == second.at


def test_of_what_ended_only_what_is_shown_is_kept() -> None:
    """Seen: 20 hostile streams of 100,000 events each stayed in memory, 430 MB of them."""
    board = LiveBoard(WatchedGroup(KEEP))
    whole = recording(1, steps=tuple(step("thought", index=n) for n in range(STEPS_MAX + 5)))
    board.offer(batch(replace(whole, contents=(b"said",) * 9)))

    ((kept,),) = (board.look(0).ended,)

    assert kept.recording.exchange == whole.exchange
    assert kept.step_count == STEPS_MAX + 5
    assert kept.recording.steps == whole.steps[-STEPS_MAX:]
    assert (kept.recording.contents, kept.recording.events) == ((), ())

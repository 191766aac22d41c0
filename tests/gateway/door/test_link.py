from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from proxy.gateway.door.frames import Answer, Kind, Way
from proxy.gateway.door.link import BACKLOG_BYTES_MAX, DoorLink, is_concerned
from tests.gateway.door.porter import PASS, Porter
from tests.gateway.stage import WAIT_S


class Asker:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.is_shown = False
        self.number = 0
        self.told: asyncio.Queue[Answer | None] = asyncio.Queue()

    def decided(self, answer: Answer) -> None:
        self.told.put_nowait(answer)

    def unanswered(self) -> None:
        self.told.put_nowait(None)

    async def verdict(self) -> Answer | None:
        async with asyncio.timeout(WAIT_S):
            return await self.told.get()


@asynccontextmanager
async def linked(path: Path, deadline_s: float = WAIT_S) -> AsyncIterator[DoorLink]:
    link = DoorLink(path, asyncio.get_running_loop(), deadline_s)
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(link.keep())
        yield link
        keeping.cancel()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"POST /v1beta/interactions HTTP/1.1", True),
        (b"DELETE /v1beta/%69nteractions/a HTTP/1.1", True),
        (b"POST /$rpc/google.ai.InteractionService/X HTTP/1.1", True),
        (b"POST /batch HTTP/1.1", True),
        (b"DELETE /v1beta/INTERACTIONS/a HTTP/1.1", True),
        (b"GET /v1beta/models HTTP/1.1", False),
        (b"POST /v1beta/models/m:generateContent HTTP/1.1", False),
    ],
)
def test_it_asks_about_what_may_be_about_interactions(line: bytes, expected: object) -> None:
    assert is_concerned(line + b"\r\nX-Other: interactions %\r\n\r\n") is expected


async def test_a_door_that_answers_too_late_is_told_that_nothing_is_shown(tmp_path: Path) -> None:
    async with Porter(tmp_path / "d") as porter, linked(porter.path) as link:
        asker = Asker()
        link.ask(asker, b"head", b"", is_whole=True)
        number, _ = await porter.asked()
        link.forget(asker)
        porter.answer(number, PASS._replace(is_shown=True))

        said = await porter.said()

        assert (said.kind, said.number) == (Kind.SHOWN_END, number)
        assert asker.told.empty()


async def test_a_question_is_answered_once(tmp_path: Path) -> None:
    async with Porter(tmp_path / "d") as porter, linked(porter.path) as link:
        first, second = Asker(), Asker()
        link.ask(first, b"head", b"body", is_whole=True)
        link.ask(second, b"other", b"", is_whole=False)
        numbers = []
        for head, body, is_whole in ((b"head", b"body", True), (b"other", b"", False)):
            number, question = await porter.asked()
            assert question == (head, body, is_whole)
            numbers.append(number)
        porter.answer(numbers[1], PASS._replace(way=Way.REFUSE))
        porter.answer(numbers[0])
        porter.answer(numbers[0])

        refused = await second.verdict()
        assert refused is not None
        assert refused.way is Way.REFUSE
        assert await first.verdict() == PASS
        assert first.told.empty()


async def test_what_is_late_goes_unanswered_and_a_late_answer_is_for_nobody(
    tmp_path: Path,
) -> None:
    async with Porter(tmp_path / "d") as porter, linked(porter.path, 0.05) as link:
        asker = Asker()
        link.ask(asker, b"head", b"", is_whole=True)
        number, _ = await porter.asked()

        assert await asker.verdict() is None
        porter.answer(number)
        later = Asker()
        link.ask(later, b"head", b"", is_whole=True)
        await later.verdict()
        assert asker.told.empty()


async def test_without_a_door_questions_wait_for_one_until_their_deadline(tmp_path: Path) -> None:
    async with linked(tmp_path / "d", 0.05) as link:
        alone = Asker()
        link.ask(alone, b"head", b"", is_whole=True)
        assert await alone.verdict() is None
        assert link.must_answer
    async with linked(tmp_path / "e") as link:
        early = Asker()
        link.ask(early, b"head", b"", is_whole=True)
        async with Porter(tmp_path / "e", must_answer=False) as porter:
            await porter.passes()
            assert await early.verdict() == PASS
            assert not link.must_answer

            left = Asker()
            link.ask(left, b"head", b"", is_whole=True)
            await porter.asked()
            porter.leave()
            assert await left.verdict() is None
            assert not link.must_answer, "what it said last holds on"


async def test_a_door_that_takes_nothing_is_given_up(tmp_path: Path) -> None:
    async with Porter(tmp_path / "d") as porter, linked(porter.path) as link:
        first = Asker()
        link.ask(first, b"head", b"", is_whole=True)
        await porter.asked()
        porter.writers[0].transport.pause_reading()  # type: ignore[attr-defined]
        waiting = [Asker() for _ in range(20)]
        for asker in waiting:
            link.ask(asker, b"head", b"x" * (BACKLOG_BYTES_MAX // 8), is_whole=True)

        assert await waiting[-1].verdict() is None


async def test_bytes_that_are_no_frames_end_the_connection_and_it_comes_back(
    tmp_path: Path,
) -> None:
    async with Porter(tmp_path / "d") as porter, linked(porter.path) as link:
        asker = Asker()
        link.ask(asker, b"head", b"", is_whole=True)
        await porter.asked()
        porter.writers[0].write(b"\xff" * 40)
        assert await asker.verdict() is None

        again = Asker()
        link.ask(again, b"head", b"", is_whole=True)
        await porter.passes()
        assert await again.verdict() == PASS
        assert len(porter.writers) == 2


async def test_an_answer_is_shown_until_the_door_has_enough(tmp_path: Path) -> None:
    async with Porter(tmp_path / "d") as porter, linked(porter.path) as link:
        asker = Asker()
        link.ask(asker, b"head", b"", is_whole=True)
        number, _ = await porter.asked()
        porter.answer(number, PASS._replace(is_shown=True))
        await asker.verdict()
        assert asker.is_shown

        link.show(Kind.SHOWN_PIECE, asker, b"piece")
        assert await porter.said() == (Kind.SHOWN_PIECE, number, b"piece")
        porter.say(Kind.ENOUGH, number)
        other = Asker()
        link.ask(other, b"head", b"", is_whole=True)
        await porter.passes()
        await other.verdict()
        assert not asker.is_shown

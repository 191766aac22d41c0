"""Deletions that somebody asked for, with a credential that was offered for them alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from proxy.audit.ledger.fold import copy_of
from proxy.audit.ledger.telling import written
from proxy.audit.retention.clocks import Tier
from proxy.audit.retention.events import DutyBegan
from proxy.audit.retention.machine import after
from proxy.audit.retention.states import Disposal
from proxy.steward.disposal.ledger import Project
from proxy.steward.disposal.signing import Signer
from proxy.steward.offering import offered
from proxy.steward.offering.claim import FOLDER, Claim
from proxy.steward.offering.offered import Came, NotReached, Offer, ScopeTaken, carry_out, claimed
from tests.audit.ledger.rows_made import copy_fields, copy_row
from tests.steward.disposal.standing import CREDENTIAL, Tables, Upstream
from tests.steward.still import NOW_US, StillClock


class Neighbours:
    """Tables and an upstream in the place of the sockets."""

    def __init__(self, tables: Tables, upstream: Upstream) -> None:
        self.recorder, self.gateway, self.verifier = tables, upstream, upstream


class Room:
    """Where an offer is carried out: the clock moves by a minute and more between its rounds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
        self.tables, self.upstream = Tables(*names), Upstream(*names)
        self.clock = StillClock()
        self.told: list[int] = []
        self.pauses = 0
        monkeypatch.setattr(offered, "Neighbours", self._neighbours)

    @asynccontextmanager
    async def _neighbours(self, _: Path) -> AsyncIterator[Neighbours]:
        yield Neighbours(self.tables, self.upstream)

    async def carry_out(
        self, *names: str, within_s: float = 60.0, is_branch: bool = False
    ) -> list[Came]:
        await self.tables.tell([_wish(name, is_branch=is_branch) for name in names])
        offer = Offer(
            credential=CREDENTIAL,
            project=Project(Tier.PAID, 55),
            signer=Signer(bytes(32)),
            requests_per_s=1000.0,
            within_s=within_s,
        )
        clocks = self.clock.clocks
        return await carry_out(Path(), offer, names, self.told.append, clocks, self.pause)

    async def pause(self, _: float) -> None:
        self.clock.at_s += 70.0
        self.pauses += 1
        await asyncio.sleep(0)


def _wish(name: str, *, is_branch: bool) -> dict[str, Any]:
    now_ns = NOW_US * 1000
    began = DutyBegan(
        id=f"wish-{name}", wall=now_ns, due_at=now_ns, is_request=True, is_branch=is_branch
    )
    data = written(began, after(copy_of(copy_row(name), ()), began))
    return {
        "kind": "disposal",
        "actor": "ada",
        "act": began.id,
        "interaction": name,
        "detail": "asked for",
        "data": data,
    }


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    return Room(monkeypatch, "v1_a", "v1_b")


async def test_what_was_named_is_deleted_and_proven_and_nothing_else_is_touched(room: Room) -> None:
    (came,) = await room.carry_out("v1_a")

    assert came == Came("v1_a", is_reached=True, disposal=Disposal.DELETED_VERIFIED)
    assert came.is_final
    assert room.upstream.count("DELETE", "v1_a") == 1
    assert not [asked for asked in room.upstream.asked if asked[1] == "v1_b"]
    (receipt,) = room.tables.told("receipt")
    assert receipt["data"]["receipt"]["is_verified"]
    assert room.told == [1, 0]


async def test_what_the_policies_are_is_not_its_to_say(room: Room) -> None:
    await room.carry_out("v1_a")

    assert not room.tables.told("policy")


async def test_the_copy_of_another_client_is_never_asked_for(room: Room) -> None:
    room.tables.copies["v1_b"]["client"] = "d" * 16

    mine, foreign = await room.carry_out("v1_a", "v1_b")

    assert mine.is_final
    assert not foreign.is_reached
    assert not foreign.is_final
    assert not [asked for asked in room.upstream.asked if asked[1] == "v1_b"]


async def test_a_turn_that_a_hold_protects_ends_the_work_and_stays(room: Room) -> None:
    room.tables.holds = ["v1_a"]

    (came,) = await room.carry_out("v1_a")

    assert came.disposal is Disposal.SCHEDULED
    assert room.upstream.count("DELETE", "v1_a") == 0
    assert room.pauses == 0


async def test_a_turn_that_slips_in_goes_first_also_when_there_is_news_before_its_turn_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room(monkeypatch, "v1_a")
    pause = room.pause

    async def slips_in(_: float) -> None:
        if room.pauses == 0:
            room.tables.copies["v1_b"] = copy_fields("v1_b", previous="v1_a")
            room.upstream.there.add("v1_b")
        room.tables.holds = [f"v1_other{room.pauses}"] * (room.pauses + 1)  # news, each round
        await pause(0.0)

    room.pause = slips_in  # type: ignore[method-assign]

    (came,) = await room.carry_out("v1_a", is_branch=True)

    assert came.disposal is Disposal.DELETED_VERIFIED
    deleted = [name for method, name in room.upstream.asked if method == "DELETE"]
    assert deleted == ["v1_b", "v1_a"]


async def test_an_upstream_that_cannot_delete_is_not_waited_for(room: Room) -> None:
    room.upstream.answers["DELETE"] = [501]

    (came,) = await room.carry_out("v1_a")

    assert came.disposal is Disposal.UNSUPPORTED
    assert not came.is_final


async def test_a_recorder_that_is_away_for_a_while_is_asked_again(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    pause = room.pause

    async def goes(_: float) -> None:
        room.tables.is_gone = room.pauses in {1, 2}
        await pause(0.0)

    room.pause = goes  # type: ignore[method-assign]

    (came,) = await room.carry_out("v1_a")

    assert came.disposal is Disposal.DELETED_VERIFIED
    assert room.upstream.count("DELETE", "v1_a") == 1
    assert "trying again" in caplog.text


async def test_it_ends_when_its_time_is_over_and_says_so(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.upstream.forgets = False  # it says yes, and goes on serving it
    pause = room.pause

    async def stands_still(_: float) -> None:
        await (asyncio.Event().wait() if room.told and room.pauses == 2 else pause(0.0))

    room.pause = stands_still  # type: ignore[method-assign]

    (came,) = await room.carry_out("v1_a", within_s=0.2)

    assert came.disposal is Disposal.VERIFYING
    assert "not finished within 0 s: what is under way is on record" in caplog.text


async def test_a_proxy_that_left_is_told(room: Room) -> None:
    async def leaves(_: float) -> None:
        room.tables.is_gone = True
        await asyncio.Event().wait()

    room.pause = leaves  # type: ignore[method-assign]

    with pytest.raises(NotReached, match="what was sent is on record"):
        await room.carry_out("v1_a", within_s=0.2)


def test_a_client_that_the_steward_cares_for_is_left_to_it(tmp_path: Path) -> None:
    steward = Claim(tmp_path, CREDENTIAL.scope)
    assert steward.take()

    with pytest.raises(ScopeTaken, match="leave --key-from-stdin out"):
        claimed(tmp_path, CREDENTIAL)
    steward.close()
    claimed(tmp_path, CREDENTIAL).close()


def test_a_folder_that_takes_no_claim_is_told(tmp_path: Path) -> None:
    (tmp_path / FOLDER).write_text("a file in its place")

    with pytest.raises(NotReached, match="cannot say in"):
        claimed(tmp_path, CREDENTIAL)

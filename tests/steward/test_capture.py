from __future__ import annotations

import asyncio
from typing import Any

import pytest

from proxy.recording.acts import act_from_json
from proxy.steward.asking import Told
from proxy.steward.capture import FULL_LOOK_S, IN_FLIGHT_MAX, PAUSE_S, UNSEEN_S, Capture, no_care
from proxy.steward.credential import Credential
from proxy.steward.schedule import Allowance
from tests.steward.still import NOW_US, StillClock, StillGateway, StillRecorder

SCOPE = "c" * 16
CREDENTIAL = Credential("x-goog-api-key", "a-key", frozenset({SCOPE}))


def row(name: str = "v1_a", **more: Any) -> dict[str, Any]:
    return {
        "interaction": name,
        "client": SCOPE,
        "api_version": "v1beta",
        "api_revision": None,
        "last_at": NOW_US,
        "notified_at": None,
        "deleted_at": None,
        "attempts": 0,
        "attempted_at": None,
        "not_found_count": 0,
        "retry_after_s": None,
    } | more


class Scene:
    """A capture with everything around it standing still."""

    def __init__(self, told: Told | None = None, per_s: float = 100.0) -> None:
        self.clock = StillClock()
        self.recorder = StillRecorder()
        self.gateway = StillGateway(told or Told(200, None))
        self.capture = Capture(
            self.recorder,
            self.gateway,
            CREDENTIAL,
            self.clock.clocks,
            Allowance(per_s, self.clock.clocks.mono_s()),
        )

    async def round(self, at_s: float, *rows: dict[str, Any]) -> list[str]:
        """Look at that second, ask what is due; returns what was asked for."""
        self.clock.at_s, self.recorder.rows = at_s, list(rows)
        await self.capture.look()
        before = len(self.gateway.asked)
        for plan in list(self.capture.due()):
            await self.capture.ask(plan)
        return [target for target, _ in self.gateway.asked[before:]]


async def test_what_is_left_is_asked_for_when_it_is_due_and_not_before() -> None:
    scene = Scene()

    assert await scene.round(0.0, row()) == []
    assert await scene.round(0.9, row()) == []
    assert await scene.round(1.3, row()) == ["/v1beta/interactions/v1_a"]


async def test_a_question_carries_the_credential_and_the_revision_that_made_it() -> None:
    scene = Scene()
    await scene.round(0.0, row(api_revision="2026-05-20"))

    await scene.round(2.0, row(api_revision="2026-05-20"))

    ((_, headers),) = scene.gateway.asked
    assert headers == {"x-goog-api-key": "a-key", "Api-Revision": "2026-05-20"}


async def test_it_is_not_asked_for_again_before_the_record_of_the_last_time_is_there() -> None:
    scene = Scene()
    await scene.round(0.0, row())
    await scene.round(2.0, row())

    assert await scene.round(4.0, row()) == []
    assert await scene.round(2.0 + UNSEEN_S + 0.1, row()) != []


async def test_after_an_attempt_on_record_the_wait_is_longer() -> None:
    scene = Scene()
    await scene.round(0.0, row())
    await scene.round(2.0, row())
    again = row(attempts=1, attempted_at=NOW_US + 2_000_000, last_at=NOW_US + 2_000_000)

    assert await scene.round(2.5, again) == []
    assert await scene.round(3.9, again) == []
    assert await scene.round(4.6, again) != []


async def test_what_somebody_else_saw_end_is_left_alone() -> None:
    scene = Scene()
    await scene.round(0.0, row("v1_a"), row("v1_b"))

    assert await scene.round(2.0, row("v1_b")) == ["/v1beta/interactions/v1_b"]


async def test_a_notice_has_it_asked_for_at_once() -> None:
    scene = Scene()
    long_waited = row(attempts=9, last_at=NOW_US)
    assert await scene.round(10.0, long_waited) == []

    noticed = row(attempts=0, last_at=NOW_US, notified_at=NOW_US + 11_000_000)

    assert await scene.round(11.0, noticed) == ["/v1beta/interactions/v1_a"]


async def test_a_notice_does_not_have_it_asked_for_twice_while_an_answer_is_on_its_way() -> None:
    scene = Scene()
    await scene.round(0.0, row())
    assert await scene.round(2.0, row()) != []
    noticed = row(notified_at=NOW_US + 2_100_000)

    assert await scene.round(2.2, noticed) == []
    recorded = row(notified_at=NOW_US + 2_100_000, attempted_at=NOW_US + 2_000_000)
    assert await scene.round(2.4, recorded) == ["/v1beta/interactions/v1_a"]


async def test_what_is_given_up_is_told_once_with_the_reason() -> None:
    scene = Scene()
    gone = row(deleted_at=NOW_US)

    for at_s in (0.0, 1.0, 2.0):
        assert await scene.round(at_s, gone) == []

    (act,) = scene.recorder.acts
    told = act_from_json(dict(act), 1, "0" * 32)
    assert (told.kind, told.interaction, told.actor) == ("capture", "v1_a", "steward")
    assert told.data == '{"attempts":0,"reason":"deleted"}'


async def test_quick_looks_keep_what_only_a_full_one_shows() -> None:
    scene = Scene()
    asked = ["/v1beta/interactions/v1_a"]
    old_us = NOW_US - 3 * 3600 * 1_000_000

    assert await scene.round(0.0, row(attempts=8, last_at=old_us)) == asked
    assert await scene.round(UNSEEN_S + 1) == asked
    assert await scene.round(FULL_LOOK_S + 1) == []

    full, quick, again = (each["since_us"] for each in scene.recorder.asked)
    assert full < old_us < quick
    assert again < old_us


async def test_a_busy_upstream_has_the_whole_scope_wait() -> None:
    scene = Scene(Told(429, 40))
    await scene.round(0.0, row("v1_a"))
    await scene.round(2.0, row("v1_a"))

    assert await scene.round(2.0 + PAUSE_S + 5, row("v1_b", last_at=NOW_US)) == []
    scene.clock.at_s = 43.0
    assert [plan.row.interaction for plan in scene.capture.due()] == ["v1_b"]


async def test_so_many_are_asked_for_at_a_time() -> None:
    scene = Scene()
    rows = [row(f"v1_{number}") for number in range(10)]
    await scene.round(0.0, *rows)
    scene.clock.at_s = 5.0

    assert len(list(scene.capture.due())) == IN_FLIGHT_MAX
    assert list(scene.capture.due()) == []


async def test_no_more_than_the_allowance_goes() -> None:
    scene = Scene(per_s=0.5)
    rows = [row(f"v1_{number}") for number in range(3)]
    await scene.round(0.0, *rows)

    assert len(await scene.round(5.0, *rows)) == 1


async def test_a_gateway_that_is_away_costs_nothing_but_time() -> None:
    scene = Scene()
    await scene.round(0.0, row())
    scene.gateway.told = None

    assert await scene.round(2.0, row()) != []
    scene.gateway.told = Told(200, None)
    assert await scene.round(2.0 + UNSEEN_S + 1, row()) != []


async def test_the_records_are_looked_at_when_there_is_a_reason() -> None:
    scene = Scene()
    assert await scene.capture.has_reason()  # never looked before

    await scene.round(0.0, row())
    scene.recorder.rows = [{"count": 1, "last_at": 5}]
    assert await scene.capture.has_reason()  # news
    assert not await scene.capture.has_reason()
    scene.clock.at_s = 1.3
    assert await scene.capture.has_reason()  # something is due
    await scene.round(1.3, row())
    assert await scene.capture.has_reason()  # its answer is about to be on record


async def test_who_is_cared_for_is_on_record_before_the_first_look() -> None:
    scene = Scene()
    scene.recorder.is_gone = True

    async with asyncio.TaskGroup() as group:
        running = group.create_task(scene.capture.run())
        await until(lambda: scene.recorder.asked or None, scene)
        running.cancel()

    assert scene.recorder.flushes >= 1
    assert scene.recorder.acts[0]["data"] == {"scope": [SCOPE]}
    assert scene.recorder.asked[0]["scope"] == [SCOPE]


async def until(look: Any, scene: Scene) -> None:
    """Hurry the capture until `look` finds something; the recorder comes back meanwhile."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(20):
        while look() is None:
            scene.capture.hurry()
            turned = loop.create_future()
            loop.call_later(0.002, turned.set_result, None)
            await turned
            scene.recorder.is_gone = False


@pytest.mark.parametrize("act", [no_care()])
def test_the_end_of_care_is_an_act(act: dict[str, Any]) -> None:
    assert act_from_json(act, 1, "0" * 32).data == '{"scope":[]}'

"""The emulator's own interface: 55 days pass in a second, by HTTP, before the eyes of Google's SDK."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from google import genai

# The errors of interactions have no public home in 3.4.0; they are no children of `genai.errors`.
from google.genai._gaos.lib import compat_errors as errors

from proxy.emulator.emulator import Settings
from proxy.emulator.ledger import Ledger
from proxy.emulator.server import deterministic, serving
from proxy.emulator.state.retention import DAY_S, Tier

MODEL = "gemini-3-flash-preview"


@dataclass(frozen=True, slots=True)
class Stage:
    url: str
    ledger: Ledger
    http: aiohttp.ClientSession
    sdk: Any

    async def call(self, method: str, path: str, given: Any = None) -> tuple[int, Any]:
        """A call of the control interface, without a credential."""
        url = f"{self.url}/emulator/{path}"
        async with self.http.request(method, url, json=given) as answer:
            return answer.status, await answer.json()

    async def say(self, text: str = "Hi.", **more: Any) -> str:
        return str((await self.sdk.create(model=MODEL, input=text, **more)).id)


async def staged(settings: Settings) -> AsyncIterator[Stage]:
    ledger = Ledger()
    async with serving(settings, ledger) as url, aiohttp.ClientSession() as http:
        options: Any = {"base_url": url, "retry_options": {"attempts": 1}}
        client = genai.Client(api_key="a-key", http_options=options)
        yield Stage(url, ledger, http, client.aio.interactions)
        await client.aio.aclose()
        client.close()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async for one in staged(deterministic(seed=7)):
        yield one


@pytest.fixture(params=[("free", None, 1), ("paid", 7, 7), ("paid", 14, 14), ("paid", 28, 28)])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Stage, int]]:
    tier: Tier
    tier, chosen, days = request.param
    async for one in staged(Settings(seed=7, tier=tier, retention_days=chosen)):
        yield one, days


async def test_55_days_pass_in_a_second(stage: Stage) -> None:
    old = await stage.say("One.")
    await stage.call("POST", "clock", {"advance_s": 54 * DAY_S})
    young = await stage.say("Two.", previous_interaction_id=old)
    assert (await stage.sdk.get(old)).status == "completed"

    await stage.call("POST", "clock", {"advance_s": DAY_S})

    for gone in (
        stage.sdk.get(old),
        stage.sdk.get(old, stream=True),
        stage.sdk.cancel(old),
        stage.sdk.delete(old),
        stage.sdk.create(model=MODEL, input="Three.", previous_interaction_id=old),
    ):
        with pytest.raises(errors.NotFoundError, match="not_found"):
            await gone
    assert (await stage.sdk.get(young)).status == "completed"
    third = await stage.sdk.create(model=MODEL, input="Three.", previous_interaction_id=young)
    assert third.usage.total_input_tokens > 20


async def test_each_tier_forgets_after_its_days(kept: tuple[Stage, int]) -> None:
    stage, days = kept
    identity = await stage.say()

    await stage.call("POST", "clock", {"advance_s": days * DAY_S - 60})
    assert (await stage.sdk.get(identity)).status == "completed"
    await stage.call("POST", "clock", {"advance_s": 60})
    with pytest.raises(errors.NotFoundError):
        await stage.sdk.get(identity)
    assert (await stage.call("GET", "state"))[1]["retention_days"] == days


async def test_a_middle_turn_can_be_deleted_and_the_next_goes_on(stage: Stage) -> None:
    first = await stage.say("One.")
    second = await stage.say("Two.", previous_interaction_id=first)
    third = await stage.say("Three.", previous_interaction_id=second)
    await stage.sdk.delete(second)

    fourth = await stage.sdk.create(model=MODEL, input="Four.", previous_interaction_id=third)

    assert fourth.status == "completed"
    with pytest.raises(errors.NotFoundError):
        await stage.say("Five.", previous_interaction_id=second)


async def test_a_model_goes_on_where_an_agent_ended(stage: Stage) -> None:
    agent = "deep-research-preview-04-2026"
    run = await stage.sdk.create(agent=agent, input="Larches.", background=True)
    with pytest.raises(errors.BadRequestError, match="in progress"):
        await stage.say("And?", previous_interaction_id=run.id)
    await stage.call("POST", "clock", {"advance_s": 60})

    asked = await stage.sdk.create(model=MODEL, input="And?", previous_interaction_id=run.id)
    back = await stage.sdk.create(
        agent=agent, input="More.", background=True, previous_interaction_id=asked.id
    )

    assert asked.usage.total_input_tokens > (await stage.sdk.get(run.id)).usage.total_output_tokens
    assert back.status == "in_progress"


async def test_a_run_in_the_background_shows_more_steps_the_longer_it_runs(stage: Stage) -> None:
    agent = "deep-research-preview-04-2026"
    run = await stage.sdk.create(agent=agent, input="Larches.", background=True)
    first = await stage.sdk.get(run.id)
    second = await stage.sdk.get(run.id)

    assert [one.status for one in (run, first, second)] == ["in_progress"] * 2 + ["completed"]
    assert 0 < len(first.steps) < len(second.steps)
    assert second.steps[: len(first.steps)] == first.steps


async def test_a_queued_run_and_one_that_cannot_be_seen_yet(stage: Stage) -> None:
    queued = {"x-emulator-fault": "queued=1"}
    hidden = {"x-emulator-fault": "visible_after=30"}
    run = await stage.sdk.create(model=MODEL, input="Hi.", background=True, extra_headers=queued)
    seen = [(await stage.sdk.get(run.id)).status for _ in range(3)]
    late = await stage.say("Hi.", extra_headers=hidden)
    with pytest.raises(errors.NotFoundError):
        await stage.sdk.get(late)
    await stage.call("POST", "clock", {"advance_s": 30})

    assert [run.status, *seen] == ["queued", "queued", "in_progress", "completed"]
    assert (await stage.sdk.get(late)).status == "completed"


async def test_a_delete_that_does_not_delete(stage: Stage) -> None:
    identity = await stage.say()

    await stage.sdk.delete(identity, extra_headers={"x-emulator-fault": "undeleted"})

    assert (await stage.sdk.get(identity)).id == identity
    with pytest.raises(errors.NotFoundError):
        await stage.sdk.delete("v1_x", extra_headers={"x-emulator-fault": "undeleted"})


async def test_only_background_interactions_can_be_resumed(stage: Stage) -> None:
    identity = await stage.say()

    with pytest.raises(errors.BadRequestError, match="only background"):
        await stage.sdk.get(identity, stream=True, last_event_id="evt_000001")


async def test_a_resumed_stream_of_a_cancelled_run_ends_at_once(stage: Stage) -> None:
    run = await stage.sdk.create(model=MODEL, input="Hi.", background=True)
    await stage.sdk.cancel(run.id)

    rest = await stage.sdk.get(run.id, stream=True, last_event_id="evt_000001")

    assert [event.interaction.status async for event in rest] == ["cancelled"]


async def test_the_clock_is_set_and_told(stage: Stage) -> None:
    at = {"now": "2026-12-24T00:00:00Z"}

    assert await stage.call("POST", "clock", {"set": "2026-12-24T01:00:00+01:00"}) == (200, at)
    assert await stage.call("GET", "clock") == (200, at)
    made = await stage.sdk.create(model=MODEL, input="Hi.")
    assert made.created == "2026-12-24T00:00:00Z"


@pytest.mark.parametrize(
    "given",
    [
        None,
        [],
        {},
        {"advance_s": "1"},
        {"advance_s": -1},
        {"advance_s": True},
        {"advance_s": 1e300},
        {"set": 5},
        {"set": "tomorrow"},
        {"set": "2026-12-24T00:00:00"},
        {"set": "1969-12-24T00:00:00Z"},
        {"set": "2026-12-24T00:00:00Z", "advance_s": 1},
    ],
    ids=repr,
)
async def test_no_other_time_can_be_asked_for(stage: Stage, given: Any) -> None:
    before = await stage.call("GET", "clock")

    status, answer = await stage.call("POST", "clock", given)

    assert (status, answer["error"]["code"]) == (400, "invalid_request")
    assert await stage.call("GET", "clock") == before


async def test_rules_of_faults_are_kept_for_callers_without_headers(stage: Stage) -> None:
    rule = {"operation": "delete", "fault": "status=501", "times": 1}
    identity = await stage.say()

    assert (await stage.call("POST", "faults", [rule]))[1] == {"rules": [rule]}
    with pytest.raises(errors.InternalServerError, match="501"):
        await stage.sdk.delete(identity)
    assert (await stage.call("GET", "faults"))[1] == {"rules": []}
    await stage.sdk.delete(identity)
    assert (await stage.call("POST", "faults", [{"fault": "stauts=1"}]))[0] == 400
    assert (await stage.call("DELETE", "faults"))[0] == 200


async def test_all_is_counted_and_forgotten(stage: Stage) -> None:
    identity = await stage.say(background=True)
    before = (await stage.call("GET", "state"))[1]

    await stage.call("DELETE", "state")

    assert (before["interactions"], before["running"]) == (1, 1)
    assert (await stage.call("GET", "state"))[1]["interactions"] == 0
    with pytest.raises(errors.NotFoundError):
        await stage.sdk.get(identity)


async def test_attempts_to_reach_webhooks_are_shown(stage: Stage) -> None:
    assert await stage.call("GET", "deliveries") == (200, {"deliveries": [], "waiting": 0})


async def test_calls_of_it_leave_no_trace_and_move_no_clock(stage: Stage) -> None:
    now = await stage.call("GET", "clock")
    for path in ("state", "faults", "deliveries", "clock"):
        await stage.call("GET", path)

    assert stage.ledger.lines == []
    assert await stage.call("GET", "clock") == now


async def test_unknown_calls_and_bad_bodies_are_refused(stage: Stage) -> None:
    assert (await stage.call("GET", "time"))[0] == 404
    assert (await stage.call("PUT", "clock"))[0] == 405
    async with stage.http.post(f"{stage.url}/emulator/clock", data=b"{") as answer:
        assert answer.status == 400
    async with stage.http.post(
        f"{stage.url}/emulator/clock", data=io.BytesIO(b" " * 2**21)
    ) as answer:
        assert answer.status == 413

"""Webhooks through Google's own SDK: registered, called, verified by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from google import genai

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.deliveries.room import URIS_MAX, check_receivers
from proxy.emulator.emulator import Settings
from proxy.emulator.server import serving
from proxy.emulator.state.clock import Clock
from tests.emulator.deliveries.receiver import Receiver, Taken, receiving
from tests.emulator.deliveries.test_keys import verified

MODEL = "gemini-3-flash-preview"
START_S = 1_795_600_800


@dataclass(frozen=True, slots=True)
class Stage:
    """An emulator on a clock of its own, Google's SDK, and somebody who takes deliveries."""

    url: str
    clock: Clock
    sdk: Any
    receiver: Receiver

    async def register(self, *events: str) -> Any:
        return await self.sdk.webhooks.create(
            uri=self.receiver.uri, subscribed_events=list(events), name="mine"
        )

    async def key_set(self) -> Any:
        url = f"{self.url}/.well-known/jwks.json"
        async with aiohttp.ClientSession() as http, http.get(url) as answer:  # no credential
            return await answer.json()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    clock = Clock(START_S, step_ns=0)
    async with serving(Settings(seed=7, clock=clock)) as url, receiving() as receiver:
        options: Any = {"base_url": url, "retry_options": {"attempts": 1}}
        client = genai.Client(api_key="a-key", http_options=options)
        yield Stage(url, clock, client.aio, receiver)
        await client.aio.aclose()
        client.close()


def is_signed(taken: Taken, secret: str) -> bool:
    """What a receiver does with a registered webhook's signature."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    head = f"{taken.headers['webhook-id']}.{taken.headers['webhook-timestamp']}."
    mac = hmac.new(key, head.encode() + taken.body, hashlib.sha256).digest()
    given = taken.headers["webhook-signature"].split(" ")
    return "v1," + base64.b64encode(mac).decode() in given


async def test_a_registered_webhook_is_told_when_a_run_ends_by_time(stage: Stage) -> None:
    webhook = await stage.register("interaction.completed")
    running = await stage.sdk.interactions.create(model=MODEL, input="Hi.", background=True)
    stage.clock.advance(60)

    taken = await stage.receiver.next()

    assert is_signed(taken, webhook.new_signing_secret)
    assert not is_signed(taken, "whsec_" + base64.b64encode(b"x" * 32).decode())
    assert (taken.event["type"], taken.event["version"]) == ("interaction.completed", "v1")
    assert taken.event["data"] == {"id": running.id}


async def test_a_poll_that_sees_the_end_and_a_cancel_are_told(stage: Stage) -> None:
    await stage.register("interaction.completed", "interaction.cancelled")
    polled = await stage.sdk.interactions.create(model=MODEL, input="Hi.", background=True)
    await stage.sdk.interactions.get(polled.id)
    await stage.sdk.interactions.get(polled.id)
    ended = await stage.receiver.next()
    other = await stage.sdk.interactions.create(model=MODEL, input="Hi.", background=True)
    await stage.sdk.interactions.cancel(other.id)
    cancelled = await stage.receiver.next()

    assert ended.event["data"]["id"] == polled.id
    assert cancelled.event["type"] == "interaction.cancelled"
    assert cancelled.event["data"]["id"] == other.id


async def test_what_is_answered_at_once_is_not_told(stage: Stage) -> None:
    webhook = await stage.register("interaction.completed")
    await stage.sdk.interactions.create(model=MODEL, input="Hi.")
    await stage.sdk.webhooks.ping(id=webhook.id)

    assert (await stage.receiver.next()).event["type"] == "ping"


async def test_a_request_s_own_receivers_are_told_instead_with_a_token(stage: Stage) -> None:
    await stage.register("interaction.completed")
    config = {"uris": [stage.receiver.uri], "user_metadata": {"job": "nightly"}}
    running = await stage.sdk.interactions.create(
        model=MODEL, input="Hi.", background=True, webhook_config=config
    )
    stage.clock.advance(60)

    taken = await stage.receiver.next()

    claims = verified(taken.headers["webhook-signature"], await stage.key_set())
    assert {name: claims[name] for name in taken.event} == taken.event
    assert taken.event["data"] == {"id": running.id}
    assert taken.event["user_metadata"] == {"job": "nightly"}
    assert (claims["aud"], claims["iat"]) == (stage.receiver.uri, START_S + 60)
    assert claims["exp"] > claims["iat"]


async def test_after_a_rotation_both_secrets_verify_until_the_old_one_is_revoked(
    stage: Stage,
) -> None:
    webhook = await stage.register("interaction.completed")
    rotated = await stage.sdk.webhooks.rotate_signing_secret(id=webhook.id)
    await stage.sdk.webhooks.ping(id=webhook.id)
    both = await stage.receiver.next()
    stage.clock.advance(24 * 60 * 60)
    await stage.sdk.webhooks.ping(id=webhook.id)
    later = await stage.receiver.next()

    old, new = webhook.new_signing_secret, rotated.secret
    assert [is_signed(both, secret) for secret in (old, new)] == [True, True]
    assert [is_signed(later, secret) for secret in (old, new)] == [False, True]


async def test_a_disabled_webhook_is_told_nothing_until_it_is_enabled(stage: Stage) -> None:
    webhook = await stage.register("interaction.completed")
    await stage.sdk.webhooks.update(id=webhook.id, state="disabled", update_mask="state")
    await stage.sdk.interactions.create(model=MODEL, input="One.", background=True)
    stage.clock.advance(60)
    listed = (await stage.sdk.webhooks.list()).webhooks
    shown = await stage.sdk.webhooks.update(id=webhook.id, state="enabled")
    second = await stage.sdk.interactions.create(model=MODEL, input="Two.", background=True)
    await stage.sdk.interactions.cancel(
        (await stage.sdk.interactions.create(model=MODEL, input="Three.", background=True)).id
    )
    stage.clock.advance(60)

    assert [(one.id, one.state) for one in listed] == [(webhook.id, "disabled")]
    assert (shown.state, shown.new_signing_secret) == ("enabled", None)
    assert (await stage.receiver.next()).event["data"]["id"] == second.id


async def test_a_deleted_webhook_is_not_found(stage: Stage) -> None:
    webhook = await stage.register("interaction.completed")
    assert (await stage.sdk.webhooks.get(id=webhook.id)).name == "mine"

    await stage.sdk.webhooks.delete(id=webhook.id)

    with pytest.raises(Exception, match="not_found"):
        await stage.sdk.webhooks.get(id=webhook.id)


@pytest.mark.parametrize(
    "config",
    [{"uris": ["example.com"]}, {"uris": ["http://localhost/"] * (URIS_MAX + 1)}],
    ids=["no URI", "too many"],
)
def test_receivers_that_cannot_be_called_are_refused(config: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        check_receivers(config)
    assert refused.value.status == 400
    check_receivers(None)
    check_receivers({"user_metadata": {}})

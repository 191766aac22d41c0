from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import orjson

from proxy.emulator.deliveries.keys import key_pair
from proxy.emulator.deliveries.signing import signatures
from proxy.steward.asking import Told
from proxy.steward.webhooks.keys import PublishedKeys
from proxy.steward.webhooks.listener import AT_ONCE_MAX, BODY_BYTES_MAX, Webhooks
from proxy.steward.webhooks.signature import secrets_of
from tests.steward.still import StillClock, StillGateway, StillRecorder

SECRET: Final = "whsec_" + base64.b64encode(b"s" * 32).decode()
PAIR: Final = key_pair(7)
NOW: Final = 1_795_000_000
BODY: Final = orjson.dumps({"type": "interaction.completed", "data": {"id": "v1_a"}})


@dataclass
class Scene:
    recorder: StillRecorder
    webhooks: Webhooks
    url: str
    session: aiohttp.ClientSession
    notified: list[None]

    async def deliver(self, body: bytes = BODY, *, identity: str = "msg_1", **headers: str) -> int:
        signed = signatures([SECRET], identity, NOW, body)
        given = {
            "webhook-id": identity,
            "webhook-timestamp": str(NOW),
            "webhook-signature": signed,
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.session.post(self.url, data=body, headers=given) as response:
            assert await response.read() == b""
            return response.status


@asynccontextmanager
async def receiving() -> AsyncIterator[Scene]:
    recorder, gateway = StillRecorder(), StillGateway(Told(200, None, orjson.dumps(PAIR.key_set())))
    recorder.rows = [{"is_known": False}]
    notified: list[None] = []
    webhooks = Webhooks(
        recorder,
        PublishedKeys(gateway, StillClock().clocks.mono_s),
        secrets=secrets_of(SECRET),
        audience="",
        now_s=lambda: float(NOW),
        notified=lambda: notified.append(None),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/any/path"
    async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as session:
        running = group.create_task(webhooks.run(listener))
        yield Scene(recorder, webhooks, url, session, notified)
        running.cancel()


async def test_a_verified_notice_is_kept_then_acknowledged_then_acted_on() -> None:
    async with receiving() as scene:
        assert await scene.deliver() == 200

        (act,) = scene.recorder.acts
        assert (act["kind"], act["interaction"]) == ("webhook", "v1_a")
        assert len(scene.notified) == 1


async def test_a_repeated_delivery_is_acknowledged_and_kept_once() -> None:
    async with receiving() as scene:
        assert [await scene.deliver() for _ in range(3)] == [200] * 3

        assert len(scene.recorder.acts) == len(scene.notified) == 1


async def test_a_delivery_of_an_earlier_life_is_known_from_the_records() -> None:
    async with receiving() as scene:
        scene.recorder.rows = [{"is_known": True}]

        assert await scene.deliver() == 200
        assert scene.recorder.acts == []


async def test_a_token_is_verified_with_the_published_keys() -> None:
    claims: dict[str, Any] = {**orjson.loads(BODY), "iat": NOW, "jti": "msg_9"}
    async with receiving() as scene:
        status = await scene.deliver(identity="msg_9", webhook_signature=PAIR.token(claims))

        assert status == 200
        assert scene.recorder.acts[0]["data"]["scheme"] == "token"


async def test_what_is_not_verified_is_refused_counted_and_told_in_one_act() -> None:
    async with receiving() as scene:
        told = [
            await scene.deliver(webhook_signature="v1,AAAA"),
            await scene.deliver(webhook_timestamp=str(NOW - 400)),
            await scene.deliver(webhook_timestamp="soon"),
            await scene.deliver(b"x" * (BODY_BYTES_MAX + 1)),
            await scene.deliver(b"no event"),
            await scene.deliver(webhook_signature=PAIR.token({"iat": NOW})),
        ]
        await scene.webhooks.tell_refused()
        await scene.webhooks.tell_refused()

        assert told == [401, 401, 401, 413, 400, 401]
        (act,) = scene.recorder.acts
        assert act["data"]["refused"] == {
            "mismatch": 1,
            "stale": 1,
            "unsigned": 1,
            "too_large": 1,
            "no_notice": 1,
            "not_covered": 1,
        }
        assert scene.notified == []


async def test_what_cannot_be_kept_now_is_to_be_sent_again() -> None:
    async with receiving() as scene:
        scene.recorder.is_gone = True
        assert await scene.deliver() == 503

        scene.recorder.is_gone = False
        assert await scene.deliver() == 200
        assert len(scene.recorder.acts) == 1


async def test_refusals_that_cannot_be_told_stay_counted() -> None:
    async with receiving() as scene:
        await scene.deliver(webhook_signature="v1,AAAA")
        scene.recorder.is_gone = True
        await scene.webhooks.tell_refused()

        assert scene.webhooks.refused == {"mismatch": 1}


async def test_too_many_at_once_are_to_be_sent_again(monkeypatch: Any) -> None:
    async with receiving() as scene:
        monkeypatch.setattr(scene.webhooks, "_at_once", AT_ONCE_MAX)

        assert await scene.deliver() == 503


async def test_nothing_but_a_post_is_a_delivery() -> None:
    async with receiving() as scene, scene.session.get(scene.url) as response:
        assert response.status == 405

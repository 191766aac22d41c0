"""The emulator as a whole: authentication, the ledger, determinism."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from proxy.emulator.emulator import Settings
from proxy.emulator.ledger import Ledger
from proxy.emulator.server import deterministic, serving
from tests.emulator.conftest import KEY, Running

BODY = {"model": "gemini-3-flash-preview", "input": "Hello?"}
RESEARCH = {"agent": "deep-research-preview-04-2026", "input": "Larches.", "background": True}


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        pytest.param({}, "", 401, id="nothing"),
        pytest.param({"x-goog-api-key": ""}, "", 401, id="an empty key"),
        pytest.param({"Authorization": "Basic eA=="}, "", 401, id="another scheme"),
        pytest.param({"x-goog-api-key": "k"}, "", 200, id="a key"),
        pytest.param({"Authorization": "Bearer t"}, "", 200, id="a token"),
        pytest.param({"Authorization": "bearer t"}, "", 200, id="schemes have no case"),
        pytest.param({}, "?key=k", 200, id="a key in the query"),
    ],
)
async def test_any_credential_will_do_but_none_will_not(
    emulator: Running, headers: dict[str, str], query: str, status: int
) -> None:
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(emulator.path + query, json=BODY) as answer,
    ):
        assert answer.status == status
    assert emulator.ledger.lines[0]["has_credential"] is (status == 200)


async def test_the_ledger_holds_neither_credentials_nor_content(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    headers = {"x-goog-api-key": "top-secret-1", "x-request-tag": "tag-1"}
    async with serving(Settings(seed=1), ledger) as url, aiohttp.ClientSession() as http:
        address = f"{url}/v1/interactions?key=top-secret-2"
        async with http.post(address, json=BODY, headers=headers) as answer:
            said = await answer.json()
    ledger.close()

    written = path.read_text()
    received, answered = Ledger.read(path)
    assert "top-secret" not in written
    assert "Hello?" not in written
    assert received["tag"] == "tag-1"
    assert answered["interaction_id"] == said["id"]
    assert answered["usage"]["total_tokens"] == said["usage"]["total_tokens"]
    assert answered["step_types"] == [step["type"] for step in said["steps"]]


@pytest.mark.parametrize("fault", ["", "delay=0"], ids=["plainly", "with a fault"])
async def test_who_asks_for_the_head_alone_gets_no_body_and_keeps_the_connection(
    emulator: Running, fault: str
) -> None:
    headers = {"x-emulator-fault": fault}
    async with emulator.http.head(emulator.path, headers=headers) as answer:
        assert answer.status == 404
        assert int(answer.headers["Content-Length"]) > 0
    assert emulator.answered()["body_bytes"] == 0

    assert (await emulator.create())[0] == 200


async def test_who_has_all_forgotten_begins_to_count_failures_again(emulator: Running) -> None:
    fault = "status=503, times=1"
    statuses = [(await emulator.create(fault))[0] for _ in range(2)]
    async with emulator.http.delete(f"{emulator.url}/emulator/state") as answer:
        assert answer.status == 200
    statuses.append((await emulator.create(fault))[0])

    assert statuses == [503, 200, 503]


async def test_every_request_leaves_two_lines(emulator: Running) -> None:
    for _ in range(3):
        await emulator.create()
    await emulator.create("status=500")

    marks = [(line["n"], line["event"]) for line in emulator.ledger.lines]
    assert marks == [(n, event) for n in range(1, 5) for event in ("received", "answered")]


async def conversation(seed: int) -> list[bytes]:
    """All bodies of a conversation with an emulator of its own."""
    bodies = []
    async with (
        serving(deterministic(seed)) as url,
        aiohttp.ClientSession(headers={"x-goog-api-key": KEY}) as http,
    ):
        path = f"{url}/v1/interactions"

        async def said(method: str, address: str, **body: Any) -> bytes:
            async with http.request(method, address, json=body or None) as answer:
                bodies.append(await answer.read())
                return bodies[-1]

        first = orjson.loads(await said("POST", path, **BODY))["id"]
        await said("POST", path, **BODY, previous_interaction_id=first, stream=True)
        await said("POST", path, **BODY, tools=[{"type": "google_search"}])
        running = orjson.loads(await said("POST", path, **RESEARCH))["id"]
        await said("GET", f"{path}/{running}")
        await said("GET", f"{path}/{running}")
        await said("GET", f"{path}/{running}?stream=true")
        await said("DELETE", f"{path}/{first}")
        await said("GET", f"{path}/{first}")
    return bodies


async def test_the_same_seed_and_calls_give_the_same_bytes() -> None:
    one, again, other = [await conversation(seed) for seed in (5, 5, 6)]

    assert one == again
    assert one[0] != other[0]


async def test_streams_take_their_time_if_so_wished() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async with (
        serving(Settings(seed=1, speed=2.0, pause=pause)) as url,
        aiohttp.ClientSession(headers={"x-goog-api-key": KEY}) as http,
        http.post(f"{url}/v1/interactions", json=BODY | {"stream": True}) as answer,
    ):
        told = await answer.read()

    assert pauses == [0.075] * (told.count(b"event: ") - 2)


async def test_a_bug_of_the_emulator_is_a_500_of_the_api_and_told_in_the_ledger(
    emulator: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("proxy.emulator.interactions.read_create", fails)

    status, answer = await emulator.create()

    assert (status, answer["error"]["code"]) == (500, "api_error")
    assert (emulator.answered()["status"], emulator.answered()["finished"]) == (500, True)
    assert not emulator.answered()["is_faulty"]

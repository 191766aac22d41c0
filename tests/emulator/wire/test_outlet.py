"""What leaves the emulator, whole or broken as asked, is what its ledger says."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.emulator.asked.faults import BODIES, FRAMINGS
from proxy.emulator.emulator import Settings
from proxy.emulator.ledger import Ledger
from proxy.emulator.server import deterministic, serving
from tests.emulator.conftest import KEY, Running

BODY = {"model": "gemini-3-flash-preview", "input": "Hello?"}


async def received(
    fault: str, *, is_streaming: bool, headers: dict[str, str] | None = None
) -> tuple[bytes, Exception | None, dict[str, Any]]:
    """Bytes that arrived, how reading ended, and the ledger's line on it."""
    ledger = Ledger()
    own = {"x-goog-api-key": KEY, "x-emulator-fault": fault} | (headers or {})
    data, ended = b"", None
    async with (
        serving(deterministic(seed=7), ledger) as url,
        aiohttp.ClientSession(auto_decompress=False) as http,
    ):
        body = BODY | {"stream": is_streaming}
        try:
            async with http.post(f"{url}/v1/interactions", json=body, headers=own) as answer:
                async for chunk in answer.content.iter_any():
                    data += chunk
        except aiohttp.ClientError as error:
            ended = error
    return data, ended, ledger.lines[-1]


async def whole(*, is_streaming: bool) -> bytes:
    data, ended, _ = await received("", is_streaming=is_streaming)
    assert ended is None
    return data


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 3000), st.booleans(), st.booleans())
def test_a_cut_at_any_byte_leaves_the_beginning_of_the_answer(
    cut: int,
    is_streaming: bool,  # noqa: FBT001 - drawn by hypothesis
    is_reset: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    async def play() -> None:
        complete = await whole(is_streaming=is_streaming)
        fault = f"cut_bytes={cut}" + (",reset" if is_reset else "")
        data, ended, line = await received(fault, is_streaming=is_streaming)

        assert complete.startswith(data)
        assert line["finished"] is (ended is None) is (cut > len(complete))
        assert line["body_bytes"] == min(cut, len(complete))
        if not is_reset:
            assert line["body_sha256"] == hashlib.sha256(data).hexdigest()

    asyncio.run(play())


@pytest.mark.parametrize("fault", ["one_write", "bytewise", "gap=0", "chunked", "delay=0"])
@pytest.mark.parametrize("is_streaming", [True, False], ids=["stream", "json"])
async def test_the_same_bytes_arrive_however_they_are_written(
    fault: str,
    is_streaming: bool,  # noqa: FBT001
) -> None:
    data, ended, line = await received(fault, is_streaming=is_streaming)

    assert ended is None
    assert data == await whole(is_streaming=is_streaming)
    assert line["body_sha256"] == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("is_streaming", [True, False], ids=["stream", "json"])
async def test_gzip_is_used_where_it_is_accepted_and_asked_for(
    is_streaming: bool,  # noqa: FBT001
) -> None:
    asked = {"x-emulator-gzip": "1", "Accept-Encoding": "gzip"}
    coded, _, line = await received("", is_streaming=is_streaming, headers=asked)
    refused = asked | {"Accept-Encoding": "identity"}
    plain, _, _ = await received("", is_streaming=is_streaming, headers=refused)

    assert gzip.decompress(coded) == plain
    assert line["body_sha256"] == hashlib.sha256(coded).hexdigest()


async def test_a_stream_is_cut_after_so_many_events() -> None:
    data, ended, line = await received("cut_stream=3", is_streaming=True)

    assert data.count(b"event: ") == 3
    assert ended is not None
    assert (line["finished"], line["events"]) == (False, 3)


async def test_a_stream_ends_properly_but_early() -> None:
    data, ended, line = await received("end_stream=3", is_streaming=True)

    assert data.count(b"event: ") == 3
    assert ended is None
    assert (line["finished"], line["events"]) == (True, 3)


async def test_a_connection_vanishes_without_an_answer() -> None:
    data, ended, line = await received("vanish", is_streaming=False)

    assert (data, line["status"], line["finished"]) == (b"", 0, False)
    assert isinstance(ended, aiohttp.ServerDisconnectedError)


@pytest.mark.parametrize("framing", FRAMINGS)
async def test_every_framing_arrives(framing: str) -> None:
    data, ended, line = await received(f"framing={framing}", is_streaming=True)

    assert ended is None
    assert line["body_bytes"] == len(data)
    assert b"interaction.completed" in data


async def test_a_stalled_stream_is_given_up_when_its_client_leaves(emulator: Running) -> None:
    body = BODY | {"stream": True}
    headers = {"x-emulator-fault": "stall=2"}
    async with emulator.http.post(emulator.path, json=body, headers=headers) as answer:
        told = b""
        while b"status_update" not in told:
            told += await answer.content.readany()
        answer.close()

    async with asyncio.timeout(10):
        while emulator.ledger.lines[-1]["event"] != "answered":  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0)
    line = emulator.answered()
    assert (line["finished"], line["events"]) == (False, 2)


async def test_output_is_as_large_as_wished() -> None:
    data, _, _ = await received("size=3000000", is_streaming=False)

    assert len(orjson.loads(data)["steps"][-1]["content"][0]["text"]) == 3_000_000


async def test_an_error_can_say_when_to_come_back(emulator: Running) -> None:
    headers = {"x-emulator-fault": "status=429, retry_after=1, retry_after_ms=200"}
    async with emulator.http.post(emulator.path, json=BODY, headers=headers) as answer:
        assert answer.headers["Retry-After"] == "1"
        assert answer.headers["retry-after-ms"] == "200"


async def test_a_fault_can_pass_after_some_times(emulator: Running) -> None:
    fault = "status=503, times=2"

    assert [(await emulator.create(fault))[0] for _ in range(3)] == [503, 503, 200]


async def answer_to(emulator: Running, fault: str, **body: Any) -> tuple[int, Any, bytes]:
    """Status, headers and body of an answer that comes whole."""
    headers = {"x-emulator-fault": fault}
    asked = emulator.http.post(
        emulator.path, json=BODY | body, headers=headers, allow_redirects=False
    )
    async with asked as answer:
        return answer.status, answer.headers, await answer.read()


async def test_a_date_can_say_when_to_come_back(emulator: Running) -> None:
    _, headers, _ = await answer_to(emulator, "status=503,retry_date=60")
    at = parsedate_to_datetime(headers["Retry-After"])

    assert at.second == 0
    assert at.year == 2026


async def test_a_redirect_says_where(emulator: Running) -> None:
    fault = "status=302,shape=empty,type=none,location=/elsewhere"
    status, headers, body = await answer_to(emulator, fault)

    assert (status, headers["Location"], body) == (302, "/elsewhere", b"")
    assert "Content-Type" not in headers


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("is_streaming", [True, False], ids=["stream", "json"])
async def test_another_body_can_stand_in_the_place_of_a_good_one(
    emulator: Running,
    name: str,
    is_streaming: bool,  # noqa: FBT001
) -> None:
    status, _, body = await answer_to(emulator, f"body={name}", stream=is_streaming)

    assert (status, body) == (200, BODIES[name])


async def test_a_good_answer_can_have_another_status_or_no_type(emulator: Running) -> None:
    created, _, body = await answer_to(emulator, "served_as=201")
    _, bare, _ = await answer_to(emulator, "type=none")
    empty, headers, nothing = await answer_to(emulator, "served_as=204,type=none")

    assert (created, orjson.loads(body)["status"]) == (201, "completed")
    assert "Content-Type" not in bare
    assert (empty, nothing) == (204, b"")
    assert headers.keys() == {"Server", "Date"}


async def test_a_stream_can_come_where_json_was_asked_for_and_the_other_way_round(
    emulator: Running,
) -> None:
    _, as_stream, _ = await answer_to(emulator, "answer=stream")
    _, as_json, body = await answer_to(emulator, "answer=json", stream=True)

    assert as_stream["Content-Type"] == "text/event-stream"
    assert as_json["Content-Type"].startswith("application/json")
    assert orjson.loads(body)["status"] == "completed"


@pytest.mark.parametrize("is_streaming", [True, False], ids=["stream", "json"])
async def test_what_was_carried_out_can_be_answered_with_an_error(
    emulator: Running,
    is_streaming: bool,  # noqa: FBT001
) -> None:
    status, _, _ = await answer_to(emulator, "status=500,carried_out", stream=is_streaming)
    line = emulator.answered()

    assert (status, line["status"]) == (500, 500)
    async with emulator.http.get(f"{emulator.path}/{line['interaction_id']}") as answer:
        assert answer.status == 200


async def test_a_fault_can_leave_other_operations_alone(emulator: Running) -> None:
    created, _, body = await answer_to(emulator, "on=get+delete,status=501")
    address = f"{emulator.path}/{orjson.loads(body)['id']}"
    misled = {"x-emulator-fault": "on=get+delete,status=404"}

    assert created == 200
    async with emulator.http.delete(address, headers=misled) as answer:
        assert answer.status == 404
    async with emulator.http.get(address) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("fault", ["cut_head=20", "cut_head=20,reset"])
async def test_a_head_is_cut_in_its_middle(fault: str) -> None:
    data, ended, line = await received(fault, is_streaming=False)

    assert (data, line["status"], line["finished"]) == (b"", 0, False)
    assert isinstance(ended, aiohttp.ClientError)


@pytest.mark.parametrize("fault", ["cut_event=2", "cut_event=2,reset"])
async def test_an_event_is_cut_in_its_middle(fault: str) -> None:
    data, ended, line = await received(fault, is_streaming=True)

    assert ended is not None
    assert (line["events"], line["finished"]) == (2, False)
    if "reset" not in fault:
        assert data.count(b"event: ") == 3
        assert not data.endswith(b"\n")


async def test_an_error_can_be_cut_too() -> None:
    data, ended, line = await received("status=500,cut_bytes=5", is_streaming=False)

    assert (data, line["status"], line["finished"]) == (b'{"err', 500, False)
    assert ended is not None


@pytest.mark.parametrize(
    ("fault", "is_streaming", "pauses"),
    [("drip=0.5,body=braces", False, [0.5, 0.5]), ("stall=2", False, [3600.0] * 6)],
)
async def test_an_answer_drips_and_stalls(
    fault: str,
    is_streaming: bool,  # noqa: FBT001
    pauses: list[float],
) -> None:
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    async with (
        serving(Settings(seed=1, pause=pause)) as url,
        aiohttp.ClientSession(headers={"x-goog-api-key": KEY, "x-emulator-fault": fault}) as http,
        http.post(f"{url}/v1/interactions", json=BODY | {"stream": is_streaming}) as answer,
    ):
        await answer.read()

    assert paused == pauses


async def test_a_failed_ending_says_what_it_was_told_to(emulator: Running) -> None:
    _, _, body = await answer_to(emulator, "ending=failed,code=safety,message=Not this.")

    assert orjson.loads(body)["errors"] == [{"code": "safety", "message": "Not this."}]

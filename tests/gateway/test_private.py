"""Listeners of our own: who asks is told by the socket, and what verification is shown is not kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.journal.format import Flag, Kind, Outcome, Purpose
from tests.gateway.stage import GET, OK, Stage, post, response

SECRET = b'{"id":"v1_x","status":"completed","steps":["a whole conversation"]}'


@pytest.fixture
async def private(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path)
    stage.private_doors = {
        purpose: tmp_path / f"{purpose.name}.sock" for purpose in (Purpose.STEWARD, Purpose.VERIFY)
    }
    async with stage:
        yield stage


async def asked(stage: Stage, purpose: Purpose, request: bytes, answer: bytes) -> bytes:
    """One exchange through a private socket; what came back."""
    client = await stage.private(purpose)
    await client.send(request)
    upstream = await stage.accepted()
    await upstream.message()
    await upstream.send(answer)
    told = await client.message()
    client.close()
    return told


async def test_who_asks_is_a_property_of_the_listener(private: Stage) -> None:
    await private.exchange()
    await asked(private, Purpose.STEWARD, GET, OK)
    await asked(private, Purpose.VERIFY, GET, OK)

    recorded = await private.recorded()

    flags = [one.entries[0].flags for one in recorded]
    assert flags == [Flag.NONE, Flag.STEWARD, Flag.VERIFY]
    assert [Purpose.of_flags(flag) for flag in flags] == list(Purpose)


async def test_what_verification_is_shown_is_passed_on_and_never_written(private: Stage) -> None:
    told = await asked(private, Purpose.VERIFY, GET, response(SECRET))

    recorded = await private.only()

    assert told.endswith(SECRET)
    assert recorded.response_body == b""
    assert recorded.end.response_bytes == len(SECRET)
    assert recorded.entries[-1].flags == Flag.WITHHELD
    assert recorded.head.startswith(b"HTTP/1.1 200 OK")
    assert recorded.outcome is Outcome.COMPLETE


async def test_an_answer_cut_off_is_withheld_as_well(private: Stage) -> None:
    client = await private.private(Purpose.VERIFY)
    await client.send(GET)
    upstream = await private.accepted()
    await upstream.message()
    await upstream.send(response(SECRET)[:-5])
    upstream.close()
    await client.rest()

    recorded = await private.only()

    assert recorded.outcome is Outcome.UPSTREAM_ABORTED
    assert (recorded.response_body, recorded.entries[-1].flags) == (b"", Flag.WITHHELD)
    assert recorded.end.response_bytes == len(SECRET) - 5


async def test_what_changes_something_is_recorded_whole_whoever_asks(private: Stage) -> None:
    await asked(private, Purpose.VERIFY, post(b"{}"), response(SECRET))

    recorded = await private.only()

    assert recorded.response_body == SECRET
    assert recorded.entries[-1].flags == Flag.NONE


async def test_an_answer_of_our_own_holds_nothing_to_withhold(private: Stage) -> None:
    private.refuse_connections()
    client = await private.private(Purpose.VERIFY)
    await client.send(GET)
    await client.end()

    recorded = await private.only()

    assert b"no connection to upstream" in recorded.data(Kind.RESPONSE_CHUNK)


async def test_a_refused_request_says_whose_it_was(private: Stage) -> None:
    client = await private.private(Purpose.STEWARD)
    await client.send(b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n")
    await client.end()

    recorded = await private.only()

    assert recorded.outcome is Outcome.REFUSED
    assert recorded.entries[0].flags == Flag.STEWARD

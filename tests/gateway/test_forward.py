"""How an exchange goes through, and how it ends: whole plays with a real worker."""

from __future__ import annotations

from proxy.journal.format import Kind, Outcome
from tests.gateway.stage import GET, OK, Stage, post


async def test_a_request_and_its_answer_pass_and_are_recorded(stage: Stage) -> None:
    client = await stage.client()
    await client.send(post(b"hello"))
    upstream = await stage.accepted()
    assert (await upstream.message()).endswith(b"\r\n\r\nhello")
    await upstream.send(OK)
    assert await client.message() == OK

    recorded = await stage.only()
    assert recorded.outcome is Outcome.COMPLETE
    assert recorded.request_body == b"hello"
    assert recorded.response_body == b"ok"
    assert recorded.kinds[0] is Kind.INTENT

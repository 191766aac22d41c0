from __future__ import annotations

import gzip
from pathlib import Path

from proxy.admin.seeing.raw import shown_exchange
from proxy.admin.tokens import Role
from proxy.recording.group import ExchangeGroup, Finished
from proxy.store.asking.lending import LentTables
from tests.admin.seeing.test_find import REASON
from tests.admin.served import served
from tests.recording.frames import Play


def shown(answer: bytes, coding: str = "") -> dict[str, object]:
    play = Play()
    head = f"HTTP/1.1 200 OK\r\n{coding}\r\n".encode()
    frame = play.frame(
        *(1, play.intent(), play.request(b"{}"), play.request_end(2)),
        *(play.answer(head), play.response(answer), play.end(len(answer))),
    )
    (one,) = ExchangeGroup(1 << 20).take(frame)
    assert isinstance(one, Finished)
    found: dict[str, object] = shown_exchange(one.exchange)["response"]
    return found


def test_a_packed_body_is_shown_unpacked_with_the_times_of_its_chunks() -> None:
    packed = gzip.compress(b'{"a": 1}')

    told = shown(packed, "Content-Encoding: gzip\r\n")

    assert (told["text"], told["body_bytes"]) == ('{"a": 1}', len(packed))
    assert told["chunks"] == [{"since_ns": 4_000_000, "size": len(packed)}]


def test_a_body_that_is_no_text_goes_as_base64() -> None:
    assert shown(b"\xff\x00") | {"text": None, "base64": "/wA="} == shown(b"\xff\x00")


async def test_raw_needs_an_admin_media_an_auditor_and_both_a_reason(
    tmp_path: Path, tables: LentTables
) -> None:
    raw, media = "/v1/exchanges/x0-0000000000000007-1/raw", "/v1/media?ref=20260921-000001:1"
    async with served(tmp_path, tables) as listener:
        auditor = listener.token(Role.AUDITOR)
        operator = listener.token(Role.OPERATOR)
        asked = [
            (await listener.ask(raw, auditor, headers=REASON)).status,
            (await listener.ask(raw, listener.local)).status,
            (await listener.ask(media, operator, headers=REASON)).status,
            (await listener.ask(media, auditor)).status,
            (await listener.ask(media, auditor, headers=REASON)).status,
            (await listener.ask("/v1/exchanges/x9/raw", listener.local, headers=REASON)).status,
        ]

    assert asked == [403, 400, 403, 400, 404, 404]
    assert not listener.acts.answered

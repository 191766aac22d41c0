from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from proxy.admin.guard import SECURITY_HEADERS, hosts_of
from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from tests.admin.served import Served, served

PATH = "/v1/queries"


@pytest_asyncio.fixture
async def listener(tmp_path: Path, tables: LentTables) -> AsyncIterator[Served]:
    async with served(tmp_path, tables) as told:
        yield told


async def raw(listener: Served, head: str) -> bytes:
    """The first line of the answer to a request that no client would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    line = await reader.readline()
    writer.close()
    return line


async def test_without_a_token_nothing_is_said(listener: Served) -> None:
    for given in (None, "", "ixp_wrong", "ixp_" + "A" * 43):
        for path in (
            PATH,
            "/v1/queries/gaps",
            "/nowhere",
            "/v1/live",
            "/v1/find",
            "/v1/me",
            "/consolee",
        ):
            told = await listener.ask(path, given)
            assert told.status == 401
            assert told.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_opens_and_a_revoked_one_does_not(listener: Served) -> None:
    token = listener.token(Role.VIEWER)
    assert (await listener.ask(PATH, token)).status == 200

    listener.settings.tokens_path.write_text('{"version": 1, "tokens": []}')

    assert (await listener.ask(PATH, token)).status == 401
    assert (await listener.ask(PATH, listener.local)).status == 200


async def test_a_broken_token_file_is_told_in_the_log_alone(
    listener: Served, caplog: pytest.LogCaptureFixture
) -> None:
    listener.settings.tokens_path.write_text('{"tokens": [{"role": "emperor"}]}')

    told = await listener.ask(PATH, "ixp_whoever")

    assert told.status == 503
    assert b"emperor" not in told.body
    assert str(listener.settings.data_folder).encode() not in told.body
    assert "emperor" in caplog.text or "is no token file" in caplog.text


async def test_a_name_that_is_not_ours_reaches_nothing(listener: Served) -> None:
    port = listener.port
    ours = ("127.0.0.1", "localhost", "LOCALHOST", "[::1]", "audit.example")
    foreign = (
        *("evil.example", f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""),
        *(f"127.0.0.1:{port}.evil.example", f"localhost:{port}@evil.example"),
    )
    for host in (*(f"{name}:{port}" for name in ours), "audit.example", *foreign):
        told = await listener.ask(PATH, listener.local, headers={"Host": host})
        assert told.status == (421 if host in foreign else 200), host


async def test_two_hosts_and_absolute_targets_are_refused(listener: Served) -> None:
    own = f"127.0.0.1:{listener.port}"
    bearer = f"Authorization: Bearer {listener.local}"

    twice = await raw(listener, f"GET {PATH} HTTP/1.1\nHost: {own}\nHost: evil\n{bearer}")
    absolute = await raw(listener, f"GET http://evil{PATH} HTTP/1.1\nHost: {own}\n{bearer}")

    assert b" 200 " not in twice
    assert b" 200 " not in absolute


async def test_a_page_of_another_origin_changes_nothing(listener: Served) -> None:
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        told = await listener.ask(PATH, listener.local, method="POST", headers=headers, json={})
        assert told.status == 403, headers


async def test_every_answer_has_the_security_headers_and_none_of_cors(listener: Served) -> None:
    origin = {"Origin": f"http://localhost:{listener.port}"}
    for path, token in ((PATH, listener.local), (PATH, None), ("/nowhere", listener.local)):
        told = await listener.ask(path, token, headers=origin)
        assert told.headers.items() >= SECURITY_HEADERS.items()
        assert not [name for name in told.headers if name.lower().startswith("access-control")]


async def test_preflights_get_nothing(listener: Served) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    told = await listener.ask(PATH, method="OPTIONS", headers=headers)

    assert told.status in {401, 403}


def test_an_address_of_version_6_stands_in_brackets() -> None:
    assert "[fd00::1]:8081" in hosts_of("fd00::1", 8081, [])

from __future__ import annotations

import errno
import socket
import ssl
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from proxy.admin.listener import AdminListener, AdminSettings, Means
from proxy.config.certificates import server_context
from proxy.errors import StartRefused
from proxy.store.asking.lending import LentTables
from tests.admin.served import Acts, no_reader, served
from tests.certificates import certificate


def no_copy(_target: Path) -> Future[Any]:
    raise AssertionError("nothing is copied here")


async def test_on_loopback_it_serves_the_owner_at_once(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask("/v1/queries", listener.local)

    assert told.status == 200


async def test_other_machines_are_refused_without_tokens(
    tmp_path: Path, tables: LentTables
) -> None:
    listener = AdminListener(
        AdminSettings(data_folder=tmp_path), tables, Means(Acts().tell, no_copy, no_reader)
    )
    with socket.socket() as bound:
        bound.bind(("0.0.0.0", 0))

        with pytest.raises(StartRefused, match="token add"):
            async with listener.serving(bound):
                pytest.fail("it serves")


async def test_by_tls_only_those_with_a_certificate_of_the_authority_reach_it(
    tmp_path: Path, tables: LentTables
) -> None:
    authority = certificate(tmp_path, "authority")
    crt, key = certificate(tmp_path, "localhost", authority)
    friend = certificate(tmp_path, "friend", authority)
    stranger = certificate(tmp_path, "stranger")
    settings = AdminSettings(
        data_folder=tmp_path, tls=lambda: server_context(crt, key, authority[0])
    )
    listener = AdminListener(settings, tables, Means(Acts().tell, no_copy, no_reader))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with listener.serving(bound):
            url = f"https://127.0.0.1:{bound.getsockname()[1]}/v1/me"
            bearer = {"Authorization": f"Bearer {settings.local_token_path.read_text().strip()}"}

            async def status(shown: tuple[Path, Path] | None, headers: dict[str, str]) -> int:
                context = ssl.create_default_context(cafile=str(authority[0]))
                if shown:
                    context.load_cert_chain(*shown)
                async with (
                    aiohttp.ClientSession() as session,
                    session.get(url, headers=headers, ssl=context) as answer,
                ):
                    return answer.status

            assert await status(friend, bearer) == 200
            assert await status(friend, {}) == 401
            for shown in (None, stranger):
                with pytest.raises(aiohttp.ClientError):
                    await status(shown, bearer)


async def test_without_a_usable_certificate_everything_but_the_listener_goes_on(
    tmp_path: Path, tables: LentTables, caplog: pytest.LogCaptureFixture
) -> None:
    gone = tmp_path / "gone.crt"
    settings = AdminSettings(data_folder=tmp_path, tls=lambda: server_context(gone, gone))
    listener = AdminListener(settings, tables, Means(Acts().tell, no_copy, no_reader))
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        address = bound.getsockname()
        async with listener.serving(bound):
            with socket.socket() as client:
                assert client.connect_ex(address) == errno.ECONNREFUSED

    assert "does not serve" in caplog.text
    assert "gone.crt" in caplog.text

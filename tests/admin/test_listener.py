from __future__ import annotations

import socket
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from proxy.admin.listener import AdminListener, AdminSettings, Means
from proxy.errors import StartRefused
from proxy.store.asking.lending import LentTables
from tests.admin.served import Acts, no_reader, served


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

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from proxy.admin.listener import AdminListener, AdminSettings
from proxy.errors import StartRefused
from proxy.store.asking.lending import LentTables
from tests.admin.served import Acts, served


async def test_on_loopback_it_serves_the_owner_at_once(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask("/v1/queries", listener.local)

    assert told.status == 200


async def test_other_machines_are_refused_without_tokens(
    tmp_path: Path, tables: LentTables
) -> None:
    listener = AdminListener(AdminSettings(data_folder=tmp_path), tables, Acts().tell)
    with socket.socket() as bound:
        bound.bind(("0.0.0.0", 0))

        with pytest.raises(StartRefused, match="token add"):
            async with listener.serving(bound):
                pytest.fail("it serves")

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from proxy.door.server import RULES_BYTES_MAX, DoorServer, read_rules
from proxy.errors import ConfigError


def test_rules_that_cannot_be_read_say_which_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read door\.policy_file"):
        read_rules(tmp_path / "none.toml")
    (tmp_path / "odd.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"odd\.toml"):
        read_rules(tmp_path / "odd.toml")


def test_no_rule_is_lost_because_there_are_many(tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_bytes(b"#" * RULES_BYTES_MAX + b"\n[binding]\nenabled = true\n")
    with pytest.raises(ConfigError, match="more than"):
        read_rules(file)


def test_rules_are_read_again_and_wrong_ones_change_nothing(tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_text("[binding]\nenabled = true\n")
    server = DoorServer(tmp_path, file)
    file.write_text("[holds]\nrefuse_client_deletes = true\n")
    server.reread()
    assert server.door.rules.refuses_held_deletes
    assert not server.door.rules.is_bound

    file.write_text("[[")
    server.reread()
    assert server.door.rules.refuses_held_deletes


async def test_nobody_is_answered_before_everything_is_known(tmp_path: Path) -> None:
    """There is no recorder: it goes on trying, and its door is shut."""
    (tmp_path / "door.toml").write_text("")
    server = DoorServer(tmp_path, tmp_path / "door.toml")
    stop = asyncio.Event()
    announced: list[str] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve(stop, lambda: announced.append("ready")))
        async with asyncio.timeout(20):
            while not (tmp_path / "door-told.sock").exists():  # noqa: ASYNC110 - a file
                await asyncio.sleep(0)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not (tmp_path / "door.sock").exists()
        assert announced == []
        stop.set()

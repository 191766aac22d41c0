from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from proxy.config.declare import JANITOR_VARIABLE
from proxy.errors import StartRefused
from proxy.supervise.private import held_in_memory, private_listeners, take_janitor_key


def test_the_sockets_are_the_owners_alone_and_go_with_the_supervisor(tmp_path: Path) -> None:
    with private_listeners(tmp_path) as listeners:
        paths = {name: tmp_path / f"{name}.sock" for name in listeners}
        modes = {name: stat.S_IMODE(path.stat().st_mode) for name, path in paths.items()}
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(paths["verify"]))

    assert modes == {"steward": 0o600, "verify": 0o600}
    assert not any(path.exists() for path in paths.values())


def test_what_a_killed_supervisor_left_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "steward.sock"))

    with private_listeners(tmp_path) as listeners:
        assert listeners["steward"].fileno() > 0


def test_a_path_that_is_too_long_refuses_the_start(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 120)
    folder.mkdir()

    with pytest.raises(StartRefused, match="shorter data folder"), private_listeners(folder):
        pass


def test_the_credential_leaves_the_environment() -> None:
    environment = {JANITOR_VARIABLE: " a-key \n", "OTHER": "1"}

    assert take_janitor_key(environment) == b"a-key"
    assert environment == {"OTHER": "1"}
    assert take_janitor_key(environment) is None


def test_what_cannot_be_sent_in_a_header_is_refused_without_repeating_it() -> None:
    with pytest.raises(StartRefused) as refused:
        take_janitor_key({JANITOR_VARIABLE: "a\x00secret"})

    assert "secret" not in str(refused.value)


def test_a_credential_in_memory_can_be_read_at_each_start() -> None:
    with held_in_memory(b"a-key") as number:
        read = [os.pread(number, 100, 0) for _ in range(2)]
        links = os.fstat(number).st_nlink

    assert read == [b"a-key", b"a-key"]
    assert links == 0

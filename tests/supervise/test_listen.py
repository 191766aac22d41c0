"""Real sockets on free ports."""

import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from proxy.config.catalogue import Settings
from proxy.errors import ConfigError, StartRefused
from proxy.supervise.listen import check_certificates, open_listeners, port_of, url_of
from tests.certificates import certificate


def test_port_zero_takes_a_free_port_and_says_which() -> None:
    (listener,) = open_listeners("127.0.0.1", 0, 1)

    with listener:
        assert port_of(listener) > 0
        assert url_of(listener) == f"http://127.0.0.1:{port_of(listener)}"


def test_several_workers_share_one_port() -> None:
    with ExitStack() as stack:
        listeners = [stack.enter_context(each) for each in open_listeners("127.0.0.1", 0, 3)]

        assert len({port_of(each) for each in listeners}) == 1
        assert len({each.fileno() for each in listeners}) == 3


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("is_shared", [False, True], ids=["plain holder", "sharing holder"])
def test_a_taken_port_is_refused_with_what_to_do(count: int, *, is_shared: bool) -> None:
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(is_shared))
        holder.bind(("127.0.0.1", 0))
        holder.listen()

        with pytest.raises(StartRefused, match=r"is taken .* choose another port with --port"):
            open_listeners("127.0.0.1", port_of(holder), count)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(StartRefused, match=r"no address 192\.0\.2\.1"):
        open_listeners("192.0.2.1", 0, 1)


def test_a_connection_waits_while_nobody_accepts() -> None:
    (listener,) = open_listeners("127.0.0.1", 0, 1)

    with listener, socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"early")
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.recv(5) == b"early"


def test_listening_everywhere_is_reached_on_loopback() -> None:
    (listener,) = open_listeners("0.0.0.0", 0, 1)

    with listener:
        assert url_of(listener) == f"http://127.0.0.1:{port_of(listener)}"


def test_an_ipv6_address_stands_in_brackets() -> None:
    (listener,) = open_listeners("::1", 0, 1)

    with listener:
        assert url_of(listener) == f"http://[::1]:{port_of(listener)}"


def test_all_networks_are_ipv6_and_ipv4() -> None:
    (listener,) = open_listeners("::", 0, 1)

    with listener:
        for host in ("127.0.0.1", "::1"):
            with socket.create_connection((host, port_of(listener))):
                accepted, _ = listener.accept()
                accepted.close()
        assert url_of(listener, has_tls=True) == f"https://[::1]:{port_of(listener)}"


def test_certificates_are_looked_at_before_anything_starts(tmp_path: Path) -> None:
    crt, key = certificate(tmp_path, "localhost")
    check_certificates(Settings(listen_tls_certificate_file=crt, listen_tls_key_file=key))
    key.write_text("no key")

    for names in ("listen_tls", "admin_tls"):
        files: dict[str, Any] = {f"{names}_certificate_file": crt, f"{names}_key_file": key}
        with pytest.raises(ConfigError, match="cannot be used"):
            check_certificates(Settings(**files))

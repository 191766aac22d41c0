"""The listening sockets. The supervisor keeps them open: while a worker restarts, connections wait."""

from __future__ import annotations

import errno
import ipaddress
import socket
from typing import Final

from proxy.config.catalogue import Settings
from proxy.config.certificates import server_context
from proxy.errors import StartRefused

BACKLOG: Final = 1024
"""Connections that wait in the kernel while a worker is busy or restarts. A worker accepts several
thousand a second and restarts in under half of one; Linux caps the number at net.core.somaxconn."""


def open_listeners(
    address: str, port: int, count: int, choose: str = "--port"
) -> list[socket.socket]:
    """Listen `count` times on one port (0: a free one), one socket for each worker.

    The first bind is without SO_REUSEPORT, so that a port which anybody else has is refused: with
    the option the kernel would let a second proxy of the same user take half of the connections.
    One worker keeps that first socket. Several need the option on every socket, so theirs are
    bound after the first let go of the port. `choose`: how the operator says another port.

    Raises:
        StartRefused: the port is taken, needs privileges, or the address is not this machine's.
    """
    first = _bind(address, port, choose, is_shared=False)
    if count > 1:
        port = port_of(first)
        first.close()
    listeners = (
        [first]
        if count == 1
        else [_bind(address, port, choose, is_shared=True) for _ in range(count)]
    )
    for listener in listeners:
        listener.listen(BACKLOG)
    return listeners


def port_of(listener: socket.socket) -> int:
    """The port a socket is bound to."""
    port: int = listener.getsockname()[1]
    return port


def url_of(listener: socket.socket, *, has_tls: bool = False) -> str:
    """What a client on this machine puts into its base URL."""
    host = ipaddress.ip_address(listener.getsockname()[0])
    if host.is_unspecified:
        host = ipaddress.ip_address("::1" if host.version == 6 else "127.0.0.1")
    shown = f"[{host}]" if host.version == 6 else str(host)
    return f"http{'s' * has_tls}://{shown}:{port_of(listener)}"


def check_certificates(settings: Settings) -> None:
    """Whether listeners can speak TLS as the settings say, before anything is stopped or started for it.

    Raises:
        ConfigError: a file is not what it should be.
    """
    server_context(settings.listen_tls_certificate_file, settings.listen_tls_key_file)
    server_context(
        settings.admin_tls_certificate_file,
        settings.admin_tls_key_file,
        settings.admin_tls_client_ca_file,
    )


def _bind(address: str, port: int, choose: str, *, is_shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without it, connections of the last run in TIME_WAIT would keep the port for a minute.
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if is_shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family is socket.AF_INET6:
            # :: takes IPv4, too, whatever net.ipv6.bindv6only says; for other addresses it means nothing.
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        bound.settimeout(0)
        bound.bind((address, port))
    except OSError as error:
        bound.close()
        raise _refusal(address, port, choose, error) from error
    return bound


def _refusal(address: str, port: int, choose: str, error: OSError) -> StartRefused:
    match error.errno:
        case errno.EADDRINUSE:
            return StartRefused(
                f"port {port} on {address} is taken (`ss -ltnp 'sport = :{port}'` says by whom): "
                f"stop that program, or choose another port with {choose}"
            )
        case errno.EACCES:
            return StartRefused(
                f"this user may not listen on port {port}: choose one above 1023 with {choose}"
            )
        case errno.EADDRNOTAVAIL:
            return StartRefused(
                f"this machine has no address {address}: set listen.address to one it has"
            )
        case _:
            return StartRefused(f"cannot listen on {address} port {port}: {error.strerror}")

"""proxy/gateway/client_socket.py: pauses for several reasons, and three ways to end."""

from __future__ import annotations

import socket
from contextlib import suppress
from unittest.mock import Mock

from proxy.gateway.client_socket import ClientSocket, Gauges, Places

ONE, OTHER = 1, 2
NOT_OPEN = 1 << 30
"""A descriptor of which the kernel tells nothing."""


def connected() -> tuple[ClientSocket, Mock]:
    side = ClientSocket(lambda: 7.0)
    transport = Mock()
    transport.is_closing.return_value = False
    transport.get_extra_info.return_value.fileno.return_value = NOT_OPEN
    side._transport = transport
    return side, transport


def test_reading_goes_on_when_the_last_reason_to_pause_is_gone() -> None:
    side, transport = connected()

    side.pause(ONE)
    side.pause(OTHER)
    side.resume(ONE)
    assert transport.pause_reading.call_count == 1
    assert transport.resume_reading.call_count == 0
    side.resume(OTHER)
    side.resume(OTHER)

    assert transport.resume_reading.call_count == 1


def test_taking_bytes_is_seen_from_one_look_to_the_next() -> None:
    side, transport = connected()
    sizes = iter([500, 500, 300, 400])
    transport.get_write_buffer_size.side_effect = lambda: next(sizes)

    assert [side.takes_bytes() for _ in range(4)] == [False, False, True, False]


def test_a_connection_with_unread_bytes_is_not_closed_at_once() -> None:
    """A reset would eat the answer that was written before."""
    side, transport = connected()
    side.pause(ONE)

    side._close_gently(has_unread=True)

    assert transport.write_eof.call_count == 1
    assert transport.resume_reading.call_count == 1
    assert transport.close.call_count == 0
    assert (side.is_closing, side.is_lingering, side.since) == (True, True, 7.0)


def test_a_place_is_free_again_for_whom_it_is_given_back() -> None:
    places = Places(Gauges(), in_all=2, per_address=1)

    assert places.take("a") == ""
    assert "from this address" in places.take("a")
    assert places.take("b") == ""
    assert "too many connections:" in places.take("c")
    places.give_back("a")
    assert places.take("c") == ""

    assert places.gauges.connections == 2
    assert sorted(places.by_address) == ["b", "c"]


def test_what_a_client_has_not_taken_lies_in_our_buffer_and_in_the_kernels() -> None:
    side, transport = connected()
    transport.get_write_buffer_size.return_value = 500
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
        server.accept()[0],
    ):
        transport.get_extra_info.return_value = ours
        assert side.untaken_bytes() == 500
        ours.settimeout(0)
        with suppress(BlockingIOError):
            while True:
                ours.send(bytes(65536))

        assert side.untaken_bytes() > 500


def test_a_socket_that_is_closed_already_holds_nothing() -> None:
    side, transport = connected()
    transport.get_write_buffer_size.return_value = 0
    transport.get_extra_info.return_value = None

    assert side.untaken_bytes() == 0
    assert not side.has_hung_up()

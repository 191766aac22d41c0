"""The emulator's HTTP server: aiohttp's, without its router, and with one handler for every request.

Requests with two `User-Agent` lines are accepted (see `two_user_agents`). This uses internals of aiohttp: the
tests of this module fail when they move, and pyproject.toml keeps aiohttp below the next minor release.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from multidict import CIMultiDict, CIMultiDictProxy

from proxy.emulator.wire.two_user_agents import MISSPELT, UserAgents, restored

BODY_BYTES_MAX: Final = 512 * 1024 * 1024
"""Largest request body: far above the documented limit of inline media, so that tests can pass it."""

LINE_BYTES_MAX: Final = 64 * 1024
"""Longest request line and header field; Google's own limits are not known to be lower."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Connection(RequestHandler):
    """One connection of a client."""

    __slots__ = ("_user_agents",)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._user_agents = UserAgents()

    def data_received(self, data: bytes) -> None:
        seen = self._user_agents.feed(data)
        if seen or not data:  # aiohttp itself calls with nothing, to go on with what it has
            super().data_received(seen)


class Server(web.Server):
    """Makes connections. Has to be made inside a running loop."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(
            handler,  # type: ignore[arg-type]  # it gets what _make_request makes
            handler_cancellation=True,
            access_log=None,
            max_line_size=LINE_BYTES_MAX,
            max_field_size=LINE_BYTES_MAX,
            auto_decompress=False,
        )

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._kwargs)

    def _make_request(
        self, message: Any, payload: Any, protocol: Any, writer: Any, task: Any
    ) -> web.Request:
        if any(name in message.headers for name in MISSPELT):
            message = _spelt(message)
        return web.Request(
            message,
            payload,
            protocol,
            writer,
            task,
            self._loop,
            client_max_size=BODY_BYTES_MAX,
        )


def _spelt(message: Any) -> Any:
    """The parsed head with its names as the client spelt them."""
    raw = restored(message.raw_headers)
    lines = (
        (name.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape"))
        for name, value in raw
    )
    return message._replace(headers=CIMultiDictProxy(CIMultiDict(lines)), raw_headers=raw)

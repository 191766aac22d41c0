"""The head of an answer as aiohttp writes it, with three differences that aiohttp has no word for.

The head of a whole answer leaves together with its body, in one system call. An answer may be without a
content type. A head can be cut in its middle. Uses internals of aiohttp, as `two_user_agents` does: the tests
of this module fail when they move.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web


class Response(web.StreamResponse):
    """An answer's head; its body is written through it."""

    def __init__(
        self, status: int, headers: Mapping[str, str], *, leaves_at_once: bool = True
    ) -> None:
        """`leaves_at_once`: the head does not wait for the body's first bytes. No type: none is sent."""
        super().__init__(status=status, headers=headers)
        self._send_headers_immediately = leaves_at_once
        self._has_type = "Content-Type" in self._headers

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        if not self._has_type:
            self._headers.popall("Content-Type", None)

    def half_head(self, size: int) -> bytes:
        """The first bytes of such a head, for an answer that ends there."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self._headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()[:size]


def has_body(status: int) -> bool:
    """Whether answers with this status may carry one."""
    return status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
